"""Database backends: Django's own, where one of them needs a little more."""
