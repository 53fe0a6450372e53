"""The register: what is published, and how it came to be so. Imports neither `reviews` nor `config`."""
