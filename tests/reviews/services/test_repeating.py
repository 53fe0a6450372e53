"""Requests that come twice: the first answer again, for one user, one key, one request and a limited time."""

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from reviews.exceptions import AnotherRequest, InFlight, InvalidKey
from reviews.models import IdempotentRequest, Limit
from reviews.services import repeating
from reviews.services.repeating import Answer, drop_old_answers, fingerprint_of, once
from reviews.tasks import drop_old_answers as task

pytestmark = [pytest.mark.django_db, pytest.mark.database]
PRINT = fingerprint_of("POST", "/a/", b"{}")


class Run:
    """Something that is done: counts how often, and writes a row to see whether that is taken back."""

    def __init__(self, answer: Answer | Exception):
        self.answer, self.count = answer, 0

    def __call__(self) -> Answer:
        self.count += 1
        Limit.objects.update_or_create(key="undo", defaults={"value": self.count})
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def send(user, run, key="k", fingerprint=PRINT) -> Answer:
    return once(user=user, key=key, fingerprint=fingerprint, run=run)


def test_the_first_answer_is_given_again_without_doing_it_again(people):
    run = Run(Answer(201, {"Location": "/b/"}, '{"名": 1}'))
    first, second = send(people.emma, run), send(people.emma, run)
    assert run.count == 1
    assert (first.is_repeated, second.is_repeated) == (False, True)
    assert (second.status, second.headers, second.body) == (201, {"Location": "/b/"}, '{"名": 1}')
    send(people.erik, run)  # another's key is another's
    send(people.emma, run, key="K")
    assert run.count == 3


def test_refusals_are_final_and_what_passes_is_not(people):
    for status, final in (
        (400, True),
        (403, True),
        (409, True),
        (428, True),
        (401, False),
        (429, False),
        (503, False),
    ):
        run = Run(Answer(status))
        assert send(people.emma, run, key=f"key {status}").status == status
        assert send(people.emma, run, key=f"key {status}").is_repeated == final
        assert run.count == (1 if final else 2)
    assert set(IdempotentRequest.objects.exclude(status=None).values_list("status", flat=True)) == {
        400,
        403,
        409,
        428,
    }


@pytest.mark.parametrize("answer", [Answer(503), RuntimeError("broke")], ids=["answer", "error"])
def test_what_is_not_final_takes_back_all_that_was_done_and_frees_the_request(people, answer):
    run = Run(answer)
    for _ in range(2):
        if isinstance(answer, Exception):
            with pytest.raises(RuntimeError):
                send(people.emma, run)
        else:
            send(people.emma, run)
    assert run.count == 2
    assert not Limit.objects.exists()


def test_a_request_under_way_is_told_so_until_its_lease_is_over(people):
    now = timezone.now()
    IdempotentRequest.objects.create(
        user=people.emma, key="k", fingerprint=PRINT, attempt=uuid.uuid4(), begun=now,
        lease_until=now + dt.timedelta(seconds=30),
    )  # fmt: skip
    run = Run(Answer(200))
    with pytest.raises(InFlight) as refusal:
        send(people.emma, run)
    assert dt.timedelta(0) < refusal.value.wait <= dt.timedelta(seconds=30)
    with pytest.raises(AnotherRequest):
        send(people.emma, run, fingerprint=fingerprint_of("POST", "/b/", b"{}"))
    assert run.count == 0
    IdempotentRequest.objects.update(lease_until=now)
    assert not send(people.emma, run).is_repeated
    assert run.count == 1


def test_whoever_took_over_after_the_lease_answers_for_both(people):
    def slow() -> Answer:
        """By the time that we hold the lock, somebody else has done it."""
        raise AssertionError("done twice")

    def overtaken(begun, run):
        repeating._run(IdempotentRequest.objects.get(pk=begun.pk), Run(Answer(200, body='"theirs"')))
        return repeating._run(begun, run)

    begun = repeating._begin(people.emma, "k", PRINT)
    assert overtaken(begun, slow) == Answer(200, body='"theirs"', is_repeated=True)


def test_the_same_key_with_another_request_is_refused(people):
    send(people.emma, Run(Answer(200)))
    for other in (("PUT", "/a/", b"{}"), ("POST", "/b/", b"{}"), ("POST", "/a/", b"{ }")):
        with pytest.raises(AnotherRequest):
            send(people.emma, Run(Answer(200)), fingerprint=fingerprint_of(*other))


@pytest.mark.parametrize("key", ["", "x" * 201, "钥", "a\tb", "a\x7f", "\udcff"])
def test_a_key_is_printable_ascii(people, key):
    with pytest.raises(InvalidKey):
        send(people.emma, Run(Answer(200)), key=key)
    assert not IdempotentRequest.objects.exists()


def test_answers_are_kept_for_a_limited_time_and_swept(people):
    run = Run(Answer(200))
    send(people.emma, run)
    IdempotentRequest.objects.update(begun=timezone.now() - dt.timedelta(hours=25))
    assert not send(people.emma, run, fingerprint=fingerprint_of("POST", "/a/", b"[]")).is_repeated
    assert run.count == 2
    now = timezone.now() + dt.timedelta(hours=23)
    assert drop_old_answers(now=now) == 0
    assert drop_old_answers(now=now + dt.timedelta(hours=2)) == 1
    assert drop_old_answers(now=now + dt.timedelta(hours=2)) == 0
    task()
