"""What should stand after a mixed race, told from what its clients were answered (pure; knows nothing of our merging).

The race (mixed.py) writes unique words only, so that every value in the register has one act that it comes from. An act
is what one client did and was told that it was done. `Replay` makes of the acts what each version of each proposal says;
`complaints_of` compares that with the facts, which are what the database holds at the end.

    acts   {"act": "propose", "by": "u3", "seq": 12, "number": 17, "version": 4, …}; `version` is the one that was seen
    a change of a version   {"operation", "base", "sets": {unit: value}, "bases": {unit: revision}, "adds": […], "removes": […]}

A unit is a field with one value, or one sentence of the description ("description#two"). Names in `aliases` are added and
removed one by one. `bases` says for each unit in which revision of the record its author last looked at it.
"""

import copy
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

Act = dict[str, Any]
Change = dict[str, Any]
# Record id → change; a new record goes by its first alias, which nothing else has.
Content = dict[str, Change]
Facts = dict[str, Any]
Place = tuple[int, int]  # proposal, version

SLOT = re.compile(r"(Part (one|two|three) says )([\w-]+)(\.)")
ENDS_ITS_VERSION = ("add", "edit", "rename", "take", "split", "apart", "resolve")


def description(one: str, two: str, three: str) -> str:
    """Return a text of three sentences, which merge one by one."""
    return f"Part one says {one}. Part two says {two}. Part three says {three}."


def value_of(state: dict[str, Any], unit: str) -> Any:
    """Return what a record's state says in one unit."""
    field, _, slot = unit.partition("#")
    if not slot:
        return state.get(field)
    return next((word for _, name, word, _ in SLOT.findall(state.get(field) or "") if name == slot), None)


def applied(change: Change, before: dict[str, Any]) -> dict[str, Any]:
    """Return the state that a change makes of another."""
    after = copy.deepcopy(before)
    if change["operation"] in ("retire", "restore"):
        after.pop("retired", None)
        return after | ({"retired": True} if change["operation"] == "retire" else {})
    for unit, value in change["sets"].items():
        field, _, slot = unit.partition("#")
        if slot:
            value = SLOT.sub(
                lambda found, slot=slot, value=value: (
                    f"{found[1]}{value if found[2] == slot else found[3]}{found[4]}"
                ),
                after.get(field) or "",
            )
        after[field] = value
    names = (set(after.get("aliases", ())) | set(change["adds"])) - set(change["removes"])
    return after | ({"aliases": sorted(names)} if names else {})


# --- what each version says


class Replay:
    """The acts in the order of versions: what each version of each proposal says, and what can't be true of them."""

    def __init__(self, acts: Iterable[Act], facts: Facts):
        acts = list(acts)
        self.facts = facts
        self.suggestions = {row["pk"]: row for row in facts["suggest"]}
        self.contents: dict[Place, Content] = {}
        self.complaints: list[str] = []
        # Of a part: the proposal that it was split from, and the version of it that was seen.
        self.parents: dict[int, Place] = {}
        self._parts: dict[int, list[int]] = defaultdict(list)
        for number in sorted(map(int, facts["proposals"])):
            if parent := facts["proposals"][str(number)]["split_from"]:
                self._parts[parent].append(number)
        withdrawn = {act["number"] for act in acts if act["act"] == "withdraw"}
        submitted = {act["number"] for act in acts if act["act"] == "submit" or act.get("state") == "open"}
        self.withdrawn = withdrawn & (submitted | {part for parts in self._parts.values() for part in parts})
        self.discarded = withdrawn - self.withdrawn  # drafts, which nobody else has seen
        self._making = self._makers(act for act in acts if act["act"] in ENDS_ITS_VERSION)
        for act in acts:
            if act["act"] == "propose":
                self._follow(act["number"], 1, copy.deepcopy(act["changes"]))
        if left := sorted(part for parts in self._parts.values() for part in parts):
            self.complaints.append(f"parts that nobody split off: {left}")

    def _makers(self, acts: Iterable[Act]) -> dict[Place, Act]:
        """Return by the version that was seen the act that made the next one of it; there can be only one."""
        makers: dict[Place, Act] = {}
        for act in acts:
            number, version = act["number"], act["version"]
            other = makers.setdefault((number, version), act)
            if other is not act:
                self.complaints.append(
                    f"#{number}: both {other['by']} and {act['by']} made a version out of {version}"
                )
        return makers

    def _follow(self, number: int, version: int, content: Content) -> None:
        self.contents[number, version] = content
        while act := self._making.get((number, version)):
            content = copy.deepcopy(content)
            try:
                part = getattr(self, f"_{act['act']}")(content, act)
            except KeyError as error:
                self.complaints.append(f"#{number}: version {version} has no {error} to {act['act']}")
                return
            version += 1
            self.contents[number, version] = content
            if part is not None:
                self._part_of(number, version - 1, part)

    def _part_of(self, number: int, seen: int, content: Content) -> None:
        if not self._parts[number]:
            self.complaints.append(f"#{number}: what was split off version {seen} is nowhere")
            return
        part = self._parts[number].pop(0)
        self.parents[part] = (number, seen)
        self._follow(part, 1, content)

    def _add(self, content: Content, act: Act) -> None:
        content |= copy.deepcopy(act["changes"])

    def _edit(self, content: Content, act: Act) -> None:
        change = content[act["record"]]
        change["sets"] |= act["sets"]
        change["adds"] = change["adds"] + act["adds"]
        change["removes"] = change["removes"] + act["removes"]
        change["bases"] = dict.fromkeys(change["sets"], act["base"])

    def _rename(self, content: Content, act: Act) -> None:
        if act.get("remove"):
            del content[act["remove"]]

    def _take(self, content: Content, act: Act) -> None:
        suggestion = self.suggestions[act["suggestion"]]
        content[suggestion["record"]]["sets"][suggestion["field"]] = suggestion["value"]

    def _split(self, content: Content, act: Act) -> Content:
        return {record: content.pop(record) for record in act["records"]}

    _apart = _split

    def _resolve(self, content: Content, act: Act) -> None:
        for record, decided in act["decided"].items():
            if decided.get("drop"):
                del content[record]
                continue
            change = content[record]
            for unit, choice in decided["units"].items():
                if unit == "aliases":
                    change |= {"adds": [], "removes": []}
                elif choice == "current":
                    del change["sets"][unit], change["bases"][unit]
                else:
                    change["sets"][unit] = change["sets"][unit] if choice == "proposed" else choice
                    change["bases"][unit] = decided["seen"]
            if not (change["sets"] or change["adds"] or change["removes"]):
                del content[record]


# --- what should stand


def complaints_of(acts: list[Act], facts: Facts) -> list[str]:
    """Return in sentences all that is not as the acts say; none if everything is."""
    replay = Replay(acts, facts)
    lookers = (
        lambda: replay.complaints,
        lambda: _versions(replay),
        lambda: _proposed(replay),
        lambda: _ends(acts, replay),
        lambda: _changesets(replay),
        lambda: _published(replay),
        lambda: _register(replay),
        lambda: _approvals(acts, replay),
        lambda: _reviews(acts, replay),
        lambda: _words(acts, facts),
    )
    return [complaint for look in lookers for complaint in look()]


def _versions(replay: Replay) -> Iterator[str]:
    """Each edit that was answered made one version, and nothing else made any."""
    last: dict[int, int] = {}
    for number, version in replay.contents:
        last[number] = max(version, last.get(number, 0))
    for number, proposal in replay.facts["proposals"].items():
        number = int(number)
        if last.get(number) != proposal["version"]:
            yield f"#{number} has version {proposal['version']}; by what was done it is {last.get(number)}"
    gone = last.keys() - {int(number) for number in replay.facts["proposals"]}
    if gone != replay.discarded:
        yield f"gone are proposals {sorted(gone)}; discarded were {sorted(replay.discarded)}"


def _proposed(replay: Replay) -> Iterator[str]:
    """The present version of each proposal says what was written, whatever became of it."""
    for number, proposal in replay.facts["proposals"].items():
        content = replay.contents.get((int(number), proposal["version"]), {})
        changes = {_name_of(row, content): row for row in replay.facts["changes"][number]}
        if changes.keys() != content.keys():
            yield f"#{number} is about {sorted(changes)}; by what was done it is about {sorted(content)}"
        for record in changes.keys() & content.keys():
            fields, wanted = changes[record]["fields"], content[record]
            said = {unit: value_of(fields, unit) for unit in wanted["sets"]}
            names = set(fields.get("aliases") or ())
            if said != wanted["sets"] or not (
                set(wanted["adds"]) <= names and names.isdisjoint(wanted["removes"])
            ):
                yield f"#{number} says {fields} of {record} instead of {wanted}"


def _name_of(change: dict[str, Any], content: Content) -> str:
    """Return by which name a version's content knows a change: a new record goes by an alias."""
    if change["operation"] != "create":
        return change["record"]
    aliases = change["fields"].get("aliases", ())
    return next((name for name in aliases if name in content), change["record"])


def _ends(acts: list[Act], replay: Replay) -> Iterator[str]:
    """What was withdrawn, or rejected and not taken back, stays so; nothing else is."""
    proposals = replay.facts["proposals"]
    undone = {act["review"] for act in acts if act["act"] == "undo"}
    rejected = {
        act["number"] for act in acts if act.get("verdict") == "reject" and act["words"] not in undone
    }
    ended = {"withdrawn": replay.withdrawn, "rejected": rejected}
    for state, numbers in ended.items():
        found = {int(number) for number, proposal in proposals.items() if proposal["state"] == state}
        if found != numbers:
            yield f"{state}: {sorted(found - numbers)} without an act, {sorted(numbers - found)} not so in spite of one"
    for number, proposal in proposals.items():
        if proposal["state"] in ended and proposal["changeset"]:
            yield f"#{number} is {proposal['state']} and has changeset {proposal['changeset']}"


def _changesets(replay: Replay) -> Iterator[str]:
    """Each published proposal has one changeset, and each changeset after the first ones one proposal."""
    changesets = replay.facts["changesets"]
    named = Counter(changeset["reference"] for changeset in changesets.values() if changeset["reference"])
    for reference, times in named.items():
        number = reference.removeprefix("proposal:")
        if times > 1:
            yield f"{reference} was published {times} times"
        if replay.facts["proposals"].get(number, {}).get("state") != "published":
            yield f"{reference} has a changeset and isn't published"
    for number, proposal in replay.facts["proposals"].items():
        changeset = changesets.get(str(proposal["changeset"]), {})
        if proposal["state"] == "published" and changeset.get("reference") != f"proposal:{number}":
            yield f"#{number} is published without a changeset that says so"


def _published(replay: Replay) -> Iterator[str]:
    """Each changeset did what its version says, all of it and nothing else, to what its author had seen."""
    for number, content, revisions in _publications(replay):
        if len(revisions) != len(content):
            yield f"#{number} changes {len(content)} records, its changeset {len(revisions)}"
        for record, change in content.items():
            revision = revisions.get(record)
            if revision is None:
                yield f"#{number}: its change of {record} is lost"
                continue
            yield from (f"#{number}: {words}" for words in _revision(replay, record, change, revision))


def _publications(replay: Replay) -> Iterator[tuple[int, Content, dict[str, Any]]]:
    """Yield each published proposal with what it says and with what its changeset did, by record."""
    by_changeset = defaultdict(dict)
    for record, revisions in replay.facts["revisions"].items():
        for revision in revisions:
            by_changeset[revision["changeset"]][record] = revision
    for number, proposal in replay.facts["proposals"].items():
        content = replay.contents.get((int(number), proposal["version"]))
        if proposal["state"] == "published" and content is not None:
            done = by_changeset[proposal["changeset"]]
            rows = {
                record: {"record": record, "operation": one["operation"], "fields": one["state"]}
                for record, one in done.items()
            }
            revisions = {_name_of(rows[record], content): one for record, one in done.items()}
            yield int(number), content, revisions


def _revision(replay: Replay, record: str, change: Change, revision: dict[str, Any]) -> Iterator[str]:
    if revision["operation"] != change["operation"]:
        yield f"{revision['operation']} instead of {change['operation']} on {record}"
        return
    history = replay.facts["revisions"].get(record, [])
    before = {} if change["operation"] == "create" else history[revision["number"] - 2]["state"]
    if change["operation"] == "update" and before.get("retired"):
        yield f"changed {record}, which was retired"
    for unit, base in change["bases"].items() if before else ():
        seen = value_of(history[base - 1]["state"], unit)
        if value_of(before, unit) != seen:
            yield f"overwrote {unit} of {record}: “{value_of(before, unit)}” stood there, its author saw “{seen}”"
    wanted = applied(change, before)
    for field in sorted(wanted.keys() | revision["state"].keys()):
        if wanted.get(field) != revision["state"].get(field):
            yield f"made {field} of {record} “{revision['state'].get(field)}” instead of “{wanted.get(field)}”"


def _register(replay: Replay) -> Iterator[str]:
    """What was published stands in the register: every name that was added and not removed, and no other."""
    expected: dict[str, set[str]] = {
        record: set(revisions[0]["state"].get("aliases", ()))
        for record, revisions in replay.facts["revisions"].items()
        if not replay.facts["changesets"][str(revisions[0]["changeset"])]["reference"]
    }
    removed = defaultdict(set)
    for _, content, _ in _publications(replay):
        for record, change in content.items():
            if change["operation"] != "create":
                expected[record] |= set(change["adds"])
                removed[record] |= set(change["removes"])
    for record, names in expected.items():
        found = set(replay.facts["register"][record].get("aliases", ()))
        wanted = names - removed[record]
        if found != wanted:
            yield f"names of {record}: lost {sorted(wanted - found)}, without a proposal {sorted(found - wanted)}"
    made = sum(
        change["operation"] == "create"
        for _, content, _ in _publications(replay)
        for change in content.values()
    )
    if made + len(expected) != len(replay.facts["register"]):
        yield f"{len(replay.facts['register'])} records; by what was done {made + len(expected)}"


# --- who decided


def _approvals(acts: list[Act], replay: Replay) -> Iterator[str]:
    """Whatever was published was approved as it stands by enough people who wrote none of it."""
    given = _given(acts, replay)
    for number, content, revisions in _publications(replay):
        authors = set(replay.facts["proposals"][str(number)]["authors"])
        is_grave = any(change["operation"] in ("retire", "restore") for change in content.values())
        for record, change in content.items():
            for part in _parts_of(change):
                by = given[number][record, part] - authors
                if len(by) < 1 + is_grave:
                    yield f"#{number} was published with {len(by)} approvals of {part} of {record}: {sorted(by)}"
            if any(unit.startswith("description#") for unit in change["sets"]) and record in revisions:
                yield from _fresh(replay, number, record, revisions[record], 1 + is_grave)
        changeset = replay.facts["changesets"][str(replay.facts["proposals"][str(number)]["changeset"])]
        own = {one["reviewer"] for one in changeset["reviews"]} & authors
        if own or set(changeset["authors"]) != authors:
            yield f"#{number}: {changeset['authors']} wrote it by its changeset, {own} of them reviewed it"


def _parts_of(change: Change) -> list[str]:
    """Return a change in pieces of which each must have been approved."""
    return [
        change["operation"],
        *(f"{unit} = {value}" for unit, value in change["sets"].items()),
        *(f"+ {name}" for name in change["adds"]),
        *(f"- {name}" for name in change["removes"]),
    ]


def _given(acts: list[Act], replay: Replay) -> dict[int, dict[tuple[str, str], set[str]]]:
    """Return whose approvals count for which pieces of which proposal: proposal → (record, piece) → people."""
    undone = {act["review"] for act in acts if act["act"] == "undo"}
    given: dict[int, dict[tuple[str, str], set[str]]] = defaultdict(lambda: defaultdict(set))
    parts = defaultdict(list)
    for part, (parent, seen) in replay.parents.items():
        parts[parent].append((part, seen))

    def give(number: int, version: int, by: str, content: Content) -> None:
        for record, change in content.items():
            for piece in _parts_of(change):
                given[number][record, piece].add(by)
        for part, seen in parts[number]:
            if seen >= version:
                give(part, 1, by, content)

    def take_back(number: int, version: int, by: str) -> None:
        for people in given[number].values():
            people.discard(by)
        for part, seen in parts[number]:
            if seen >= version:
                take_back(part, 1, by)

    for act in sorted(
        acts, key=lambda act: act["seq"]
    ):  # of one person; between people the order is all the same
        number, version = act["number"], act.get("version")
        if act.get("words") in undone:
            continue
        if act.get("verdict") == "approve":
            give(number, version, act["by"], replay.contents.get((number, version), {}))
        elif "verdict" in act:  # a later verdict of another sort
            take_back(number, version + (act["act"] == "apart"), act["by"])
        if act["act"] == "apart":
            part = next((part for part, place in replay.parents.items() if place == (number, version)), None)
            if part is not None:
                give(part, 1, act["by"], replay.contents[part, 1])
        elif act["act"] == "suggest" and act["approve"]:
            content = copy.deepcopy(replay.contents.get((number, version), {}))
            if act["record"] in content:
                content[act["record"]]["sets"][act["field"]] = act["value"]
            give(number, version, act["by"], content)
    return given


def _fresh(replay: Replay, number: int, record: str, revision: dict[str, Any], needed: int) -> Iterator[str]:
    """A text that merged with somebody else's sentence was approved after that sentence stood in the register."""
    history = replay.facts["revisions"][record][: revision["number"] - 1]
    moved = [
        later["time"]
        for earlier, later in pairwise(history)
        if earlier["state"].get("description") != later["state"].get("description")
    ]
    if not moved:
        return
    readers = {
        review["reviewer"]
        for review in replay.facts["reviews"]
        if review["number"] == number and review["verdict"] == "approve" and review["given"] > moved[-1]
    }
    if len(readers) < needed:
        yield f"#{number}: the text of {record} merged, and {len(readers)} approved it as it then stood"


def _reviews(acts: list[Act], replay: Replay) -> Iterator[str]:
    """Each verdict that was answered stands once unless it was taken back, and no other does."""
    undone = {act["review"] for act in acts if act["act"] == "undo"}
    expected = {
        (act["number"], act["words"], act["by"]): (act["verdict"], act["version"] + (act["act"] == "apart"))
        for act in acts
        if "verdict" in act and act["words"] not in undone
    }
    # Who judges apart approves the part without a word: the words are about the rest.
    apart = {(act["number"], act["version"]): act["by"] for act in acts if act["act"] == "apart"}
    expected |= {
        (part, "", apart[place]): ("approve", 1) for part, place in replay.parents.items() if place in apart
    }
    in_advance = {act["words"] for act in acts if act["act"] == "suggest" and act["approve"]}
    found = Counter()
    for review in replay.facts["reviews"]:
        key = (review["number"], review["comment"], review["reviewer"])
        if review["comment"] in undone:
            yield f"#{key[0]}: the verdict of {key[2]} that was taken back still stands"
        elif review["given"] > review["moved_on"]:
            yield f"#{key[0]}: {key[2]} judged version {review['version']} after the next one was made"
        elif review["carried"]:
            continue
        elif (review["verdict"], review["version"]) == expected.get(key):
            found[key] += 1
        elif review["comment"] not in in_advance:
            yield f"#{key[0]}: a verdict of {key[2]} that nobody gave: {review['verdict']} “{key[1]}”"
    for key in expected:
        if found[key] != 1:
            yield f"#{key[0]}: the verdict “{key[1]}” of {key[2]} stands {found[key]} times"


def _words(acts: list[Act], facts: Facts) -> Iterator[str]:
    """Comments, suggestions and holds stand as often as they were answered, and say what was written."""
    for act, names in (
        ("comment", ("words",)),
        ("suggest", ("words", "record", "field", "value")),
        ("hold", ("words",)),
    ):
        said = Counter(tuple(one[name] for name in names) for one in acts if one["act"] == act)
        found = Counter(tuple(row[name] for name in names) for row in facts[act])
        if said != found:
            yield f"{act}: lost {list(said - found)}, doubled or from nowhere {list(found - said)}"
