"""Genesis: the 2018 data as creations of records (pure). The same files give the same records and ids everywhere.

docs/data.md says, column by column, what becomes of the files and why; readings_2018.py holds what people read in them.
An assessment's id comes from all that it says: a published judgement never changes, so another one is another record.
"""

import re
import unicodedata
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .. import vocabularies as words
from ..canonical import digest
from ..dates import parse_partial
from ..fields import FieldError
from ..models.revision import CREATE
from ..records import KINDS
from ..services.planning import RecordChange
from . import readings_2018 as readings
from .reading import CHOKEPOINTS, EVIDENCE, SECTORS, SOURCES, Dataset, DatasetError, Row

NAMESPACE = uuid.UUID("0b7a52f4-9d0e-5c55-8f3e-2a1c6d3f2018")
YEAR = 2018
VERIFIED_CHOKEPOINT = {
    "yes": "Verified: yes, a text that reproduces or reports the series names the item.",
    "no": "Verified: no, its place in the series was not confirmed in a text that was read.",
}
VERIFIED_EVIDENCE = {"yes": "Read in the source.", "no": "Not read in the source."}
VERIFIED_SUPPLIER = {
    "yes": "The source names the organization for this technology.",
    "no": "The source names only its product, not the organization.",
}
SEEN = {"yes": "part", "no": "not-seen"}


def record_id(kind: str, key: str) -> str:
    """Return the id that the record with a key has in every register that loads this data set."""
    return str(uuid.uuid5(NAMESPACE, f"{kind}:{key}"))


def organization_key(name: str) -> str:
    """Return the key of an organization: the small letters and digits of its name, with hyphens between."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def country_supplies(data: Dataset) -> Iterator[tuple[Row, str]]:
    """Yield (chokepoint row, country) for each country that is named without a foreign supplier from there."""
    firms = {(r["chokepoint_slug"], r["country"]) for r in data.suppliers if r["role"] == "foreign-supplier"}
    for row in data.chokepoints:
        for country in row.items("supplier_countries_named"):
            if (row["slug"], country) not in firms:
                yield row, country


def numbered(rows: Sequence[Row]) -> Iterator[tuple[Row, str]]:
    """Yield (row, key) for rows of evidence.csv: the source's key and the row's running number among its rows."""
    count: Counter[str] = Counter()
    for row in rows:
        count[row["source_key"]] += 1
        yield row, f"{row['source_key']}:{count[row['source_key']]}"


def supplier_key(row: Row) -> str:
    """Return what identifies a row of suppliers.csv."""
    return f"{row['chokepoint_slug']}:{organization_key(row['organization'])}:{row['role']}"


def genesis(data: Dataset) -> list[RecordChange]:
    """Return the creations that load a data set. Raises DatasetError, with file and row, for what can't be loaded."""
    return _Builder(data).build()


class _Builder:
    def __init__(self, data: Dataset):
        self.data = data
        self.changes: list[RecordChange] = []
        self.problems: list[str] = []
        self.sources = {row["key"]: row for row in data.sources}
        self.evidence_of: dict[str, list[str]] = {
            row["slug"]: [] for row in data.chokepoints
        }  # what speaks of 2018
        self.general: dict[tuple[str, str], str] = {}  # (source key, claim) → id

    def build(self) -> list[RecordChange]:
        self._check_readings()
        if self.problems:
            raise DatasetError(self.problems)
        for row in self.data.sources:
            self._source(row)
        for sector in SECTORS:
            self._add("sector", sector, {"key": sector, "name": readings.SECTOR_NAMES[sector]}, CHOKEPOINTS)
        for row, key in numbered(self.data.evidence):
            self._evidence(row, key)
        self._list()
        for row in self.data.chokepoints:
            self._chokepoint(row)
        self._organizations()
        for row in self.data.suppliers:
            self._supplier(row)
        for row, country in country_supplies(self.data):
            self._country_supply(row, country)
        for row in self.data.chokepoints:
            self._assessment(row)
        if self.problems:
            raise DatasetError(self.problems)
        return self.changes

    def _add(
        self,
        kind: str,
        key: str,
        fields: Mapping[str, Any],
        where: str,
        cites: Mapping[str, Sequence[str]] | None = None,
    ) -> str:
        """Add the creation of one record, its values in canonical form, and return its id."""
        clean: dict[str, Any] = {}
        for name, value in fields.items():
            try:
                clean[name] = KINDS[kind].fields[name].clean(value)
            except FieldError as error:
                self.problems.append(f"{where}: {KINDS[kind].fields[name].label}: {error}")
        clean = {name: value for name, value in clean.items() if value is not None}
        if kind == "assessment":
            key = f"{key}:{digest(clean)}"
        record = record_id(kind, key)
        self.changes.append(RecordChange(kind, record, CREATE, clean, cites or {}))
        return record

    def _check_readings(self) -> None:
        """Every reading must have its row, and every row that needs one its reading."""
        rows = {(row["source_key"], row["claim"]): row for row in self.data.evidence}
        cited = [pair for text in readings.LIST_TEXTS.values() for pair in text.rows]
        for source, claim in dict.fromkeys([*readings.NATURES, *readings.CONTRADICTIONS, *cited]):
            if (source, claim) not in rows:
                self.problems.append(
                    f"{EVIDENCE}: no row of {source} claims “{claim}” any more; read it again in readings_2018.py."
                )
        for source, claim in cited:
            if (source, claim) in rows and rows[source, claim]["chokepoint_slug"]:
                self.problems.append(
                    f"{rows[source, claim].where}: the list cites this row, so it must name no chokepoint."
                )
        for pair, row in rows.items():
            if (row["stance"] == "contradicts") != (pair in readings.CONTRADICTIONS):
                self.problems.append(
                    f"{row.where}: whether and how this contradicts must be read in readings_2018.py."
                )
        for row in self.data.chokepoints:
            if (row["dependency_level_2018"] == "moderate") != (row["slug"] in readings.IMPORT_SHARES):
                self.problems.append(
                    f"{row.where}: a moderate level, and only that, needs an import share in readings_2018.py."
                )
        for key in readings.ORIGINALS:
            if key not in self.sources:
                self.problems.append(
                    f"{SOURCES}: the source {key}, which readings_2018.py calls original, isn't there."
                )
            elif self.sources[key]["derived_from"]:
                self.problems.append(
                    f"{self.sources[key].where}: readings_2018.py calls this source original."
                )

    def _source(self, row: Row) -> None:
        origin = row["derived_from"]
        original = "original" if row["key"] in readings.ORIGINALS else "unknown"
        fields = {
            "key": row["key"],
            "kind": row["kind"],
            "title": row["title"],
            "title_original": row["title_original"],
            "publisher": row["publisher"],
            "author": row["author"],
            "language": row["language"],
            "published_on": row["published_on"],
            "url": row["url"],
            "derivation": "derived" if origin else original,
            "derived_from": [record_id("source", origin)] if origin else None,
            "reliability": row["reliability_grade"],
            "seen": SEEN[row["verified"]],
            "standing": "in-force",
            "note": row["note"],
        }
        self._add("source", row["key"], fields, row.where)

    def _evidence(self, row: Row, key: str) -> None:
        pair = (row["source_key"], row["claim"])
        slug = row["chokepoint_slug"]
        stance = readings.CONTRADICTIONS[pair].value if row["stance"] == "contradicts" else row["stance"]
        target = (
            {"chokepoint": record_id("chokepoint", slug)}
            if slug
            else {"list": record_id("list", readings.LIST_KEY)}
        )
        nature = readings.NATURES[pair].value if pair in readings.NATURES else "observation"
        fields = {
            "source": record_id("source", row["source_key"]),
            "claim": row["claim"],
            "quote": row["quote"],
            "quote_language": self.sources[row["source_key"]]["language"] if row["quote"] else None,
            "observed_on": row["observed_on"],
            "nature": nature,
            "bears_on": [target | {"stance": stance}],
            "note": VERIFIED_EVIDENCE[row["verified"]],
        }
        record = self._add("evidence", key, fields, row.where)
        if not slug:
            self.general[pair] = record
        elif self._speaks_of_2018(row["source_key"], row["observed_on"], nature):
            self.evidence_of[slug].append(record)

    def _speaks_of_2018(self, source: str, stated: str, nature: str) -> bool:
        """Tell whether evidence speaks of 2018 or earlier: by its date, by its source's, or by retelling the series.

        A page that retells the series may add forecasts, asides and later news; those don't speak of 2018.
        """
        published = self.sources[source]["published_on"]
        if source in readings.SPEAK_OF_2018:
            return True
        if (dated := stated or published) and parse_partial(dated)[0].year <= YEAR:
            return True
        later_news = stated and published and parse_partial(stated)[0] > parse_partial(published)[0]
        return nature == "observation" and not later_news and self._retells_the_series(source)

    def _retells_the_series(self, source: str) -> bool:
        while source and source != readings.SERIES:
            source = self.sources[source]["derived_from"]
        return bool(source)

    def _list(self) -> None:
        series = self.sources[readings.SERIES]
        fields = {
            "key": readings.LIST_KEY,
            "name": series["title"],
            "name_original": series["title_original"],
            "issuer": series["publisher"],
            "dependent_country": readings.DEPENDENT_COUNTRY,
            "issued_on": readings.LIST_ISSUED_ON,
            "source": record_id("source", readings.SERIES),
            "note": readings.LIST_NOTE,
        } | {name: cited.text for name, cited in readings.LIST_TEXTS.items()}
        cites = {
            name: [self.general[pair] for pair in cited.rows] for name, cited in readings.LIST_TEXTS.items()
        }
        self._add("list", readings.LIST_KEY, fields, series.where, cites)

    def _chokepoint(self, row: Row) -> None:
        listing = {
            "list": record_id("list", readings.LIST_KEY),
            "number": row["number"],
            "headline": row["std_title_zh"],
            "named_on": row["published_on"],
        }
        fields = {
            "key": row["slug"],
            "name": row["name_en"],
            "name_original": row["name_zh"],
            "dependent_country": readings.DEPENDENT_COUNTRY,
            "sector": record_id("sector", row["sector"]),
            "summary": row["summary_en"],
            "barriers": row.items("barrier_types"),
            "listings": [listing],
            "note": _sentences(VERIFIED_CHOKEPOINT[row["verified"]], row["verification_note"]),
        }
        self._add("chokepoint", row["slug"], fields, row.where)

    def _organizations(self) -> None:
        first: dict[str, Row] = {}
        for row in self.data.suppliers:
            key = organization_key(row["organization"])
            known = first.setdefault(key, row)
            if known is row:
                fields = {"key": key, "name": row["organization"], "country": row["country"]}
                self._add("organization", key, fields, row.where)
            elif (known["organization"], known["country"]) != (row["organization"], row["country"]):
                self.problems.append(
                    f"{row.where}: row {known.number} gives this organization another name or country."
                )

    def _supplier(self, row: Row) -> None:
        chokepoint = record_id("chokepoint", row["chokepoint_slug"])
        name, role = row["organization"], words.SUPPLY_ROLES[row["role"]]
        if row["verified"] == "yes":
            named = f"{name} is named as a {role}"
        else:
            named = f"A product of {name}, a {role}, is named"
        evidence = {
            "source": record_id("source", row["source_key"]),
            "claim": _sentences(named + (f": {row['note']}" if row["note"] else "")),
            "nature": "observation",
            "bears_on": [{"chokepoint": chokepoint, "stance": "context"}],
            "note": VERIFIED_SUPPLIER[row["verified"]],
        }
        proof = self._add("evidence", f"supplier:{supplier_key(row)}", evidence, row.where)
        if self._speaks_of_2018(row["source_key"], "", "observation"):
            self.evidence_of[row["chokepoint_slug"]].append(proof)
        supply = {
            "chokepoint": chokepoint,
            "organization": record_id("organization", organization_key(row["organization"])),
            "role": row["role"],
            "evidence": [proof],
            "note": row["note"],
        }
        self._add("supply", supplier_key(row), supply, row.where)

    def _country_supply(self, row: Row, country: str) -> None:
        fields = {
            "chokepoint": record_id("chokepoint", row["slug"]),
            "country": country,
            "role": "foreign-supplier",
            "note": "The data set of 2018 names the country among the suppliers' countries, without an organization "
            "and without saying which source names it.",
        }
        self._add("supply", f"{row['slug']}:country:{country}", fields, row.where)

    def _assessment(self, row: Row) -> None:
        slug, level = row["slug"], row["dependency_level_2018"]
        share = readings.IMPORT_SHARES.get(slug)
        evidence = self.evidence_of[slug]
        fields = {
            "chokepoint": record_id("chokepoint", slug),
            "status": readings.STATUS_OF_LEVEL[level],
            "as_of": str(YEAR),
            "import_share": share
            and {
                "low": share.percent,
                "high": share.percent,
                "market": "home",
                "measure": share.measure,
                "counted": "place",
            },
            "rationale": _rationale(row, share, bool(evidence)),
            "evidence": evidence,
            "rank": "normal",
        }
        self._add("assessment", slug, fields, row.where, {"status": evidence} if evidence else {})


def _rationale(row: Row, share: readings.ShareReading | None, has_evidence: bool) -> str:
    level = row["dependency_level_2018"]
    sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z])", row["summary_en"]) if row["summary_en"] else []
    place = readings.JUSTIFYING_SENTENCES.get(row["slug"], 0)
    reasons = []
    if level == "unknown":
        reasons.append("The sources that were read support no level of dependency for 2018.")
    elif place < len(sentences):
        reasons.append(sentences[place])
    reasons.append(f"The data set of 2018 gives the level “{level}”: {readings.MEANING_OF_LEVEL[level]}.")
    if share:
        reasons.append(share.reason)
    if not has_evidence:
        reasons.append("No evidence in the data set speaks of 2018 or earlier, so none is cited.")
    return " ".join(reasons)


def _sentences(*parts: str) -> str:
    """Join parts that aren't empty, each ended like a sentence."""
    return " ".join(part if part[-1] in ".!?" else f"{part}." for part in parts if part)
