"""What the clock does: each task is known to the worker, due in time, and harmless when it runs twice or late."""

import datetime as dt
import uuid

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from chokepoints.models import Activity, Contributor
from config.celery_app import app
from reviews import tasks
from reviews.models import Hold, KeptForm, Proposal
from reviews.services.holding import hold_proposal
from reviews.services.keeping import keep_form
from reviews.services.reviewing import review_proposal
from tests.reviews.conftest import change, create, reduced

pytestmark = pytest.mark.django_db

DUE_AT_LEAST_EVERY = {
    "reviews.tasks.return_from_hold": dt.timedelta(hours=1),
    "reviews.tasks.escalate_old": dt.timedelta(hours=1),
    "reviews.tasks.weigh_stale": dt.timedelta(minutes=1),
    "reviews.tasks.drop_old_kept_forms": dt.timedelta(days=1),
    "reviews.tasks.drop_old_answers": dt.timedelta(hours=1),
    "reviews.tasks.sweep_imports": dt.timedelta(seconds=30),
    "reviews.tasks.sweep_outbox": dt.timedelta(seconds=15),
    "reviews.tasks.remind": dt.timedelta(hours=1),
    "reviews.tasks.deliver_webhooks": dt.timedelta(seconds=15),
    "reviews.tasks.drop_old_deliveries": dt.timedelta(days=1),
    "reviews.tasks.send_mails": dt.timedelta(seconds=15),
    "reviews.tasks.make_digests": dt.timedelta(minutes=10),
    "reviews.tasks.drop_old_mails": dt.timedelta(days=1),
    "reviews.tasks.tidy_inboxes": dt.timedelta(days=1),
}
ASKED_FOR = {
    "reviews.tasks.run_import",
    "reviews.tasks.fan_out",
    "reviews.tasks.send_password_link",
}  # by what people do, not by the clock


@pytest.mark.parametrize("name", DUE_AT_LEAST_EVERY)
def test_each_task_is_on_the_timetable_and_an_old_message_gives_way_to_the_next(name):
    entries = [entry for entry in app.conf.beat_schedule.values() if entry["task"] == name]
    assert [entry["schedule"] for entry in entries] == [DUE_AT_LEAST_EVERY[name]]
    assert entries[0]["options"]["expires"] == DUE_AT_LEAST_EVERY[name].total_seconds()


def test_every_task_of_the_process_is_on_the_timetable():
    app.loader.import_default_modules()
    ours = {name for name in app.tasks if name.startswith("reviews.")}
    assert ours == DUE_AT_LEAST_EVERY.keys() | ASKED_FOR


def happened(verb):
    return Activity.objects.filter(verb=verb).count()


def test_what_was_on_hold_returns_on_its_day_and_once(people, register, propose):
    today = timezone.now().date()
    due, later = (propose(create("organization", name=f"M{n}", key=f"m-{n}")) for n in range(2))
    for number in (due, later):
        hold_proposal(actor=people.emma, number=number, reason="A paper.", until=today + dt.timedelta(days=1))
    Hold.objects.filter(proposal=due).update(until=today)
    for _ in range(2):
        tasks.return_from_hold()
    assert list(Proposal.objects.order_by("pk").values_list("state", flat=True)) == ["open", "on_hold"]
    assert happened("proposal.resumed") == 1


def test_admins_are_told_once_of_what_waits_too_long(people, propose):
    old, new = (propose(create("organization", name=f"M{n}", key=f"m-{n}")) for n in range(2))
    Proposal.objects.filter(pk=old).update(waiting_since=timezone.now() - dt.timedelta(days=15))
    for _ in range(2):
        tasks.escalate_old()
    assert happened("proposal.escalated") == 1
    assert Proposal.objects.get(pk=old).escalated
    assert Proposal.objects.get(pk=new).escalated is None


def test_what_stands_for_lists_follows_the_register(register, propose, build):
    number = propose(change("chokepoint", register.chokepoint, summary="Mine."))
    build.update("chokepoint", register.chokepoint, summary="Theirs.")
    assert Proposal.objects.get(pk=number).obstacles == []
    for _ in range(2):
        tasks.weigh_stale()
        assert "Summary was changed meanwhile" in Proposal.objects.get(pk=number).obstacles[0]
    build.update("chokepoint", register.chokepoint, summary="Mine.")
    tasks.weigh_stale()
    assert "The register already says all of this." in Proposal.objects.get(pk=number).obstacles


@pytest.mark.parametrize("way", ["group", "account", "erased"])
def test_what_stands_for_lists_follows_who_is_in_office(people, register, propose, way):
    number = propose(*reduced(register))
    review_proposal(actor=people.rita, number=number, version=1, verdict="approve")
    tasks.weigh_stale()
    assert Proposal.objects.get(pk=number).approvals_standing == 1
    if way == "group":
        people.rita.groups.clear()
    elif way == "account":
        User.objects.filter(pk=people.rita.pk).update(is_active=False)
    else:
        Contributor.objects.filter(user=people.rita).update(user=None)
    tasks.weigh_stale()
    proposal = Proposal.objects.get(pk=number)
    assert (proposal.approvals_standing, proposal.approvers.count()) == (0, 0)


def test_what_was_typed_long_ago_is_dropped_and_what_is_younger_stays(people):
    for path, days in (("/old/", 31), ("/young/", 29)):
        row = keep_form(
            actor=people.emma, path=path, tab=uuid.uuid4(), count=0, title=path, fields=[("a", "b")]
        )
        KeptForm.objects.filter(pk=row.pk).update(saved=timezone.now() - dt.timedelta(days=days))
    for _ in range(2):
        tasks.drop_old_kept_forms()
        assert list(KeptForm.objects.values_list("path", flat=True)) == ["/young/"]
