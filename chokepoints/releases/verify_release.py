#!/usr/bin/env python3
"""Verify a release of the chokepoint register, format 1: python3 -I verify_release.py [FOLDER] [--head NUMBER:DIGEST]

One file, the standard library (Python 3.9 or newer), no network. It trusts nothing but the ledger's digests:

    sums      every file is there, none is besides, and each has the digest that SHA256SUMS gives
    ledger    every commitment, revision and changeset is computed again, and each follows on the one before
    tables    all tables, and the delta, are built anew from the ledger and compared byte by byte
    package   datapackage.json gives the digest and size of each table

What digests can't tell is whether the whole release, this file included, was made up anew. So take this file from a place
that you trust, and name a head that you know. The ledger's format: docs/ledger.md in the project.
"""

import argparse
import calendar
import csv
import hashlib
import io
import json
import os
import re
import sys
from decimal import Decimal

FORMAT = 1
FORMATS_OF_KINDS = 1  # the newest format of a record's state that this file can read

# --- the tables: column:type, or column:type=part.of.the.state where the name doesn't say it. No type: a word, id, tag or date

END = "note:text retired:flag merged_into"
BOOKS = "revision:integer created_in:integer changed_in:integer"
SHARE = "_low:percent _high:percent _market _segment:text _measure _year:integer _counted"


def _share(name):
    return " ".join("{0}{1}={0}.{2}".format(name, part, part[1:].split(":")[0]) for part in SHARE.split())


TABLES = {
    "lists": (
        "list",
        "id key name:text name_original:text issuer:text dependent_country issued_on definition:text criteria:text goals:text"
        " source source_key:key " + END + " merged_into_key:key " + BOOKS,
    ),
    "sectors": (
        "sector",
        "id key name:text name_original:text parent parent_key:key description:text " + END + " merged_into_key:key " + BOOKS,
    ),
    "chokepoints": (
        "chokepoint",
        "id key name:text name_original:text status:status status_as_of:status status_assessment:status dependent_country"
        " scope:text sector sector_key:key part_of part_of_key:key summary:text description:text "
        + END + " merged_into_key:key " + BOOKS,
    ),
    "organizations": (
        "organization",
        "id key name:text name_original:text country kind website:address " + END + " merged_into_key:key " + BOOKS,
    ),
    "supplies": (
        "supply",
        "id chokepoint chokepoint_key:key organization organization_key:key country role "
        + _share("share") + " as_of " + END + " " + BOOKS,
    ),
    "sources": (
        "source",
        "id key kind title:text title_original:text publisher:text author:text language published_on url:address"
        " archived_url:address derivation reliability seen standing standing_reason:text "
        + END + " merged_into_key:key " + BOOKS,
    ),
    "evidence": (
        "evidence",
        "id source source_key:key own_finding:yes said_by:text claim:text quote:text quote_language locator:text"
        " translation:text translator observed_on about_from about_to nature stage credibility:integer " + END + " " + BOOKS,
    ),
    "assessments": (
        "assessment",
        "id chokepoint chokepoint_key:key status as_of " + _share("import_share")
        + " rationale:text confidence rank rank_reason:text " + END + " " + BOOKS,
    ),
}  # fmt: skip

# Sets: the entries of one field of a kind, one a row after the owner. `=` is the entry itself.
LINKS = {
    "chokepoints_aliases": ("chokepoint", "aliases", "value:text="),
    "chokepoints_barriers": ("chokepoint", "barriers", "value="),
    "chokepoints_listings": ("chokepoint", "listings", "list number:integer headline:text named_on"),
    "chokepoints_identifiers": ("chokepoint", "identifiers", "scheme:text value:text"),
    "organizations_aliases": ("organization", "aliases", "value:text="),
    "organizations_identifiers": ("organization", "identifiers", "scheme:text value:text"),
    "supplies_evidence": ("supply", "evidence", "evidence="),
    "sources_derived_from": ("source", "derived_from", "derived_from_source="),
    "evidence_rests_on": ("evidence", "rests_on", "source="),
    "evidence_bears_on": ("evidence", "bears_on", "chokepoint list stance note:text"),
    "assessments_evidence": ("assessment", "evidence", "evidence="),
    "assessments_ways_out": ("assessment", "ways_out", "value="),
}
CURRENT = (
    "id key name:text name_original:text dependent_country sector_key status as_of " + _share("import_share")
    + " confidence evidence:integer origins:integer not_established:integer best_reliability best_credibility:integer"
    " assessment"
)  # fmt: skip
ORDER = (
    "lists sectors chokepoints chokepoints_aliases chokepoints_barriers chokepoints_listings chokepoints_identifiers"
    " chokepoints_current organizations organizations_aliases organizations_identifiers supplies supplies_evidence sources"
    " sources_derived_from evidence evidence_rests_on evidence_bears_on assessments assessments_evidence assessments_ways_out"
).split()  # fmt: skip
ENTRY_KEYS = {"evidence_bears_on": ("chokepoint", "list"), "chokepoints_listings": ("list",)}


def columns_of(table):
    """Return (name, type, part of the state) of each column; of a link table the owner first."""
    if table == "chokepoints_current":
        words = CURRENT
    elif table in LINKS:
        words = LINKS[table][0] + " " + LINKS[table][2]
    else:
        words = TABLES[table][1]
    found = []
    for word in words.split():
        left, equals, part = word.partition("=")
        name, _, type_ = left.partition(":")
        found.append((name, type_, part if equals else name))
    return found


class Wrong(Exception):
    """What is wrong with the release, in a sentence."""


def check(holds, words, *parts):
    if not holds:
        raise Wrong(words.format(*parts))


# --- canonical JSON (the part of RFC 8785 that the ledger uses) and digests


def canonical(value):
    """Return the canonical bytes of a JSON value without fractions."""
    return _canonical(value).encode("utf-8")


def _canonical(value):
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        check(abs(value) < 2**53, "{} is too large for canonical JSON.", value)
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(map(_canonical, value)) + "]"
    check(isinstance(value, dict), "{!r} has no place in a ledger.", value)
    names = sorted(value, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(_canonical(name) + ":" + _canonical(value[name]) for name in names) + "}"


def digest(value):
    return hashlib.sha256(canonical(value)).hexdigest()


# --- sums


def check_sums(folder):
    """Return the digests by path, after checking that folder and SHA256SUMS agree in both directions."""
    sums = read(folder, "SHA256SUMS")
    listed = {}
    check(sums.endswith(b"\n"), "SHA256SUMS is cut off.")
    for line in sums.decode("utf-8").split("\n")[:-1]:
        match = re.fullmatch(r"([0-9a-f]{64})  ([A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)?)", line)
        check(match and ".." not in line, "SHA256SUMS has a line that says nothing: {!r}.", line[:100])
        check(match[2] not in listed, "SHA256SUMS names {} twice.", match[2])
        check(
            not listed or match[2] > max(listed), "The lines of SHA256SUMS are out of order at {}.", match[2]
        )
        listed[match[2]] = match[1]
    there = set()
    for base, folders, files in os.walk(folder):
        for name in folders + files:
            check(not os.path.islink(os.path.join(base, name)), "{} is a link, not a file.", name)
        there |= {os.path.relpath(os.path.join(base, name), folder).replace(os.sep, "/") for name in files}
    for path in sorted(set(listed) - there):
        raise Wrong("{} is missing.".format(path))
    for path in sorted(there - set(listed) - {"SHA256SUMS"}):
        raise Wrong("{} isn't part of the release: SHA256SUMS doesn't name it.".format(path))
    for path, expected in listed.items():
        check(
            hashlib.sha256(read(folder, path)).hexdigest() == expected, "{} isn't what SHA256SUMS says.", path
        )
    return listed


def read(folder, path):
    try:
        with open(os.path.join(folder, *path.split("/")), "rb") as file:
            return file.read()
    except OSError as error:
        raise Wrong("{} can't be read: {}.".format(path, error.strerror)) from error


# --- the ledger


class Ledger:
    """Replays a ledger line by line; afterwards `records` holds the last state of each."""

    def __init__(self):
        self.number, self.digest, self.time = 0, "0" * 64, ""
        self.records = {}  # id → Record
        self.openings = {}  # commitment → value
        self.cited = set()  # (evidence, revision) that the ledger holds
        self.times = {}  # number → time

    def take(self, line):
        """Check one changeset and apply it."""
        body, revisions, openings = (line[name] for name in ("changeset", "revisions", "openings"))
        check(
            set(line) == {"changeset", "revisions", "openings"}, "A changeset has other parts than it should."
        )
        body = dict(body)
        named = body.pop("digest")
        number = body["number"]
        what = "Changeset {}".format(number)
        check(body["format"] == 1, what + " has a format that this file doesn't know.")
        check(number == self.number + 1, "{} stands where changeset {} should.", what, self.number + 1)
        check(body["previous"] == self.digest, "{} doesn't follow on the changeset before it.", what)
        check(set(body) == {"authors", "format", "number", "origin", "previous", "rationale", "reviews", "summary", "time"},
              "{} has other parts than it should.", what)  # fmt: skip
        check(
            re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", body["time"]),
            "{} has no proper time.",
            what,
        )
        check(body["time"] >= self.time, "{} has a time before that of its predecessor.", what)
        check(
            body["authors"] and len(set(body["authors"])) == len(body["authors"]),
            "{} has no author, or one twice.",
            what,
        )
        check(
            not {one["reviewer"] for one in body["reviews"]} & set(body["authors"]),
            "{} was reviewed by an author.",
            what,
        )
        check(revisions, "{} changes no record.", what)
        bare = [{name: value for name, value in one.items() if name != "digest"} for one in revisions]
        for one, content in zip(revisions, bare):
            check(
                digest(content) == one["digest"], "{} holds a revision that isn't what its digest says.", what
            )
        sealed = dict(body, revisions=[one["digest"] for one in revisions])
        check(digest(sealed) == named, "{} isn't what its digest says.", what)
        self._open(what, body, bare, openings)
        self.cited |= {(one["record"], one["number"]) for one in bare if one["kind"] == "evidence"}
        check(len({one["record"] for one in bare}) == len(bare), "{} changes a record twice.", what)
        for one in bare:
            self._apply(what, number, one)
        self.number, self.digest, self.time = number, named, body["time"]
        self.times[number] = body["time"]

    def _open(self, what, body, revisions, openings):
        fresh = [body["summary"], body["rationale"]]
        fresh += [one["reason"] for one in body["reviews"] if one["reason"] is not None]
        for one in revisions:
            fresh += [one["state"][name] for name in one["changed"] if name in one["state"]]
        check(
            [one["commitment"] for one in openings] == fresh,
            "{} doesn't come with the openings of what is new in it.",
            what,
        )
        for one in openings:
            check(set(one) == {"commitment", "salt", "value"}, "{} has an opening with other parts.", what)
            check(re.fullmatch("[0-9a-f]{32}", one["salt"]), "{} has an opening without a proper salt.", what)
            value = {"salt": one["salt"], "value": one["value"]}
            check(
                digest(value) == one["commitment"], "{} holds a value that isn't the one committed to.", what
            )
            check(one["commitment"] not in self.openings, "{} opens a commitment anew.", what)
            self.openings[one["commitment"]] = one["value"]

    def _apply(self, what, number, one):
        before = self.records.get(one["record"])
        where = "{}: the {} {}".format(what, one["kind"], one["record"])
        operation, state, was = one["operation"], one["state"], before.sealed if before else {}
        check(operation in ("create", "update", "retire", "restore"), "{} has no known operation.", where)
        check(
            one["number"] == (before.revision + 1 if before else 1), "{} has a wrong revision number.", where
        )
        check((operation == "create") == (before is None), "{}: only the first revision creates it.", where)
        check(
            before is None or before.kind == one["kind"], "{} was a {} before.", where, before and before.kind
        )
        check(1 <= one["format"] <= FORMATS_OF_KINDS, "{} is in a format that this file doesn't know.", where)
        differ = sorted(name for name in set(was) | set(state) if was.get(name) != state.get(name))
        check(one["changed"] == differ, "{} says that other fields changed than did.", where)
        check(
            operation not in ("retire", "restore") or differ == ["retired"],
            "{} changes in more than it says.",
            where,
        )
        check(("retired" in state) == (operation == "retire"), "{}: only retiring makes it retired.", where)
        for name in state:
            check(state[name] in self.openings, "{}: the opening of {} is missing.", where, name)
        for name in set(differ) & set(was) & set(state):
            values = [canonical(self.openings[sealed[name]]) for sealed in (was, state)]
            check(
                values[0] != values[1], "{} says that {} changed, and it has the value it had.", where, name
            )
        for cited in one["cites"].values():
            for entry in cited:
                check(
                    (entry["evidence"], entry["revision"]) in self.cited,
                    "{} cites what the ledger doesn't hold.",
                    where,
                )
        opened = {name: self.openings[commitment] for name, commitment in state.items()}
        created = before.created_in if before else number
        self.records[one["record"]] = Record(
            one["record"], one["kind"], opened, state, one["number"], created, number
        )


class Record:
    """One record as it stands: never changed, so that an older picture of the register can keep it."""

    def __init__(self, id_, kind, state, sealed, revision, created_in, changed_in):
        self.id, self.kind, self.state, self.sealed = id_, kind, state, sealed
        self.revision, self.created_in, self.changed_in = revision, created_in, changed_in


def replay(data, previous):
    """Return the ledger of a dump, and the records as they were at the changeset of the release before."""
    ledger, before, ended = Ledger(), None, False
    check(data.endswith(b"\n"), "ledger.jsonl is cut off in the middle of a line.")
    for position, line in enumerate(data.split(b"\n")[:-1], start=1):
        where = "ledger.jsonl, line {}: ".format(position)
        try:
            parsed = json.loads(line.decode("utf-8"))
            check(canonical(parsed) == line, "this isn't canonical JSON.")
            check(not ended, "the ledger goes on after its end.")
            if position == 1:
                check(
                    parsed == {"dump": "chokepoint-ledger", "format": 1},
                    "this is no ledger that this file knows.",
                )
            elif "end" in parsed:
                ended = parsed == {"end": {"changesets": ledger.number, "head": ledger.digest}}
                check(ended, "the closing line names another head.")
            elif "contributor" not in parsed:
                ledger.take(parsed)
                if ledger.number == previous:
                    before = dict(ledger.records)
        except Wrong as error:
            raise Wrong(where + str(error)) from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Wrong(
                "{}this isn't a line of a ledger ({}).".format(where, type(error).__name__)
            ) from error
    check(ended, "ledger.jsonl is cut off: its closing line is missing.")
    return ledger, before


# --- the tables, built anew


class Register:
    """The records of one moment, and what tables say of them."""

    def __init__(self, records, time):
        self.records, self.day = records, time[:10]
        self.by_kind = {}
        for id_ in sorted(records):
            self.by_kind.setdefault(records[id_].kind, []).append(records[id_])
        self.statuses = self._statuses()

    def _statuses(self):
        """Return the current assessment of each chokepoint."""
        best = {}
        for one in self.by_kind.get("assessment", ()):
            state, as_of = one.state, last_day(one.state["as_of"])
            if not state.get("retired") and state["rank"] != "deprecated" and as_of <= self.day:
                weight = (as_of, state["rank"] == "preferred", one.created_in, one.id)
                best[state["chokepoint"]] = max(
                    best.get(state["chokepoint"], ((),)), (weight, one), key=lambda pair: pair[0]
                )
        return {chokepoint: one for chokepoint, (_, one) in best.items()}

    def rows(self, table):
        """Yield the rows of a table, each as a list of cells."""
        if table == "chokepoints_current":
            for one in self.by_kind.get("chokepoint", ()):
                if not one.state.get("retired") and not one.state.get("merged_into"):
                    yield self._current(one)
        elif table in LINKS:
            kind, field, _ = LINKS[table]
            parts = [part for _, _, part in columns_of(table)[1:]]
            for one in self.by_kind.get(kind, ()):
                for entry in one.state.get(field) or ():
                    yield [one.id] + [entry.get(part) if part else entry for part in parts]
        else:
            for one in self.by_kind.get(TABLES[table][0], ()):
                yield [self._cell(one, *column) for column in columns_of(table)]

    def _cell(self, one, name, type_, part):
        if name == "id":
            return one.id
        if type_ == "flag":
            return bool(one.state.get(name))
        if type_ == "key":
            target = one.state.get(name[: -len("_key")])
            return self.records[target].state["key"] if target else None
        if type_ == "status":
            current = self.statuses.get(one.id)
            if name == "status":
                return current.state["status"] if current else "unassessed"
            return current and (current.id if name == "status_assessment" else current.state["as_of"])
        if name in ("revision", "created_in", "changed_in"):
            return getattr(one, name)
        return inside(one.state, part)

    def _current(self, one):
        current = self.statuses.get(one.id)
        state = current.state if current else {}
        known = dict(one.state, id=one.id, sector_key=self.records[one.state["sector"]].state["key"])
        known["status"], known["as_of"] = state.get("status", "unassessed"), state.get("as_of")
        known.update(import_share=state.get("import_share"), confidence=state.get("confidence"))
        known["assessment"] = current and current.id
        if current:
            pieces = [self.records[id_].state for id_ in state.get("evidence", ())]
            pieces = [piece for piece in pieces if not piece.get("retired")]
            origins = [self._origins(piece) for piece in pieces]
            grades = [(self.records[piece["source"]].state.get("reliability", "~"), piece.get("credibility", 9))
                      for piece in pieces]  # fmt: skip
            reliability, credibility = min(grades, default=("~", 9))
            known.update(evidence=len(pieces), origins=len(set().union(*origins)),
                         not_established=sum(not found for found in origins))  # fmt: skip
            known["best_reliability"] = None if reliability == "~" else reliability
            known["best_credibility"] = None if credibility == 9 else credibility
        return [inside(known, part) for _, _, part in columns_of("chokepoints_current")]

    def _origins(self, piece):
        """Return the original sources at the root of a statement."""
        if piece.get("own_finding"):
            return {piece["source"]}
        seen, queue, found = set(), list(piece.get("rests_on") or [piece["source"]]), set()
        while queue:
            id_ = queue.pop()
            if id_ not in seen and id_ in self.records:
                seen.add(id_)
                state = self.records[id_].state
                if state.get("derivation") == "original":
                    found.add(id_)
                queue += state.get("derived_from", ())
        return found


def inside(state, part):
    """Return the value at a path such as share.low, None if there is none."""
    for name in part.split("."):
        state = state.get(name) if state else None
    return state


def last_day(text):
    """Return the last day of the year, month or day that a partial date names."""
    if len(text) == 4:
        return text + "-12-31"
    if len(text) == 7:
        return "{}-{:02}".format(text, calendar.monthrange(int(text[:4]), int(text[5:]))[1])
    return text


_RUNS = re.compile("['\\t\\r\\n]|<r>|\\s*[=+\\-@＝＋－＠]")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?(?:[eE][+-]?[0-9]+)?\s?%?")


def csv_cell(type_, cell):
    if cell is None:
        return ""
    if cell is True or cell is False:
        return "true" if cell else "false"
    text = str(cell)
    if type_ == "text" and _RUNS.match(text) and not _NUMBER.fullmatch(text):
        text = "'" + text
    if any(mark in text for mark in '",\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def json_row(table, row):
    found = {}
    for (name, type_, _), cell in zip(columns_of(table), row):
        if type_ == "percent" and cell is not None:
            number = Decimal(cell)
            cell = int(number) if number == number.to_integral_value() else float(number)
        found[name] = cell
    return found


def json_text(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def csv_bytes(table, rows):
    columns = columns_of(table)
    lines = [",".join(name for name, _, _ in columns)]
    lines += [",".join(csv_cell(column[1], cell) for column, cell in zip(columns, row)) for row in rows]
    return ("\n".join(lines) + "\n").encode("utf-8")


def jsonl_bytes(table, rows):
    return "".join(json_text(json_row(table, row)) + "\n" for row in rows).encode("utf-8")


def delta_lines(table, before, now):
    """Yield the lines of the delta of one table."""
    names = [name for name, _, _ in columns_of(table)]
    if table not in LINKS:
        places = [0]
    else:
        places = [0] + [names.index(name) for name in ENTRY_KEYS.get(table, names[1:])]
    sides = []
    for rows in (before, now):
        found = {}
        for row in rows:
            found.setdefault(row[0], {})[tuple(row[place] for place in places)] = row
        sides.append(found)
    for first in sorted(set(sides[0]) | set(sides[1])):
        were, are = (side.get(first, {}) for side in sides)
        changes = [
            ("added" if key not in were else "changed", are[key]) for key in are if were.get(key) != are[key]
        ]
        changes += [("removed", were[key]) for key in were if key not in are]
        for change, row in changes:
            yield json_text({"table": table, "change": change, "row": json_row(table, row)}) + "\n"


def compare(path, found, built):
    """Raise Wrong with the first line in which a file differs from what the ledger gives."""
    if found == built:
        return
    ours, theirs = (list(csv.reader(io.StringIO(data.decode("utf-8", "replace"), newline=""))) if path.endswith(".csv")
                    else data.decode("utf-8", "replace").split("\n") for data in (built, found))  # fmt: skip
    line = next(
        (place for place, pair in enumerate(zip(ours, theirs)) if pair[0] != pair[1]),
        min(len(ours), len(theirs)),
    )
    raise Wrong(
        "{} isn't what the ledger gives: row {} differs, or is missing or besides.".format(path, line + 1)
    )


def check_tables(folder, ledger, before, about):
    now = Register(ledger.records, ledger.times[ledger.number])
    was = None
    if about["previous"]:
        was = Register(before, ledger.times[about["previous"]["changeset"]])
    delta = []
    for table in ORDER:
        rows = list(now.rows(table))
        compare("csv/{}.csv".format(table), read(folder, "csv/{}.csv".format(table)), csv_bytes(table, rows))
        compare(
            "jsonl/{}.jsonl".format(table),
            read(folder, "jsonl/{}.jsonl".format(table)),
            jsonl_bytes(table, rows),
        )
        if was:
            delta += delta_lines(table, was.rows(table), rows)
    if was:
        compare("delta.jsonl", read(folder, "delta.jsonl"), "".join(delta).encode("utf-8"))


def check_package(folder, listed):
    """Check that datapackage.json describes the tables that are there."""
    resources = json.loads(read(folder, "datapackage.json").decode("utf-8"))["resources"]
    paths = ["csv/{}.csv".format(table) for table in ORDER]
    check([one["path"] for one in resources] == paths, "datapackage.json names other tables than there are.")
    for one, table in zip(resources, ORDER):
        path = one["path"]
        right = one["hash"] == "sha256:" + listed[path] and one["bytes"] == len(read(folder, path))
        check(right, "datapackage.json gives another digest or size of {}.", path)
        names = [column["name"] for column in one["schema"]["fields"]]
        check(
            names == [name for name, _, _ in columns_of(table)],
            "datapackage.json has other columns for {}.",
            path,
        )


def expected_files(about):
    paths = {"{0}/{1}.{0}".format(form, table) for form in ("csv", "jsonl") for table in ORDER}
    paths |= {"CITATION.cff", "README.md", "RELEASE_NOTES.md", "datapackage.json", "ledger.jsonl", "release.json",
              "verify_release.py"}  # fmt: skip
    return paths | ({"delta.jsonl"} if about["previous"] else set())


def read_about(folder):
    data = read(folder, "release.json")
    about = json.loads(data.decode("utf-8"))
    check(data == canonical(about) + b"\n", "release.json isn't canonical JSON.")
    check(
        about["format"] == FORMAT,
        "The release has format {}, and this file verifies {}.",
        about["format"],
        FORMAT,
    )
    names = {"changeset", "day", "digest", "format", "number", "previous", "time"}
    check(set(about) == names, "release.json has other parts than it should.")
    return about


def verify(folder, head=None):
    """Verify a release and return its description; raise Wrong with a sentence if anything is wrong."""
    listed = check_sums(folder)
    try:
        about = read_about(folder)
        previous = about["previous"]
        for path in sorted(expected_files(about) ^ set(listed)):
            raise Wrong(
                "{} is missing.".format(path)
                if path not in listed
                else "{} is no part of a release.".format(path)
            )
        ledger, before = replay(read(folder, "ledger.jsonl"), previous["changeset"] if previous else None)
        said = (about["changeset"], about["digest"], about["time"], about["day"])
        held = (ledger.number, ledger.digest, ledger.time, ledger.time[:10])
        check(
            said == held,
            "release.json names another head than the ledger's, {}:{}.",
            ledger.number,
            ledger.digest,
        )
        follows = not previous or (
            before is not None
            and about["number"] == previous["number"] + 1
            and previous["changeset"] < ledger.number
        )
        check(follows, "release.json names a release before that can't be.")
        check(
            previous or about["number"] == 1, "release.json names no release before, and it isn't the first."
        )
        check_tables(folder, ledger, before, about)
        check_package(folder, listed)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise Wrong(
            "Something in the release can't be read: {}: {}".format(type(error).__name__, str(error)[:200])
        ) from error
    if head:
        number, _, expected = head.rpartition(":")
        check(not number or number.isdigit(), "A head is written as number:digest.")
        check(re.fullmatch("[0-9a-f]{64}", expected), "A head is written as number:digest, with 64 digits.")
        check_head(folder, int(number) if number else None, expected)
    return about


def check_head(folder, number, expected):
    """Check that the ledger holds a changeset with this digest, and under this number if one is given."""
    for line in read(folder, "ledger.jsonl").split(b"\n")[1:-2]:
        changeset = json.loads(line.decode("utf-8")).get("changeset")
        if changeset and changeset["digest"] == expected and number in (None, changeset["number"]):
            return
    raise Wrong(
        "The ledger doesn't hold the head that you know: it was written anew, or is older than that head."
    )


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Verify a release of the chokepoint register.")
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("folder", nargs="?", default=here, help="the release; else the folder of this file")
    parser.add_argument("--head", help="a changeset that you know from elsewhere: number:digest")
    asked = parser.parse_args(arguments)
    try:
        about = verify(asked.folder, asked.head)
    except Wrong as error:
        print("NOT VERIFIED: {}".format(error), file=sys.stderr)
        return 1
    print("Release {number} verified: changeset {changeset}, sha256 {digest}.".format(**about))
    print("Sums, ledger, tables and delta agree.")
    return 0


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(main())
