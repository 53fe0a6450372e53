"""The REST interface to the register: read-only here; `reviews.api` adds proposals. config/api_router.py has the addresses."""
