"""Small registers for tests: real changesets through the one door, with ids, salts and times that a seed fixes.

    build = Builder()
    sector = build.sector()
    chokepoint = build.chokepoint(sector=sector, key="microspheres")
    build.update("chokepoint", chokepoint, summary="…")

Each method publishes one changeset and returns the new record's id (a string). `build.several(...)` publishes changes
made with `build.change(...)` as one changeset. What isn't said has a sensible default; `field=None` leaves one out.
"""

import datetime as dt
import random
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from chokepoints.models import Changeset, Contributor
from chokepoints.services.publishing import ADMINISTRATIVE, Origin, RecordChange, Verdict, publish

FIRST_MOMENT = dt.datetime(2026, 1, 5, 9, 0, tzinfo=dt.UTC)
ADMINISTRATIVE_ORIGIN = Origin(ADMINISTRATIVE)


class Builder:
    """Publishes into the present database. Two builders in one database need different seeds."""

    def __init__(self, seed: int = 2018, author: str = "Ada Example"):
        self._ids, self._salts, self._people = (
            random.Random(f"{seed} {sort}") for sort in ("ids", "salts", "people")
        )
        self._moment = FIRST_MOMENT
        self.author = self.person(author)
        self.changesets: list[Changeset] = []

    # --- what a seed fixes

    def id(self) -> str:
        """Return the next record id."""
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4))

    def salt(self) -> bytes:
        """Return the next salt."""
        return self._salts.randbytes(16)

    def clock(self) -> dt.datetime:
        """Return the next moment, a minute after the one before."""
        self._moment += dt.timedelta(minutes=1)
        return self._moment

    def person(self, name: str, affiliation: str = "") -> Contributor:
        """Return a new contributor."""
        return Contributor.objects.create(
            id=uuid.UUID(int=self._people.getrandbits(128), version=4),
            display_name=name,
            affiliation=affiliation,
        )

    # --- publishing

    def change(
        self,
        kind: str,
        operation: str,
        /,
        record: str | None = None,
        cites: Mapping[str, Sequence[str]] | None = None,
        **fields: Any,
    ) -> RecordChange:
        """Return a change that isn't published yet; without `record` it is about a new one."""
        return RecordChange(kind, record or self.id(), operation, fields, cites or {})

    def several(
        self,
        *changes: RecordChange,
        summary: str = "An example",
        rationale: str = "Because a test needs it.",
        authors: Sequence[Contributor] = (),
        reviews: Sequence[Verdict] = (),
        origin: Origin = ADMINISTRATIVE_ORIGIN,
        clock: Any = None,
    ) -> Changeset:
        """Publish changes as one changeset."""
        changeset = publish(
            changes=changes,
            authors=authors or [self.author],
            summary=summary,
            rationale=rationale,
            origin=origin,
            reviews=reviews,
            clock=clock or self.clock,
            salts=self.salt,
        )
        self.changesets.append(changeset)
        return changeset

    def create(self, kind: str, /, record: str | None = None, cites: Any = None, **fields: Any) -> str:
        """Publish a new record and return its id."""
        change = self.change(kind, "create", record, cites, **fields)
        self.several(change)
        return change.record

    def update(self, kind: str, record: str, /, cites: Any = None, **fields: Any) -> Changeset:
        """Publish new values of some fields of a record."""
        return self.several(self.change(kind, "update", record, cites, **fields))

    def retire(self, kind: str, record: str) -> Changeset:
        """Retire a record."""
        return self.several(self.change(kind, "retire", record))

    def restore(self, kind: str, record: str) -> Changeset:
        """Restore a retired record."""
        return self.several(self.change(kind, "restore", record))

    # --- one of each kind

    def sector(self, key: str = "materials", **fields: Any) -> str:
        return self.create("sector", **{"key": key, "name": key.replace("-", " ").capitalize()} | fields)

    def list(self, key: str = "example-list", **fields: Any) -> str:
        default = {"key": key, "name": "An example list", "issuer": "A newspaper", "dependent_country": "CN"}
        return self.create("list", **default | fields)

    def chokepoint(self, key: str = "microspheres", *, sector: str | None = None, **fields: Any) -> str:
        default = {"key": key, "name": key.replace("-", " ").capitalize(), "dependent_country": "CN"}
        return self.create(
            "chokepoint", **default | {"sector": sector or self.sector(f"sector-of-{key}")} | fields
        )

    def organization(self, key: str = "example-works", **fields: Any) -> str:
        return self.create(
            "organization",
            **{"key": key, "name": "Example Works", "country": "JP", "kind": "company"} | fields,
        )

    def source(self, key: str = "example-article", **fields: Any) -> str:
        default = {
            "key": key,
            "kind": "news-article",
            "title": "An example article",
            "derivation": "original",
            "standing": "in-force",
            "published_on": "2018-05-30",
        }
        return self.create("source", **default | fields)

    def evidence(
        self, *, chokepoint: str, source: str | None = None, stance: str = "supports", **fields: Any
    ) -> str:
        default = {
            "source": source or self.source(f"source-{self.id()[:8]}"),
            "claim": "No domestic product is in use.",
            "nature": "observation",
            "observed_on": "2018-05-30",
            "bears_on": [{"chokepoint": chokepoint, "stance": stance}],
        }
        return self.create("evidence", **default | fields)

    def assessment(
        self,
        *,
        chokepoint: str,
        evidence: Sequence[str] = (),
        status: str = "critical",
        as_of: str = "2018",
        **fields: Any,
    ) -> str:
        default = {
            "chokepoint": chokepoint,
            "status": status,
            "as_of": as_of,
            "rationale": "The sources agree.",
            "evidence": list(evidence),
            "rank": "normal",
        }
        return self.create("assessment", **default | fields)

    def supply(self, *, chokepoint: str, role: str = "foreign-supplier", **fields: Any) -> str:
        party = {} if "organization" in fields or "country" in fields else {"country": "JP"}
        return self.create("supply", **{"chokepoint": chokepoint, "role": role} | party | fields)


def small_register(build: Builder) -> dict[str, str]:
    """Publish a chokepoint with its sector, source, evidence and assessment; return their ids by kind."""
    ids = {"sector": build.sector()}
    ids["chokepoint"] = build.chokepoint(sector=ids["sector"])
    ids["source"] = build.source()
    ids["evidence"] = build.evidence(chokepoint=ids["chokepoint"], source=ids["source"])
    ids["assessment"] = build.assessment(chokepoint=ids["chokepoint"], evidence=[ids["evidence"]])
    return ids


def golden_register(build: Builder) -> dict[str, str]:
    """Publish one of everything that the ledger's format has to carry; tests/golden holds the dump of it for ever."""
    rita, ravi = build.person("Rita 例", "Example Institute"), build.person("Ravi Exämple")
    ids = {"sector": build.sector("materials", name_original="材料")}
    ids["source"] = build.source(
        "daily-2018-05-30",
        title_original="\uf9d0金属\ufa19 “卡脖子” e\u0301\u3000",  # NFC would replace some of these characters
        language="zh",
        published_on="2018-05",
        reliability="B",
        seen="whole",
        url="https://example.org/2018/%E6%9D%90",
    )
    ids["translation"] = build.source(
        "brief-2022",
        kind="translation",
        derivation="derived",
        derived_from=[ids["source"]],
        standing="corrected",
        standing_reason="A figure was put right.",
        published_on="2022",
    )
    ids["list"] = build.list(
        "daily-35", issued_on="2018", source=ids["source"], definition="What can't be made.\n\nYet."
    )
    ids["chokepoint"] = build.chokepoint(
        "microspheres",
        sector=ids["sector"],
        name_original="微球",
        aliases=["polymer microspheres", "Mikrokugeln", "Cafe\u0301"],
        barriers=["scale-up", "material-purity"],
        listings=[
            {"list": ids["list"], "number": 35, "headline": "微球：民族品牌", "named_on": "2018-07-03"}
        ],
        identifiers=[{"scheme": "wikidata", "value": "Q1"}],
        summary="Small balls.",
        scope="Spacers.",
    )
    ids["part"] = build.chokepoint(
        "chromatography-microspheres", sector=ids["sector"], part_of=ids["chokepoint"]
    )
    ids["organization"] = build.organization("example-works", aliases=["EW"], website="https://example.com/")
    # Several records in one changeset, which refer to each other, approved by two.
    evidence, assessment = build.id(), build.id()
    build.several(
        build.change(
            "evidence",
            "create",
            evidence,
            source=ids["source"],
            rests_on=[ids["translation"]],
            claim="Imports cover nearly all of the need.",
            quote="几乎\r\n全部依赖进口\ufa19",
            quote_language="zh",
            locator="p. 1",
            translation="nearly all is imported",
            translator="person",
            nature="observation",
            observed_on="2018-05-30",
            about_from="2017",
            about_to="2018-05",
            credibility=2,
            bears_on=[
                {"chokepoint": ids["chokepoint"], "stance": "supports", "note": "the grade named"},
                {"list": ids["list"], "stance": "context"},
            ],
        ),
        build.change(
            "assessment",
            "create",
            assessment,
            {"status": [evidence], "": [evidence]},
            chokepoint=ids["chokepoint"],
            status="critical",
            as_of="2018",
            import_share={
                "low": "97.50",
                "high": "100",
                "market": "segment",
                "segment": "display spacers",
                "measure": "revenue",
                "year": 2017,
                "counted": "place",
            },
            rationale="Nobody makes them at that grade.",
            evidence=[evidence],
            confidence="moderate",
            rank="normal",
        ),
        summary="Microspheres: critical",
        rationale="卡脖子: the series says so.",
        reviews=[
            Verdict(str(rita.pk), "approve", 2, "Read the article; 同意."),
            Verdict(str(ravi.pk), "approve", 2),
        ],
        origin=Origin("proposal", "proposal:1"),
    )
    ids |= {"evidence": evidence, "assessment": assessment}
    ids["supply"] = build.supply(
        chokepoint=ids["chokepoint"],
        organization=ids["organization"],
        share={"low": "0", "high": "43.6", "market": "world", "measure": "unknown", "counted": "unknown"},
        as_of="2017-12",
        evidence=[evidence],
    )
    build.supply(chokepoint=ids["chokepoint"], country="US", note="Firm not named.")
    build.update(
        "chokepoint",
        ids["chokepoint"],
        {"summary": [evidence]},
        key="polymer-microspheres",
        summary=None,
        aliases=["PM"],
    )
    build.update("assessment", assessment, rank="deprecated", rank_reason="The figure was retold.")
    build.retire("supply", ids["supply"])
    build.restore("supply", ids["supply"])
    build.retire("chokepoint", ids["part"])
    ids["policy"] = build.create("policy", key="content", approvals=1, evidence=0)
    return ids
