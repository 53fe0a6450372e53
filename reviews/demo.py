"""Example proposals for a local register, one for each state, by demo accounts.

What they propose is taken from the data set's notes: facts that the notes give and the fields don't hold yet. Titles say
that they are examples.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone

from chokepoints.models import Chokepoint, Evidence, Organization, Record, Source
from chokepoints.services.contributing import contributor_for

from .models import Proposal
from .services.claiming import claim_proposal
from .services.discussing import comment_on_proposal
from .services.drafting import (
    DraftChange,
    draft_proposal,
    submit_proposal,
    withdraw_proposal,
)
from .services.holding import hold_proposal
from .services.reviewing import review_proposal
from .services.roles import EDITORS, REVIEWERS
from .services.suggesting import suggest_value

ACCOUNTS = {
    "emma": ("Emma Example", "Demo institute", EDITORS),
    "erik": ("Erik Example", "Demo university", EDITORS),
    "rita": ("Rita Example", "Demo institute", REVIEWERS),
    "ravi": ("Ravi Example", "Demo university", REVIEWERS),
    "rosa": ("Rosa Example", "", REVIEWERS),
    "ada": ("Ada Example", "", ""),
}


def password_of(name: str) -> str:
    """Return the password of a demo account, which everybody can read here."""
    return f"demo-{name}-2018"


def address_of(name: str) -> str:
    """Return the mail address of a demo account, at a name that is nobody's (RFC 2606)."""
    return f"{name}@example.org"


def make_accounts() -> dict[str, Any]:
    """Return the demo accounts by name, making those that are missing. Passwords that were changed stay changed, and
    addresses."""
    accounts = {}
    for name, (full_name, affiliation, group) in ACCOUNTS.items():
        first, last = full_name.split(" ", 1)
        user, new = get_user_model().objects.get_or_create(
            username=name,
            defaults={
                "first_name": first,
                "last_name": last,
                "email": address_of(name),
                "is_staff": not group,
                "is_superuser": not group,
            },
        )
        if new:
            user.set_password(password_of(name))
            user.save()
            if group:
                user.groups.add(Group.objects.get(name=group))
            _name_contributor(user, affiliation)
        elif not user.email:  # made before there were mails
            user.email = address_of(name)
            user.save(update_fields=["email"])
        accounts[name] = user
    return accounts


def _name_contributor(user: Any, affiliation: str) -> None:
    contributor = contributor_for(user)
    contributor.affiliation = affiliation
    contributor.save()


@dataclass(frozen=True)
class Act:
    """What somebody does with an example, or with the earlier one that `on` names."""

    who: str
    what: str
    comment: str = ""
    on: str = ""
    reason: str = ""
    value: str = ""


@dataclass(frozen=True)
class Example:
    """One example: who proposes what, and what becomes of it."""

    title: str
    author: str
    rationale: str
    changes: Callable[[], list[DraftChange]]
    then: tuple[Act, ...] = ()
    submit: bool = True


def open_examples(accounts: dict[str, Any]) -> Iterator[tuple[Proposal, str]]:
    """Write those examples that aren't there yet, yielding each with its title."""
    for example in EXAMPLES:
        if _numbered(example.title):
            continue
        author = accounts[example.author]
        proposal = draft_proposal(
            actor=author,
            title=_titled(example.title),
            rationale=example.rationale,
            changes=example.changes(),
        )
        if example.submit:
            submit_proposal(actor=author, number=proposal.number, version=1)
        for act in example.then:
            _play(act, accounts, _numbered(act.on) if act.on else proposal.number)
        proposal.refresh_from_db()
        yield proposal, _titled(example.title)


def _titled(title: str) -> str:
    return f"Example: {title}"


def _numbered(title: str) -> int | None:
    return Proposal.objects.filter(versions__title=_titled(title)).values_list("number", flat=True).first()


def _play(act: Act, accounts: dict[str, Any], number: int) -> None:
    actor = accounts[act.who]
    if act.what == "withdraw":
        withdraw_proposal(actor=actor, number=number)
    elif act.what == "comment":
        comment_on_proposal(actor=actor, number=number, text=act.comment)
    elif act.what == "claim":
        claim_proposal(actor=actor, number=number)
    elif act.what == "hold":
        until = timezone.now().date() + dt.timedelta(days=30)
        hold_proposal(actor=actor, number=number, reason=act.comment, until=until)
    elif act.what == "suggest":
        _suggest(actor, number, act)
    else:
        review_proposal(
            actor=accounts[act.who],
            number=number,
            version=1,
            verdict=act.what,
            comment=act.comment,
            reason=act.reason,
        )


def _suggest(actor: Any, number: int, act: Act) -> None:
    """Suggest another value for the only field of the proposal's only change."""
    version = Proposal.objects.get(pk=number).present_version()
    change = version.changes.get()
    (field,) = change.fields
    suggest_value(
        actor=actor,
        number=number,
        version=version.number,
        record=str(change.record),
        field=field,
        value=act.value,
        words=act.comment,
    )


def _update(record: Record, kind: str, **fields: Any) -> DraftChange:
    return DraftChange(kind, str(record.pk), "update", fields, base_revision=record.revision)


def _evidence(source: str, part_of_quote: str) -> Evidence:
    return Evidence.objects.get(source__key=source, quote__contains=part_of_quote)


def _bearing_source() -> list[DraftChange]:
    source = Source.objects.get(key="heizuowen-bearing-2024")
    series = Source.objects.get(key="std-series-2018")
    return [_update(source, "source", derivation="derived", derived_from=[str(series.pk)])]


def _foreign_forecast() -> list[DraftChange]:
    forecast = Source.objects.get(key="ic-insights-2022")
    return [_update(_evidence("register-2022-05-27", "IC Insights"), "evidence", rests_on=[str(forecast.pk)])]


def _disputed_separators() -> list[DraftChange]:
    chokepoint = Chokepoint.objects.get(key="battery-separators")
    supports = _evidence("jiangsulong-2020", "30%")
    disputes = _evidence("cnchemicals-2018", "Samsung")
    fields = {
        "chokepoint": str(chokepoint.pk),
        "status": "disputed",
        "as_of": "2018",
        "rank": "normal",
        "confidence": "low",
        "rationale": "Sources disagree about 2018: one says that about 30 percent of separators were imported, another "
        "shows a domestic maker that already supplied large foreign battery makers.",
        "evidence": [str(supports.pk), str(disputes.pk)],
    }
    return [DraftChange("assessment", str(uuid.uuid4()), "create", fields)]


def _altered_figure() -> list[DraftChange]:
    return [_update(_evidence("wenxuecity-2020", "12納米"), "evidence", credibility=5)]


def _wrong_figure() -> list[DraftChange]:
    chokepoint = Chokepoint.objects.get(key="lithography-machines")
    return [_update(chokepoint, "chokepoint", summary=chokepoint.summary.replace("90 nm", "12 nm"))]


def _connector_scope() -> list[DraftChange]:
    chokepoint = Chokepoint.objects.get(key="underwater-connectors")
    scope = "Wet-mate connectors. Dry-mate types, which were largely mastered by 2018, are not meant."
    return [_update(chokepoint, "chokepoint", scope=scope)]


def _software_alias() -> list[DraftChange]:
    return [
        _update(
            Chokepoint.objects.get(key="core-industrial-software"), "chokepoint", aliases=["EDA software"]
        )
    ]


def _lithography_alias() -> list[DraftChange]:
    chokepoint = Chokepoint.objects.get(key="lithography-machines")
    return [_update(chokepoint, "chokepoint", aliases=["photolithography machines"])]


def _maker_alias() -> list[DraftChange]:
    maker = Organization.objects.get(name__startswith="Shanghai Micro Electronics")
    return [_update(maker, "organization", aliases=["SMEE"])]


def _microscope_scope(scope: str) -> Callable[[], list[DraftChange]]:
    def changes() -> list[DraftChange]:
        chokepoint = Chokepoint.objects.get(key="transmission-electron-microscopes")
        return [_update(chokepoint, "chokepoint", scope=scope)]

    return changes


EXAMPLES = (
    Example(
        "the bearing-steel article of 2024 repeats the series",
        "emma",
        "The note on this source says that it repeats wording known from the item of 2018. Then it derives from the series "
        "and is no second origin.",
        _bearing_source,
    ),
    Example(
        "separators were disputed already in 2018",
        "erik",
        "The data set's note on this item says that one source shows a strong domestic maker already in 2018. The status "
        "should say that sources disagree.",
        _disputed_separators,
        (Act("rita", "approve", "Both pieces of evidence say what the rationale says."),),
    ),
    Example(
        "the forecast that The Register quotes is IC Insights'",
        "emma",
        "The article names its source in the sentence itself, so this statement rests on the forecast and not on the brief.",
        _foreign_forecast,
        (
            Act("rita", "comment", "@emma does the brief give the same figure, or only the article?"),
            Act("rita", "claim"),
        ),
    ),
    Example(
        "say which underwater connectors are meant",
        "emma",
        "The summary separates dry-mate from wet-mate types, and the record doesn't say which of them it is about.",
        _connector_scope,
        (
            Act("ravi", "request_changes", "Right, but please cite the evidence on dry-mate types for it."),
            Act(
                "ravi",
                "suggest",
                "Shorter, and it doesn't say more than the summary does.",
                value="Wet-mate connectors only; dry-mate types were largely mastered by 2018.",
            ),
        ),
    ),
    Example(
        "the best Chinese lithography tool reached 12 nm",
        "erik",
        "A repost of April 2020 gives 12 nm.",
        _wrong_figure,
        (
            Act(
                "rosa",
                "reject",
                "The repost altered the figure: the article of 2018 and its translation both say 90 nm.",
                reason="unreliable",
            ),
        ),
    ),
    Example(
        "grade the repost's altered 12 nm as improbable",
        "emma",
        "The data set's README keeps this row as an example of an altered figure: the original says 90 nm.",
        _altered_figure,
        (Act("rosa", "approve"),),
    ),
    Example(
        "another name for core industrial software",
        "erik",
        "Chip makers speak of EDA software.",
        _software_alias,
        submit=False,
    ),
    Example(
        "photolithography machines as another name",
        "emma",
        "Translations of the item use both words.",
        _lithography_alias,
        (
            Act(
                "rosa",
                "hold",
                "A second translation is on its way and may settle which word is the usual one.",
            ),
        ),
    ),
    Example(
        "SMEE as an alias",
        "erik",
        "The abbreviation is what most people search for.",
        _maker_alias,
        (Act("erik", "withdraw"),),
    ),
    Example(
        "transmission electron microscopes for cryo-electron microscopy",
        "erik",
        "The item speaks of microscopes that are good enough for protein structures.",
        _microscope_scope("Instruments for cryo-electron microscopy of proteins."),
    ),
    Example(
        "transmission electron microscopes of every kind",
        "emma",
        "The item says that no company in China made any, so the record is about all of them.",
        _microscope_scope("Transmission electron microscopes of every kind, with their electron sources."),
        (
            Act("ravi", "approve"),
            Act("rosa", "approve", on="transmission electron microscopes for cryo-electron microscopy"),
        ),
    ),
)
