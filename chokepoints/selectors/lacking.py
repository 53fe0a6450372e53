"""What the register doesn't know."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from ..models import Bearing, Chokepoint, Evidence, Organization, Source, Supply
from ..records import KINDS
from ..vocabularies import UNASSESSED


@dataclass
class Gap:
    """Something that the register doesn't know: which records lack it, and which change would tell."""

    key: str
    title: str
    why: str
    kind: str
    operation: str
    records: QuerySet

    @property
    def about(self) -> str:
        return KINDS[self.kind].plural


def gaps(day: dt.date) -> list[Gap]:
    """Return every sort of gap, as querysets that nothing has been read of yet."""
    chokepoints = Chokepoint.objects.in_force().with_status(day).order_by("name", "pk")
    sources = Source.objects.in_force().order_by("key")
    evidence = Evidence.objects.in_force().select_related("source").order_by("source__key", "pk")
    supplied = Supply.objects.in_force().filter(role="foreign-supplier").values("chokepoint")
    borne = Bearing.objects.filter(evidence__retired=False, chokepoint__isnull=False).values("chokepoint")

    def gap(key: str, title: str, why: str, records: QuerySet, operation: str = "update") -> Gap:
        kind = {
            Chokepoint: "chokepoint",
            Source: "source",
            Evidence: "evidence",
            Organization: "organization",
            Supply: "supply",
        }
        return Gap(key, title, why, kind[records.model], operation, records)

    return [
        gap(
            "unassessed",
            "Never assessed",
            "Nobody has judged how dependent the country is.",
            chokepoints.filter(status=UNASSESSED),
            "assess",
        ),
        gap(
            "undetermined",
            "Undetermined",
            "Somebody looked, and the sources don't say.",
            chokepoints.filter(status="undetermined"),
            "assess",
        ),
        gap(
            "no-supplier",
            "Without a foreign supplier",
            "Nothing says who supplies it.",
            chokepoints.exclude(pk__in=supplied),
        ),
        gap(
            "no-evidence", "Without evidence", "No statement bears on it.", chokepoints.exclude(pk__in=borne)
        ),
        gap(
            "no-headline",
            "Without a headline",
            "Its place on a list has no headline.",
            chokepoints.filter(listings__isnull=False, listings__headline="").distinct(),
        ),
        gap(
            "no-named-on",
            "Without the day of publication",
            "Its place on a list has no day.",
            chokepoints.filter(listings__isnull=False, listings__named_on__isnull=True).distinct(),
        ),
        gap(
            "no-scope",
            "Without a scope",
            "What is meant, and what isn't, was never written down.",
            chokepoints.filter(scope=""),
        ),
        gap(
            "unknown-derivation",
            "Origin not established",
            "Whether the source found this out itself or retells it isn't known, so it corroborates nothing.",
            sources.filter(derivation="unknown"),
        ),
        gap(
            "no-source-date",
            "Sources without a date",
            "Nobody knows when it was published.",
            sources.filter(published_on__isnull=True),
        ),
        gap(
            "no-reliability",
            "Sources without a grade",
            "Nobody has graded its reliability.",
            sources.filter(reliability=""),
        ),
        gap(
            "not-seen",
            "Sources not seen",
            "Nobody here has read the document itself.",
            sources.filter(seen="not-seen"),
        ),
        gap(
            "no-evidence-date",
            "Evidence without a date",
            "Neither when it was said nor which time it speaks of is known.",
            evidence.filter(observed_on__isnull=True, about_from__isnull=True, about_to__isnull=True),
        ),
        gap(
            "no-quote",
            "Evidence without a quote",
            "The very sentence isn't here to be checked.",
            evidence.filter(quote=""),
        ),
        gap(
            "no-translation",
            "Quotes without a translation",
            "The quote can't be read in English.",
            evidence.exclude(quote="")
            .filter(translation="")
            .exclude(Q(quote_language="en") | Q(quote_language__startswith="en-")),
        ),
        gap(
            "no-seat",
            "Organizations without a country",
            "Where it has its seat isn't known.",
            Organization.objects.in_force().filter(country="").order_by("name", "pk"),
        ),
        gap(
            "no-share",
            "Supplies without a share",
            "How much of the market it has isn't known.",
            Supply.objects.in_force()
            .filter(share_low__isnull=True)
            .select_related("organization", "chokepoint")
            .order_by("chokepoint__name", "pk"),
        ),
    ]


def gap_counts(found: Iterable[Gap]) -> Mapping[str, int]:
    """Return how many records each gap has, one query a gap."""
    return {gap.key: gap.records.count() for gap in found}
