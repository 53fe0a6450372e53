"""Merging by unit, by entry and by sentence: as tables, against plain models, and by property."""

from itertools import permutations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chokepoints.canonical import same_json
from chokepoints.fields import Names, Text
from chokepoints.records import KINDS, Kind
from reviews.merging import delta, is_entry_wise, merge, resolve, unit_fields
from reviews.sentences import merge_text, split_sentences
from tests.reviews.merging_cases import (
    IDS,
    REGISTER_KINDS,
    applied,
    disjoint_proposals,
    fields_written,
    identifiers,
    three_states,
    values_of,
)

CHOKEPOINT, EVIDENCE, SOURCE, ASSESSMENT, ORGANIZATION, SUPPLY = (
    KINDS[name] for name in ("chokepoint", "evidence", "source", "assessment", "organization", "supply")
)
ONE, TWO, THREE, FOUR = IDS
WIKIDATA, LEI = {"scheme": "wikidata", "value": "Q1"}, {"scheme": "lei", "value": "X"}
ENTRY_WISE = [
    (kind, field) for kind in REGISTER_KINDS for field in kind.editable.values() if is_entry_wise(field)
]
LONE_SETS = ["aliases", "barriers", "identifiers"]


def units_of(merged):
    return {conflict.unit for conflict in merged.conflicts}


def merged_state(kind, base, current, proposed):
    return applied(current, merge(kind, base, current, proposed).fields)


def bears(record, stance="supports", **more):
    return {"chokepoint": record, "stance": stance, **more}


# --- whole records


@given(states=three_states())
def test_what_nobody_moved_takes_what_is_proposed(states):
    kind, base, _, proposed = states
    merged = merge(kind, base, base, proposed)
    assert not merged.conflicts and not merged.merged_texts
    assert applied(base, merged.fields) == applied(base, proposed)


@given(states=three_states())
def test_what_the_author_left_alone_stands_as_it_is_now(states):
    kind, base, current, _ = states
    assert not merge(kind, base, current, base).conflicts
    assert merged_state(kind, base, current, base) == current


@given(states=three_states())
def test_what_is_already_so_isn_t_written_again(states):
    kind, base, current, proposed = states
    merged = merge(kind, base, current, proposed)
    assert all(not same_json(value, current.get(name)) for name, value in merged.fields.items())
    whole = {name: current.get(name) for name in kind.editable}
    assert merge(kind, base, current, whole) == merge(kind, base, current, {})


@given(states=three_states())
def test_no_value_appears_that_neither_side_wrote_but_the_merged_texts_and_sets(states):
    kind, base, current, proposed = states
    merged = merge(kind, base, current, proposed)
    assert merged.merged_texts <= merged.fields.keys()
    for name, value in merged.fields.items():
        field = kind.fields[name]
        author = proposed.get(name, base.get(name))
        if is_entry_wise(field):
            written = [*(current.get(name) or []), *(author or [])]
            assert all(entry in written for entry in value or [])
        elif name in merged.merged_texts:
            assert type(field) is Text and value not in (current.get(name), author)
        else:
            assert same_json(value, author)


@given(states=three_states())
def test_nothing_is_overwritten_unseen(states):
    kind, base, current, proposed = states
    merged = merge(kind, base, current, proposed)
    held = {name for conflict in merged.conflicts for name in conflict.fields}
    assert not held & merged.fields.keys()
    for name in merged.fields:
        field = kind.fields[name]
        moved = any(current.get(one) != base.get(one) for one in unit_fields(kind, field.merge_unit))
        assert not moved or is_entry_wise(field) or name in merged.merged_texts or type(field) is Text


@given(states=three_states())
def test_a_merged_value_is_as_the_field_cleans_it(states):
    kind, base, current, proposed = states
    for name, value in merge(kind, base, current, proposed).fields.items():
        assert same_json(kind.fields[name].clean(value), value)


@given(states=three_states())
def test_two_sides_merge_the_same_whichever_comes_first(states):
    kind, base, current, proposed = states
    one = {name: current.get(name) for name in kind.editable}
    other = {name: proposed.get(name, base.get(name)) for name in kind.editable}
    forth, back = merge(kind, base, current, other), merge(kind, base, applied({}, other), one)
    assert units_of(forth) == units_of(back)
    assert forth.merged_texts == back.merged_texts
    held = {name for conflict in forth.conflicts for name in conflict.fields}
    after, reverse = applied(current, forth.fields), applied(applied({}, other), back.fields)
    assert all(after.get(name) == reverse.get(name) for name in kind.editable if name not in held)


@pytest.mark.parametrize("number", [2, 3])
@given(data=st.data())
def test_the_order_of_disjoint_proposals_does_not_matter(number, data):
    kind, base, proposals = data.draw(disjoint_proposals(number))
    expected = base
    for proposed in proposals:
        expected = applied(expected, proposed)
    for order in permutations(proposals):
        state = base
        for proposed in order:
            assert not merge(kind, base, state, proposed).conflicts
            state = merged_state(kind, base, state, proposed)
        assert state == expected


# --- statements of several fields

QUOTE = {"source": ONE, "quote": "光刻机", "quote_language": "zh", "translation": "lithography machine"}


@pytest.mark.parametrize(
    ("kind", "base", "now", "proposed", "unit"),
    [
        (EVIDENCE, QUOTE, {"translation": "photolithography machine"}, {"quote": "光刻機"}, "quote"),
        (EVIDENCE, QUOTE, {"source": TWO}, {"locator": "p. 3"}, "quote"),
        (EVIDENCE, {}, {"own_finding": True}, {"rests_on": [ONE]}, "rests_on"),
        (EVIDENCE, {"rests_on": [ONE]}, {"rests_on": [ONE, TWO]}, {"rests_on": [ONE, THREE]}, "rests_on"),
        (EVIDENCE, {"about_from": "2018"}, {"about_from": "2017"}, {"about_to": "2019"}, "about"),
        (
            EVIDENCE,
            {"translation": "One. Two."},
            {"translation": "One again. Two."},
            {"translation": "One. Two again."},
            "quote",
        ),
        (
            SOURCE,
            {"derivation": "unknown"},
            {"derivation": "original"},
            {"derivation": "derived", "derived_from": [ONE]},
            "derivation",
        ),
        (
            SOURCE,
            {"derivation": "derived", "derived_from": [ONE]},
            {"derived_from": [ONE, TWO]},
            {"derived_from": [ONE, THREE]},
            "derivation",
        ),
        (SOURCE, {"standing": "in-force"}, {"standing": "corrected"}, {"standing_reason": "So."}, "standing"),
        (SUPPLY, {"organization": ONE}, {"organization": TWO}, {"organization": None, "country": "US"}, "party"),
        (ASSESSMENT, {"rank": "normal"}, {"rank": "deprecated"}, {"rank_reason": "So."}, "rank"),
    ],
)  # fmt: skip
def test_a_statement_of_several_fields_is_one_and_conflicts_as_one(kind, base, now, proposed, unit):
    merged = merge(kind, base, base | now, proposed)
    assert [(conflict.unit, conflict.fields) for conflict in merged.conflicts] == [
        (unit, unit_fields(kind, unit))
    ]
    assert not merged.fields


@pytest.mark.parametrize("first", [Text("first", "First", unit="both"), Names("first", "First", unit="both")])
def test_a_statement_stays_one_though_its_fields_could_merge_each_for_itself(first):
    kind = Kind("pair", "pairs", "", "", (first, Text("second", "Second", unit="both")))
    values = (
        ("One. Two.", "One again. Two.", "One. Two again.")
        if isinstance(first, Text)
        else (["a"], ["b"], ["c"])
    )
    base, current, proposed = ({"first": value} for value in values)
    assert units_of(merge(kind, base, current, proposed)) == {"both"}


def test_a_statement_that_both_sides_made_alike_is_no_conflict():
    now = QUOTE | {"quote": "光刻機"}
    assert merge(EVIDENCE, QUOTE, now, {"quote": "光刻機", "quote_language": "zh"}) == merge(
        EVIDENCE, {}, {}, {}
    )


def test_a_statement_that_only_the_author_moved_is_written_where_it_differs():
    merged = merge(EVIDENCE, QUOTE, QUOTE | {"claim": "So."}, {"quote": "光刻機", "quote_language": "zh"})
    assert merged.fields == {"quote": "光刻機"} and not merged.conflicts


@pytest.mark.parametrize(
    ("kind", "base", "current", "proposed"),
    [
        (CHOKEPOINT, {"name": "a"}, {"name": "b"}, {"name": "c"}),
        (CHOKEPOINT, {"name": "One. Two."}, {"name": "One again. Two."}, {"name": "One. Two again."}),
        (
            SOURCE,
            {"title_original": "甲。乙。"},
            {"title_original": "甲改。乙。"},
            {"title_original": "甲。乙改。"},
        ),
        (EVIDENCE, {"credibility": 1}, {"credibility": 2}, {"credibility": 3}),
        (EVIDENCE, {"credibility": 1}, {}, {"credibility": 3}),
        (EVIDENCE, {"credibility": 1}, {"credibility": 2}, {"credibility": None}),
        (CHOKEPOINT, {}, {"sector": ONE}, {"sector": TWO}),
        (ASSESSMENT, {}, {"confidence": "low"}, {"confidence": "high"}),
        (
            ASSESSMENT,
            {},
            {"import_share": {"low": "10", "high": "10"}},
            {"import_share": {"low": "10", "high": "20"}},
        ),
    ],
)
def test_what_has_no_parts_conflicts_when_both_sides_moved_it(kind, base, current, proposed):
    (name,) = proposed
    merged = merge(kind, base, current, proposed)
    assert units_of(merged) == {name} and not merged.fields


def test_clearing_a_field_is_a_value_too():
    assert merge(CHOKEPOINT, {"name": "a"}, {"name": "a"}, {"name": None}).fields == {"name": None}
    assert merge(CHOKEPOINT, {"name": "a"}, {"name": "b"}, {"name": None}).conflicts
    assert merge(CHOKEPOINT, {"name": "a"}, {}, {"name": None}).fields == {}


# --- sets and maps


@pytest.mark.parametrize(
    ("kind", "name", "base", "current", "proposed", "expected"),
    [
        (CHOKEPOINT, "aliases", ["a", "b"], ["b"], ["a", "b", "c"], ["b", "c"]),
        (CHOKEPOINT, "aliases", None, ["b"], ["a"], ["a", "b"]),
        (CHOKEPOINT, "aliases", ["a", "b"], ["a"], ["b"], None),
        (CHOKEPOINT, "aliases", ["a"], ["a", "b"], None, ["b"]),
        (CHOKEPOINT, "barriers", ["patents"], ["patents", "scale-up"], ["certification", "patents"],
         ["certification", "patents", "scale-up"]),
        (CHOKEPOINT, "identifiers", None, [WIKIDATA], [LEI], [LEI, WIKIDATA]),
        (ORGANIZATION, "identifiers", [LEI], [LEI, WIKIDATA], None, [WIKIDATA]),
        (CHOKEPOINT, "listings", [{"list": ONE}], [{"list": ONE}, {"list": TWO}], [{"list": ONE, "number": 3}],
         [{"list": ONE, "number": 3}, {"list": TWO}]),
        (EVIDENCE, "bears_on", [bears(ONE), bears(TWO)], [bears(TWO)], [bears(ONE), bears(TWO, note="so")],
         [bears(TWO, note="so")]),
        (EVIDENCE, "bears_on", [bears(ONE)], [bears(ONE), {"list": ONE, "stance": "context"}],
         [bears(ONE, "disputes")], [bears(ONE, "disputes"), {"list": ONE, "stance": "context"}]),
        (SUPPLY, "evidence", [ONE], [ONE, THREE], [TWO], [TWO, THREE]),
        (ASSESSMENT, "evidence", [ONE, TWO], [ONE, TWO, FOUR], [ONE, THREE], [ONE, THREE, FOUR]),
    ],
)  # fmt: skip
def test_sets_and_maps_merge_by_entry(kind, name, base, current, proposed, expected):
    base, current = applied({}, {name: base}), applied({}, {name: current})
    assert merge(kind, base, current, {name: proposed}).fields == {name: expected}


@pytest.mark.parametrize(
    ("kind", "name", "base", "current", "proposed"),
    [
        (EVIDENCE, "bears_on", [bears(ONE)], [bears(ONE, "disputes")], [bears(ONE, "context")]),
        (EVIDENCE, "bears_on", [bears(ONE)], [bears(ONE, note="a")], [bears(ONE, "disputes")]),
        (EVIDENCE, "bears_on", [bears(ONE), bears(TWO)], [bears(TWO)], [bears(ONE, "disputes"), bears(TWO)]),
        (EVIDENCE, "bears_on", [bears(TWO)], [bears(ONE), bears(TWO)], [bears(ONE, "context"), bears(TWO)]),
        (CHOKEPOINT, "listings", [{"list": ONE, "number": 1}], [{"list": ONE, "number": 2}], None),
    ],
)
def test_an_entry_that_both_sides_made_different_is_a_conflict(kind, name, base, current, proposed):
    merged = merge(kind, {name: base}, {name: current}, {name: proposed})
    assert units_of(merged) == {name} and not merged.fields


def test_entries_that_only_fit_one_by_one_are_a_conflict():
    base = [f"name {number:02d}" for number in range(49)]
    merged = merge(CHOKEPOINT, {"aliases": base}, {"aliases": [*base, "x"]}, {"aliases": [*base, "y"]})
    assert units_of(merged) == {"aliases"}


def test_two_that_each_take_half_don_t_empty_a_field_that_must_be_filled():
    both = [bears(ONE), bears(TWO)]
    merged = merge(EVIDENCE, {"bears_on": both}, {"bears_on": both[:1]}, {"bears_on": both[1:]})
    assert units_of(merged) == {"bears_on"}


@pytest.mark.parametrize("name", LONE_SETS)
@given(data=st.data())
def test_sets_merge_as_python_s_do(name, data):
    field = CHOKEPOINT.fields[name]
    drawn = values_of(field) if name != "identifiers" else identifiers().map(field.clean)
    base, *sides = (data.draw(drawn) for _ in range(4))
    elements = [{str(entry) for entry in value or []} for value in (base, *sides)]
    old, news = elements[0], elements[1:]
    expected = (old & news[0] & news[1] & news[2]) | (news[0] - old) | (news[1] - old) | (news[2] - old)
    for order in permutations(sides):
        state = applied({}, {name: base})
        for value in order:
            merged = merge(CHOKEPOINT, applied({}, {name: base}), state, {name: value})
            assert not merged.conflicts
            state = applied(state, merged.fields)
        assert {str(entry) for entry in state.get(name, [])} == expected


@pytest.mark.parametrize(("kind", "name", "key"), [(CHOKEPOINT, "listings", ["list"]),
                                                   (EVIDENCE, "bears_on", ["chokepoint", "list"])])  # fmt: skip
@given(data=st.data())
def test_maps_merge_as_dictionaries_do(kind, name, key, data):
    field = kind.fields[name]
    values = [data.draw(values_of(field)) for _ in range(3)]
    old, one, other = (
        {next((part, entry[part]) for part in key if part in entry): entry for entry in value or []}
        for value in values
    )
    expected, apart = {}, False
    for at in {*old, *one, *other}:
        sides = {str(sorted(side[at].items())) if at in side else "" for side in (one, other)}
        apart |= len(sides) == 2 and one.get(at) != old.get(at) and other.get(at) != old.get(at)
        side = one if one.get(at) != old.get(at) else other
        expected |= {at: side[at]} if at in side else {}
    base, current, proposed = ({name: value} for value in values)
    merged = merge(kind, applied({}, base), applied({}, current), proposed)
    emptied = field.required and not expected and one != other and old not in (one, other)
    if apart or emptied:
        assert units_of(merged) == {name} and not merged.fields
    else:
        after = applied(applied({}, current), merged.fields).get(name, [])
        assert not merged.conflicts
        assert len(after) == len(expected) and all(entry in expected.values() for entry in after)


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, field.name) for kind, field in ENTRY_WISE], ids=lambda x: getattr(x, "name", x)
)
@given(data=st.data())
def test_a_delta_leads_from_one_value_to_the_other(kind, name, data):
    field = kind.fields[name]
    base, value = data.draw(values_of(field)) or [], data.draw(values_of(field)) or []
    found = delta(field, base, value)
    changed = [new for _, new in found["changed"]]
    gone = [*found["removed"], *(old for old, _ in found["changed"])]
    kept = [entry for entry in base if entry not in gone]
    assert (field.clean([*kept, *found["added"], *changed]) or []) == value
    assert all(entry in base for entry in gone) and not [entry for entry in found["added"] if entry in base]
    assert [entry for entry in value if entry in found["added"]] == found["added"]
    assert [entry for entry in base if entry in found["removed"]] == found["removed"]


@pytest.mark.parametrize(
    ("kind", "name", "base", "value", "expected"),
    [
        (CHOKEPOINT, "aliases", ["a", "b"], ["b", "c", "d"], (["c", "d"], ["a"], [])),
        (CHOKEPOINT, "aliases", None, None, ([], [], [])),
        (CHOKEPOINT, "identifiers", [LEI], [WIKIDATA], ([WIKIDATA], [LEI], [])),
        (EVIDENCE, "bears_on", [bears(ONE), bears(TWO)], [bears(ONE, note="so"), bears(THREE)],
         ([bears(THREE)], [bears(TWO)], [[bears(ONE), bears(ONE, note="so")]])),
        (ASSESSMENT, "evidence", [ONE], [ONE, TWO], ([TWO], [], [])),
    ],
)  # fmt: skip
def test_a_delta_says_what_was_added_removed_and_changed(kind, name, base, value, expected):
    added, removed, changed = expected
    assert delta(kind.fields[name], base, value) == {"added": added, "removed": removed, "changed": changed}


def test_sets_and_maps_are_what_is_entry_wise():
    assert {field.name for _, field in ENTRY_WISE} == {
        *LONE_SETS, "listings", "bears_on", "evidence", "derived_from", "rests_on", "ways_out"
    }  # fmt: skip


# --- texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("No end", ["No end"]),
        ("It is so. It was so! Is it?", ["It is so.", " ", "It was so!", " ", "Is it?"]),
        ("It holds 28.5% of 3.5 bn. So.", ["It holds 28.5% of 3.5 bn.", " ", "So."]),
        ("The U.S. firm ASML Corp. makes No. 5 of approx. 30.", ["The U.S. firm ASML Corp. makes No. 5 of approx. 30."]),
        ("See pp. 4 and Art. 5. So.", ["See pp. 4 and Art. 5.", " ", "So."]),
        ("Made by J. Smith, i.e. Dr. Smith. (So he says.) End.",
         ["Made by J. Smith, i.e. Dr. Smith.", " ", "(So he says.)", " ", "End."]),
        ("“Is it?” he asked. “Yes.” End.", ["“Is it?” he asked.", " ", "“Yes.”", " ", "End."]),
        ('He said "yes." Then he went.', ['He said "yes."', " ", "Then he went."]),
        ("Wait… and see… Then go.", ["Wait… and see…", " ", "Then go."]),
        ("中国靠进口。已被突破！真的？不；是。", ["中国靠进口。", "已被突破！", "真的？", "不；", "是。"]),
        ("他说：“已被突破。”其实没有……还要等", ["他说：“已被突破。”", "其实没有……", "还要等"]),
        ('他说。"好。" 再见。', ["他说。", '"好。"', " ", "再见。"]),
        ("占3.5%。占２．８％。", ["占3.5%。", "占２．８％。"]),
        ("Title\n\n- one\n- two. Three", ["Title", "\n\n", "- one", "\n", "- two.", " ", "Three"]),
        ("One line\n  goes on.  Next", ["One line", "\n  ", "goes on.", "  ", "Next"]),
    ],
)  # fmt: skip
def test_texts_fall_into_sentences_and_blanks(text, expected):
    assert split_sentences(text) == expected


SCRAPS = st.lists(st.sampled_from([*'甲乙Aa1 \n.。！？；…”")!?', "\u3000", "Co. ", "……"])).map("".join)


@given(text=SCRAPS | st.text())
def test_sentences_and_blanks_join_to_the_text(text):
    tokens = split_sentences(text)
    assert "".join(tokens) == text and all(tokens)


@given(base=SCRAPS, one=SCRAPS, other=SCRAPS)
def test_a_merged_text_holds_only_sentences_that_somebody_wrote(base, one, other):
    merged = merge_text(base, one, other)
    assert merged == merge_text(base, other, one)
    if merged is not None:
        assert set(split_sentences(merged)) <= {*split_sentences(one), *split_sentences(other)}


@given(base=SCRAPS, other=SCRAPS)
def test_one_side_alone_is_the_merged_text(base, other):
    assert (
        merge_text(base, base, other)
        == other
        == merge_text(base, other, base)
        == merge_text(base, other, other)
    )


@given(
    st.lists(st.tuples(st.sampled_from(["neither", "one", "other"]), st.booleans()), min_size=1, max_size=8)
)
@example([("one", True), ("other", True), ("neither", False)])
@example([("one", False), ("other", False)])
def test_different_sentences_merge_even_side_by_side(slots):
    def written(*sides):
        words = []
        for number, (owner, drops) in enumerate(slots):
            if owner not in sides:
                words.append(f"第{number}句。")
            elif not drops:
                words.append(f"第{number}句改。")
        return "".join(words)

    base, one, other, both = written(), written("one"), written("other"), written("one", "other")
    left = both or (one if other == base else other if one == base else None)
    assert merge_text(base, one, other) == left


OWNERS = ["neither", "one", "other", "both"]


@given(st.lists(st.tuples(st.sampled_from(OWNERS), st.sampled_from([" ", "\n", "\n\n"]))))
@example([("both", " "), ("one", " ")])
def test_different_sentences_merge_with_the_blanks_between_them_and_equal_ones_too(slots):
    def written(*sides):
        return "".join(
            f"Sentence {number}{' again' if owner in sides else ''}.{blank}"
            for number, (owner, blank) in enumerate(slots)
        ).strip()

    one, other = written("one", "both"), written("other", "both")
    assert merge_text(written(), one, other) == written("one", "other", "both")


@pytest.mark.parametrize(
    ("base", "one", "other", "expected"),
    [
        ("One. Two. Three.", "One. Three.", "One. Two. Three again.", "One. Three again."),
        ("One. Two. Three.", "New. One. Two. Three.", "One. Two. Three. Last.", "New. One. Two. Three. Last."),
        ("One. Two. Three.", "One. Two. New. Three.", "One again. Two. Three.", "One again. Two. New. Three."),
        ("One. Two. Three.", "One. New. Three.", "One. New. Three again.", "One. New. Three again."),
        ("One. Two. Three.", "One. New. Three.", "One. Newer. Three again.", None),
        ("One. Two. Three.", "One again. Two. Three.", "One again. Two. New.", "One again. Two. New."),
        ("One. Two.", "One.\n\nTwo.", "One again. Two.", "One again.\n\nTwo."),
        ("One. Two. Three.", "One. New. Newer. Three.", "One.\n\nTwo. Three.", "One.\n\nNew. Newer. Three."),
        ("One. Two. Three.", "One. New. Newer. Three.", "One. Two.\n\nThree.", "One. New. Newer.\n\nThree."),
        ("One. Two.", "One. Two. Last.", "One. Two. Last.", "One. Two. Last."),
        ("一。二。三。四。", "一。二。三。", "新。一。二。三。四。", "新。一。二。三。"),
        ("一。二。三。", "一改。二改。三。", "一改。二。三改。", "一改。二改。三改。"),
        # the same place
        ("One. Two.", "One again. Two.", "One anew. Two.", None),
        ("One. Two.", "Two.", "One again. Two.", None),
        ("One. Two.", "One. New. Two.", "One. Old. Two.", None),
        ("One. Two.", "One. Two. New.", "One. Two. Old.", None),
        # an insertion inside or at the border of what the other side changed
        ("One. Two.", "One. Two. Last.", "One. Two again.", None),
        ("One. Two.", "New. One. Two.", "One again. Two.", None),
        ("一。二。三。", "一。新。二。三。", "一改。二。三。", None),
        ("一。二。三。", "一。新。二。三。", "三。", None),
        # nothing to hold on to
        ("甲。乙。", "甲。", "乙。", None),
        ("", "One.", "Two.", None),
        ("One.", "", "One. Two.", None),
        # sentences that would run together
        ("One.\nTwo.", "One.\ntwo.", "One. Two.", None),
    ],
)  # fmt: skip
def test_texts_merge_by_sentence(base, one, other, expected):
    assert merge_text(base, one, other) == expected
    assert merge_text(base, other, one) == expected


def test_a_long_text_merges():
    sentences = [f"第{number}句话。" for number in range(1_500)]
    one, other = list(sentences), list(sentences)
    one[0], other[-1] = "头。", "尾。"
    merged = merge_text("".join(sentences), "".join(one), "".join(other))
    assert merged == "".join([one[0], *sentences[1:-1], other[-1]])


@pytest.mark.parametrize(
    "sentences",
    [
        [f"第{number}句话。" for number in range(3_000)],
        [f"第{number}句话。同。" for number in range(250)],
    ],
    ids=["too many sentences", "too many equal ones"],
)
def test_a_text_that_could_take_too_long_is_for_people_to_merge(sentences):
    base, one, other = (
        "".join(side) for side in (sentences, ["头。", *sentences[1:]], [*sentences[:-1], "尾。"])
    )
    assert merge_text(base, one, other) is None
    assert merge_text(base, one, base) == one


def test_a_merged_text_is_named_until_somebody_reads_it():
    base = {"summary": "One. Two."}
    merged = merge(
        CHOKEPOINT, base, {"summary": "One again. Two."}, {"summary": "One. Two again.", "scope": "So."}
    )
    assert merged.fields == {"summary": "One again. Two again.", "scope": "So."}
    assert merged.merged_texts == {"summary"}


@pytest.mark.parametrize(
    ("current", "proposed", "fields"),
    [
        ("One again. Two.", "One again. Two again.", {"summary": "One again. Two again."}),
        ("One again. Two again.", "One again. Two.", {}),
    ],
)
def test_a_merged_text_that_one_side_wrote_isn_t_new(current, proposed, fields):
    merged = merge(CHOKEPOINT, {"summary": "One. Two."}, {"summary": current}, {"summary": proposed})
    assert merged.fields == fields and not merged.merged_texts and not merged.conflicts


def test_a_merged_text_that_the_field_can_t_hold_is_a_conflict():
    long = "x" * 1_200
    base, current, proposed = "One. Two.", f"One {long}. Two.", f"One. Two {long}."
    assert merge_text(base, current, proposed) == f"One {long}. Two {long}."
    merged = merge(EVIDENCE, {"claim": base}, {"claim": current}, {"claim": proposed})
    assert units_of(merged) == {"claim"}


# --- resolving


@given(states=three_states(), data=st.data())
def test_what_is_resolved_applies_to_the_present_state_exactly(states, data):
    kind, base, current, proposed = states
    merged = merge(kind, base, current, proposed)
    choices = {
        conflict.unit: data.draw(
            st.sampled_from(["current", "proposed"]) | fields_written(kind, conflict.fields)
        )
        for conflict in merged.conflicts
    }
    fields = resolve(kind, base, current, proposed, choices)
    again = merge(kind, current, current, fields)
    assert again.fields == fields and not again.conflicts and not again.merged_texts
    expected = applied(current, merged.fields)
    for unit, choice in choices.items():
        author = {name: proposed.get(name, base.get(name)) for name in unit_fields(kind, unit)}
        third = choice if isinstance(choice, dict) else {}
        expected = applied(expected, author if choice == "proposed" else third)
    assert applied(current, fields) == expected


def test_a_resolved_statement_is_taken_whole():
    now = QUOTE | {"translation": "photolithography machine"}
    proposed = {"quote": "光刻機", "claim": "So."}
    taken = {
        choice: resolve(EVIDENCE, QUOTE, now, proposed, {"quote": choice})
        for choice in ("current", "proposed")
    }
    assert taken["current"] == {"claim": "So."}
    assert taken["proposed"] == {"claim": "So.", "quote": "光刻機", "translation": "lithography machine"}
    third = {"quote": "光刻機", "translation": "photolithography machine"}
    assert resolve(EVIDENCE, QUOTE, now, proposed, {"quote": third}) == {"claim": "So.", "quote": "光刻機"}


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({}, "“name” still needs a choice"),
        ({"name": "current", "scope": "current"}, "“scope” isn't in conflict"),
        ({"name": "both"}, "“name” is resolved by"),
        ({"name": None}, "“name” is resolved by"),
        ({"name": {"scope": "c"}}, "“name” is resolved by"),
    ],
)
def test_a_choice_that_settles_nothing_is_refused(choices, words):
    with pytest.raises(ValueError, match=words):
        resolve(CHOKEPOINT, {"name": "a"}, {"name": "b"}, {"name": "c", "scope": "So."}, choices)


def test_units_name_their_fields():
    assert unit_fields(SOURCE, "derivation") == ("derivation", "derived_from")
    assert unit_fields(CHOKEPOINT, "aliases") == ("aliases",)
    with pytest.raises(ValueError, match="isn't a unit of chokepoints"):
        unit_fields(CHOKEPOINT, "quote")
