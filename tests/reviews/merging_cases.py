"""What the tests of merging draw from: values of every kind of field, and three states of one record."""

from hypothesis import strategies as st

from chokepoints import fields as kinds_of_field
from chokepoints.records import KINDS

REGISTER_KINDS = [kind for kind in KINDS.values() if kind.app == "chokepoints"]
IDS = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(4)]
LINES = ["a", "b", "c"]
VALUES = {
    kinds_of_field.Key: st.sampled_from(["key-a", "key-b", "key-c"]),
    kinds_of_field.Date: st.sampled_from(["2018", "2018-05", "2020-01-31"]),
    kinds_of_field.Language: st.sampled_from(["zh", "zh-Hant", "en"]),
    kinds_of_field.Url: st.sampled_from(["https://a.example/", "https://b.example/"]),
    kinds_of_field.Country: st.sampled_from(["CN", "US", "EU"]),
    kinds_of_field.Original: st.sampled_from(["光刻机。主轴承。", "光刻機。主轴承。", "光刻机。主軸承。"]),
    kinds_of_field.Flag: st.just(True),
    kinds_of_field.Reference: st.sampled_from(IDS),
    kinds_of_field.ReferenceSet: st.sets(st.sampled_from(IDS)).map(list),
    kinds_of_field.Names: st.sets(st.sampled_from(["光刻机", "stepper", "scanner", "Ü"])).map(list),
}


def sentences():
    """Texts of up to four sentences, each in one of two wordings, as different people leave them."""
    slots = [
        st.sampled_from(["", f"Sentence {word}.", f"Sentence {word} again."])
        for word in ["one", "two", "six", "ten"]
    ]
    return st.tuples(*slots).map(lambda slots: " ".join(filter(None, slots)))


def shares():
    """Shares of two bases."""
    return st.builds(
        lambda low, measure: {
            "low": low,
            "high": "90",
            "market": "home",
            "measure": measure,
            "counted": "place",
        },
        st.sampled_from(["10", "12.5"]),
        st.sampled_from(["units", "revenue"]),
    )


def bearings(stances):
    """What evidence bears on: chokepoints and lists, each with a stance and perhaps a note."""
    bearing = st.tuples(st.sampled_from(sorted(stances)[:2]), st.sampled_from(["", "so"]))
    targets = st.tuples(st.sampled_from(["chokepoint", "list"]), st.sampled_from(IDS[:2]))
    return st.dictionaries(targets, bearing, max_size=3).map(
        lambda drawn: [
            {target: record, "stance": stance, "note": note}
            for (target, record), (stance, note) in drawn.items()
        ]
    )


def listings():
    """Places on lists."""
    return st.dictionaries(st.sampled_from(IDS), st.integers(1, 3), max_size=3).map(
        lambda places: [{"list": record, "number": number} for record, number in places.items()]
    )


def identifiers():
    """Identifiers of two schemes."""
    pairs = st.tuples(st.sampled_from(["lei", "wikidata"]), st.sampled_from(["Q1", "Q2"]))
    return st.sets(pairs).map(lambda pairs: [{"scheme": scheme, "value": value} for scheme, value in pairs])


def values_of(field):
    """Clean values of one field; None where it is empty."""
    if isinstance(field, kinds_of_field.Bearings):
        drawn = bearings(field.stances)
    elif isinstance(field, kinds_of_field.Listings):
        drawn = listings()
    elif isinstance(field, kinds_of_field.Identifiers):
        drawn = identifiers()
    elif isinstance(field, kinds_of_field.Share):
        drawn = shares()
    elif isinstance(field, kinds_of_field.ChoiceSet):
        drawn = st.sets(st.sampled_from(sorted(field.choices)[:4])).map(list)
    elif isinstance(field, kinds_of_field.Number):
        drawn = st.integers(field.low, field.low + 2)
    elif type(field) is kinds_of_field.Text:
        drawn = sentences()
    elif type(field) is kinds_of_field.Choice:
        drawn = st.sampled_from(sorted(field.choices)[:3])
    else:
        drawn = VALUES.get(type(field), st.sampled_from(LINES))
    return drawn.map(field.clean)


def fields_written(kind, names=None):
    """Some fields of a kind, with values as a proposal has them: None clears a field."""
    names = list(kind.editable) if names is None else names
    return st.fixed_dictionaries({}, optional={name: values_of(kind.fields[name]) for name in names})


def applied(state, fields):
    """Return a state after fields were written."""
    return {name: value for name, value in (state | fields).items() if value is not None}


@st.composite
def three_states(draw):
    """(kind, base, current, proposed): the states differ in a few fields only, so that both sides often meet."""
    kind = draw(st.sampled_from(REGISTER_KINDS))
    names = draw(st.lists(st.sampled_from(list(kind.editable)), min_size=1, max_size=4, unique=True))
    base = applied({}, draw(fields_written(kind, names)))
    current = applied(base, draw(fields_written(kind, names)))
    return kind, base, current, draw(fields_written(kind, names))


def disjoint_proposals(number):
    """(kind, base, proposals): no two of the proposals write fields of one unit."""

    @st.composite
    def draw_them(draw):
        kind = draw(st.sampled_from(REGISTER_KINDS))
        owner = {
            unit: draw(st.integers(0, number - 1)) for unit in {f.merge_unit for f in kind.editable.values()}
        }
        written = draw(fields_written(kind))
        proposals = [
            {name: value for name, value in written.items() if owner[kind.fields[name].merge_unit] == one}
            for one in range(number)
        ]
        return kind, applied({}, draw(fields_written(kind))), proposals

    return draw_them()
