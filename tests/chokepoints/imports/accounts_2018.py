"""The account of the 2018 data: for each column of each file, where the value of a cell must be found in the register.

Written apart from the code that loads the files, and finding records by what they say, not by how their ids are made.
Used on the planned records and on the loaded tables.
"""

import csv
from collections.abc import Callable
from pathlib import Path

DATA = Path(__file__).resolve().parents[3] / "data" / "chokepoints-2018"
FILES = ("chokepoints.csv", "suppliers.csv", "sources.csv", "evidence.csv")

STATUSES = {"total": "critical", "high": "dependent", "moderate": "dependent", "unknown": "undetermined"}
IMPORT_SHARES = {
    "ito-targets": {"low": "50", "high": "50", "market": "home", "measure": "units", "counted": "place"},
    "battery-separators": {
        "low": "30",
        "high": "30",
        "market": "home",
        "measure": "unknown",
        "counted": "place",
    },
}
CONTRADICTIONS = {
    "register-2022-05-27": "shows-reduction",
    "wenxuecity-2020": "disputes",
    "chinaeconomicnet-2015": "disputes",
    "eyeya-sany": "disputes",
    "cnchemicals-2018": "disputes",
}
ORIGINALS = {"std-series-2018", "ic-insights-2022", "mandiant-2022-06-28"}

Row = dict[str, str]


def rows_of(file: str) -> list[Row]:
    """The rows of a file, read the plainest way there is."""
    with (DATA / file).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


class Records:
    """States by kind and id, and how to find one by what it says."""

    def __init__(self, states: dict[str, dict[str, dict]]):
        self.states = states

    def one(self, kind: str, **values) -> dict:
        """The only record of a kind with these values."""
        found = [
            state | {"id": record}
            for record, state in self.states[kind].items()
            if all(state.get(name) == value for name, value in values.items())
        ]
        assert len(found) == 1, f"{len(found)} {kind} records say {values}"
        return found[0]

    def id_of(self, kind: str, key: str) -> str:
        return self.one(kind, key=key)["id"]

    def list_id(self) -> str:
        return self.id_of("list", "std-35-2018")

    # --- the record that a row became

    def chokepoint(self, row: Row) -> dict:
        return self.one("chokepoint", key=row["slug"])

    def listing(self, row: Row) -> dict:
        (listing,) = self.chokepoint(row)["listings"]
        assert listing["list"] == self.list_id()
        return listing

    def assessment(self, row: Row) -> dict:
        return self.one("assessment", chokepoint=self.id_of("chokepoint", row["slug"]))

    def organization(self, row: Row) -> dict:
        return self.one("organization", name=row["organization"])

    def supply(self, row: Row) -> dict:
        return self.one(
            "supply",
            chokepoint=self.id_of("chokepoint", row["chokepoint_slug"]),
            organization=self.organization(row)["id"],
        )

    def proof(self, row: Row) -> dict:
        """The evidence that a supplier row brought."""
        (evidence,) = self.supply(row)["evidence"]
        return self.states["evidence"][evidence]

    def source(self, row: Row) -> dict:
        return self.one("source", key=row["key"])

    def evidence(self, row: Row) -> dict:
        slug = row["chokepoint_slug"]
        target = {"chokepoint": self.id_of("chokepoint", slug)} if slug else {"list": self.list_id()}
        source = self.id_of("source", row["source_key"])
        found = [
            state
            for state in self.states["evidence"].values()
            if (state["source"], state["claim"]) == (source, row["claim"])
            and target.items() <= state["bears_on"][0].items()
        ]
        assert len(found) == 1, f"{len(found)} pieces of evidence say what this row says"
        assert len(found[0]["bears_on"]) == 1
        return found[0]


def same(state: dict, field: str, cell: str) -> bool:
    """The field holds exactly the cell; an empty cell left it absent."""
    return state[field] == cell if cell else field not in state


def level(records: Records, row: Row) -> bool:
    state = records.assessment(row)
    return (
        state["status"] == STATUSES[row["dependency_level_2018"]]
        and f"“{row['dependency_level_2018']}”" in state["rationale"]
        and state.get("import_share") == IMPORT_SHARES.get(row["slug"])
        and (state["as_of"], state["rank"]) == ("2018", "normal")
    )


def countries(records: Records, row: Row) -> bool:
    """Each country is that of a supplying firm, or supplies itself; no country supplies that the cell doesn't name."""
    chokepoint = records.id_of("chokepoint", row["slug"])
    supplies = [
        s
        for s in records.states["supply"].values()
        if s["chokepoint"] == chokepoint and s["role"] == "foreign-supplier"
    ]
    firms = {
        records.states["organization"][s["organization"]]["country"] for s in supplies if "organization" in s
    }
    alone = {s["country"] for s in supplies if "country" in s}
    named = set(filter(None, row["supplier_countries_named"].split(";")))
    return alone == named - firms and all(
        "note" in s and "evidence" not in s for s in supplies if "country" in s
    )


def derivation(records: Records, row: Row) -> bool:
    state = records.source(row)
    if row["derived_from"]:
        return state["derivation"] == "derived" and state["derived_from"] == [
            records.id_of("source", row["derived_from"])
        ]
    expected = "original" if row["key"] in ORIGINALS else "unknown"
    return state["derivation"] == expected and "derived_from" not in state


def stance(records: Records, row: Row) -> bool:
    expected = CONTRADICTIONS[row["source_key"]] if row["stance"] == "contradicts" else row["stance"]
    return records.evidence(row)["bears_on"][0]["stance"] == expected


def quote(records: Records, row: Row) -> bool:
    state = records.evidence(row)
    language = records.one("source", key=row["source_key"])["language"]
    return same(state, "quote", row["quote"]) and same(
        state, "quote_language", language if row["quote"] else ""
    )


def chokepoint_verified(records: Records, row: Row) -> bool:
    return records.chokepoint(row)["note"].startswith(f"Verified: {row['verified']},")


def verification_note(records: Records, row: Row) -> bool:
    note = records.chokepoint(row)["note"]
    return (
        note.endswith(f". {row['verification_note']}.") if row["verification_note"] else note.count(".") == 1
    )


def supplier_note(records: Records, row: Row) -> bool:
    return same(records.supply(row), "note", row["note"]) and row["note"] in records.proof(row)["claim"]


def supplier_verified(records: Records, row: Row) -> bool:
    words = {"yes": "The source names the organization", "no": "The source names only its product"}
    return records.proof(row)["note"].startswith(words[row["verified"]])


def supplier_chokepoint(records: Records, row: Row) -> bool:
    chokepoint = records.id_of("chokepoint", row["chokepoint_slug"])
    bearing = [{"chokepoint": chokepoint, "stance": "context"}]
    return records.supply(row)["chokepoint"] == chokepoint and records.proof(row)["bears_on"] == bearing


ACCOUNTS: dict[str, dict[str, Callable[[Records, Row], bool]]] = {
    "chokepoints.csv": {
        "number": lambda r, row: r.listing(row)["number"] == int(row["number"]),
        "slug": lambda r, row: r.chokepoint(row)["key"] == row["slug"],
        "name_en": lambda r, row: same(r.chokepoint(row), "name", row["name_en"]),
        "name_zh": lambda r, row: same(r.chokepoint(row), "name_original", row["name_zh"]),
        "sector": lambda r, row: r.states["sector"][r.chokepoint(row)["sector"]]["key"] == row["sector"],
        "summary_en": lambda r, row: same(r.chokepoint(row), "summary", row["summary_en"]),
        "barrier_types": lambda r, row: (
            set(r.chokepoint(row).get("barriers", [])) == set(filter(None, row["barrier_types"].split(";")))
        ),
        "published_on": lambda r, row: same(r.listing(row), "named_on", row["published_on"]),
        "std_title_zh": lambda r, row: same(r.listing(row), "headline", row["std_title_zh"]),
        "dependency_level_2018": level,
        "supplier_countries_named": countries,
        "verified": chokepoint_verified,
        "verification_note": verification_note,
    },
    "suppliers.csv": {
        "chokepoint_slug": supplier_chokepoint,
        "organization": lambda r, row: (
            r.organization(row)["name"] == row["organization"]
            and row["organization"] in r.proof(row)["claim"]
        ),
        "country": lambda r, row: same(r.organization(row), "country", row["country"]),
        "role": lambda r, row: r.supply(row)["role"] == row["role"],
        "note": supplier_note,
        "source_key": lambda r, row: r.proof(row)["source"] == r.id_of("source", row["source_key"]),
        "verified": supplier_verified,
    },
    "sources.csv": {
        "key": lambda r, row: r.source(row)["key"] == row["key"],
        "kind": lambda r, row: r.source(row)["kind"] == row["kind"],
        "title": lambda r, row: same(r.source(row), "title", row["title"]),
        "title_original": lambda r, row: same(r.source(row), "title_original", row["title_original"]),
        "publisher": lambda r, row: same(r.source(row), "publisher", row["publisher"]),
        "author": lambda r, row: same(r.source(row), "author", row["author"]),
        "language": lambda r, row: same(r.source(row), "language", row["language"]),
        "published_on": lambda r, row: same(r.source(row), "published_on", row["published_on"]),
        "url": lambda r, row: same(r.source(row), "url", row["url"]),
        "derived_from": derivation,
        "reliability_grade": lambda r, row: same(r.source(row), "reliability", row["reliability_grade"]),
        "verified": lambda r, row: (
            r.source(row)["seen"] == {"yes": "part", "no": "not-seen"}[row["verified"]]
        ),
        "note": lambda r, row: same(r.source(row), "note", row["note"]),
    },
    "evidence.csv": {
        "chokepoint_slug": lambda r, row: bool(r.evidence(row)),  # found by what it bears on
        "source_key": lambda r, row: r.evidence(row)["source"] == r.id_of("source", row["source_key"]),
        "claim": lambda r, row: r.evidence(row)["claim"] == row["claim"],
        "quote": quote,
        "stance": stance,
        "observed_on": lambda r, row: same(r.evidence(row), "observed_on", row["observed_on"]),
        "verified": lambda r, row: (
            row["verified"] == "yes" and r.evidence(row)["note"] == "Read in the source."
        ),
    },
}


def unaccounted(records: Records) -> list[str]:
    """Every cell that isn't found where it belongs, named by file, row and column."""
    missing = []
    for file in FILES:
        for number, row in enumerate(rows_of(file), start=2):
            for column, cell in row.items():
                if column not in ACCOUNTS[file]:
                    missing.append(f"{file}: no account of the column {column}")
                elif not ACCOUNTS[file][column](records, row):
                    missing.append(f"{file}:{number}: {column} “{cell}” isn't where it belongs")
    return missing
