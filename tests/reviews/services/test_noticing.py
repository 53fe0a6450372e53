"""Marking as read, and what is let go of: what was read, in time; never what waits for somebody or for a mail."""

import datetime as dt

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from chokepoints.services.recording import record_activity
from reviews.exceptions import NotAllowed
from reviews.models import Mail, Notification
from reviews.services import noticing
from reviews.services.limiting import set_limit
from reviews.services.noticing import mark_read, mark_unread, tidy_inboxes, unmark

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def days(number: float) -> dt.datetime:
    return NOW - dt.timedelta(days=number)


@pytest.fixture
def tell(people):
    """A function that tells nobody of something; `made`, `read` and more as they are given."""

    def tell(made=None, **more) -> Notification:
        activity = record_activity("release.published", actor=None, subject="release:1")
        told = {"owner": people.nobody, "event": "release", "activity": activity, "subject": "release:1"}
        row = Notification.objects.create(**told | {"level": "inbox"} | more)
        Notification.objects.filter(pk=row.pk).update(made=made or NOW)
        return row

    return tell


def left() -> set[int]:
    return set(Notification.objects.values_list("pk", flat=True))


def test_what_was_read_goes_after_the_limit_and_what_nobody_looked_at_after_three_times_as_long(tell):
    kept = {
        tell(read=days(89), made=days(400)).pk,  # it counts from when it was read
        tell(made=days(269)).pk,
        tell().pk,
    }
    tell(read=days(91))
    tell(made=days(271))
    assert tidy_inboxes(now=NOW) == 2
    assert left() == kept
    assert tidy_inboxes(now=NOW) == 0


def test_the_limit_is_the_admins(tell, people):
    set_limit(actor=people.admin, key="inbox", value=10)
    kept = {tell(read=days(9)).pk}
    tell(read=days(11))
    tidy_inboxes(now=NOW)
    assert left() == kept


def test_requests_stay_until_they_are_settled(tell, people, register, propose):
    from tests.reviews.conftest import reduced

    number = propose(*reduced(register))
    asked = {"sort": "request", "event": "request", "proposal_id": number, "subject": f"proposal:{number}"}
    opened = tell(**asked, activity=None, made=days(1000), read=days(999))
    tell(**asked, activity=None, made=days(1000), settled=days(91))
    tidy_inboxes(now=NOW)
    assert left() == {opened.pk}


@pytest.mark.parametrize("state", ["waiting", "sending", "ending"])
def test_what_a_mail_is_still_to_tell_of_stays(tell, people, state):
    own, digest = tell(read=days(91)), tell(read=days(91), digest="weekly")
    mail = Mail.objects.create(owner=people.nobody, kind="now", notification=own, due=NOW, state=state)
    assert tidy_inboxes(now=NOW) == 0 and left() == {own.pk, digest.pk}
    Mail.objects.filter(pk=mail.pk).update(state="sent")
    carried = Mail.objects.create(
        owner=people.nobody, kind="weekly", period="2026-W01", due=NOW, state="sent"
    )
    Notification.objects.filter(pk=digest.pk).update(mail=carried)
    assert tidy_inboxes(now=NOW) == 2 and Mail.objects.filter(pk=carried.pk).exists()


def test_it_goes_in_small_steps_to_the_end(tell, monkeypatch):
    monkeypatch.setattr(noticing, "CHUNK", 2)
    for _ in range(5):
        tell(read=days(91))
    assert tidy_inboxes(now=NOW) == 5 and not left()


def test_marking_again_keeps_the_first_moment_and_taking_back_takes_its_own_only(tell, people):
    first, second = tell(), tell()
    one = mark_read(actor=people.nobody, ids=[first.pk])
    both = mark_read(actor=people.nobody, up_to=second.pk)
    assert (one.count, both.count) == (1, 1)
    assert unmark(actor=people.erik, moment=both.moment) == 0
    assert unmark(actor=people.nobody, moment=both.moment) == 1
    first.refresh_from_db()
    assert first.read == one.moment
    assert mark_unread(actor=people.erik, ids=[first.pk]) == 0
    assert mark_unread(actor=people.nobody, ids=[first.pk]) == 1


def test_who_is_nobody_marks_nothing(tell):
    for act in (
        lambda user: mark_read(actor=user, up_to=1),
        lambda user: mark_unread(actor=user, ids=[1]),
        lambda user: unmark(actor=user, moment=NOW),
    ):
        with pytest.raises(NotAllowed):
            act(AnonymousUser())
