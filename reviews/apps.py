"""The process's Django app. At start-up it adds the kinds and verbs of its own to the register's."""

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "reviews"
    verbose_name = "Review"

    def ready(self) -> None:
        from chokepoints.activities import register_teller, register_verbs
        from chokepoints.records import register_kind

        from .kinds import POLICY, VERBS

        register_kind(POLICY)
        register_verbs(VERBS)
        register_teller("reviews.tasks.fan_out")
