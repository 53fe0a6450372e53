"""The desk as its owner sees it."""

import datetime as dt
import uuid
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from reviews.models import Proposal
from reviews.services.claiming import claim_proposal, escalate_old
from reviews.services.discussing import comment_on_proposal, hide_comment
from reviews.services.drafting import draft_proposal, withdraw_proposal
from reviews.services.holding import hold_proposal
from reviews.services.keeping import keep_form
from reviews.services.reviewing import review_proposal
from reviews.services.suggesting import suggest_value
from tests.reviews.conftest import change, create

pytestmark = pytest.mark.django_db


def desk(client):
    answer = client.get(reverse("desk"))
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def section(page, title):
    """Return what stands under a heading."""
    return page.split(f"<h2>{title}", 1)[1].split("<section", 1)[0]


def maker(n):
    return create("organization", name=f"Maker {n}", key=f"maker-{n}")


def judge(user, number, verdict, **options):
    words = {"comment": "So it is.", "reason": "known" if verdict == "reject" else ""}
    return review_proposal(actor=user, number=number, version=1, verdict=verdict, **words | options)


def test_a_new_desk_says_what_there_is_to_say(people, signed_in):
    for name, words in (
        ("nobody", "Nothing of yours is here yet."),
        ("emma", "No drafts."),
        ("rita", "No proposal waits"),
        ("admin", "What waits too long is put here for admins"),
        ("nobody", "an admin can make you an editor or a reviewer"),
    ):
        page = desk(signed_in(name))
        assert words in page and "Nothing" in section(page, "Waiting for you")
    assert reverse("proposal-new") in desk(signed_in("emma"))
    assert reverse("proposal-new") not in desk(signed_in("rita"))


def test_a_draft_whose_base_has_moved_says_so(people, register, signed_in, build):
    for title, drafted in (
        ("Moved", change("chokepoint", register.chokepoint, summary="S.")),
        ("Unmoved", change("source", register.source, title="S")),
    ):
        draft_proposal(actor=people.emma, title=title, rationale="R", changes=[drafted])
    assert "has moved since" not in section(desk(signed_in("emma")), "Drafts")
    build.update("chokepoint", register.chokepoint, scope="Theirs.")
    rows = section(desk(signed_in("emma")), "Drafts").split("<tr>")
    assert [">Moved<" in row for row in rows if "has moved since" in row] == [True]


def test_what_waits_for_an_author_says_why(people, register, signed_in, propose, build):
    sent_back = propose(maker(1), title="Sent back")
    judge(people.rita, sent_back, "request_changes")
    conflicting = propose(change("chokepoint", register.chokepoint, summary="Mine."), title="In conflict")
    build.update("chokepoint", register.chokepoint, summary="Theirs.")
    judge(people.rita, conflicting, "approve")
    obstructed = propose(maker(2), title="Obstructed")
    Proposal.objects.filter(pk=obstructed).update(obstacles=["The source was retired <b>meanwhile</b>."])
    waiting = section(desk(signed_in("emma")), "Waiting for you")
    for words in (
        "Sent back",
        "rita requested changes:",
        "So it is.",
        "In conflict",
        "Obstructed",
        "The source was retired <b>meanwhile</b>.",
    ):
        assert words in waiting, words
    assert reverse("proposal-resolve", args=[conflicting]) in waiting
    assert "<b>meanwhile" not in signed_in("emma").get(reverse("desk")).content.decode()


def test_suggestions_and_calls_wait_for_whom_they_are(people, register, signed_in, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="Mine."), title="Spheres")
    suggest_value(
        actor=people.rita,
        number=number,
        version=1,
        record=register.chokepoint,
        field="summary",
        value="Yours.",
        words="Shorter <i>.",
    )
    comment_on_proposal(actor=people.rita, number=number, text="@emma is that <b>so</b>?")
    answer = signed_in("emma").get(reverse("desk")).content.decode()
    waiting = section(unescape(answer), "Waiting for you")
    assert "rita suggests another value for “Summary”: Shorter <i>." in waiting
    assert "rita: @emma is that <b>so</b>?" in waiting
    assert "<b>so" not in answer
    assert ">Nothing.<" in section(desk(signed_in("erik")), "Waiting for you")


def test_under_review_says_what_is_missing_and_what_a_hold_waits_for(people, signed_in, propose):
    awaited = propose(maker(1), title="First")
    held = propose(maker(2), title="Second")
    day = timezone.now().date() + dt.timedelta(days=5)
    hold_proposal(actor=people.emma, number=held, reason="A paper comes out.", until=day, awaited=awaited)
    Proposal.objects.filter(pk=awaited).update(waiting_since=timezone.now() - dt.timedelta(days=8))
    under_review = section(desk(signed_in("emma")), "Under review")
    assert "0 of 1 approval<" in under_review
    assert "old" in under_review
    assert (
        f'{day} or <a href="/proposals/{awaited}/">proposal {awaited}</a>: A paper comes out.' in under_review
    )


def test_what_became_of_ones_own_is_told_with_reason_and_changeset(people, signed_in, propose):
    rejected, published, withdrawn = (propose(maker(n), title=f"Maker {n}") for n in range(3))
    judge(people.rita, rejected, "reject", reason="no-new-origin", comment="The same press release.")
    done = judge(people.rita, published, "approve")
    withdraw_proposal(actor=people.emma, number=withdrawn)
    ended = section(desk(signed_in("emma")), "What became of yours")
    assert "by rita: it repeats an origin that is counted already." in ended
    assert "The same press release." in ended
    assert f"changeset {done.changeset}</a>" in ended
    assert "Withdrawn" in ended


def test_what_one_said_stands_with_what_became_of_it(people, signed_in, propose):
    published, waiting = propose(maker(1), title="One"), propose(maker(2), title="Two")
    done = judge(people.rita, published, "approve")
    judge(people.rita, waiting, "request_changes")
    comment_on_proposal(actor=people.rita, number=waiting, text="Where is it?")
    hidden = comment_on_proposal(actor=people.rita, number=waiting, text="Rude words.")
    hide_comment(actor=people.admin, comment=hidden.pk, reason="An insult.")
    said = section(desk(signed_in("rita")), "What you said")
    for words in (
        "Approved",
        f"changeset {done.changeset}",
        "Requested changes",
        "Where is it?",
        "hidden: An insult.",
    ):
        assert words in said, words
    assert "Rude words." not in said


def test_a_reviewer_sees_what_they_are_on_and_how_much_waits(people, signed_in, propose):
    first, _second = propose(maker(1)), propose(maker(2))
    claim = claim_proposal(actor=people.rita, number=first)
    page = desk(signed_in("rita"))
    assert "2 proposals wait for your review" in page
    assert f"until {claim.lapses:%Y-%m-%d %H:%M} UTC" in section(page, "You are on it")


def test_admins_see_what_waits_too_long_and_reviewers_among_them_may_nudge(people, signed_in, propose):
    number = propose(maker(1), title="Forgotten")
    Proposal.objects.update(waiting_since=timezone.now() - dt.timedelta(days=30))
    escalate_old()
    assert "Forgotten" in section(desk(signed_in("admin")), "Waits too long")
    assert "Waits too long" not in desk(signed_in("rita"))
    people.rita.is_superuser = True
    people.rita.save()
    nudge = reverse("proposal-nudge", args=[number])
    rita = signed_in("rita")
    assert nudge in section(desk(rita), "Waits too long")
    assert rita.post(nudge).status_code == 302


def test_what_was_typed_and_not_saved_can_be_gone_on_with(people, signed_in):
    page = "/proposals/new/?kind=sector&operation=create"
    kept = keep_form(
        actor=people.emma,
        path=page,
        tab=uuid.UUID(int=1),
        count=0,
        title="A new <b>sector</b>",
        fields=[("name", "Rotors")],
    )
    section_there = section(desk(signed_in("emma")), "Typed and not saved")
    assert f'<a href="{page}&kept={kept.pk}">A new <b>sector</b></a>' in section_there
    assert "<b>sector" not in signed_in("emma").get(reverse("desk")).content.decode()
    assert "Typed and not saved" not in desk(signed_in("erik"))
    discard = reverse("kept-form-discard", args=[kept.pk])
    assert discard in section_there
    assert signed_in("emma").post(discard).url == reverse("desk")
    assert "Typed and not saved" not in desk(signed_in("emma"))


def test_a_desk_is_its_owners_alone(people, signed_in, propose):
    draft_proposal(actor=people.emma, title="Secret", rationale="R", changes=[])
    for name in ("erik", "rita", "admin"):
        assert "Secret" not in desk(signed_in(name))
    answer = signed_in().get(reverse("desk"))
    assert (answer.status_code, answer.url) == (302, f"{reverse('login')}?next=/desk/")
