"""The record kinds as data: which fields each has, how they merge, and the rules within one record (pure).

The ledger takes every kind that is registered here at start-up. The register's own are below; `reviews` adds `policy`.
Rules that need other records (cycles, retired targets, keys taken) are in services/planning.py.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from . import vocabularies as words
from .dates import parse_partial
from .fields import (
    Bearings,
    Children,
    Choice,
    ChoiceSet,
    Country,
    Date,
    Field,
    Flag,
    Identifiers,
    Key,
    Language,
    Line,
    Listings,
    Names,
    Number,
    Original,
    Reference,
    ReferenceSet,
    Share,
    Text,
    Url,
)

State = dict[str, Any]  # field name → canonical JSON value; what isn't known is absent
Rule = Callable[[State], Iterator[tuple[str, str]]]  # yields (field, what is wrong)
Lift = Callable[[State], State]  # from one format of a state to the next


@dataclass(frozen=True)
class Kind:
    """One kind of record.

    `name` is what the ledger calls it; `model` the table; `title` the field that names a record to people; `format` the
    number of the state's present format and `lifts[n]` the pure function from format n to n + 1.
    """

    name: str
    plural: str
    model: str
    title: str
    own_fields: tuple[Field, ...]
    rules: tuple[Rule, ...] = ()
    changeable: tuple[str, ...] | None = (
        None  # once published only these may change; None: all that are editable
    )
    format: int = 1
    lifts: Mapping[int, Lift] = None  # type: ignore[assignment]
    app: str = "chokepoints"
    proposable: bool = True

    @cached_property
    def fields(self) -> dict[str, Field]:
        """All fields by name, in the order of pages and forms: the kind's own, then those of every record."""
        common = (
            Text("note", "Note", "What is not known, and why."),
            Flag("retired", "Retired", "Set by retiring and restoring a record, never typed in."),
            Reference(
                "merged_into",
                "Merged into",
                "Set when two records are merged, never typed in.",
                kind=self.name,
                acyclic=True,
            ),
        )
        return {field.name: field for field in self.own_fields + common}

    @cached_property
    def editable(self) -> dict[str, Field]:
        """The fields that are open to proposals."""
        return {name: field for name, field in self.fields.items() if name not in {"retired", "merged_into"}}

    def may_change(self, field: str) -> bool:
        """Tell whether an editor may still change a field of a published record."""
        return field in self.editable if self.changeable is None else field in self.changeable

    @cached_property
    def has_key(self) -> bool:
        return "key" in self.fields

    @cached_property
    def children(self) -> tuple[Children, ...]:
        return tuple(field for field in self.fields.values() if isinstance(field, Children))

    def lift(self, state: State, format: int) -> State:
        """Return a state of any older format in the present one. Raises ValueError for a format of the future."""
        if format > self.format:
            raise ValueError(
                f"A {self.name} of format {format} is newer than this program, which knows {self.format}."
            )
        for number in range(format, self.format):
            state = self.lifts[number](state)
        return state

    def references(self, state: State) -> Iterator[tuple[Field, str, str]]:
        """Yield (field, kind, id) for each record that a state refers to."""
        for name, value in state.items():
            field = self.fields[name]
            for kind, target in field.references(value):
                yield field, kind, target

    def problems(self, state: State) -> Iterator[tuple[str, str]]:
        """Yield (field, what is wrong) for what one state by itself breaks: required fields and the kind's rules."""
        for field in self.own_fields:
            if field.required and field.name not in state:
                yield field.name, f"{field.label} is missing."
        for rule in self.rules:
            yield from rule(state)


KINDS: dict[str, Kind] = {}


def register_kind(kind: Kind) -> Kind:
    """Add a kind to those that the ledger takes. Registering the same kind again changes nothing."""
    if KINDS.get(kind.name, kind) != kind:
        raise ValueError(f"Another kind is registered as {kind.name!r}.")
    KINDS[kind.name] = kind
    return kind


def referring_fields(target: str) -> Iterator[tuple[Kind, Field]]:
    """Yield every field of every kind that can refer to a record of the kind `target`."""
    for kind in KINDS.values():
        for field in kind.fields.values():
            if isinstance(field, Reference | ReferenceSet):
                if field.kind == target:
                    yield kind, field
            elif (isinstance(field, Bearings) and target in {"chokepoint", "list"}) or (
                isinstance(field, Listings) and target == "list"
            ):
                yield kind, field


def _one_party(state: State) -> Iterator[tuple[str, str]]:
    if ("organization" in state) == ("country" in state):
        yield "organization", "A supply names either an organization or a country, not both and not neither."


def _derivation_fits(state: State) -> Iterator[tuple[str, str]]:
    derived = state.get("derivation") == "derived"
    if derived and not state.get("derived_from"):
        yield (
            "derived_from",
            "A derived source names what it is derived from; if that isn't known, the derivation is unknown.",
        )
    if not derived and state.get("derived_from"):
        yield "derivation", "A source that names what it is derived from is derived."


def _standing_has_reason(state: State) -> Iterator[tuple[str, str]]:
    if state.get("standing") not in {"in-force", None} and "standing_reason" not in state:
        yield "standing_reason", "Say why the source is no longer in force as it was."


def _quote_has_language(state: State) -> Iterator[tuple[str, str]]:
    if "quote" in state and "quote_language" not in state:
        yield "quote_language", "Say in which language the quote is."
    if "translation" in state and "translator" not in state:
        yield "translator", "Say whether a person or a machine made the translation."
    if "translation" in state and "quote" not in state:
        yield "translation", "A translation stands beside the quote that it translates."


def _basis_is_one(state: State) -> Iterator[tuple[str, str]]:
    if state.get("own_finding") and state.get("rests_on"):
        yield "rests_on", "A statement is either the source's own finding or rests on other sources."


def _period_runs_forward(state: State) -> Iterator[tuple[str, str]]:
    begin, end = state.get("about_from"), state.get("about_to")
    if begin and end and parse_partial(begin)[0] > parse_partial(end)[0]:
        yield "about_to", "The time it speaks of ends before it begins."


def _rank_has_reason(state: State) -> Iterator[tuple[str, str]]:
    if state.get("rank") in {"preferred", "deprecated"} and "rank_reason" not in state:
        yield "rank_reason", "Say why this assessment is preferred or deprecated."


_SHARE = {
    "markets": words.SHARE_MARKETS,
    "measures": words.SHARE_MEASURES,
    "countings": words.SHARE_COUNTINGS,
}
_NAME = Line("name", "Name", "The usual English name.", required=True)
_NAME_ORIGINAL = Original(
    "name_original", "Original name", "In the original language, exactly as written there."
)
_ALIASES = Names("aliases", "Aliases", "Other names, each on a line of its own.")
_IDENTIFIERS = Identifiers("identifiers", "Identifiers", "Scheme and value, such as wikidata: Q182477.")


def _key(words: str = "Used in the page's address. A former key leads on for ever.") -> Key:
    return Key("key", "Key", words, required=True)


register_kind(
    Kind(
        "list",
        "lists",
        "ChokepointList",
        "name",
        (
            _key(),
            _NAME,
            _NAME_ORIGINAL,
            Line("issuer", "Issuer", "Who published the list.", required=True, limit=500),
            Country("dependent_country", "Dependent country", "Whose dependency it lists.", required=True),
            Date("issued_on", "Issued on"),
            Text("definition", "Definition", "What counts as a chokepoint on this list."),
            Text("criteria", "Criteria", "How entries were chosen."),
            Text("goals", "Goals", "What the issuer or its government means to reach, and by when."),
            Reference("source", "Source", "The document that is the list.", kind="source"),
        ),
    )
)
register_kind(
    Kind(
        "sector",
        "sectors",
        "Sector",
        "name",
        (
            _key(),
            _NAME,
            _NAME_ORIGINAL,
            Reference("parent", "Part of sector", kind="sector", acyclic=True),
            Text("description", "Description"),
        ),
    )
)
register_kind(
    Kind(
        "chokepoint",
        "chokepoints",
        "Chokepoint",
        "name",
        (
            _key(),
            _NAME,
            _NAME_ORIGINAL,
            _ALIASES,
            Country("dependent_country", "Dependent country", required=True),
            Text("scope", "Scope", "What is meant and what isn't."),
            Reference("sector", "Sector", kind="sector", required=True),
            Reference("part_of", "Part of chokepoint", kind="chokepoint", acyclic=True),
            Text("summary", "Summary", "Two or three sentences."),
            Text("description", "Description", "Markdown.", limit=100_000),
            ChoiceSet(
                "barriers",
                "Barriers",
                "What stands in the way of a domestic product.",
                choices=words.BARRIERS,
            ),
            Listings("listings", "Places on lists", table="Listing", parent="chokepoint"),
            _IDENTIFIERS,
        ),
    )
)
register_kind(
    Kind(
        "organization",
        "organizations",
        "Organization",
        "name",
        (
            _key(),
            _NAME,
            _NAME_ORIGINAL,
            _ALIASES,
            Country("country", "Country", "Where it has its seat."),
            Choice("kind", "Kind", choices=words.ORGANIZATION_KINDS),
            Url("website", "Website"),
            _IDENTIFIERS,
        ),
    )
)
register_kind(
    Kind(
        "supply",
        "supplies",
        "Supply",
        "",
        (
            Reference("chokepoint", "Chokepoint", kind="chokepoint", required=True),
            Reference(
                "organization",
                "Organization",
                "Either an organization or a country.",
                kind="organization",
                unit="party",
            ),
            Country("country", "Country", "Either an organization or a country.", unit="party"),
            Choice("role", "Role", required=True, choices=words.SUPPLY_ROLES),
            Share("share", "Market share", **_SHARE),
            Date("as_of", "As of"),
            ReferenceSet(
                "evidence",
                "Evidence",
                kind="evidence",
                table="SupplyEvidence",
                parent="supply",
                column="evidence",
            ),
        ),
        rules=(_one_party,),
    )
)
register_kind(
    Kind(
        "source",
        "sources",
        "Source",
        "title",
        (
            _key("Short name of the source, used in its address."),
            Choice("kind", "Kind", required=True, choices=words.SOURCE_KINDS),
            Line("title", "Title", "In English; a translation if need be.", required=True, limit=500),
            Original("title_original", "Original title", "Exactly as the document gives it."),
            Line("publisher", "Publisher", limit=500),
            Line("author", "Author", limit=500),
            Language("language", "Language", "BCP 47 tag, such as zh or en."),
            Date("published_on", "Published on"),
            Url("url", "Address"),
            Url("archived_url", "Archived at"),
            Choice(
                "derivation",
                "Derivation",
                "Whether it reports its own findings or passes on those of others.",
                required=True,
                choices=words.DERIVATIONS,
                unit="derivation",
            ),
            ReferenceSet(
                "derived_from",
                "Derived from",
                "The sources that it reports on, reprints or translates.",
                kind="source",
                table="SourceDerivation",
                parent="source",
                column="origin",
                acyclic=True,
                unit="derivation",
            ),
            Choice(
                "reliability",
                "Reliability",
                "Admiralty scale, for the source as such.",
                choices=words.RELIABILITIES,
            ),
            Choice("seen", "Seen", "How much of it was read.", choices=words.SEEN),
            Choice("standing", "Standing", required=True, choices=words.STANDINGS, unit="standing"),
            Text("standing_reason", "Reason of standing", unit="standing"),
        ),
        rules=(_derivation_fits, _standing_has_reason),
    )
)
register_kind(
    Kind(
        "evidence",
        "evidence",
        "Evidence",
        "claim",
        (
            Reference("source", "Source", kind="source", required=True, unit="quote"),
            Flag(
                "own_finding",
                "The source's own finding",
                "Although the source as a whole is derived.",
                unit="rests_on",
            ),
            ReferenceSet(
                "rests_on",
                "Rests on",
                "Where this one statement derives from something else than its source does.",
                kind="source",
                table="EvidenceBasis",
                parent="evidence",
                column="source",
                unit="rests_on",
            ),
            Line("said_by", "Said by", "The person or body whose words they are.", limit=500),
            Text("claim", "Claim", "What it says, in our own English words.", required=True, limit=2_000),
            Original(
                "quote",
                "Quote",
                "The very sentence, exactly as printed; 25 words at most.",
                lines=True,
                unit="quote",
            ),
            Language("quote_language", "Language of the quote", unit="quote"),
            Line("locator", "Locator", "Page, paragraph or section.", unit="quote"),
            Text("translation", "Translation", limit=4_000, unit="quote"),
            Choice("translator", "Translated by", choices=words.TRANSLATORS, unit="quote"),
            Date("observed_on", "Stated on", "The date of the statement."),
            Date("about_from", "About, from", "The time it speaks of.", unit="about"),
            Date("about_to", "About, to", unit="about"),
            Choice(
                "nature",
                "Nature",
                "Only an observation can carry a status.",
                choices=words.NATURES,
                required=True,
            ),
            Choice("stage", "Stage", "Where it speaks of a product.", choices=words.STAGES),
            Number(
                "credibility",
                "Credibility",
                "1 confirmed … 6 can't be judged.",
                low=1,
                high=6,
                choices=words.CREDIBILITIES,
            ),
            Bearings(
                "bears_on",
                "Bears on",
                "Chokepoints or lists, each with a stance of its own.",
                required=True,
                table="Bearing",
                parent="evidence",
                stances=words.STANCES,
            ),
        ),
        rules=(_quote_has_language, _basis_is_one, _period_runs_forward),
    )
)
register_kind(
    Kind(
        "assessment",
        "assessments",
        "Assessment",
        "",
        (
            Reference("chokepoint", "Chokepoint", kind="chokepoint", required=True),
            Choice("status", "Status", required=True, choices=words.STATUSES),
            Date(
                "as_of",
                "As of",
                "When the world was so. A month or year counts from its last day.",
                required=True,
            ),
            Share("import_share", "Import share", "How much of the need is imported.", **_SHARE),
            Text(
                "rationale",
                "Rationale",
                "The sentence that justifies the status, then the reasons.",
                required=True,
            ),
            ReferenceSet(
                "evidence",
                "Evidence",
                "What the judgement rests on.",
                kind="evidence",
                table="AssessmentEvidence",
                parent="assessment",
                column="evidence",
            ),
            Choice("confidence", "Confidence", choices=words.CONFIDENCES),
            ChoiceSet("ways_out", "Ways out", "How the dependency became smaller.", choices=words.WAYS_OUT),
            Choice("rank", "Rank", required=True, choices=words.RANKS, unit="rank"),
            Text("rank_reason", "Reason of rank", unit="rank"),
        ),
        rules=(_rank_has_reason,),
        changeable=("rank", "rank_reason"),
    )
)
