"""Delivery by a real mail server: at least once, one bad address stops nobody, and no death costs a mail or a second digest."""

import datetime as dt
import threading

import pytest
from django.utils import timezone

from reviews.models import Mail, Notification, NotificationSettings
from reviews.models.notification import DROPPED, WAITING
from reviews.notifications import backends, delivery
from reviews.notifications.delivery import Lease, return_abandoned, send_mails
from reviews.notifications.digests import make_digests
from reviews.services.discussing import comment_on_proposal
from reviews.services.drafting import withdraw_proposal
from reviews.services.subscribing import clear_bounce, mute, pause, set_choice, settings_of

from ..conftest import make_person, reduced
from .smtp import AFTER, DATA, EHLO, END, RCPT, SMTPServer

pytestmark = pytest.mark.django_db

A_DAY = dt.timedelta(days=1)


def later(**time) -> dt.datetime:
    return timezone.now() + dt.timedelta(**time)


def states() -> list[str]:
    return list(Mail.objects.order_by("pk").values_list("state", flat=True))


def test_what_is_due_is_sent_once_over_one_connection(addressed, notify, smtp):
    for name in ("emma", "rita", "ravi"):
        notify(getattr(addressed, name))
    assert send_mails() == 3
    assert send_mails() == 0
    assert smtp.recipients == ["emma@example.org", "rita@example.org", "ravi@example.org"]
    assert smtp.connections == 1
    assert states() == ["sent"] * 3
    assert Mail.objects.first().address == "ravi@example.org"


def test_one_bad_address_stops_none_of_the_others_and_is_marked(addressed, notify, smtp):
    addresses = [f"m{number}@example.org" for number in range(12)]
    for address in addresses:
        notify(make_person(address.partition("@")[0], email=address))
    smtp.refuse = {addresses[5]: "550 5.1.1 No such user", addresses[6]: "552 5.2.2 Full"}
    assert send_mails() == 10
    bad, full = (Mail.objects.get(owner__email=address) for address in addresses[5:7])
    assert (bad.state, full.state) == ("failed", "waiting")
    marked = NotificationSettings.objects.exclude(bounced_address="")
    assert [(row.bounced_address, row.bounced_why) for row in marked] == [
        (addresses[5], "550 5.1.1 No such user")
    ]
    smtp.refuse.clear()
    assert send_mails(now=later(minutes=1)) == 1  # the mailbox that was full


@pytest.mark.parametrize(
    "address", ["no address", "a@b@c", "x@example.org\nBcc: all@example.org", "@", "名@例.org"]
)
def test_an_address_that_is_none_costs_nobody_else_anything(addressed, notify, smtp, address):
    addressed.emma.email = address
    addressed.emma.save()
    notify(addressed.emma)
    notify(addressed.rita)
    assert send_mails() in (1, 2)
    assert "rita@example.org" in smtp.recipients
    assert all("all@" not in recipient for recipient in smtp.recipients)
    assert states()[0] in ("failed", "sent")


def test_an_address_that_refused_is_asked_no_more_until_it_is_another_or_its_owner_says_so(
    addressed, notify, smtp
):
    smtp.refuse["emma@example.org"] = "550 5.1.1 No such user"
    notify(addressed.emma)
    send_mails()
    smtp.refuse.clear()
    notify(addressed.emma)
    assert send_mails() == 0
    assert states() == ["failed", "dropped"]
    clear_bounce(actor=addressed.emma)
    notify(addressed.emma)
    assert send_mails() == 1
    NotificationSettings.objects.update(bounced_address="emma@example.org")
    addressed.emma.email = "emma@example.com"
    addressed.emma.save()
    notify(addressed.emma)
    assert send_mails() == 1


def test_with_the_server_down_everything_waits_and_is_sent_when_it_comes_back(
    addressed, notify, settings, smtp
):
    for name in ("emma", "rita"):
        notify(getattr(addressed, name))
    smtp.stop()
    for minutes in (0, 5, 60, 60 * 24 * 7):
        assert send_mails(now=later(minutes=minutes)) == 0
    assert states() == ["waiting"] * 2
    assert "ConnectionRefusedError" in Mail.objects.first().error
    smtp.start()
    assert send_mails(now=later(days=8)) == 2


def test_a_server_that_is_down_is_asked_once_and_not_for_each_mail(addressed, notify, smtp):
    smtp.drop_at = EHLO
    for number in range(20):
        notify(make_person(f"m{number}", email=f"m{number}@example.org"))
    assert send_mails() == 0
    assert smtp.connections == 1
    assert set(Mail.objects.values_list("tries", flat=True)) == {1}


@pytest.mark.parametrize("stage", [RCPT, DATA, END])
def test_a_mail_at_which_the_server_hangs_up_is_tried_again_and_holds_up_no_other(
    addressed, notify, smtp, stage
):
    for name in ("emma", "rita", "ravi"):
        notify(getattr(addressed, name))
    smtp.drop_at, smtp.only_for = stage, "rita@example.org"
    assert send_mails() == 2
    assert sorted(smtp.recipients) == ["emma@example.org", "ravi@example.org"]
    smtp.drop_at = ""
    assert send_mails(now=later(hours=1)) == 1
    assert sorted(smtp.recipients) == ["emma@example.org", "ravi@example.org", "rita@example.org"]


@pytest.mark.parametrize("stage", [RCPT, END])
def test_a_server_that_falls_silent_holds_nobody_up_for_ever(addressed, notify, smtp, settings, stage):
    settings.EMAIL_TIMEOUT = 0.3
    notify(addressed.emma)
    notify(addressed.rita)
    smtp.hang_at, smtp.only_for = stage, "emma@example.org"
    assert send_mails() == 1
    assert smtp.recipients == ["rita@example.org"]
    assert states() == ["waiting", "sent"]


def test_not_now_is_taken_for_an_answer_for_five_days(addressed, notify, smtp):
    notify(addressed.emma)
    smtp.refuse["emma@example.org"] = "450 4.2.0 Greylisted"
    send_mails()
    send_mails(now=later(days=4, hours=23))
    assert states() == ["waiting"]
    send_mails(now=later(days=6))
    assert states() == ["failed"]
    assert settings_of(addressed.emma).bounced_address == ""


def test_a_mail_that_is_refused_for_what_it_says_marks_no_address(addressed, notify, smtp):
    notify(addressed.emma)
    smtp.answer_at_end["emma@example.org"] = "554 5.7.1 Looks like spam"
    send_mails()
    assert states() == ["failed"]
    assert settings_of(addressed.emma).bounced_address == ""


def test_a_mail_whose_acceptance_was_not_heard_is_sent_again_under_the_same_id(addressed, notify, smtp):
    notify(addressed.emma)
    smtp.drop_at = AFTER
    send_mails()
    assert states() == ["waiting"]
    smtp.drop_at = ""
    send_mails(now=later(hours=1))
    assert len(smtp.message_ids) == 2 and len(set(smtp.message_ids)) == 1


def test_a_digest_whose_acceptance_was_not_heard_is_not_sent_again(addressed, notify, smtp):
    notify(addressed.emma, level="daily")
    make_digests(now=later(days=1))
    smtp.drop_at = AFTER
    send_mails(now=later(days=1))
    smtp.drop_at = ""
    send_mails(now=later(days=9))
    assert states() == ["uncertain"]
    assert len(smtp.accepted) == 1


# --- who is killed, and who is late


def test_whoever_is_lost_before_the_end_leaves_a_mail_that_is_sent_again(addressed, notify, smtp):
    notify(addressed.emma)
    lease = Lease.take(Mail.objects.get().pk, timezone.now())
    assert lease and Lease.take(lease.number, timezone.now()) is None
    assert send_mails() == 0
    assert send_mails(now=later(minutes=10)) == 1
    with pytest.raises(delivery.LeaseLost):
        lease.begin_end()


def test_whoever_is_lost_at_the_end_of_a_digest_leaves_it_uncertain_and_of_another_mail_leaves_it_waiting(
    addressed, notify
):
    notify(addressed.emma)
    notify(addressed.emma, level="daily")
    make_digests(now=later(days=1))
    for mail in Mail.objects.all():
        Lease.take(mail.pk, later(days=1)).begin_end()
    assert return_abandoned(now=later(hours=1)) == 2
    assert states() == ["waiting", "uncertain"]


@pytest.mark.parametrize(
    ("ahead", "is_over"),
    [(dt.timedelta(days=2), True), (dt.timedelta(days=400), True), (dt.timedelta(0), False)],
)
def test_a_sender_whose_clock_was_ahead_holds_nothing_longer_than_others(
    addressed, notify, smtp, ahead, is_over
):
    notify(addressed.emma)
    lease = Lease.take(Mail.objects.get().pk, timezone.now() + ahead)
    assert return_abandoned() == is_over
    assert send_mails() == is_over
    if is_over:  # it may be alive, and must not send a second one
        with pytest.raises(delivery.LeaseLost):
            lease.begin_end()


def test_what_a_clock_that_was_ahead_put_off_is_sent_now(addressed, notify, smtp):
    notify(addressed.emma)
    Mail.objects.update(due=later(days=2))
    assert send_mails() == 1


def test_an_answer_that_comes_late_counts_as_long_as_nobody_else_began(addressed, notify):
    notify(addressed.emma)
    mail = Mail.objects.get()
    lease = Lease.take(mail.pk, timezone.now())
    lease.begin_end()
    return_abandoned(now=later(hours=1))
    assert lease.finish("sent", late=True)
    assert states() == ["sent"]


def test_a_sender_that_lost_its_lease_hangs_up_in_the_middle_and_the_server_has_nothing(
    addressed, notify, smtp, monkeypatch
):
    notify(addressed.emma)
    began = Lease.begin_end

    def too_late(lease):
        Mail.objects.update(state="waiting", lease_until=None)
        began(lease)

    monkeypatch.setattr(Lease, "begin_end", too_late)
    assert send_mails() == 0
    assert smtp.accepted == []
    monkeypatch.undo()
    assert send_mails() == 1
    assert len(smtp.accepted) == 1


def test_the_row_says_that_it_ends_before_the_server_may_have_the_mail(addressed, notify, smtp, monkeypatch):
    notify(addressed.emma)
    seen = []
    began = Lease.begin_end

    def watching(lease):
        began(lease)
        seen.append((states(), len(smtp.accepted)))

    monkeypatch.setattr(Lease, "begin_end", watching)
    send_mails()
    assert seen == [(["ending"], 0)]


@pytest.mark.parametrize("fault", [RuntimeError("broken"), KeyError("broken")])
def test_a_mail_that_we_cannot_write_holds_up_no_other(addressed, notify, smtp, monkeypatch, fault):
    notify(addressed.emma)
    notify(addressed.rita)
    build = delivery.build_mail

    def faulty(mail, **options):
        if mail.owner.username == "emma":
            raise fault
        return build(mail, **options)

    monkeypatch.setattr(delivery, "build_mail", faulty)
    assert send_mails() == 1
    assert states() == ["waiting", "sent"]
    monkeypatch.undo()
    assert send_mails(now=later(hours=1)) == 1


# --- what needn't be told any more


def test_what_was_read_settled_or_hidden_meanwhile_is_not_mailed(addressed, notify, smtp):
    notify(addressed.emma, read=timezone.now())
    notify(addressed.emma, settled=timezone.now())
    notify(addressed.emma, verb="release.failed", scope="admin")  # admins only, which she isn't
    assert send_mails() == 0
    assert states() == ["dropped"] * 3


@pytest.mark.parametrize("change", [{"is_active": False}, {"email": ""}, {"email": "  "}])
def test_closed_accounts_and_those_without_an_address_get_none(addressed, notify, smtp, change):
    notify(addressed.emma)
    type(addressed.emma).objects.filter(pk=addressed.emma.pk).update(**change)
    assert send_mails() == 0
    assert states() == ["dropped"]


def test_what_was_on_its_way_when_somebody_paused_is_in_one_digest_afterwards(addressed, notify, smtp):
    notify(addressed.emma)
    notify(addressed.emma, level="daily")
    pause(actor=addressed.emma, until=later(days=10))
    assert send_mails() == 0
    assert make_digests(now=later(days=5)) == 0
    assert make_digests(now=later(days=11)) == 1
    assert send_mails(now=later(days=11)) == 1
    assert Notification.objects.filter(mail__state="sent").count() == 2


# --- files, where no server is named


def test_mails_in_files_are_named_by_their_id_so_that_twice_is_once(addressed, notify, settings, tmp_path):
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = (
        "reviews.notifications.backends.FileBackend",
        str(tmp_path),
    )
    notify(addressed.emma)
    for _ in range(2):
        assert send_mails() == 1
        Mail.objects.update(state="waiting")
    (path,) = tmp_path.iterdir()
    assert path.name.startswith(f"mail-{Mail.objects.get().pk}.")


@pytest.mark.parametrize("name", ["<../../etc/passwd@x>", "<a/b@x>", "<\0@x>", "<" + "a" * 500 + "@x>"])
def test_no_id_leads_out_of_the_folder(name):
    found = backends.file_name_of(name)
    assert "/" not in found and "\0" not in found and len(found) < 210


# --- two at once, on real connections


@pytest.mark.database
@pytest.mark.django_db(transaction=False)
def test_of_two_that_take_a_lease_one_gets_it(addressed, notify):
    notify(addressed.emma)
    number = Mail.objects.get().pk
    assert [bool(Lease.take(number, timezone.now())) for _ in range(3)] == [True, False, False]


def test_the_hook_is_called_for_a_mail_that_looks_like_the_end_of_one(addressed, notify, smtp):
    """A line that is a dot is doubled on its way; only the last one ends a mail."""
    with SMTPServer() as other:
        calls = []
        backend = backends.SMTPBackend(host="127.0.0.1", port=other.port, timeout=5)
        backend.open()
        backend.announce_end(lambda: calls.append(len(other.accepted)))
        from django.core.mail import EmailMessage

        backend.send_messages([EmailMessage("s", "one\n.\n\n.\n", "a@example.org", ["b@example.org"])])
        backend.close()
    assert calls == [0]
    assert threading.active_count() < 50
    assert b"one\r\n.\r\n\r\n.\r\n" in other.accepted[0].content


def test_whoever_told_an_activity_has_its_mails_sent_without_waiting_for_the_sweep(
    addressed, register, propose, tell_all, monkeypatch
):
    tell_all()
    handed_out = []
    monkeypatch.setattr(
        "reviews.notifications.sending.hand_out_soon", lambda task, row: handed_out.append(task)
    )
    propose(*reduced(register))
    tell_all()
    assert set(handed_out) == {"reviews.tasks.send_mails"}
    Mail.objects.update(state="sent")
    handed_out.clear()
    tell_all()
    assert handed_out == []


@pytest.mark.parametrize(
    "end_it",
    [
        lambda emma, number: mute(actor=emma, number=number),
        lambda emma, number: set_choice(actor=emma, event="commented", scope="mine", level="inbox"),
    ],
    ids=["muted", "chosen otherwise"],
)
def test_who_ends_such_mails_while_one_waits_for_the_server_does_not_get_that_one(
    addressed, register, propose, tell_all, smtp, end_it
):
    number = propose(*reduced(register))
    comment_on_proposal(actor=addressed.rita, number=number, text="Since when?")
    tell_all()
    waiting = Mail.objects.filter(owner=addressed.emma, notification__event="commented")
    assert waiting.get().state == WAITING
    end_it(addressed.emma, number)
    send_mails()
    assert waiting.get().state == DROPPED
    assert Notification.objects.filter(owner=addressed.emma, event="commented", read=None).exists()


def test_nobody_is_asked_by_mail_for_what_was_withdrawn_and_is_not_told_yet(
    addressed, register, propose, tell_all, smtp
):
    number = propose(*reduced(register))
    tell_all()
    withdraw_proposal(actor=addressed.emma, number=number)
    assert send_mails() == 0
    assert set(Mail.objects.values_list("state", flat=True)) == {DROPPED}
