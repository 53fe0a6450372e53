"""Settings: `base` holds what is the same everywhere; `local`, `test` and `production` what differs, and why."""
