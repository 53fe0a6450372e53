"""People and a small register for tests of the process."""

import uuid
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from chokepoints.models import Outbox
from chokepoints.projection import model_of
from chokepoints.records import KINDS
from reviews.notifications.fanning_out import fan_out
from reviews.services.drafting import DraftChange, draft_proposal, submit_proposal
from tests.builders import Builder, small_register
from tests.recording import Recording, lay_register

PEOPLE = Recording()


def make_person(name: str, *groups: str, **fields) -> User:
    user = User.objects.create_user(name, password=f"{name}-password", **fields)
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


@pytest.fixture
def people(db) -> SimpleNamespace:
    """Two editors, three reviewers, somebody who is both, somebody who is neither, and an admin."""
    PEOPLE.lay(make_people)
    return SimpleNamespace(**{user.get_username(): user for user in User.objects.all()})


def make_people() -> None:
    for name, groups in (
        *(("emma", ["Editors"]), ("erik", ["Editors"])),
        *(("rita", ["Reviewers"]), ("ravi", ["Reviewers"]), ("rosa", ["Reviewers"])),
        *(("both", ["Editors", "Reviewers"]), ("nobody", [])),
    ):
        make_person(name, *groups)
    make_person("admin", is_staff=True, is_superuser=True)


@pytest.fixture
def signed_in(people):
    """A function that returns a browser in which somebody is signed in; server errors come as answers of 500."""

    def signed_in(name: str | None = None) -> Client:
        client = Client(raise_request_exception=False)
        if name:
            client.force_login(getattr(people, name))
        return client

    return signed_in


@pytest.fixture
def build(db) -> Builder:
    return Builder()


@pytest.fixture
def register(build) -> SimpleNamespace:
    """One chokepoint, critical in 2018, with sector, source, evidence and assessment; ids by kind."""
    return SimpleNamespace(**lay_register(small_register, build))


@pytest.fixture
def tell_all(db):
    """A function that tells everything owed, in its order. What making a register left is told to nobody: call it first."""

    def tell_all() -> None:
        for pk in list(Outbox.objects.order_by("pk").values_list("pk", flat=True)):
            fan_out(pk)

    return tell_all


@pytest.fixture
def propose(people):
    """A function that hands in a proposal by emma (or `actor`) and returns its number."""

    def propose(*changes: DraftChange, actor=None, title="A title", rationale="Because it is so.") -> int:
        actor = actor or people.emma
        proposal = draft_proposal(actor=actor, title=title, rationale=rationale, changes=changes)
        return submit_proposal(actor=actor, number=proposal.number, version=1).number

    return propose


def create(kind: str, record: str | None = None, /, cites=None, **fields) -> DraftChange:
    return DraftChange(kind, record or str(uuid.uuid4()), "create", fields, cites or {})


def change(kind: str, record: str, operation: str = "update", /, cites=None, **fields) -> DraftChange:
    revision = model_of(KINDS[kind]).objects.get(pk=record).revision
    return DraftChange(kind, record, operation, fields, cites or {}, revision)


def reduced(register, *, stance="shows-reduction", nature="observation", standing="in-force", **assessment):
    """The changes of the main story: a new source, a new statement in it, a new assessment that rests on it."""
    source, evidence = str(uuid.uuid4()), str(uuid.uuid4())
    reason = {} if standing == "in-force" else {"standing_reason": "Its publisher took it back."}
    return [
        create(
            "source",
            source,
            key=f"source-{source[:8]}",
            kind="press-release",
            title="Delivery",
            derivation="original",
            standing=standing,
            **reason,
        ),
        create(
            "evidence",
            evidence,
            source=source,
            claim="A domestic maker delivers.",
            quote="国产微球已批量供货",
            quote_language="zh",
            nature=nature,
            bears_on=[{"chokepoint": register.chokepoint, "stance": stance}],
        ),
        create(
            "assessment",
            **{
                "chokepoint": register.chokepoint,
                "status": "reduced",
                "as_of": "2024-05",
                "rationale": "A domestic maker delivers in volume; imports are still needed.",
                "evidence": [evidence],
                "rank": "normal",
            }
            | assessment,
        ),
    ]
