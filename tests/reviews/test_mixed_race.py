"""People at browsers do everything at once, on a real site: nothing is lost, doubled or overwritten unseen.

The long race is in tests/faults. What both rest on, the model of what should stand, is shown here to notice what it is for.
"""

import copy

import pytest

from tests.reviews.mixed import run_mixed
from tests.reviews.mixed_model import complaints_of, description

SEED = 2018


@pytest.mark.database
def test_a_short_mixed_race_loses_and_doubles_nothing(fresh_database):
    result = run_mixed(fresh_database, "--clients", 8, "--acts", 6, "--most", 60, "--seed", SEED)
    assert result["complaints"] == []
    assert (
        result["never"] == []
    )  # each kind of act was done, something was published, something came into conflict


# --- the model notices

ROCK, WORKS = "rock", "works"
BEFORE = {"summary": "Old.", "description": description("a", "b", "c"), "aliases": ["old"]}


def update(**units):
    """A change of ROCK that its author wrote on its first revision."""
    adds = units.pop("adds", [])
    sets = {name.replace("_", "#"): value for name, value in units.items()}
    bases = dict.fromkeys(sets, 1)
    return {
        ROCK: {"operation": "update", "base": 1, "sets": sets, "bases": bases, "adds": adds, "removes": []}
    }


def propose(by, number, changes, state="open"):
    return {"act": "propose", "by": by, "number": number, "changes": changes, "state": state}


def proposal(state, authors, changeset=None, version=1):
    return {
        "state": state, "version": version, "changeset": changeset, "split_from": None, "authors": authors,
    }  # fmt: skip


def revision(number, changeset, operation, state):
    return {
        "number": number, "changeset": changeset, "time": 10.0 * changeset, "operation": operation, "state": state,
    }  # fmt: skip


def changeset(number, authors, *reviewers):
    reviews = [{"reviewer": name, "verdict": "approve"} for name in reviewers]
    return {"reference": f"proposal:{number}", "authors": authors, "reviews": reviews}


def change(**fields):
    """The same as it stands in the database."""
    return {"record": ROCK, "operation": "update", "fields": fields}


def review(number, by, words, given, verdict="approve", moved_on=float("inf")):
    return {
        "number": number, "version": 1, "reviewer": by, "verdict": verdict, "comment": words,
        "carried": False, "given": given, "moved_on": moved_on,
    }  # fmt: skip


def verdict(number, by, words, verdict="approve", version=1):
    return {
        "act": verdict, "by": by, "number": number, "version": version, "verdict": verdict, "words": words,
    }  # fmt: skip


def story():
    """Two texts and a retirement were published, in changesets 2, 3 and 4; one proposal was edited and then withdrawn, one
    rejected; one request was taken back, one draft discarded. Acts and facts, which agree."""
    retire = {"operation": "retire", "base": 1, "sets": {}, "bases": {}, "adds": [], "removes": []}
    acts = [
        propose("emma", 6, update(summary="Not yet."), "draft"),
        {"act": "withdraw", "by": "emma", "number": 6},
        propose("emma", 1, update(summary="New.", adds=["one"])),
        propose("emma", 2, update(description_two="x")),
        propose("erik", 3, {WORKS: retire}),
        propose("erik", 4, update(summary="Newer.", adds=["two"])),
        propose("erik", 5, update(summary="Newest.")),
        verdict(1, "rita", "r1"),
        verdict(2, "rita", "r2"),
        verdict(3, "rita", "r3"),
        verdict(3, "ravi", "r4"),
        verdict(4, "ravi", "r5", "request_changes"),
        {"act": "undo", "by": "ravi", "number": 4, "review": "r5"},
        {"act": "rename", "by": "erik", "number": 4, "version": 1},
        {"act": "withdraw", "by": "erik", "number": 4},
        verdict(5, "rita", "r6", "reject"),
        {"act": "comment", "by": "ravi", "number": 5, "words": "c1"},
    ]
    first = BEFORE | {"summary": "New.", "aliases": ["old", "one"]}
    second = first | {"description": description("a", "x", "c")}
    facts = {
        "proposals": {
            "1": proposal("published", ["emma"], 2),
            "2": proposal("published", ["emma"], 3),
            "3": proposal("published", ["erik"], 4),
            "4": proposal("withdrawn", ["erik"], version=2),
            "5": proposal("rejected", ["erik"]),
        },
        "changesets": {
            "1": {"reference": "", "authors": ["ada"], "reviews": []},
            "2": changeset(1, ["emma"], "rita"),
            "3": changeset(2, ["emma"], "rita"),
            "4": changeset(3, ["erik"], "rita", "ravi"),
        },
        "revisions": {
            ROCK: [
                revision(1, 1, "create", BEFORE), revision(2, 2, "update", first), revision(3, 3, "update", second),
            ],
            WORKS: [revision(1, 1, "create", {}), revision(2, 4, "retire", {"retired": True})],
        },
        "register": {ROCK: second, WORKS: {"retired": True}},
        "changes": {
            "1": [change(summary="New.", aliases=["old", "one"])],
            "2": [change(description=description("a", "x", "c"))],
            "3": [{"record": WORKS, "operation": "retire", "fields": {}}],
            "4": [change(summary="Newer.", aliases=["old", "two"])],
            "5": [change(summary="Newest.")],
        },
        "reviews": [
            review(1, "rita", "r1", 20.0), review(2, "rita", "r2", 30.0), review(3, "rita", "r3", 39.0),
            review(3, "ravi", "r4", 40.0), review(5, "rita", "r6", 50.0, "reject"),
        ],
        "comment": [{"words": "c1"}], "hold": [], "suggest": [],
    }  # fmt: skip
    return [act | {"seq": n} for n, act in enumerate(acts)], facts


def text_of(facts, field, value, where=(1, 2)):
    """Let ROCK say something else from some revision on."""
    for index in where:
        facts["revisions"][ROCK][index]["state"] = facts["revisions"][ROCK][index]["state"] | {field: value}
    facts["register"][ROCK] = facts["register"][ROCK] | {field: value}


def put_between(facts):
    """Let somebody have written the summary and the second sentence before changeset 2, which didn't see that."""
    meanwhile = BEFORE | {"summary": "Meanwhile.", "description": description("a", "y", "c")}
    facts["revisions"][ROCK].insert(1, revision(2, 1, "update", meanwhile))
    for number, one in enumerate(facts["revisions"][ROCK], 1):
        one["number"] = number


FAULTS = {
    "a name is lost": (
        lambda acts, facts: text_of(facts, "aliases", ["old"]), ["made aliases of rock", "lost ['one']"]
    ),
    "a name stands that nobody had published": (
        lambda acts, facts: text_of(facts, "aliases", ["old", "one", "two"]), ["without a proposal ['two']"]
    ),
    "a name went later": (
        lambda acts, facts: text_of(facts, "aliases", ["old"], [2]), ["#2: made aliases of rock", "lost ['one']"]
    ),
    "a change was put over one that its author hadn't seen": (
        lambda acts, facts: put_between(facts), ["#1: overwrote summary of rock", "#1: made description of rock"]
    ),
    "another sentence went with it": (
        lambda acts, facts: text_of(facts, "description", description("a", "x", "z"), [2]), ["#2: made description"]
    ),
    "a merged text was approved before it merged": (
        lambda acts, facts: text_of(facts, "description", description("q", "b", "c"), [1])
        or facts["reviews"][1].update(given=19.0),
        ["#2: the text of rock merged, and 0 approved"],
    ),
    "a change is missing from its changeset": (
        lambda acts, facts: facts["revisions"][WORKS].pop(), ["#3: its change of works is lost"]
    ),
    "a proposal was published twice": (
        lambda acts, facts: facts["changesets"].update({"5": facts["changesets"]["2"]}),
        ["proposal:1 was published 2 times"],
    ),
    "what was withdrawn was published": (
        lambda acts, facts: facts["proposals"]["4"].update(state="published", changeset=4),
        ["withdrawn: [] without an act, [4]", "#4 is published without a changeset"],
    ),
    "what was rejected is open": (
        lambda acts, facts: facts["proposals"]["5"].update(state="open"), ["rejected: [] without an act, [5]"]
    ),
    "a proposal is gone": (
        lambda acts, facts: facts["proposals"].pop("4"), ["gone are proposals [4, 6]; discarded were [6]"]
    ),
    "an edit is lost": (
        lambda acts, facts: facts["proposals"]["4"].update(version=1), ["#4 has version 1; by what was done it is 2"]
    ),
    "an edit was put over another": (
        lambda acts, facts: facts["changes"].update({"4": [change(summary="Newer.", aliases=["old"])]}),
        ["#4 says {'summary': 'Newer.', 'aliases': ['old']} of rock"],
    ),
    "a proposal lost its change": (
        lambda acts, facts: facts["changes"]["5"].clear(), ["#5 is about []"]
    ),
    "two edits of one version were both taken": (
        lambda acts, facts: acts.append(acts[13] | {"by": "emma"}), ["both erik and emma made a version out of 1"]
    ),
    "one approval was enough to retire": (
        lambda acts, facts: (acts.pop(10), facts["reviews"].pop(3)), ["published with 1 approvals of retire of works"]
    ),
    "the approvals were of another version": (
        lambda acts, facts: acts[7].update(version=7), ["published with 0 approvals of summary = New. of rock"]
    ),
    "somebody approved what they wrote": (
        lambda acts, facts: (
            facts["proposals"]["1"].update(authors=["rita"]), facts["changesets"]["2"].update(authors=["rita"])
        ),
        ["published with 0 approvals", "{'rita'} of them reviewed it"],
    ),
    "a later request took the approval back": (
        lambda acts, facts: (
            acts.append(verdict(1, "rita", "r9", "request_changes") | {"seq": 99}),
            facts["reviews"].append(review(1, "rita", "r9", 21.0, "request_changes")),
        ),
        ["published with 0 approvals of summary = New. of rock"],
    ),
    "a verdict is lost": (
        lambda acts, facts: facts["reviews"].pop(), ["the verdict “r6” of rita stands 0 times"]
    ),
    "a verdict is doubled": (
        lambda acts, facts: facts["reviews"].append(facts["reviews"][0]), ["the verdict “r1” of rita stands 2 times"]
    ),
    "a verdict that was taken back stands": (
        lambda acts, facts: facts["reviews"].append(review(4, "ravi", "r5", 45.0, "request_changes")),
        ["taken back still stands"],
    ),
    "a verdict came from nowhere": (
        lambda acts, facts: facts["reviews"].append(review(5, "ravi", "hm", 45.0)), ["that nobody gave"]
    ),
    "a version was judged after it had moved on": (
        lambda acts, facts: facts["reviews"][0].update(moved_on=15.0), ["judged version 1 after the next one was made"]
    ),
    "a comment is doubled": (
        lambda acts, facts: facts["comment"].append({"words": "c1"}), ["comment: lost [], doubled"]
    ),
    "a comment is lost": (
        lambda acts, facts: facts["comment"].clear(), ["comment: lost [('c1',)]"]
    ),
}  # fmt: skip


def test_the_model_has_nothing_to_say_where_all_is_well():
    assert complaints_of(*story()) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_the_model_notices_that(fault):
    do, expected = FAULTS[fault]
    acts, facts = copy.deepcopy(story())
    do(acts, facts)
    complaints = complaints_of(acts, facts)
    for words in expected:
        assert any(words in complaint for complaint in complaints), complaints
