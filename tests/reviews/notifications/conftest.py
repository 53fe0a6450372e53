"""People with addresses, notifications as fan-out writes them, and a mail server."""

import pytest
from django.utils import timezone

from chokepoints.models import Activity
from reviews.models import Notification
from reviews.notifications.choosing import Reason
from reviews.notifications.events import NOW, event_of
from reviews.notifications.sending import note_digest, note_own_mails
from reviews.services.subscribing import settings_of


@pytest.fixture
def addressed(people):
    """The people, each with a mail address of theirs."""
    for user in vars(people).values():
        user.email = f"{user.get_username()}@example.org"
        user.save(update_fields=["email"])
    return people


@pytest.fixture
def notify(db):
    """A function that writes a notification as fan-out does, with the mail that tells of it: of a release unless it is
    about a proposal."""

    def notify(user, *, verb="release.published", scope="member", level=NOW, proposal=None, **fields):
        subject = f"proposal:{proposal.pk}" if proposal else "release:1"
        if scope == "admin":
            subject = "release-attempt:1"
        details = {"version": proposal.version} if proposal else {}
        activity = Activity.objects.create(verb=verb, subject=subject, details=details)
        row = Notification(
            owner=user,
            activity=activity,
            event=event_of(verb, {}),
            proposal=proposal,
            subject=subject,
            reasons=[Reason(scope).as_json()],
            level=level,
            **fields,
        )
        now = timezone.now()
        note_digest(row, settings_of(user), now).save()
        note_own_mails(Notification.objects.filter(pk=row.pk), now)
        return row

    return notify


@pytest.fixture
def smtp(settings):
    """A mail server to which this process's mails go."""
    from tests.reviews.notifications.smtp import SMTPServer, sending_to

    with SMTPServer() as server, sending_to(settings, server):
        yield server
