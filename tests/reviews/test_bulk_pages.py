"""Editing one field of several records: one value meets many states, and comes out as one proposal with a change each."""

import re
import uuid
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from chokepoints.fields import FieldError
from chokepoints.history import state_at
from chokepoints.models import Chokepoint
from chokepoints.records import KINDS
from reviews.bulk import ADD, EMPTY, SET, TAKE, edited, fields_offered, partner_of
from reviews.forms.bulk import chosen_rows
from reviews.models import Proposal
from reviews.services.drafting import MOST_CHANGES
from reviews.services.reviewing import review_proposal
from reviews.views import bulk as page
from tests.reviews.typing_in import form_on

pytestmark = pytest.mark.django_db

LISTS = {
    "chokepoint": "chokepoint-list",
    "organization": "organization-index",
    "source": "source-index",
    "evidence": "evidence-index",
    "list": "list-index",
}


@pytest.fixture
def browser(people):
    """A function that returns a browser in which somebody is signed in; server errors come as answers of 500."""

    def browser(name: str | None = "emma") -> Client:
        client = Client(raise_request_exception=False)
        if name:
            client.force_login(getattr(people, name))
        return client

    return browser


@pytest.fixture
def sources(build):
    """Three sources by the same publisher, one of them graded C, and one by another; ids in the order of the list."""
    ids = [build.source(f"daily-{n}", title=f"Daily {n}", publisher="The Daily") for n in (1, 2)]
    ids.append(build.source("daily-3", title="Daily 3", publisher="The Daily", reliability="C"))
    ids.append(build.source("weekly", title="Weekly", publisher="The Weekly"))
    return ids


def address(kind, field="", **filters):
    query = "&".join(f"{name}={value}" for name, value in {**filters, "field": field}.items() if value)
    return reverse("bulk-edit", args=[kind]) + (f"?{query}" if query else "")


def choice(client, where, records, **typed):
    """What the form sends when somebody ticks records and types a value."""
    sent = form_on(client.get(where), having="seen")
    return sent | {name: [value] for name, value in typed.items()} | {"record": records}


def preview(client, where, records, **typed):
    return client.post(where, choice(client, where, records, **typed) | {"preview": "1"})


def hand_in(client, where, answer, button="submit", **typed):
    """Send the form of a preview."""
    sent = form_on(answer, having="rationale") | {name: [value] for name, value in typed.items()}
    sent.setdefault("rationale", [""])
    return client.post(where, sent | {button: "1"})


def words_of(answer):
    """The words of a page, as a reader sees them."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def changes_of(proposal):
    return {str(change.record): change for change in proposal.present_version().changes.all()}


# --- who, from where, and which field


@pytest.mark.parametrize("kind", LISTS)
def test_each_list_leads_to_it_and_keeps_its_filter(register, build, browser, kind):
    build.list()
    list_page = reverse(LISTS[kind]) + "?q=micro&page=1"
    link = f'href="{reverse("bulk-edit", args=[kind])}?q=micro"'
    assert link in browser("emma").get(list_page).content.decode()
    assert link not in browser(None).get(list_page).content.decode()


def test_visitors_are_asked_to_sign_in_and_only_editors_are_let_in(register, browser):
    assert browser(None).get(address("source")).status_code == 302
    assert browser("rita").get(address("source")).status_code == 403
    assert browser("rita").post(address("source", "seen"), {"submit": "1"}).status_code == 403
    assert browser("emma").get(address("source")).status_code == 200


@pytest.mark.parametrize("kind", LISTS)
def test_every_field_that_is_offered_has_its_page(register, build, browser, kind):
    build.list()
    build.organization()
    emma = browser()
    first = emma.get(address(kind)).content.decode()
    for name in fields_offered(KINDS[kind]):
        assert f"field={name}" in first
        assert emma.get(address(kind, name)).status_code == 200, name


def test_keys_are_each_records_own_and_a_published_judgement_stays():
    assert "key" not in fields_offered(KINDS["source"])
    assert not {"retired", "merged_into"} & set(fields_offered(KINDS["source"]))
    assert set(fields_offered(KINDS["assessment"])) == {"rank", "rank_reason"}


@pytest.mark.parametrize("field", ["key", "retired", "nothing", "%00", "<b>"])
def test_a_field_that_cannot_be_edited_like_this_is_said_so(register, browser, field):
    emma = browser()
    for answer in (emma.get(address("source", field)), emma.post(address("source", field), {"submit": "1"})):
        assert answer.status_code == 422
        assert "Choose one of these." in words_of(answer)
        assert "<b>" not in answer.content.decode()


@pytest.mark.parametrize("kind", ["assessment", "policy", "nothing", "%00"])
def test_a_kind_without_a_list_has_no_page(register, browser, kind):
    assert browser().get(f"/bulk/{kind}/").status_code == 404


def test_the_lists_own_filters_choose_the_rows(sources, browser):
    words = words_of(browser().get(address("source", "reliability", q="Daily")))
    assert "Daily 1" in words
    assert "Weekly" not in words


def test_more_rows_than_a_proposal_takes_are_cut_and_said_so(sources, browser, monkeypatch):
    monkeypatch.setattr(page, "MOST_CHANGES", 3)
    words = words_of(browser().get(address("source", "reliability")))
    assert "4 fit; these are the first 3" in words
    assert "Weekly" not in words


# --- the story


def test_one_field_of_chosen_rows_becomes_one_proposal_with_a_change_each(sources, browser):
    emma, where = browser(), address("source", "reliability", q="Daily")
    answer = preview(emma, where, sources[:3], value="C")
    words = words_of(answer)
    assert "Preview: “Reliability” of 2 sources" in words
    assert "not known" in words
    assert "C: fairly reliable" in words
    assert "Left out: 1 that has this already" in words
    assert not Proposal.objects.exists()
    done = hand_in(emma, where, answer, rationale="It was read again.")
    proposal = Proposal.objects.get()
    assert done.url == proposal.get_absolute_url()
    assert proposal.state == "open"
    assert proposal.present_version().title == "Reliability: 2 sources"
    changes = changes_of(proposal)
    assert set(changes) == set(sources[:2])
    assert {change.operation for change in changes.values()} == {"update"}
    assert {change.base_revision for change in changes.values()} == {1}
    assert all(change.fields == {"reliability": "C"} for change in changes.values())


def test_what_is_unticked_in_the_preview_stays_out(sources, browser):
    emma, where = browser(), address("source", "reliability")
    answer = preview(emma, where, sources[:2], value="B")
    sent = form_on(answer, having="rationale") | {"record": [sources[1]], "draft": "1"}
    done = emma.post(where, sent | {"rationale": "Because."})
    proposal = Proposal.objects.get()
    assert done.url == reverse("proposal-edit", args=[proposal.number])
    assert proposal.state == "draft"
    assert set(changes_of(proposal)) == {sources[1]}


def test_evidence_that_is_named_is_cited_for_every_change(register, sources, browser):
    emma, where = browser(), address("source", "reliability")
    answer = preview(emma, where, sources[:2], value="B")
    hand_in(emma, where, answer, rationale="It says so.", **{"cites-typed": register.evidence})
    assert [one.cites for one in changes_of(Proposal.objects.get()).values()] == 2 * [
        {"": [register.evidence]}
    ]


def test_text_with_lines_comes_through_the_preview_as_it_was_typed(sources, browser):
    emma, where = browser(), address("source", "note")
    answer = preview(emma, where, sources[:1], value="First line.\r\n\r\n“Second” <line> & more.")
    hand_in(emma, where, answer, "draft", rationale="Because.")
    change = changes_of(Proposal.objects.get())[sources[0]]
    assert change.fields == {"note": "First line.\n\n“Second” <line> & more."}


def test_a_long_text_is_shortened_in_lists_and_whole_in_the_proposal(sources, browser):
    emma, where, text = browser(), address("source", "note"), "word " * 1000
    answer = preview(emma, where, sources[:2], value=text)
    assert "word …" in words_of(answer)
    hand_in(emma, where, answer, rationale="Because.")
    assert changes_of(Proposal.objects.get())[sources[0]].fields == {"note": text.strip()}


def test_ticking_all_or_none_keeps_what_was_typed_and_says_nothing_of_it(sources, browser):
    emma, where = browser(), address("source", "note", q="Daily")
    sent = choice(emma, where, sources[:1], value="Half of a sen", way="set")
    answer = emma.post(where, sent | {"tick": "all"})
    form = form_on(answer, having="seen")
    assert form["record"] == sources[:3]
    assert form["value"] == ["Half of a sen"]
    assert 'aria-invalid="true"' not in answer.content.decode()
    assert "record" not in form_on(emma.post(where, sent | {"tick": "none"}), having="seen")


def test_the_way_back_from_the_preview_keeps_the_choice(sources, browser):
    emma, where = browser(), address("source", "reliability")
    answer = preview(emma, where, sources[:2], value="B")
    form = form_on(emma.post(where, form_on(answer, having="rationale") | {"back": "1"}), having="seen")
    assert form["record"] == sources[:2]
    assert form["value"] == ["B"]
    assert form["way"] == ["set"]


# --- how a value meets what is there


BEARS = {"chokepoint": str(uuid.UUID(int=1)), "stance": "supports", "note": "As far as it goes."}
OTHER = {"list": str(uuid.UUID(int=2)), "stance": "context"}
PLACE = {"list": str(uuid.UUID(int=2)), "number": 7}


@pytest.mark.parametrize(
    ("kind", "field", "present", "way", "value", "after"),
    [
        ("source", "reliability", "C", SET, "B", "B"),
        ("source", "reliability", "C", EMPTY, None, None),
        ("source", "reliability", None, EMPTY, None, None),
        ("chokepoint", "aliases", ["B"], ADD, ["A", "B"], ["A", "B"]),
        ("chokepoint", "aliases", None, ADD, ["A"], ["A"]),
        ("chokepoint", "aliases", ["A", "B"], TAKE, ["B", "C"], ["A"]),
        ("chokepoint", "aliases", ["A"], TAKE, ["A"], None),
        ("chokepoint", "aliases", ["A"], SET, ["B"], ["B"]),
        ("chokepoint", "barriers", ["patents"], ADD, ["scale-up"], ["patents", "scale-up"]),
        (
            "organization", "identifiers", [{"scheme": "lei", "value": "1"}], TAKE,
            [{"scheme": "lei", "value": "2"}], [{"scheme": "lei", "value": "1"}],
        ),
        ("evidence", "bears_on", [BEARS], ADD, [OTHER], [BEARS, OTHER]),
        (
            "evidence", "bears_on", [BEARS, OTHER], ADD, [{**BEARS, "stance": "disputes"}],
            [{**BEARS, "stance": "disputes"}, OTHER],
        ),
        ("evidence", "bears_on", [BEARS], ADD, [{k: BEARS[k] for k in ("chokepoint", "stance")}], [BEARS]),
        ("evidence", "bears_on", [BEARS, OTHER], TAKE, [{k: BEARS[k] for k in ("chokepoint", "stance")}], [OTHER]),
        (
            "evidence", "bears_on", [BEARS], TAKE,
            [{"chokepoint": BEARS["chokepoint"], "stance": "disputes"}], [BEARS],
        ),
        ("chokepoint", "listings", [PLACE], TAKE, [{"list": PLACE["list"]}], None),
        ("chokepoint", "listings", [PLACE], ADD, [{"list": PLACE["list"], "headline": "H"}], [{**PLACE, "headline": "H"}]),
        ("source", "derived_from", None, ADD, [PLACE["list"]], [PLACE["list"]]),
        ("evidence", "quote", "几乎\r\n全部", SET, "几乎\n全部", "几乎\r\n全部"),
    ],
)  # fmt: skip
def test_one_value_meets_what_each_record_has(kind, field, present, way, value, after):
    assert edited(KINDS[kind].fields[field], present, way, value) == after


def test_what_a_field_cannot_hold_is_refused():
    aliases = [f"Name {n}" for n in range(50)]
    with pytest.raises(FieldError, match="50 names"):
        edited(KINDS["chokepoint"].fields["aliases"], aliases, ADD, ["One more"])


@pytest.mark.parametrize(
    ("way", "ticked", "after"),
    [
        ("add", ["scale-up"], {"a": ["patents", "scale-up"], "b": ["scale-up"]}),
        ("take", ["patents"], {"a": None}),
        ("set", ["certification"], {"a": ["certification"], "b": ["certification"]}),
        ("empty", [], {"a": None}),
    ],
)
def test_sets_are_added_to_taken_from_replaced_or_emptied(build, browser, way, ticked, after):
    sector = build.sector()
    ids = {
        "a": build.chokepoint("a", sector=sector, barriers=["patents"]),
        "b": build.chokepoint("b", sector=sector),
    }
    emma, where = browser(), address("chokepoint", "barriers")
    sent = choice(emma, where, list(ids.values()), way=way) | {"value": ["", *ticked], "preview": "1"}
    hand_in(emma, where, emma.post(where, sent), "draft", rationale="Because.")
    changes = changes_of(Proposal.objects.get())
    assert {name: changes[ids[name]].fields["barriers"] for name in ids if ids[name] in changes} == after


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("reliability", {"value": ""}),
        ("reliability", {"value": "Z"}),
        ("reliability", {"way": "empty", "value": "B"}),
        ("reliability", {"way": "nothing", "value": "B"}),
        ("reliability", {"way": "add", "value": "B"}),
        ("title", {"way": "empty", "value": ""}),
        ("title", {"value": "A\0B"}),
        ("title", {"value": "x" * 10_000}),
        ("url", {"value": "javascript:alert(1)"}),
        ("standing", {"value": "retracted", "other_way": "set", "other": ""}),
        ("standing", {"value": "retracted", "other_way": "keep", "other": "It was false."}),
        ("published_on", {"value": "yesterday"}),
    ],
)
def test_a_value_that_does_not_fit_is_said_beside_it_and_the_rest_is_kept(sources, browser, field, typed):
    emma, where = browser(), address("source", field)
    answer = preview(emma, where, sources[:2], **typed)
    assert answer.status_code == 422
    assert 'class="errors"' in answer.content.decode()
    assert form_on(answer, having="seen")["record"] == sources[:2]
    assert not Proposal.objects.exists()


# --- a field and the one that it is one statement with


def test_a_statement_of_two_fields_may_be_edited_whole(sources, browser):
    assert partner_of(KINDS["source"], "standing").name == "standing_reason"
    assert partner_of(KINDS["source"], "title") is None
    assert partner_of(KINDS["evidence"], "quote") is None  # its unit is longer: that is no bulk edit
    emma, where = browser(), address("source", "standing")
    answer = preview(emma, where, sources[:2], value="retracted", other_way="set", other="It was false.")
    hand_in(emma, where, answer, rationale="The publisher says so.")
    proposal = Proposal.objects.get()
    assert proposal.state == "open"
    assert [one.fields for one in changes_of(proposal).values()] == 2 * [
        {"standing": "retracted", "standing_reason": "It was false."}
    ]


def test_what_would_break_a_rule_is_said_beside_its_row_which_is_not_ticked(sources, build, browser):
    build.update("source", sources[1], standing="corrected", standing_reason="A figure was put right.")
    emma, where = browser(), address("source", "standing")
    answer = preview(emma, where, sources[:2], value="retracted")
    assert "Say why the source is no longer in force" in words_of(answer)
    assert "1 of them couldn't be published like this" in words_of(answer)
    assert form_on(answer, having="rationale")["record"] == [sources[1]]
    sent = form_on(answer, having="rationale") | {"record": sources[:2], "rationale": "Because."}
    refused = emma.post(where, sent | {"submit": "1"})
    assert refused.status_code == 422
    assert form_on(refused, having="rationale")["record"] == sources[:2]
    assert words_of(refused).count("Say why the source is no longer in force") == 1
    assert not Proposal.objects.exists()
    assert emma.post(where, sent | {"draft": "1"}).status_code == 302


def test_taking_the_last_entry_of_a_field_that_must_have_one_is_said_beside_the_row(register, browser):
    emma, where = browser(), address("evidence", "bears_on")
    typed = {"value-0-record": Chokepoint.objects.get().key, "value-0-stance": "supports", "value-count": "1"}
    answer = preview(emma, where, [register.evidence], way="take", **typed)
    assert "Bears on is missing." in words_of(answer)


# --- records that move


def test_a_record_that_moved_before_the_preview_is_shown_as_it_is_and_marked(sources, build, browser):
    emma, where = browser(), address("source", "reliability")
    sent = choice(emma, where, sources[:2], value="B")
    build.update("source", sources[0], reliability="E")
    answer = emma.post(where, sent | {"preview": "1"})
    words = words_of(answer)
    assert "1 of them was published anew" in words
    assert "E: unreliable" in words
    hand_in(emma, where, answer, rationale="Because.")
    changes = changes_of(Proposal.objects.get())
    assert [changes[one].base_revision for one in sources[:2]] == [2, 1]


def test_a_record_that_moved_after_the_preview_is_not_overwritten_unseen(sources, build, browser):
    emma, where = browser(), address("source", "reliability")
    answer = preview(emma, where, sources[:2], value="B")
    build.update("source", sources[0], reliability="E")
    refused = hand_in(emma, where, answer, rationale="Because.")
    assert refused.status_code == 422
    assert not Proposal.objects.exists()
    words = words_of(refused)
    assert "Because." in words
    assert "E: unreliable" in words
    assert "moved since" in words
    hand_in(emma, where, refused)  # now it was seen
    changes = changes_of(Proposal.objects.get())
    assert [changes[one].base_revision for one in sources[:2]] == [2, 1]


def test_a_draft_of_a_record_that_moved_remembers_what_its_author_saw(build, browser):
    record = build.chokepoint("a", aliases=["A"])
    emma, where = browser(), address("chokepoint", "aliases")
    answer = preview(emma, where, [record], way="add", value="B")
    build.update("chokepoint", record, aliases=["A", "C"])
    hand_in(emma, where, answer, "draft", rationale="Because.")
    change = changes_of(Proposal.objects.get())[record]
    assert change.base_revision == 1
    assert change.fields == {"aliases": ["A", "B"]}
    assert state_at(record, 1)["aliases"] == ["A"]


# --- what the register remembers


def test_the_same_again_is_refused_with_a_link_to_it(sources, browser):
    emma, where = browser(), address("source", "reliability")
    answer = preview(emma, where, sources[:2], value="B")
    hand_in(emma, where, answer, rationale="Because.")
    first = Proposal.objects.get()
    erik = browser("erik")
    again = preview(erik, where, sources[:2], value="B")
    refused = hand_in(erik, where, again, rationale="For another reason.")
    assert refused.status_code == 409
    assert first.get_absolute_url() in refused.content.decode()
    assert form_on(refused, having="rationale")["record"] == sources[:2]
    assert Proposal.objects.get() == first


def test_what_was_rejected_before_asks_for_what_is_new(sources, browser, people):
    emma, where = browser(), address("source", "reliability")
    answer = preview(emma, where, sources[:2], value="B")
    assert "what_is_new" not in form_on(answer, having="rationale")
    hand_in(emma, where, answer, rationale="Because.")
    number = Proposal.objects.get().number
    review_proposal(
        actor=people.rita, number=number, version=1, verdict="reject", reason="other", comment="No."
    )
    refused = hand_in(emma, where, answer, rationale="Because.")
    assert refused.status_code == 409
    assert "Rejected before" in words_of(refused)
    assert Proposal.objects.count() == 1
    assert hand_in(emma, where, refused, what_is_new="They print corrections now.").status_code == 302
    assert Proposal.objects.exclude(pk=number).get().what_is_new == "They print corrections now."


# --- hostile input


def test_records_that_are_not_there_are_said_so_and_the_others_stay(sources, build, browser, register):
    retired = build.source("gone")
    build.retire("source", retired)
    unknown = str(uuid.UUID(int=9))
    emma, where = browser(), address("source", "reliability")
    chosen = [sources[0], retired, unknown, register.chokepoint]
    answer = preview(emma, where, chosen, value="B")
    words = words_of(answer)
    assert "It is retired." in words
    assert words.count("There is no source with this id.") == 2
    assert form_on(answer, having="rationale")["record"] == sources[:1]
    sent = form_on(answer, having="rationale") | {"record": chosen, "rationale": "Because.", "draft": "1"}
    assert emma.post(where, sent).status_code == 422
    assert not Proposal.objects.exists()


@pytest.mark.parametrize("button", ["preview", "submit", "draft"])
@pytest.mark.parametrize(
    ("boxes", "words"),
    [
        ([], "Tick at least one record."),
        (["nonsense"], "isn't the id of a record"),
        (["\0"], "isn't the id of a record"),
        (["😀" * 500], "isn't the id of a record"),
        ([str(uuid.UUID(int=n)) for n in range(MOST_CHANGES + 1)], "at most 500 changes"),
    ],
)
def test_boxes_that_say_nothing_usable_are_answered_in_words(sources, browser, button, boxes, words):
    emma, where = browser(), address("source", "reliability")
    sent = choice(emma, where, boxes, value="B")
    answer = emma.post(where, sent | {button: "1", "title": "T", "rationale": "R"})
    assert answer.status_code == 422
    assert words in words_of(answer)
    assert not Proposal.objects.exists()


def test_ten_thousand_boxes_are_refused_as_a_whole(sources, browser):
    sent = {"way": "set", "value": "B", "preview": "1", "record": [str(n) for n in range(10_000)]}
    answer = browser().post(address("source", "reliability"), sent)
    assert answer.status_code == 400
    assert "nothing was changed" in words_of(answer)


@pytest.mark.parametrize(
    "seen", ["", "@", "{id}", "{id}@", "{id}@99", "{id}@-1", "{id}@٣", "{id}@1e9", "x@1", "\0@1"]
)
def test_a_forged_revision_is_refused_in_words(sources, browser, seen):
    emma, where = browser(), address("source", "reliability")
    sent = choice(emma, where, sources[:1], value="B", title="T", rationale="R")
    answer = emma.post(where, sent | {"seen": [seen.format(id=sources[0])], "draft": "1"})
    assert answer.status_code == 422
    assert "doesn't say which revision" in words_of(answer)
    assert not Proposal.objects.exists()


@pytest.mark.parametrize(
    "query",
    ["q=%00", "q=" + "x" * 5_000, "kind=nothing", "page=abc", "reliability=%ed%a0%80", "field=reliability"],
)
def test_a_hostile_filter_is_no_server_error(sources, browser, query):
    answer = browser().get(reverse("bulk-edit", args=["source"]) + f"?field=reliability&{query}")
    assert answer.status_code == 200


def test_the_form_needs_no_field_of_its_own_to_be_there(sources, browser):
    for sent in (
        {"preview": "1"},
        {"submit": "1"},
        {},
        {"tick": "all"},
        {"value-count": "99999", "preview": "1"},
    ):
        answer = browser().post(address("evidence", "bears_on"), sent)
        assert answer.status_code in {200, 422}, sent
    assert not Proposal.objects.exists()


def test_a_refusal_about_the_head_keeps_rows_and_words(sources, browser):
    emma, where = browser(), address("source", "reliability")
    answer = preview(emma, where, sources[:2], value="B")
    refused = hand_in(emma, where, answer, title="A\0B", rationale="Kept <words>.")
    assert refused.status_code == 422
    form = form_on(refused, having="rationale")
    assert form["rationale"] == ["Kept <words>."]
    assert form["record"] == sources[:2]
    assert form["value"] == ["B"]


# --- many


def test_queries_do_not_grow_with_the_rows(build, browser, django_assert_max_num_queries):
    sector = build.sector()
    build.several(
        *(
            build.change("chokepoint", "create", key=f"c-{n}", name=f"C {n}", dependent_country="CN", sector=sector)
            for n in range(60)
        )
    )  # fmt: skip
    emma, where = browser(), address("chokepoint", "sector")
    other = build.sector("other")
    with django_assert_max_num_queries(25):
        sent = choice(
            emma, where, [str(pk) for pk in Chokepoint.objects.values_list("pk", flat=True)], value="other"
        )
    with django_assert_max_num_queries(25):
        answer = emma.post(where, sent | {"preview": "1"})
    assert words_of(answer).count("Other") >= 60
    hand_in(emma, where, answer, "draft", rationale="Because.")
    changes = changes_of(Proposal.objects.get())
    assert len(changes) == 60
    assert all(change.fields == {"sector": other} for change in changes.values())


def test_boxes_are_read_with_the_revision_that_stood_beside_them():
    class Data(dict):
        getlist = dict.get

    one, other = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
    chosen = chosen_rows(Data(record=[other, one, other], seen=[f"{one}@3", f"{other}@4", "rubbish@1"]))
    assert list(chosen.seen.items()) == [(other, 4), (one, 3)]
    assert chosen.problems == ()
