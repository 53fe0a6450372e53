"""From one activity to everybody who hears of it: who, why, how, once; never the actor."""

import pytest

from chokepoints.models import Activity, Outbox
from reviews.models import Mail, Notification
from reviews.notifications.messages import message_of
from reviews.services.subscribing import watch

from ..conftest import reduced

pytestmark = pytest.mark.django_db


def heard(user) -> list[tuple[str, str]]:
    return [(row.sort, row.event) for row in Notification.objects.filter(owner=user).order_by("pk")]


def test_a_submission_asks_reviewers_and_tells_watchers(people, register, propose, tell_all):
    tell_all()
    watch(actor=people.nobody, what="chokepoint", target=register.chokepoint)
    number = propose(*reduced(register))
    tell_all()
    assert ("request", "request") in heard(people.rita)
    assert heard(people.nobody) == [("news", "submitted")]
    assert heard(people.emma) == []
    row = Notification.objects.get(owner=people.nobody)
    assert "you watch the chokepoint" in message_of(row).why
    assert row.digest == "daily" and row.proposal_id == number


def test_twice_is_once(people, register, propose, tell_all):
    tell_all()
    propose(*reduced(register))
    numbers = list(Activity.objects.values_list("pk", flat=True))
    tell_all()
    before = Notification.objects.count(), Mail.objects.count()
    for pk in numbers:
        Outbox.objects.get_or_create(activity_id=pk)
    tell_all()
    assert (Notification.objects.count(), Mail.objects.count()) == before
    assert before[0] and before[1]
