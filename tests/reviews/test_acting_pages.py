"""The small acts around a proposal, as people click them: suggestions, remarks, divisions, holds, claims."""

import datetime as dt
import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chokepoints.models import Chokepoint, Evidence
from chokepoints.records import KINDS
from reviews.models import Claim, Comment, Hold, Limit, Proposal, Suggestion
from reviews.services.discussing import comment_on_proposal, hide_comment
from reviews.services.drafting import draft_proposal, revise_proposal, withdraw_proposal
from reviews.services.limiting import limit_of
from reviews.services.reviewing import review_proposal
from reviews.services.suggesting import suggest_value
from tests.reviews.conftest import change, create, reduced
from tests.reviews.typing_in import form_on

pytestmark = pytest.mark.django_db

NASTY = [
    "a\0b", "\ufffd" * 9, "x" * 130_000, "\u202e reversed", "<script>alert(1)</script>", "{{ 7|add:7 }}", "٣", "-1", " ",
]  # fmt: skip


@pytest.fixture
def signed_in(people):
    """A function that returns a browser in which somebody is signed in; server errors come as answers of 500."""

    def signed_in(name: str | None = None) -> Client:
        client = Client(raise_request_exception=False)
        if name:
            client.force_login(getattr(people, name))
        return client

    return signed_in


@pytest.fixture
def number(register, propose) -> int:
    """Emma proposes a summary; one approval publishes it."""
    return propose(change("chokepoint", register.chokepoint, summary="Smal beads."), title="Beads")


@pytest.fixture
def two(register, propose) -> int:
    """Emma proposes a summary and a title, which have nothing to do with each other."""
    return propose(
        change("chokepoint", register.chokepoint, summary="Smal beads."),
        change("source", register.source, title="Another title"),
    )


def get(number) -> Proposal:
    return Proposal.objects.get(pk=number)


def page(client, number) -> str:
    answer = client.get(reverse("proposal-detail", args=[number]))
    assert answer.status_code == 200
    return answer.content.decode()


def post(client, act, /, *args, **typed):
    return client.post(reverse(act, args=args), typed)


def said(answer) -> str:
    """What a page says to people, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode()))


def suggested(person, number, record, value="Small beads.", field="summary", **more) -> Suggestion:
    return suggest_value(
        actor=person,
        number=number,
        version=get(number).version,
        record=record,
        field=field,
        value=value,
        **more,
    )


# --- suggestions


def test_a_value_goes_from_the_page_by_way_of_the_author_into_the_register(signed_in, register, number):
    rita, emma = signed_in("rita"), signed_in("emma")
    address = reverse("suggestion-new", args=[number, register.chokepoint, "summary"])
    assert address in page(rita, number)
    typed = form_on(rita.get(address), having="words")
    assert typed["summary"] == ["Smal beads."]
    answer = rita.post(address, typed | {"summary": "Small beads.", "words": "A letter.", "approve": "on"})
    assert answer.status_code == 302
    shown = page(emma, number)
    assert "<del>Smal</del>" in shown
    assert "<ins>Small</ins>" in shown
    assert "A letter." in shown
    assert "approves it if taken" in shown
    suggestion = Suggestion.objects.get()
    answer = post(emma, "suggestion-take", number, suggestion.pk, version=1)
    assert answer.url == f"{get(number).get_absolute_url()}#changes"
    assert "published as changeset" in page(emma, number)
    assert Chokepoint.objects.get(pk=register.chokepoint).summary == "Small beads."


def test_a_suggestion_is_left_in_one_click_and_its_reviewer_sees_that(signed_in, people, register, number):
    suggestion = suggested(people.rita, number, register.chokepoint)
    address = reverse("suggestion-decline", args=[number, suggestion.pk])
    assert address in page(signed_in("emma"), number)
    assert address not in page(signed_in("rita"), number)
    assert signed_in("emma").post(address).status_code == 302
    shown = page(signed_in("rita"), number)
    assert "Suggested by rita: declined" in shown


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("emma", 403, "wrote any part of|Only members of the group Reviewers"),
        ("erik", 403, "Only members of the group Reviewers"),
        ("nobody", 403, "Only members of the group Reviewers"),
    ],
)
def test_who_may_not_suggest_gets_the_proposals_page_with_the_reason(
    signed_in, register, number, name, status, words
):
    address = reverse("suggestion-new", args=[number, register.chokepoint, "summary"])
    for answer in (
        signed_in(name).get(address),
        signed_in(name).post(address, {"summary": "x", "version": "1"}),
    ):
        assert answer.status_code == status
        assert re.search(words, said(answer))
        assert "Smal beads." in said(answer)
    assert not Suggestion.objects.exists()


def test_what_is_wrong_stands_beside_the_field_and_what_was_typed_is_kept(signed_in, register, number):
    rita = signed_in("rita")
    address = reverse("suggestion-new", args=[number, register.chokepoint, "summary"])
    typed = form_on(rita.get(address), having="words") | {"words": "Typed words."}
    for more, words in (
        ({}, "That is what the proposal says already"),
        ({"summary": "x" * 30_000}, "at most 20,000"),
        ({"summary": "Fine.", "words": "y" * 6_000}, "at most 5,000"),
    ):
        answer = rita.post(address, typed | more)
        assert answer.status_code == 422
        assert words in said(answer)
        assert str((typed | more)["words"]).strip("[']")[:100] in said(answer)
    del typed["summary"]
    assert "Type the value" in said(rita.post(address, typed))
    assert not Suggestion.objects.exists()


@pytest.mark.parametrize("version", ["0", "7", "99999999999999999999", "x", ""])
def test_a_suggestion_on_another_version_is_refused_and_kept(signed_in, register, number, version):
    rita = signed_in("rita")
    address = reverse("suggestion-new", args=[number, register.chokepoint, "summary"])
    answer = rita.post(address, {"version": version, "summary": "Typed value.", "words": "Typed words."})
    assert answer.status_code == 409
    kept = form_on(answer, having="words")
    assert (kept["summary"], kept["words"], kept["version"]) == (["Typed value."], ["Typed words."], ["1"])
    assert rita.post(address, kept).status_code == 302


def test_a_field_that_the_proposal_dropped_meanwhile_is_answered_with_its_page(
    signed_in, people, register, number
):
    changes = [change("chokepoint", register.chokepoint, scope="Spacers.")]
    revise_proposal(actor=people.emma, number=number, version=1, title="T", rationale="R", changes=changes)
    address = reverse("suggestion-new", args=[number, register.chokepoint, "summary"])
    assert signed_in("rita").get(address).status_code == 404
    answer = signed_in("rita").post(address, {"version": "1", "summary": "Small beads."})
    assert answer.status_code == 422
    assert "no such field any more" in said(answer)


@pytest.mark.parametrize("field", ["name", "nonsense", "retired", "version", "words"])
def test_only_what_is_proposed_has_a_form(signed_in, register, number, field):
    rita = signed_in("rita")
    for record in (register.chokepoint, register.source, uuid.uuid4()):
        assert rita.get(reverse("suggestion-new", args=[number, record, field])).status_code == 404


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.proposable])
def test_every_field_of_every_kind_has_a_form_that_nothing_breaks(signed_in, propose, register, kind):
    rita = signed_in("rita")
    record = create("sector", key="beads", name="Beads")
    number = propose(record)
    # Any kind's form is shown as well by a proposal that isn't whole: the table takes what no submission would.
    row = get(number).present_version().changes.get()
    row.kind, row.fields = kind, {}
    row.save()
    for field in KINDS[kind].editable:
        address = reverse("suggestion-new", args=[number, record.record, field])
        answer = rita.get(address)
        assert answer.status_code == 200, field
        empty = form_on(answer, having="words")
        for nasty in (NASTY[0], NASTY[2], NASTY[4]):
            typed = {name: [nasty] for name in empty if name != "version"} | {"version": "1"}
            answer = rita.post(address, typed)
            assert answer.status_code in (302, 409, 422), (field, nasty[:20])
            assert b"<script>alert(1)" not in answer.content


def test_references_are_typed_shown_and_suggested_like_in_the_form_of_the_change(
    signed_in, people, register, propose, build
):
    other = build.source("other-article")
    changes = reduced(register)
    number = propose(*changes)
    rita, address = signed_in("rita"), reverse("suggestion-new", args=[number, changes[1].record, "source"])
    typed = form_on(rita.get(address), having="words")
    assert typed["source"] == ["ref:1"]
    assert rita.post(address, typed | {"source": "other-article"}).status_code == 302
    assert Suggestion.objects.get().value == other
    shown = page(signed_in("emma"), number)
    assert reverse("source-detail", args=["other-article"]) in shown
    address = reverse("suggestion-new", args=[number, changes[2].record, "evidence"])
    typed = form_on(rita.get(address), having="words")
    assert changes[1].record in typed["evidence"]
    assert register.evidence in said_values(rita.get(address))
    answer = rita.post(address, typed | {"evidence": [changes[1].record, register.evidence]})
    assert answer.status_code == 302
    assert set(Suggestion.objects.get(field="evidence").value) == {changes[1].record, register.evidence}


def said_values(answer) -> set[str]:
    return set(re.findall(r'value="([^"]*)"', answer.content.decode()))


def test_original_text_keeps_its_lines_through_a_suggestion(signed_in, people, register, propose):
    changes = reduced(register)
    changes[1].fields["quote"] = "国产微球\n已批量供货"
    number = propose(*changes)
    rita, address = signed_in("rita"), reverse("suggestion-new", args=[number, changes[1].record, "quote"])
    typed = form_on(rita.get(address), having="words")
    assert typed["quote"] == ["国产微球\r\n已批量供货"]
    assert "says already" in said(rita.post(address, typed))
    assert rita.post(address, typed | {"quote": "国产微球\r\n已经批量供货 "}).status_code == 302
    assert Suggestion.objects.get().value == "国产微球\n已经批量供货 "
    post(signed_in("emma"), "suggestion-take", number, Suggestion.objects.get().pk, version=1)
    assert get(number).present_version().changes.all()[1].fields["quote"] == "国产微球\n已经批量供货 "


def test_a_suggestion_that_cannot_be_taken_is_refused_on_the_proposals_page(
    signed_in, people, register, propose, number
):
    suggestion = suggested(people.rita, number, register.chokepoint)
    take, leave = "suggestion-take", "suggestion-decline"
    emma, erik = signed_in("emma"), signed_in("erik")
    assert post(erik, take, number, suggestion.pk, version=1).status_code == 403
    assert post(erik, leave, number, suggestion.pk).status_code == 403
    for version in ("2", "x", "", "99999999999999999999"):
        answer = post(emma, take, number, suggestion.pk, version=version)
        assert answer.status_code == 409
        assert "is the present one" in said(answer)
    assert post(emma, take, number, suggestion.pk + 1, version=1).status_code == 409
    assert post(emma, leave, number, 10**18).status_code == 409
    withdraw_proposal(actor=people.emma, number=number)
    assert post(emma, take, number, suggestion.pk, version=1).status_code == 409
    assert get(number).version == 1


def test_a_taken_value_against_the_rules_is_refused_in_words_beside_its_change(
    signed_in, people, register, propose
):
    changes = reduced(register)
    number = propose(*changes)
    suggestion = suggested(people.rita, number, changes[1].record, "forecast", "nature")
    answer = post(signed_in("emma"), "suggestion-take", number, suggestion.pk, version=1)
    assert answer.status_code == 422
    assert "evidence that bears on it" in said(answer)
    assert get(number).version == 1


# --- remarks


def test_remarks_are_shown_where_they_were_made_with_lines_and_calls_and_nothing_else(
    signed_in, register, number
):
    rita = signed_in("rita")
    text = "<b>Bold</b> & @emma,\nline two for @nemo. @reviewers!"
    answer = post(rita, "comment-new", number, text=text, record=register.chokepoint, field="summary")
    comment = Comment.objects.get()
    assert answer.url == f"{get(number).get_absolute_url()}#comment-{comment.pk}"
    shown = page(signed_in(), number)
    assert f'id="comment-{comment.pk}"' in shown
    assert (
        "&lt;b&gt;Bold&lt;/b&gt; &amp; <strong>@emma</strong>,<br>line two for @nemo. <strong>@reviewers</strong>!"
        in shown
    )
    assert '<textarea name="text"' not in shown


def test_remarks_are_made_on_the_whole_a_change_and_a_field(signed_in, register, number):
    rita = signed_in("rita")
    for typed in ({}, {"record": register.chokepoint}, {"record": register.chokepoint, "field": "summary"}):
        before = page(rita, number)
        assert post(rita, "comment-new", number, text=f"On {len(typed)}.", **typed).status_code == 302
        assert f"On {len(typed)}." not in before
        assert f"On {len(typed)}." in page(rita, number)
    assert {(bool(one.record), one.field) for one in Comment.objects.all()} == {
        (False, ""),
        (True, ""),
        (True, "summary"),
    }


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"text": ""}, "Write something"),
        ({"text": "y" * 10_001}, "at most 10,000"),
        ({"text": "Typed text.", "record": "nonsense"}, "that record"),
        ({"text": "Typed text.", "record": str(uuid.UUID(int=1))}, "that record"),
        ({"text": "Typed text.", "field": "summary"}, "that field"),
        ({}, "Write something"),
    ],
)
def test_a_refused_remark_is_answered_with_the_page(signed_in, number, typed, words):
    answer = post(signed_in("rita"), "comment-new", number, **typed)
    assert answer.status_code == 422
    assert words in said(answer)
    assert not Comment.objects.exists()


def test_the_text_of_a_refused_remark_is_still_in_its_box(signed_in, register, number):
    text = "y" * 10_001
    for place in ({}, {"record": register.chokepoint, "field": "summary"}):
        answer = post(signed_in("rita"), "comment-new", number, text=text, **place)
        boxes = re.findall(
            r"<textarea name=\"text\"[^>]*>\s*(.*?)</textarea>", answer.content.decode(), re.DOTALL
        )
        assert [box for box in boxes if box] == [text]


@pytest.mark.parametrize("typed", NASTY)
def test_nothing_that_is_said_breaks_the_page(signed_in, register, number, typed):
    rita = signed_in("rita")
    for place in ({}, {"record": typed}, {"record": register.chokepoint, "field": typed}):
        answer = post(rita, "comment-new", number, text=typed, **place)
        assert answer.status_code in (302, 422)
        assert b"<script>alert(1)" not in answer.content
    assert "<script>alert(1)" not in page(rita, number)


def test_a_remark_is_resolved_and_opened_again(signed_in, people, number):
    comment = comment_on_proposal(actor=people.rita, number=number, text="A remark.")
    address = reverse("comment-resolve", args=[comment.pk])
    assert address in page(signed_in("emma"), number)
    assert address not in page(signed_in("erik"), number)
    answer = signed_in("emma").post(address, {"resolved": "1"})
    assert answer.url.endswith(f"#comment-{comment.pk}")
    assert "resolved by emma" in page(signed_in(), number)
    signed_in("rita").post(address, {"resolved": "0"})
    assert "resolved by emma" not in page(signed_in(), number)
    answer = signed_in("erik").post(address, {"resolved": "1"})
    assert answer.status_code == 403
    assert "authors and reviewers resolve" in said(answer)


@pytest.mark.parametrize("pk", [999, 10**18, 10**30])
def test_a_remark_that_is_not_there_leads_nowhere(signed_in, number, pk):
    assert signed_in("rita").post(f"/comments/{pk}/resolve/", {"resolved": "1"}).status_code == 404


def test_a_hidden_text_is_replaced_by_the_reason(signed_in, people, number):
    comment = comment_on_proposal(actor=people.rita, number=number, text="A private address.")
    hide_comment(actor=people.admin, comment=comment.pk, reason="It named <someone>.")
    for name in (None, "emma", "rita"):
        shown = page(signed_in(name), number)
        assert "A private address." not in shown
        assert "Hidden by an admin: It named &lt;someone&gt;." in shown


def test_remarks_on_what_was_dropped_meanwhile_stay_readable(signed_in, people, register, two):
    record = register.chokepoint
    comment_on_proposal(
        actor=people.rita, number=two, text="About the field.", record=record, field="summary"
    )
    comment_on_proposal(actor=people.rita, number=two, text="About the source.", record=register.source)
    changes = [change("chokepoint", record, scope="Spacers.")]
    revise_proposal(actor=people.emma, number=two, version=1, title="T", rationale="R", changes=changes)
    shown = page(signed_in(), two)
    assert "About the field." in shown
    assert "Summary, which it doesn&#x27;t change any more" in shown
    assert "About the source." in shown
    assert "a change that is no part of it any more" in shown


def test_what_people_say_costs_no_queries_by_the_piece(
    signed_in, people, register, two, django_assert_max_num_queries
):
    for place in range(6):
        comment_on_proposal(
            actor=people.rita, number=two, text=f"@emma, @ravi: {place}", record=register.source
        )
    for person in (people.rita, people.ravi, people.rosa, people.both):
        suggested(person, two, register.chokepoint, f"Beads by {person}.")
        suggested(person, two, register.source, f"Title by {person}", "title")
    with django_assert_max_num_queries(100):
        shown = page(signed_in("emma"), two)
    assert "Title by rosa" in shown


# --- divisions


def test_a_division_says_what_goes_with_what_and_is_made(signed_in, register, propose):
    changes = reduced(register)
    number = propose(*changes)
    rita = signed_in("rita")
    address = reverse("proposal-split", args=[number])
    assert address in page(rita, number)
    answer = rita.get(address)
    assert "Builds on source 1: goes only together with it." in said(answer)
    assert "Assessment 3 builds on it" in said(answer)
    typed = form_on(answer, having="version") | {"records": [changes[1].record]}
    torn = rita.post(address, typed)
    assert torn.status_code == 422
    assert "must go with it" in said(torn)
    assert form_on(torn, having="version")["records"] == [changes[1].record]
    typed["records"].append(changes[0].record)
    assert rita.post(address, typed).status_code == 302
    part = Proposal.objects.get(split_from=number)
    shown = page(rita, number)
    assert part.get_absolute_url() in shown
    assert "The rest waits on hold" in shown


@pytest.mark.parametrize("records", [[], ["all"], ["nonsense"], ["x" * 500], [str(uuid.UUID(int=1))]])
def test_a_division_that_leaves_a_side_empty_is_refused(signed_in, register, two, records):
    records = [register.chokepoint, register.source] if records == ["all"] else records
    answer = signed_in("rita").post(
        reverse("proposal-split", args=[two]), {"version": "1", "records": records}
    )
    assert answer.status_code == 422
    assert "not all of them" in said(answer) or "no such change" in said(answer)
    assert Proposal.objects.count() == 1


@pytest.mark.parametrize("version", ["0", "2", "x", ""])
def test_a_division_of_another_version_is_refused_and_its_ticks_kept(signed_in, register, two, version):
    rita, address = signed_in("rita"), reverse("proposal-split", args=[two])
    answer = rita.post(address, {"version": version, "records": [register.source]})
    assert answer.status_code == 409
    kept = form_on(answer, having="version")
    assert (kept["version"], kept["records"]) == (["1"], [register.source])
    assert rita.post(address, kept).status_code == 302


def test_a_division_says_which_side_it_published(signed_in, people, register, propose):
    changes = reduced(register)
    number = propose(*changes)
    review_proposal(actor=people.rita, number=number, version=1, verdict="approve")
    emma, address = signed_in("emma"), reverse("proposal-split", args=[number])
    typed = {"version": "1", "records": [one.record for one in changes[:2]]}
    assert emma.post(address, typed).status_code == 302
    assert "published as changeset" in page(emma, number)
    assert Evidence.objects.filter(pk=changes[1].record).exists()


def test_one_change_alone_is_not_offered_to_be_split(signed_in, number):
    assert reverse("proposal-split", args=[number]) not in page(signed_in("rita"), number)


# --- holds


def test_a_proposal_is_put_on_hold_and_taken_up_again(signed_in, number, two):
    emma, address = signed_in("emma"), reverse("proposal-hold", args=[number])
    assert address in page(emma, number)
    day = timezone.now().date() + dt.timedelta(days=9)
    typed = form_on(emma.get(address), having="reason")
    answer = emma.post(
        address, typed | {"reason": "The <report> is due.", "until": day.isoformat(), "awaited": f"#{two}"}
    )
    assert answer.status_code == 302
    hold = Hold.objects.get()
    assert (hold.until, hold.awaited_id, hold.reason) == (day, two, "The <report> is due.")
    shown = page(signed_in(), number)
    assert "The &lt;report&gt; is due." in shown
    assert day.isoformat() in shown
    resume = reverse("proposal-resume", args=[number])
    assert resume in page(signed_in("rita"), number)
    assert signed_in("rita").post(resume).status_code == 302
    assert get(number).state == "open"
    assert signed_in("rita").post(resume).status_code == 409


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({}, "Say until which day"),
        ({"reason": ""}, "Say what it waits for"),
        ({"until": "tomorrow"}, "Write the day as"),
        ({"until": "2018-05-30"}, "after today"),
        ({"until": "9999-12-31"}, "after today"),
        ({"until": "0000-00-00"}, "Write the day as"),
        ({"until": "2026-01-01\0"}, "Write the day as"),
        ({"awaited": "99999"}, "no pending proposal"),
        ({"awaited": "self"}, "wait for itself"),
        ({"awaited": "the other one"}, "Write the number"),
        ({"awaited": "9" * 40}, "Write the number"),
        ({"awaited": "a\0"}, "Null characters|Write the number"),
        ({"reason": "y" * 3_000, "until": "2018-05-30"}, "at most 2,000"),
    ],
)
def test_what_is_wrong_with_a_hold_stands_in_its_form_and_what_was_typed_is_kept(
    signed_in, number, typed, words
):
    filled = {"reason": "Typed reason."} | typed
    if filled.get("awaited") == "self":
        filled["awaited"] = str(number)
    answer = signed_in("emma").post(reverse("proposal-hold", args=[number]), filled)
    assert answer.status_code == 422
    assert re.search(words, said(answer))
    assert filled["reason"] in said(answer)
    assert get(number).state == "open"


# --- who is on it


def test_a_reviewer_is_on_it_hands_it_over_and_the_other_gives_it_back(signed_in, number):
    rita, ravi = signed_in("rita"), signed_in("ravi")
    assert reverse("proposal-claim", args=[number]) in page(rita, number)
    assert post(rita, "proposal-claim", number).status_code == 302
    assert "You are on it" in page(rita, number)
    shown = page(ravi, number)
    assert "rita" in shown
    assert reverse("proposal-claim", args=[number]) not in shown
    assert reverse("proposal-release", args=[number]) not in shown
    answer = post(ravi, "proposal-claim", number)
    assert answer.status_code == 409
    assert "rita is on it until" in said(answer)
    assert form_on(rita.get(get(number).get_absolute_url()), having="name")["name"] == ["both"]
    assert post(rita, "proposal-hand-over", number, name="ravi").status_code == 302
    assert "You are on it" in page(ravi, number)
    assert post(ravi, "proposal-release", number).status_code == 302
    assert not Claim.objects.filter(ended=None).exists()


@pytest.mark.parametrize("name", ["emma", "nemo", "", "a\0b", "x" * 5_000, "<script>alert(1)</script>"])
def test_a_review_is_not_handed_to_just_anybody(signed_in, number, name):
    answer = post(signed_in("rita"), "proposal-hand-over", number, name=name)
    assert answer.status_code == 422
    assert "no reviewer of this name" in said(answer)
    assert b"<script>alert(1)" not in answer.content


def test_a_claim_in_the_queue_leads_back_to_its_part_of_the_queue(signed_in, number):
    rita = signed_in("rita")
    for act in ("proposal-claim", "proposal-release"):
        answer = rita.post(reverse(act, args=[number]), {"from": "sector=materials"})
        assert answer.url == f"{reverse('queue')}?sector=materials"
    assert rita.post(reverse("proposal-claim", args=[number]), {"from": ""}).url == reverse("queue")
    assert rita.post(reverse("proposal-claim", args=[number]), {"from": "é\r\n"}).url == reverse("queue")
    answer = rita.post(f"{reverse('proposal-claim', args=[number])}?from=sector%3Dmaterials")
    assert answer.url == f"{get(number).get_absolute_url()}?from=sector%3Dmaterials"


@pytest.mark.parametrize(
    ("act", "sent"),
    [
        ("comment-new", {"text": "Which page?"}),
        ("suggestion-new", {"summary": "Other beads."}),
        ("proposal-nudge", {}),
        ("proposal-claim", {}),
        ("proposal-hold", {"reason": "It waits.", "until": (timezone.now() + dt.timedelta(days=9)).date()}),
    ],
)
def test_what_a_reviewer_does_beside_a_verdict_leads_on_through_the_queue(
    signed_in, register, propose, act, sent
):
    first, second = (
        propose(change("chokepoint", register.chokepoint, **words), title="T")
        for words in ({"summary": "Small beads."}, {"scope": "Spacers."})
    )
    rita, here = signed_in("rita"), "?from=kind%3Dchokepoint"
    shown = rita.get(f"/proposals/{first}/{here}").content.decode()
    (address,) = set(re.findall(rf'(?:action|href)="(/proposals/{first}/[^"]*)"', shown)) & {
        f"{reverse(act, args=[first, *more])}{here}"
        for more in ([], [register.chokepoint, "summary"])
        if bool(more) == (act == "suggestion-new")
    }
    opened = rita.get(address)
    typed = form_on(opened, having=next(iter(sent))) | sent if opened.status_code == 200 else sent
    answer = rita.post(address, typed)
    assert answer.url.partition("#")[0] == f"/proposals/{first}/{here}"
    assert f'href="/proposals/{second}/{here}' in rita.get(answer.url).content.decode()


def test_those_whose_turn_it_is_are_nudged_once(signed_in, number):
    emma = signed_in("emma")
    nudge = reverse("proposal-nudge", args=[number])
    assert nudge in page(emma, number)
    assert emma.post(nudge).status_code == 302
    shown = page(emma, number)
    assert nudge not in shown
    assert "Nudged" in shown
    answer = emma.post(nudge)
    assert answer.status_code == 409
    assert "Give them some time" in said(answer)


def test_nobody_is_asked_to_nudge_themselves(signed_in, people, number):
    nudge = reverse("proposal-nudge", args=[number])
    review_proposal(
        actor=people.rita, number=number, version=1, verdict="request_changes", comment="Say why."
    )
    assert nudge not in page(signed_in("emma"), number)
    assert nudge in page(signed_in("rita"), number)


def test_what_cannot_be_taken_back_takes_two_presses(signed_in, people, register, number):
    emma = signed_in("emma")
    draft = draft_proposal(actor=people.emma, title="T", rationale="", changes=[]).number
    for at, words in ((number, "can't be opened again"), (draft, "gone for good")):
        folded = re.search(r"<details class=\"asked\">.*?</details>", page(emma, at), re.DOTALL)[0]
        assert words in folded and reverse("proposal-withdraw", args=[at]) in folded


def test_another_editor_becomes_an_author(signed_in, people, number):
    emma = signed_in("emma")
    assert reverse("author-new", args=[number]) in page(emma, number)
    assert post(emma, "author-new", number, name="erik").status_code == 302
    assert [one.user for one in get(number).authors.all()] == [people.emma, people.erik]
    answer = post(emma, "author-new", number, name="nemo<")
    assert answer.status_code == 422
    assert "no editor of this name" in said(answer)
    assert "nemo&lt;" in answer.content.decode()
    assert post(signed_in("rita"), "author-new", number, name="rita").status_code == 403


# --- who may


GETS = ("proposal-split", "proposal-hold")
POSTS = (
    *GETS,
    *("proposal-resume", "proposal-claim", "proposal-release", "proposal-hand-over", "proposal-nudge"),
    *("author-new", "comment-new"),
)


def test_visitors_are_asked_to_sign_in_and_led_back_to_the_proposal(signed_in, register, number):
    visitor = signed_in()
    addresses = [reverse(name, args=[number]) for name in POSTS]
    addresses += [reverse(f"suggestion-{act}", args=[number, 1]) for act in ("take", "decline")]
    addresses.append(reverse("suggestion-new", args=[number, register.chokepoint, "summary"]))
    for address in addresses:
        answer = visitor.post(address)
        assert answer.status_code == 302, address
        assert answer.url.startswith(reverse("login"))
        assert get(number).get_absolute_url() in answer.url
    shown = page(visitor, number)
    assert not [address for address in addresses if address in shown]


@pytest.mark.parametrize("name", ["nobody", "erik"])
def test_others_are_told_that_it_is_not_theirs(signed_in, number, name):
    for act in POSTS:
        if (name, act) == ("erik", "comment-new"):
            continue
        answer = post(signed_in(name), act, number, text="x", name="rita", reason="y", version="1")
        assert answer.status_code == 403, act
        assert "Not done." in said(answer)
    for act in GETS:
        assert signed_in(name).get(reverse(act, args=[number])).status_code == 403
    assert get(number).state == "open"


@pytest.mark.parametrize("act", GETS)
def test_a_form_for_what_can_no_longer_be_done_is_the_proposals_page(signed_in, people, number, act):
    withdraw_proposal(actor=people.emma, number=number)
    for answer in (
        signed_in("emma").get(reverse(act, args=[number])),
        post(signed_in("emma"), act, number, reason="Why.", until="2099-01-01", version="1", records="x"),
    ):
        assert answer.status_code in (409, 422)
    assert get(number).state == "withdrawn"


def test_anothers_draft_and_no_proposal_at_all_are_not_found(signed_in, people):
    draft = draft_proposal(actor=people.emma, title="A", rationale="B", changes=[]).number
    for number in (draft, 999, 10**18):
        for act in POSTS:
            assert post(signed_in("rita"), act, number).status_code == 404, act
        for act in GETS:
            assert signed_in("rita").get(reverse(act, args=[number])).status_code == 404
    assert post(signed_in("emma"), "comment-new", draft, text="To myself.").status_code == 409


@pytest.mark.parametrize("act", [name for name in POSTS if name not in GETS])
def test_what_has_no_page_of_its_own_answers_posts_alone(signed_in, number, act):
    assert signed_in("rita").get(reverse(act, args=[number])).status_code == 405


# --- the admin


def test_an_admin_hides_a_comment_and_shows_it_again(signed_in, people, number):
    comment = comment_on_proposal(actor=people.rita, number=number, text="A private address.")
    admin, address = signed_in("admin"), f"/admin/reviews/comment/{comment.pk}/change/"
    assert "A private address." in admin.get(address).content.decode()
    assert admin.post(address, {"hidden": "y" * 501}).status_code == 200
    assert admin.post(address, {"hidden": "It named somebody.", "text": "Altered."}).status_code == 302
    comment.refresh_from_db()
    assert (comment.hidden, comment.text) == ("It named somebody.", "A private address.")
    assert "Hidden by an admin: It named somebody." in page(signed_in(), number)
    assert admin.post(address, {"hidden": ""}).status_code == 302
    comment.refresh_from_db()
    assert comment.hidden == ""
    assert admin.post("/admin/reviews/comment/add/", {}).status_code == 403
    assert admin.post(f"/admin/reviews/comment/{comment.pk}/delete/", {"post": "yes"}).status_code == 403


def test_an_admin_sets_limits_within_their_bounds(signed_in):
    admin, add = signed_in("admin"), "/admin/reviews/limit/add/"
    assert admin.post(add, {"key": "undo", "value": "601"}).status_code == 200
    assert admin.post(add, {"key": "nonsense", "value": "10"}).status_code == 200
    assert admin.post(add, {"key": "undo", "value": "9" * 30}).status_code == 200
    assert limit_of("undo") == 10
    assert admin.post(add, {"key": "undo", "value": "60"}).status_code == 302
    assert limit_of("undo") == 60
    assert admin.post(add, {"key": "undo", "value": "30"}).status_code == 200
    address = f"/admin/reviews/limit/{Limit.objects.get().pk}/change/"
    assert admin.post(address, {"key": "claim", "value": "0"}).status_code == 302
    assert (limit_of("undo"), limit_of("claim")) == (0, 24)
    assert admin.post(address, {"value": "-1"}).status_code == 200
    assert "can be undone" in admin.get("/admin/reviews/limit/").content.decode()
    assert admin.post(address.replace("change", "delete"), {"post": "yes"}).status_code == 403


def test_staff_that_are_no_admins_hide_nothing_and_set_nothing(signed_in, people, number):
    comment = comment_on_proposal(actor=people.rita, number=number, text="A remark.")
    people.nobody.is_staff = True
    people.nobody.save()
    nobody = signed_in("nobody")
    address = f"/admin/reviews/comment/{comment.pk}/change/"
    assert nobody.post(address, {"hidden": "Because."}).status_code == 403
    assert nobody.post("/admin/reviews/limit/add/", {"key": "undo", "value": "60"}).status_code == 403
    comment.refresh_from_db()
    assert (comment.hidden, limit_of("undo")) == ("", 10)
