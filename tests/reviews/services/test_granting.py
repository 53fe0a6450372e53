"""Making and revoking personal tokens, and noting that they are used."""

import contextlib
import datetime as dt
import sqlite3
import uuid

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from chokepoints.models import Activity
from reviews.exceptions import InvalidProposal, NotAllowed, NotFound
from reviews.models import Token
from reviews.services.granting import AlreadyMade, create_token, lifetimes, note_use, revoke_token
from reviews.services.limiting import set_limit
from reviews.tokens import digest_of
from tests.databases import run_manage

pytestmark = pytest.mark.django_db


def make(user, *, name="A notebook", scopes=("read",), days=7, made_by=None):
    return create_token(actor=user, name=name, scopes=scopes, days=days, made_by=made_by or uuid.uuid4())


def test_a_token_is_kept_as_its_digest_alone_and_an_activity_says_that_it_was_made(people):
    token, text = make(people.emma, name="笔记本", scopes=["review", "read"], days=30)
    row = Token.objects.filter(pk=token.pk).values().get()
    assert text not in str(row) and row["digest"] == digest_of(text)
    assert (row["name"], row["scopes"]) == ("笔记本", "read review")
    assert dt.timedelta(days=29) < token.expires - timezone.now() <= dt.timedelta(days=30)
    activity = Activity.objects.get(verb="token.created")
    assert (activity.actor.user, activity.subject) == (people.emma, f"token:{token.pk}")
    assert activity.details == {"scopes": "read review", "days": 30}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": " \t "}, "name"),
        ({"name": "n" * 61}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": "a\u200bb"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["read", "admin"]}, "scopes"),
        ({"days": 8}, "days"),
        ({"days": 0}, "days"),
        ({"days": 10**9}, "days"),
    ],
)
def test_what_cant_be_a_token_is_refused_by_field_and_makes_nothing(wrong, field, people):
    with pytest.raises(InvalidProposal) as refused:
        make(people.emma, **wrong)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert not Token.objects.exists() and not Activity.objects.filter(verb="token.created").exists()


def test_a_deactivated_account_makes_none(people):
    people.emma.is_active = False
    with pytest.raises(NotAllowed):
        make(people.emma)


def test_the_same_form_makes_one_token(people):
    form = uuid.uuid4()
    make(people.emma, made_by=form)
    with pytest.raises(AlreadyMade):
        make(people.emma, made_by=form)
    make(people.erik, made_by=form)  # somebody else's form
    assert Token.objects.filter(user=people.emma).count() == 1


def test_limits_bound_how_many_and_for_how_long(people):
    set_limit(actor=people.admin, key="tokens", value=2)
    set_limit(actor=people.admin, key="token_life", value=30)
    assert lifetimes() == [7, 30]
    with pytest.raises(InvalidProposal):
        make(people.emma, days=90)
    first, _ = make(people.emma)
    make(people.emma)
    with pytest.raises(InvalidProposal, match="You have 2 tokens"):
        make(people.emma)
    revoke_token(actor=people.emma, pk=first.pk)
    make(people.emma)
    set_limit(actor=people.admin, key="token_life", value=3)
    assert lifetimes() == [3]


def test_of_tokens_that_have_ended_only_the_latest_are_kept(people):
    set_limit(actor=people.admin, key="tokens", value=2)
    for _ in range(5):
        token, _text = make(people.emma)
        revoke_token(actor=people.emma, pk=token.pk)
    make(people.emma)
    assert Token.objects.filter(user=people.emma).ended().count() == 2
    assert Token.objects.filter(user=people.emma).in_force().count() == 1


def test_its_owner_and_admins_revoke_a_token_and_nobody_else(people):
    token, _ = make(people.emma)
    for other in (people.erik, people.rita):
        with pytest.raises(NotFound):
            revoke_token(actor=other, pk=token.pk)
    with pytest.raises(NotFound):
        revoke_token(actor=people.emma, pk=10**30)
    assert revoke_token(actor=people.admin, pk=token.pk).revoked
    at = Token.objects.get(pk=token.pk).revoked
    revoke_token(actor=people.emma, pk=token.pk)
    assert Token.objects.get(pk=token.pk).revoked == at
    assert Activity.objects.filter(verb="token.revoked").count() == 1


@pytest.mark.database
@pytest.mark.parametrize(
    "values",
    [
        {"scopes": "admin"},
        {"scopes": ""},
        {"scopes": "propose read"},
        {"expires": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)},
    ],
)
def test_the_database_keeps_the_rules_of_tokens(values, people):
    token, _ = make(people.emma)
    with pytest.raises(IntegrityError), transaction.atomic():
        Token.objects.filter(pk=token.pk).update(**values)


def test_last_use_is_written_once_a_minute(people, django_assert_num_queries):
    token, _ = make(people.emma)
    note_use(token)
    token.refresh_from_db()
    used = token.last_used
    assert used
    with django_assert_num_queries(0):
        note_use(token)
    Token.objects.update(last_used=used - dt.timedelta(seconds=61))
    token.refresh_from_db()
    note_use(token)
    token.refresh_from_db()
    assert token.last_used >= used


TRY_WHILE_LOCKED = """
import time
from reviews.models import Token
from reviews.services.granting import note_use
token = Token.objects.get()
started = time.monotonic()
note_use(token)
print(f"{time.monotonic() - started:.2f}", Token.objects.get().last_used)
"""


@pytest.mark.database
def test_a_locked_token_delays_no_read_and_fails_none(fresh_database):
    make_one = (
        "import uuid; from django.contrib.auth.models import User; from reviews.services.granting import create_token\n"
        "create_token(actor=User.objects.create_user('emma'), name='n', scopes=['read'], days=7, made_by=uuid.uuid4())"
    )
    run_manage(fresh_database, "shell", "-v0", "-c", make_one)
    with contextlib.closing(holding_the_lock(fresh_database)):
        took, used = run_manage(fresh_database, "shell", "-v0", "-c", TRY_WHILE_LOCKED).stdout.split()
    assert used == "None"
    assert float(took) < 1
    free = run_manage(fresh_database, "shell", "-v0", "-c", TRY_WHILE_LOCKED).stdout.split()
    assert free[1] != "None"


def holding_the_lock(url):
    """Another connection in the middle of writing: the whole database on SQLite, that row on PostgreSQL."""
    if url.startswith("postgres"):
        import psycopg

        other = psycopg.connect(url)
        other.execute("SELECT 1 FROM reviews_token FOR UPDATE")
        return other
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other
