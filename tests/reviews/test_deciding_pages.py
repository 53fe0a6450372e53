"""Deciding on the proposal's page: verdicts with their boxes, going on in the queue, taking a verdict back, handing in."""

import datetime as dt
import html
import re
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from reviews.models import Limit, Proposal, Review
from reviews.services.claiming import claim_proposal
from reviews.services.discussing import comment_on_proposal
from reviews.services.drafting import DraftChange, add_author, draft_proposal, revise_proposal
from reviews.services.holding import hold_proposal
from reviews.services.reviewing import dismiss_request, review_proposal
from reviews.services.splitting import split_proposal
from reviews.services.suggesting import suggest_value
from tests.reviews.conftest import change, reduced
from tests.reviews.typing_in import form_on

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def time_enough(db):
    """A verdict can be undone for longer than a slow test takes."""
    Limit.objects.create(key="undo", value=600)


@pytest.fixture
def story(register, propose) -> Proposal:
    """Source, evidence and judgement in one proposal, which needs two approvals."""
    return get(propose(*reduced(register), title="Microspheres: reduced"))


def get(number) -> Proposal:
    return Proposal.objects.get(pk=number)


def records_of(proposal) -> list[str]:
    return [str(change.record) for change in proposal.present_version().changes.all()]


def judge(person, proposal, verdict="approve", **more):
    more |= {} if verdict == "approve" else {"comment": "Not so."}
    more |= {"reason": "known"} if verdict == "reject" else {}
    number = proposal.number
    version = get(number).version
    return review_proposal(actor=person, number=number, version=version, verdict=verdict, **more)


def send(client, proposal, **typed):
    return client.post(
        reverse("review-new", args=[proposal.number]), {"version": str(proposal.version)} | typed
    )


def page_of(client, proposal, query="") -> str:
    return words(client.get(reverse("proposal-detail", args=[proposal.number]) + query))


def words(answer) -> str:
    """Return a page's text with its tags, blanks as one."""
    return re.sub(r"\s+", " ", html.unescape(answer.content.decode()))


def shown(answer) -> str:
    """Return what a reader sees of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", words(answer)))


# --- verdicts


def test_a_rejection_says_its_reason_from_the_list_and_in_words(signed_in, story):
    rita = signed_in("rita")
    page = page_of(rita, story)
    assert '<select name="reason"' in page
    assert '<option value="unreliable">' in page
    answer = send(rita, story, verdict="reject", comment="The filing was taken back.", reason="unreliable")
    assert answer.status_code == 302
    page = shown(rita.get(answer.url))
    assert "Rejected : the source isn't reliable enough for it" in page
    assert "The filing was taken back." in page


@pytest.mark.parametrize(
    ("typed", "name", "sentence"),
    [
        ({"verdict": "reject", "comment": "No."}, "reason", "Choose a reason from the list."),
        (
            {"verdict": "reject", "comment": "No.", "reason": "because"},
            "reason",
            "Choose a reason from the list.",
        ),
        ({"verdict": "request_changes", "comment": " "}, "comment", "Say why: the author needs your reason."),
        ({"comment": "No verdict."}, "verdict", "Choose a verdict."),
        ({"verdict": "shrug", "comment": "Shrug."}, "verdict", "Choose one of these verdicts."),
        ({"verdict": "approve", "comment": "x" * 20_001}, "comment", "20,000"),
        ({"verdict": "approve", "comment": "a\0b"}, "comment", "control"),
    ],
)
def test_what_a_verdict_lacks_stands_beside_its_field(signed_in, story, typed, name, sentence):
    answer = send(signed_in("rita"), story, **typed)
    page = words(answer)
    assert answer.status_code == 422
    assert sentence in re.search(rf'id="id_{name}_error".*?</ul>', page)[0]
    assert not Review.objects.exists()


def test_a_refused_review_keeps_what_was_typed_and_ticked(signed_in, story):
    record = records_of(story)[2]
    answer = send(
        signed_in("rita"), story, verdict="reject", comment="Typed words.", approve=records_of(story)[:1],
        about=[record], **{"from": "kind=assessment"},
    )  # fmt: skip
    page = words(answer)
    assert answer.status_code == 422
    assert "Typed words." in page
    assert f'name="about" value="{record}" form="review-form" checked' in page
    assert f'name="approve" value="{records_of(story)[0]}" form="review-form" checked' in page
    assert 'name="from" value="kind=assessment"' in page


def test_a_request_can_be_about_chosen_changes(signed_in, story):
    rita, about = signed_in("rita"), records_of(story)[2:]
    answer = send(rita, story, verdict="request_changes", comment="Say which grade.", about=about)
    assert answer.status_code == 302
    assert Review.objects.get().about == about
    # Stands on top, where its author looks, and in how it went.
    assert shown(rita.get(answer.url)).count(", about assessment “Microspheres”") == 2


def test_the_boxes_are_there_only_where_there_is_something_to_choose(signed_in, register, propose, story):
    single = get(propose(change("chokepoint", register.chokepoint, summary="New.")))
    assert 'name="approve"' in page_of(signed_in("rita"), story)
    assert 'name="approve"' not in page_of(signed_in("rita"), single)
    assert 'name="approve"' not in page_of(signed_in("emma"), story)


# --- evidence yes, judgement no


def test_evidence_yes_judgement_no_in_one_act(signed_in, people, story):
    rita, (source, evidence, assessment) = signed_in("rita"), records_of(story)
    answer = send(
        rita, story, verdict="request_changes", comment="The quote says less.", approve=[source, evidence]
    )
    assert answer.status_code == 302
    part = Proposal.objects.get(split_from=story.number)
    assert records_of(part) == [source, evidence]
    assert part.state == "published"
    assert records_of(get(story.number)) == [assessment]
    assert get(story.number).state == "changes_requested"
    page = shown(rita.get(answer.url))
    assert (
        f"What you approved is proposal {part.number} now, and published as changeset {part.changeset}"
        in page
    )
    assert "For the rest changes are requested." in page
    assert f"split off: #{part.number}" in page


def test_what_a_change_builds_on_must_be_approved_with_it_and_the_box_says_so(signed_in, story):
    _, evidence, _ = records_of(story)
    answer = send(
        signed_in("rita"), story, verdict="request_changes", comment="Not the rest.", approve=[evidence]
    )
    page = words(answer)
    assert answer.status_code == 422
    beside = re.search(r'id="ref-2-box".*?</ul>', page)[0]
    assert "This evidence builds on the new source, so that must go with it." in beside
    assert f'value="{evidence}" form="review-form" checked aria-invalid="true"' in page
    assert "Not the rest." in page
    assert not Review.objects.exists()
    assert Proposal.objects.count() == 1


@pytest.mark.parametrize(
    ("verdict", "approve", "about", "name", "sentence"),
    [
        ("approve", [0, 1], [], "verdict", "Approve some changes, and request changes to the others"),
        ("request_changes", [0, 1, 2], [], "approve", "Choose some of the proposal's changes, but not all"),
        ("request_changes", [0, 1], [1, 2], "about", "can't be approved and be asked to change"),
        ("request_changes", [0], [1], "about", "the request is about all that stays"),
        ("reject", [0, 1], [2], "about", "Only a request for changes is about chosen changes"),
        ("approve", [], [2], "about", "Only a request for changes is about chosen changes"),
    ],
)
def test_ticks_that_the_verdict_would_leave_unheard_are_refused(
    signed_in, story, verdict, approve, about, name, sentence
):
    records = records_of(story)
    answer = send(
        signed_in("rita"), story, verdict=verdict, comment="Words.", reason="known",
        approve=[records[n] for n in approve], about=[records[n] for n in about],
    )  # fmt: skip
    assert answer.status_code == 422
    assert sentence in re.search(rf'id="id_{name}_error".*?</ul>', words(answer))[0]
    assert not Review.objects.exists()
    assert Proposal.objects.count() == 1


@pytest.mark.parametrize(
    "tick",
    ["", "x", "0", "a\0b", "00000000-0000-4000-8000-000000000000", "x" * 30_000, "\ufffd", "'; --", "😀"],
)
@pytest.mark.parametrize("name", ["approve", "about"])
def test_forged_ticks_are_refused_in_words(signed_in, story, name, tick):
    answer = send(signed_in("rita"), story, verdict="request_changes", comment="Words.", **{name: [tick]})
    assert answer.status_code in {302, 422}
    if answer.status_code == 302:  # an empty tick is none
        assert tick == ""
    else:
        assert not Review.objects.exists()


def test_a_refused_act_of_another_sort_is_told_once_and_by_its_status(signed_in, people, story):
    answer = send(signed_in("both"), story, verdict="approve", version="7")
    assert answer.status_code == 409
    assert shown(answer).count("You looked at version 7, but version 1 is the present one.") == 1


def test_what_ended_is_gone_on_with_in_a_new_draft_by_its_author_alone(signed_in, people, story):
    again = reverse("proposal-again", args=[story.number])
    assert again not in page_of(signed_in("emma"), story)
    judge(people.rita, story, "reject")
    assert [again in page_of(signed_in(name), story) for name in ("emma", "rita", "erik")] == [
        True,
        False,
        False,
    ]
    emma = signed_in("emma")
    assert "A new draft with what proposal 1 said" in shown(emma.get(emma.post(again).url))
    assert signed_in("erik").post(again).status_code == 403


# --- going on


@pytest.fixture
def queue(register, propose, build):
    """Three proposals in the order of the queue: two about the chokepoint, one about a source."""
    return [
        get(propose(change("chokepoint", register.chokepoint, summary="One."), title="First")),
        get(propose(change("source", register.source, publisher="Somebody"), title="Second")),
        get(propose(change("chokepoint", register.chokepoint, scope="All of it."), title="Third")),
    ]


def test_after_a_verdict_the_next_of_the_queue_is_opened(signed_in, queue):
    rita = signed_in("rita")
    answer = send(rita, queue[0], verdict="request_changes", comment="Say why.", **{"from": ""})
    assert answer.url == f"{queue[1].get_absolute_url()}?from="
    page = rita.get(answer.url)
    assert "#1 First : Changes requested." in shown(page)
    assert form_on(page, having="comment")["from"] == [""]


def test_the_next_one_is_of_the_part_of_the_queue_that_one_came_from(signed_in, queue):
    query = "kind=chokepoint"
    page = signed_in("rita").get(queue[0].get_absolute_url(), {"from": query})
    sent = form_on(page, having="comment") | {"verdict": "request_changes", "comment": "Say why."}
    answer = signed_in("rita").post(reverse("review-new", args=[queue[0].number]), sent)
    assert answer.url == f"{queue[2].get_absolute_url()}?from={quote(query, safe='')}"


def test_at_the_end_of_the_queue_stands_the_queue(signed_in, queue):
    rita = signed_in("rita")
    answer = send(rita, queue[1], verdict="reject", comment="No.", reason="known", **{"from": "kind=source"})
    assert answer.url == f"{reverse('queue')}?kind=source"
    page = shown(rita.get(answer.url))
    assert "Nothing else waits for you" in page
    assert "#2 Second : Rejected." in page


def test_without_a_queue_one_stays_and_is_shown_the_next(signed_in, queue):
    rita = signed_in("rita")
    answer = send(rita, queue[0], verdict="request_changes", comment="Say why.")
    assert answer.url == queue[0].get_absolute_url()
    page = words(rita.get(answer.url))
    assert f'href="{queue[1].get_absolute_url()}">Next: #2 Second' in page


@pytest.mark.parametrize(
    "query",
    ["%00", "a\0b", "x" * 30_000, "kind=nonsense", "older_than=x", "&&&===", "\ud800", "page=99", "微"],
)
def test_any_query_string_leads_on(signed_in, queue, query):
    rita = signed_in("rita")
    assert (
        rita.get(queue[0].get_absolute_url(), {"from": query.encode("utf-8", "replace")}).status_code == 200
    )
    answer = send(
        rita, queue[0], verdict="request_changes", comment="Say why.",
        **{"from": query.encode("utf-8", "replace").decode()},
    )  # fmt: skip
    assert answer.status_code == 302
    assert rita.get(answer.url).status_code == 200


def skip(browser, at):
    """Return where “Skip it” leads from the page at an address, and to which proposal."""
    page = words(browser.get(at))
    return re.search(r'href="(/proposals/(\d+)/[^"]*)">Skip it', page).groups()


def test_one_can_leave_proposals_aside_and_sees_all_others_before_they_come_again(signed_in, people, queue):
    for one in queue[:2]:
        claim_proposal(actor=people.rita, number=one.number)
    rita, seen, address = signed_in("rita"), [], f"{queue[0].get_absolute_url()}?from="
    for _ in range(6):
        address, number = skip(rita, address)
        seen.append(int(number))
    first, second, third = (one.number for one in queue)
    assert seen == [second, third, first, second, third, first]
    assert f"/proposals/{first}/" in words(rita.get(reverse("queue")))
    assert "left_aside" not in rita.session


@pytest.mark.parametrize("skipped", ["", "x", "-1", "9" * 40, "\0", "999"])
def test_whatever_is_said_to_be_skipped_the_page_is_shown(signed_in, queue, skipped):
    answer = signed_in("rita").get(queue[0].get_absolute_url(), {"from": "", "skipped": skipped})
    assert answer.status_code == 200 and "Skip it" in words(answer)


def test_who_comes_too_late_is_led_on_all_the_same(signed_in, people, queue):
    rita, ravi = signed_in("rita"), signed_in("ravi")
    sent = form_on(rita.get(queue[0].get_absolute_url(), {"from": ""}), having="comment")
    send(ravi, queue[0], verdict="approve")
    answer = rita.post(
        reverse("review-new", args=[queue[0].number]),
        sent | {"verdict": "request_changes", "comment": "Which page?"},
    )
    assert answer.status_code == 409
    assert "Which page?" in words(answer) and f'href="{queue[1].get_absolute_url()}?from=">Next' in words(
        answer
    )
    page = words(rita.get(queue[0].get_absolute_url(), {"from": ""}))
    assert "Nothing to judge any more" in page and f'href="{queue[1].get_absolute_url()}?from=' in page


# --- taking back


def test_a_verdict_is_undone_from_the_page_that_comes_next(signed_in, queue):
    rita = signed_in("rita")
    answer = send(
        rita, queue[0], verdict="reject", comment="No.", reason="known", **{"from": "kind=chokepoint"}
    )
    page = rita.get(answer.url)
    undo = reverse("review-undo", args=[queue[0].number])
    assert f'action="{undo}"' in words(page)
    assert "within 600 seconds" in shown(page)
    answer = rita.post(undo, {"from": "kind=chokepoint"})
    assert answer.url == f"{queue[0].get_absolute_url()}?from=kind%3Dchokepoint"
    assert get(queue[0].number).state == "open"
    assert not Review.objects.exists()
    assert "Your verdict on proposal 1 is taken back." in shown(rita.get(answer.url))


def test_the_way_to_undo_carries_a_token_that_holds(people, queue):
    from django.test import Client

    rita = Client(enforce_csrf_checks=True)
    rita.force_login(people.rita)
    form = form_on(rita.get(queue[0].get_absolute_url(), {"from": ""}), having="comment")
    sent = form | {"verdict": "request_changes", "comment": "Say why."}
    answer = rita.post(reverse("review-new", args=[queue[0].number]), sent)
    page = words(rita.get(answer.url))
    undo = reverse("review-undo", args=[queue[0].number])
    token = re.search(
        rf'action="{undo}">\s*<input type="hidden" name="csrfmiddlewaretoken" value="(\w+)"', page
    )[1]
    assert rita.post(undo, {"from": ""}).status_code == 403
    assert rita.post(undo, {"csrfmiddlewaretoken": token, "from": ""}).status_code == 302
    assert get(queue[0].number).state == "open"


def test_who_stays_undoes_beside_their_verdict(signed_in, queue):
    rita = signed_in("rita")
    answer = send(rita, queue[0], verdict="request_changes", comment="Say why.")
    page = words(rita.get(answer.url))
    assert page.count(f'action="{reverse("review-undo", args=[queue[0].number])}"') == 1
    assert "You requested changes." in page


def test_after_its_time_a_press_gives_a_sentence(signed_in, people, queue):
    rita = signed_in("rita")
    judge(people.rita, queue[0], "request_changes")
    Review.objects.update(given=Review.objects.get().given - dt.timedelta(seconds=601))
    undo = reverse("review-undo", args=[queue[0].number])
    assert f'action="{undo}"' not in page_of(rita, queue[0])
    answer = rita.post(undo)
    assert answer.status_code == 409
    assert "can't be undone any more" in shown(answer)
    assert Review.objects.exists()


def test_what_has_published_is_not_offered_to_undo(signed_in, queue):
    rita = signed_in("rita")
    answer = send(rita, queue[0], verdict="approve", **{"from": ""})
    page = words(rita.get(answer.url))
    assert "Approved and published as changeset" in page
    assert "review-undo" not in page
    assert reverse("review-undo", args=[queue[0].number]) not in page


# --- an absent reviewer's request


def test_ones_own_request_is_taken_back_with_a_reason(signed_in, people, story):
    judge(people.rita, story, "request_changes")
    rita = signed_in("rita")
    address = reverse("request-dismiss", args=[story.number])
    assert "Take your request back" in page_of(rita, story)
    answer = rita.post(address, {"reason": " "})
    assert answer.status_code == 422
    assert (
        "Say why the request is dismissed."
        in re.search(r'id="id_dismiss_reason_error".*?</ul>', words(answer))[0]
    )
    assert rita.post(address, {"reason": "I misread the table."}).status_code == 302
    assert get(story.number).state == "open"
    assert "I misread the table." in page_of(signed_in(), story)


def test_no_two_fields_of_the_page_share_a_name_for_their_label(signed_in, people, story):
    judge(people.rita, story, "request_changes")
    ids = re.findall(r' id="([^"]+)"', page_of(signed_in("rita"), story))
    assert "id_reason" in ids
    assert "id_dismiss_reason" in ids
    assert len(ids) == len(set(ids))


def test_the_request_of_somebody_who_may_still_answer_stands(signed_in, people, story):
    judge(people.rita, story, "request_changes")
    ravi = signed_in("ravi")
    assert "Others can set it aside after 7 days" in page_of(ravi, story)
    answer = ravi.post(reverse("request-dismiss", args=[story.number]), {"reason": "They are away."})
    assert answer.status_code == 403
    assert "may still answer" in shown(answer)


def test_the_request_of_somebody_who_left_is_set_aside(signed_in, people, story):
    judge(people.rita, story, "request_changes")
    people.rita.groups.clear()
    ravi = signed_in("ravi")
    assert "Set the request aside" in page_of(ravi, story)
    answer = ravi.post(reverse("request-dismiss", args=[story.number]), {"reason": "They left."})
    assert answer.status_code == 302
    assert "open for review again" in shown(ravi.get(answer.url))


@pytest.mark.parametrize("reason", ["a\0b", "x" * 30_000, "\u202e"])
def test_nothing_typed_into_the_dismissal_breaks_it(signed_in, people, story, reason):
    judge(people.rita, story, "request_changes")
    answer = signed_in("rita").post(reverse("request-dismiss", args=[story.number]), {"reason": reason})
    assert answer.status_code in {302, 422}


# --- what it still needs


def test_an_approval_that_lapsed_says_for_which_parts(signed_in, people, story):
    judge(people.rita, story)
    changes = [DraftChange.of(one) for one in story.present_version().changes.all()]
    evidence = changes[1]
    changes[1] = DraftChange(
        evidence.kind, evidence.record, "create", {**evidence.fields, "claim": "Another claim."}
    )
    revise_proposal(
        actor=people.emma, number=story.number, version=1, title="T", rationale="R", changes=changes
    )
    page = shown(signed_in("ravi").get(story.get_absolute_url()))
    assert "rita approved version 1. It doesn't count any more for what has changed since:" in page
    assert "evidence “Another claim.”: Claim" in page
    assert "source “Delivery”" not in page


@pytest.mark.parametrize("case", ["left", "author", "other verdict"])
def test_an_approval_that_counts_for_nothing_says_why(signed_in, people, story, case):
    reviewer = people.both if case == "author" else people.rita
    judge(reviewer, story)
    if case == "left":
        people.rita.groups.clear()
    elif case == "author":
        add_author(actor=people.emma, number=story.number, name="both")
    else:
        judge(people.rita, story, "request_changes")
    page = page_of(signed_in("ravi"), story)
    expected = {
        "left": "they are no reviewer any more",
        "author": "they are an author of it now",
        "other verdict": "they gave another verdict since",
    }
    assert expected[case] in page


def test_an_approval_in_advance_says_what_it_waits_for(signed_in, people, register, story):
    suggest_value(
        actor=people.rita, number=story.number, version=1, record=records_of(story)[2], field="as_of",
        value="2023", approve=True,
    )  # fmt: skip
    page = shown(signed_in("ravi").get(story.get_absolute_url()))
    assert "rita approves it once what they suggest is taken." in page
    assert "Approved , with a value that they suggest" in page


BEADS = "Beads keep panels apart. None is made at home. Prices are high."


def test_a_text_that_nobody_wrote_is_shown_from_both_sides(signed_in, people, register, build, propose):
    base = get(propose(change("chokepoint", register.chokepoint, description=BEADS)))
    judge(people.rita, base)
    ours = get(
        propose(
            change("chokepoint", register.chokepoint, description=BEADS.replace("None is", "One sort is"))
        )
    )
    theirs = get(
        propose(
            change("chokepoint", register.chokepoint, description=BEADS.replace("high", "low")), title="B"
        )
    )
    judge(people.rita, theirs)
    page = shown(signed_in("ravi").get(ours.get_absolute_url()))
    assert "Description: merged by the program" in page
    assert "approvals of this field count only for this text" in page
    merged = re.search(r'class="merged.*?</div></div></div>', page_of(signed_in("ravi"), ours))[0]
    against_register, against_proposal = merged.split("Against what the proposal says")
    assert "<ins>One sort</ins>" in against_register
    assert "<ins>low</ins>" in against_proposal
    assert "<ins>One sort</ins>" not in against_proposal


def test_a_retired_record_says_so_at_the_change_at_once(signed_in, people, build, propose):
    spare = build.source(key="spare")
    ours = get(propose(change("source", spare, title="Better.")))
    retirement = get(propose(change("source", spare, "retire"), actor=people.erik))
    judge(people.rita, retirement)
    judge(people.ravi, retirement)
    assert get(retirement.number).state == "published"
    page = shown(signed_in("rosa").get(ours.get_absolute_url()))
    assert page.count("This source was retired meanwhile.") == 1
    assert "The change can't be published any more." in page
    assert "Resolve it" in page_of(signed_in("emma"), ours)
    assert "Resolve it" not in page_of(signed_in("rosa"), ours)


def test_a_conflict_names_its_kind_and_leads_its_author_to_the_resolution(
    signed_in, people, register, propose
):
    ours = get(propose(change("chokepoint", register.chokepoint, scope="Wide.")))
    theirs = get(propose(change("chokepoint", register.chokepoint, scope="Narrow."), actor=people.erik))
    judge(people.rita, theirs)
    judge(people.rita, ours)
    assert get(ours.number).state == "conflicting"
    resolve = reverse("proposal-resolve", args=[ours.number])
    page = page_of(signed_in("emma"), ours)
    assert "Changed on both sides" in page
    assert f'href="{resolve}"' in page
    assert f'href="{resolve}"' not in page_of(signed_in("ravi"), ours)


def test_what_was_split_off_is_named_on_both_sides_and_so_is_what_it_creates(signed_in, people, story):
    records = records_of(story)
    part = split_proposal(actor=people.emma, number=story.number, version=1, records=records[:2]).part
    page = page_of(signed_in("rita"), story)
    assert f'href="{part.get_absolute_url()}">Proposal {part.number}' in page
    assert "must be published first" in page
    assert f"A domestic maker delivers. (proposal {part.number})" in page
    assert records[1] not in re.sub(r"<[^>]+>", " ", page)
    assert f'split from <a href="{story.get_absolute_url()}">' in page_of(signed_in("rita"), part)


def test_what_waits_for_another_is_not_offered_for_approval(signed_in, people, register, propose, story):
    split_proposal(actor=people.emma, number=story.number, version=1, records=records_of(story)[:2])
    rest = get(story.number)
    rest.holds.update(ended=rest.drafted)
    Proposal.objects.filter(pk=rest.pk).update(state="open")
    page = page_of(signed_in("rita"), rest)
    assert 'value="approve"' not in page
    assert 'value="request_changes"' in page


def test_a_hold_says_until_when_why_and_by_whom(signed_in, people, story):
    until = dt.date.today() + dt.timedelta(days=40)
    hold_proposal(actor=people.rita, number=story.number, reason="The yearbook comes.", until=until)
    page = shown(signed_in().get(story.get_absolute_url()))
    assert f"On hold until {until}" in page
    assert ", by rita ." in page
    assert "The yearbook comes." in page


def test_a_small_team_is_told_that_it_cannot_decide(signed_in, people, story):
    for person in (people.rita, people.ravi, people.both):
        person.groups.clear()
    assert "Missing: 1 more member of the group Reviewers." in page_of(signed_in("rosa"), story)


def test_whose_turn_it_is_stands_there_with_the_reason(signed_in, people, story):
    assert "may review it" in page_of(signed_in(), story)
    judge(people.rita, story, "request_changes")
    assert '<strong>You</strong> <span class="meta">– changes were requested' in page_of(
        signed_in("emma"), story
    )
    assert "emma <span" not in page_of(signed_in("emma"), story)


def test_versions_say_how_they_came_to_be_and_lead_to_the_comparison(signed_in, people, story):
    split_proposal(actor=people.rita, number=story.number, version=1, records=records_of(story)[:2])
    page = page_of(signed_in(), story)
    assert "Version 2, changes were split off" in page
    assert f'href="{reverse("proposal-versions", args=[story.number])}"' in page


def test_a_dismissed_request_stays_with_its_reason(signed_in, people, story):
    judge(people.rita, story, "request_changes", about=records_of(story)[2:])
    dismiss_request(actor=people.rita, number=story.number, reason="It is answered by the annex.")
    page = shown(signed_in().get(story.get_absolute_url()))
    assert "It is answered by the annex." in page
    assert "Set aside on" in page
    assert "about assessment “" in page


# --- memory, and handing in


@pytest.fixture
def rejected(story, people):
    review_proposal(
        actor=people.rita, number=story.number, version=1, verdict="reject", reason="unreliable",
        comment="The filing was taken back.",
    )  # fmt: skip
    return story


def draft(people, *changes, title="Again", actor=None):
    return draft_proposal(actor=actor or people.emma, title=title, rationale="A new filing.", changes=changes)


def test_a_remembered_decision_asks_what_is_new_and_lets_the_answer_through(
    signed_in, people, register, rejected
):
    again, emma = draft(people, *reduced(register)), signed_in("emma")
    submit = reverse("proposal-submit", args=[again.number])
    answer = emma.post(submit, {"version": "1"})
    page = shown(answer)
    assert answer.status_code == 409
    assert "Something like it was rejected" in page
    assert "The filing was taken back." in page
    assert "What is new since then" in page
    form = form_on(answer, having="what_is_new")
    assert emma.post(submit, form | {"what_is_new": "A later filing repeats it."}).status_code == 302
    assert get(again.number).state == "open"
    assert "A later filing repeats it." in page_of(signed_in("rita"), again)
    assert "A later filing repeats it." in page_of(signed_in(), again)


def test_what_is_new_stays_typed_when_it_cannot_be_taken(signed_in, people, register, rejected):
    again, emma = draft(people, *reduced(register)), signed_in("emma")
    submit = reverse("proposal-submit", args=[again.number])
    for typed, status in ((" ", 409), ("x" * 5_001, 422), ("a\0b", 422)):
        answer = emma.post(submit, {"version": "1", "what_is_new": typed})
        assert answer.status_code == status
        assert 'name="what_is_new"' in words(answer)
    answer = emma.post(submit, {"version": "9", "what_is_new": "A later filing repeats it."})
    assert answer.status_code == 409
    assert get(again.number).state == "draft"


def test_the_same_is_refused_with_a_link(signed_in, people, register, propose):
    first = get(propose(change("chokepoint", register.chokepoint, summary="New."), actor=people.erik))
    again = draft(people, change("chokepoint", register.chokepoint, summary="New."))
    answer = signed_in("emma").post(reverse("proposal-submit", args=[again.number]), {"version": "1"})
    assert answer.status_code == 409
    assert f'href="{first.get_absolute_url()}">Look at proposal {first.number}' in words(answer)


def test_memory_is_for_those_who_write_and_judge(signed_in, people, register, rejected):
    again = draft(people, *reduced(register))
    emma = signed_in("emma")
    assert "The filing was taken back." in page_of(emma, again)
    emma.post(reverse("proposal-submit", args=[again.number]), {"version": "1", "what_is_new": "More."})
    for name, sees in (("emma", True), ("rita", True), ("erik", False), ("nobody", False), (None, False)):
        assert ('id="memory"' in page_of(signed_in(name), again)) == sees, name


# --- everybody else


def test_who_is_signed_out_is_asked_to_sign_in_and_comes_back(signed_in, story):
    for name in ("review-new", "review-undo", "request-dismiss", "proposal-submit"):
        answer = signed_in().post(reverse(name, args=[story.number]))
        assert answer.status_code == 302
        assert answer.url == f"{reverse('login')}?next={story.get_absolute_url()}"


@pytest.mark.parametrize("name", ["review-undo", "request-dismiss"])
def test_these_addresses_answer_no_get_and_no_other_number(signed_in, story, name):
    rita = signed_in("rita")
    assert rita.get(reverse(name, args=[story.number])).status_code == 405
    assert rita.post(reverse(name, args=[999])).status_code == 404
    assert rita.post(reverse(name, args=[10**30])).status_code == 404


# --- how much is asked of the database


def queries_of(client, proposal) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(proposal.get_absolute_url(), {"from": ""}).status_code == 200
    return len(captured)


def test_the_page_asks_no_more_for_more_words_verdicts_and_versions(
    signed_in, people, register, story, django_assert_max_num_queries
):
    rita = signed_in("rita")
    fields = [(record, "") for record in records_of(story)] + [(records_of(story)[2], "rationale")]

    def talk(times):
        for _ in range(times):
            for record, field in fields:
                comment_on_proposal(
                    actor=people.emma, number=story.number, text="@rita a remark", record=record, field=field
                )
            judge(people.ravi, story, "request_changes")
            dismiss_request(actor=people.ravi, number=story.number, reason="Answered.")
            revise_proposal(
                actor=people.emma,
                number=story.number,
                version=get(story.number).version,
                title="Another title",
                rationale="R",
                changes=[DraftChange.of(one) for one in get(story.number).present_version().changes.all()],
            )

    talk(1)
    few = queries_of(rita, story)
    talk(4)
    assert queries_of(rita, story) == few
    with django_assert_max_num_queries(84):
        rita.get(story.get_absolute_url(), {"from": ""})


def test_the_page_asks_little_more_for_more_changes(signed_in, people, build, register, propose):
    def renamed(count):
        return [
            change("source", build.source(key=f"s-{count}-{n}"), title=f"Title {n}") for n in range(count)
        ]

    few, many = get(propose(*renamed(2))), get(propose(*renamed(12)))
    rita = signed_in("rita")
    # Planning asks once for each change; showing them asks no more than for two.
    assert queries_of(rita, many) - queries_of(rita, few) <= 15
