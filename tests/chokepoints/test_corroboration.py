"""Origins are counted, never pages."""

from chokepoints.corroboration import count_origins, origins_of_evidence, origins_of_source

SOURCES = {
    "series": {"derivation": "original"},
    "agency": {"derivation": "original"},
    "reprint": {"derivation": "derived", "derived_from": ["series"]},
    "retelling": {"derivation": "derived", "derived_from": ["reprint", "agency"]},
    "lost": {"derivation": "unknown"},
    "copy-of-lost": {"derivation": "derived", "derived_from": ["lost"]},
}


def origins(evidence):
    return origins_of_evidence(evidence, SOURCES.get)


def test_a_hundred_reprints_are_one_origin():
    assert count_origins(origins({"source": source}) for source in ["series", "reprint", "reprint"]) == 1


def test_a_chain_that_ends_in_the_unknown_adds_nothing():
    assert origins({"source": "copy-of-lost"}) == frozenset()


def test_what_a_statement_rests_on_comes_before_what_its_source_derives_from():
    assert origins({"source": "reprint", "rests_on": ["agency"]}) == {"agency"}


def test_an_own_finding_of_a_derived_source_is_an_origin():
    assert origins({"source": "reprint", "own_finding": True}) == {"reprint"}


def test_a_retelling_of_two_has_two_origins():
    assert origins_of_source("retelling", SOURCES.get) == {"series", "agency"}


def test_a_cycle_ends():
    states = {
        "a": {"derivation": "derived", "derived_from": ["b"]},
        "b": {"derivation": "derived", "derived_from": ["a"]},
    }
    assert origins_of_source("a", states.get) == frozenset()
