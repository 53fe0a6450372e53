"""Merging by unit, as tables and by property."""

from hypothesis import given
from hypothesis import strategies as st

from chokepoints.records import KINDS
from reviews.merging import merge

CHOKEPOINT, EVIDENCE, SOURCE = KINDS["chokepoint"], KINDS["evidence"], KINDS["source"]
FIELDS = ["name", "scope", "summary", "description", "note"]
values = st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(["a", "b", "c"]))


def applied(current, merged):
    after = dict(current)
    for name, value in merged.fields.items():
        after.pop(name, None)
        if value is not None:
            after[name] = value
    return after


@given(base=values, proposed=values)
def test_what_nobody_moved_takes_what_is_proposed(base, proposed):
    merged = merge(CHOKEPOINT, base, base, proposed)
    assert not merged.conflicts
    assert applied(base, merged) == base | proposed


@given(base=values, current=values, proposed=values)
def test_no_value_appears_that_neither_side_wrote_and_nothing_is_overwritten_unseen(base, current, proposed):
    merged = merge(CHOKEPOINT, base, current, proposed)
    after = applied(current, merged)
    in_conflict = {name for conflict in merged.conflicts for name in conflict.fields}
    for name in FIELDS:
        theirs_moved = current.get(name) != base.get(name)
        if name not in proposed or proposed[name] == current.get(name):
            assert after.get(name) == current.get(name)
        elif theirs_moved:
            assert name in in_conflict and after.get(name) == current.get(name)
        else:
            assert after.get(name) == proposed[name]


@given(base=values, one=values, other=values)
def test_the_order_of_disjoint_proposals_does_not_matter(base, one, other):
    other = {name: value for name, value in other.items() if name not in one}
    first = applied(base, merge(CHOKEPOINT, base, base, one))
    then = applied(first, merge(CHOKEPOINT, base, first, other))
    second = applied(base, merge(CHOKEPOINT, base, base, other))
    reverse = applied(second, merge(CHOKEPOINT, base, second, one))
    assert then == reverse


def test_a_quote_moves_as_one_with_its_translation():
    base = {"quote": "光刻机", "translation": "lithography machine"}
    current = {"quote": "光刻机", "translation": "photolithography machine"}
    merged = merge(EVIDENCE, base, current, {"quote": "光刻機"})
    assert [conflict.unit for conflict in merged.conflicts] == ["quote"]


def test_a_derivation_moves_as_one_with_what_it_derives_from():
    merged = merge(
        SOURCE,
        {"derivation": "unknown"},
        {"derivation": "original"},
        {"derived_from": ["x"], "derivation": "derived"},
    )
    assert [conflict.unit for conflict in merged.conflicts] == ["derivation"]


def test_clearing_a_field_is_a_value_too():
    assert merge(CHOKEPOINT, {"scope": "a"}, {"scope": "a"}, {"scope": None}).fields == {"scope": None}
    assert merge(CHOKEPOINT, {"scope": "a"}, {"scope": "b"}, {"scope": None}).conflicts
    assert merge(CHOKEPOINT, {"scope": "a"}, {}, {"scope": None}).fields == {}
