"""The register's Django app."""

from django.apps import AppConfig


class ChokepointsConfig(AppConfig):
    name = "chokepoints"
    verbose_name = "Register"
