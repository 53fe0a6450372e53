"""The forms made from records.py: they show a record, give back what differs, and keep original text as it was."""

import pytest
from django.http import QueryDict

from chokepoints.fields import FieldError
from chokepoints.history import state_at
from chokepoints.projection import model_of, read_state
from chokepoints.records import KINDS
from reviews.forms.fields import PROPOSABLE, form_field, like_base, same_lines
from reviews.forms.records import new_record_form, record_form, siblings_of
from reviews.forms.references import Siblings, find_record
from tests.reviews.conftest import create, reduced
from tests.reviews.typing_in import form_on

pytestmark = pytest.mark.django_db


class Page:
    """A form drawn without a page around it."""

    def __init__(self, form):
        self.content = f"<form>{form.as_p()}</form>".encode()


def posted(form, **typed):
    data = form_on(Page(form), having=next(iter(form.fields)))
    query = QueryDict(mutable=True)
    for name, values in {
        **data,
        **{name: v if isinstance(v, list) else [v] for name, v in typed.items()},
    }.items():
        query.setlist(name, values)
    return query


def form_for(kind, record, data=None, operation="update"):
    revision = model_of(KINDS[kind]).objects.get(pk=record).revision
    return record_form(KINDS[kind], operation, record, revision, data=data)


def changed(kind, record, **typed):
    form = form_for(kind, record, posted(form_for(kind, record), **typed))
    assert form.is_valid(), form.errors
    return form.fields_changed()


@pytest.mark.parametrize("kind", PROPOSABLE)
def test_every_proposable_field_has_a_form_field(kind):
    form = new_record_form(KINDS[kind])
    assert set(KINDS[kind].editable) <= set(form.fields)


@pytest.mark.parametrize("kind", ["sector", "chokepoint", "source", "evidence", "assessment"])
def test_a_form_that_is_sent_back_untouched_changes_nothing(register, kind):
    assert changed(kind, getattr(register, kind)) == {}


def test_only_what_was_typed_differs(register):
    assert changed("chokepoint", register.chokepoint, summary="Small beads.") == {"summary": "Small beads."}


def test_an_emptied_field_is_cleared(register, build):
    build.update("chokepoint", register.chokepoint, summary="Small beads.")
    assert changed("chokepoint", register.chokepoint, summary="") == {"summary": None}


@pytest.mark.parametrize("quote", ["甲\n乙", "甲\r\n乙", "甲\r乙", " 甲\n\n乙 ", "\n甲"])
def test_a_quote_survives_the_newlines_of_browsers(register, build, quote):
    build.update("evidence", register.evidence, quote=quote, quote_language="zh")
    assert changed("evidence", register.evidence) == {}
    assert read_state(KINDS["evidence"], register.evidence)["quote"] == quote


def test_a_quote_that_is_changed_keeps_the_newlines_of_the_published_one():
    assert like_base("甲\r\n丙", "甲\n乙") == "甲\n丙"
    assert like_base("甲\r\n丙", "甲\r\n乙") == "甲\r\n丙"
    assert same_lines("甲\r\n乙", "甲\r乙")
    assert not same_lines("甲乙", "甲\n乙")


def test_fields_that_a_request_leaves_out_stay_as_they_are(register, build):
    build.update("chokepoint", register.chokepoint, barriers=["patents"], summary="Beads.")
    revision = model_of(KINDS["chokepoint"]).objects.get(pk=register.chokepoint).revision
    form = form_for("chokepoint", register.chokepoint, QueryDict(f"base_revision={revision}&name=Other"))
    assert form.is_valid()
    assert form.fields_changed() == {"name": "Other"}


def test_base_values_are_those_of_the_revision_that_the_author_saw(register, build):
    build.update("chokepoint", register.chokepoint, summary="Now.")
    form = record_form(KINDS["chokepoint"], "update", register.chokepoint, 1)
    assert form.base == state_at(register.chokepoint, 1)
    assert "summary" not in form.base


def test_a_revision_that_never_was_has_no_form(register):
    assert record_form(KINDS["chokepoint"], "update", register.chokepoint, 99) is None


def test_a_published_assessment_offers_only_its_rank(register):
    form = form_for("assessment", register.assessment)
    assert {"rank", "rank_reason"} <= set(form.fields)
    assert "status" not in form.fields


def test_retiring_asks_for_nothing_but_evidence(register):
    assert set(form_for("chokepoint", register.chokepoint, operation="retire").fields) == {
        "cites",
        "base_revision",
    }


# --- shapes


def clean(kind, name, typed):
    return form_field(KINDS[kind].fields[name], Siblings()).clean(typed)


def test_names_come_one_a_line():
    assert clean("chokepoint", "aliases", "b\r\n\r\na\r\n") == ["a", "b"]


def test_identifiers_come_as_scheme_and_value():
    assert clean("chokepoint", "identifiers", "wikidata: Q1\r\nlei:X:Y") == [
        {"scheme": "lei", "value": "X:Y"},
        {"scheme": "wikidata", "value": "Q1"},
    ]


@pytest.mark.parametrize(
    ("kind", "name", "typed"),
    [
        ("chokepoint", "identifiers", "Q1"),
        ("chokepoint", "key", "Größe"),
        ("chokepoint", "name", "a\0b"),
        ("chokepoint", "name", "x" * 301),
        ("chokepoint", "dependent_country", "XX"),
        ("chokepoint", "sector", "no-such-sector"),
        ("source", "url", "javascript:alert(1)"),
        ("source", "published_on", "May 2018"),
        ("source", "language", "chinese"),
        ("evidence", "credibility", "7"),
        ("evidence", "claim", "half \ud800"),
        ("assessment", "import_share", {"low": "5"}),
        ("assessment", "import_share", {"low": "٥", "high": "5", "market": "home", "measure": "units", "counted": "place"}),
        ("evidence", "bears_on", [{"record": "", "stance": "supports", "note": ""}]),
        ("chokepoint", "listings", [{"list": "", "number": "1", "headline": "", "named_on": ""}]),
    ],
)  # fmt: skip
def test_what_a_field_cannot_hold_is_said_in_words(kind, name, typed):
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError) as refusal:
        clean(kind, name, typed)
    assert str(refusal.value.messages[0]).endswith(".")


# --- references


def test_a_record_is_found_by_key_id_address_and_local_key(register):
    siblings = siblings_of([create("source", title="New")])
    row = model_of(KINDS["source"]).objects.get(pk=register.source)
    for typed in (
        row.key,
        f" {row.key} ",
        register.source,
        row.get_absolute_url(),
        f"https://example.org{row.get_absolute_url()}?a=1#b",
    ):
        assert find_record(typed, ("source",), siblings) == ("source", register.source)
    assert find_record("ref:1", ("source",), siblings)[1] == siblings.records[0].record


def test_an_address_of_another_kind_is_refused(register):
    row = model_of(KINDS["source"]).objects.get(pk=register.source)
    with pytest.raises(FieldError, match="isn't the address of a sector"):
        find_record(row.get_absolute_url(), ("sector",), Siblings())


@pytest.mark.parametrize(
    "typed", ["ref:9", "ref:", "//", "/sources/", "a\0b", "x" * 5000, "http://[", "\udcff", "/" * 1900]
)
def test_what_leads_to_no_record_is_said_in_words(register, typed):
    with pytest.raises(FieldError):
        find_record(typed, ("source",), Siblings())


def test_new_records_of_a_proposal_are_shown_by_local_key(register):
    changes = reduced(register)
    form = new_record_form(
        KINDS["assessment"],
        changes[2].record,
        drafted=changes[2].fields,
        siblings=siblings_of(changes, besides=changes[2].record),
    )
    assert form.initial["evidence"]["ticked"] == [changes[1].record]
    assert "new in this proposal" in str(form["evidence"])
