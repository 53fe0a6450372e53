"""Remarks on a proposal, a change or a field: whom they call, who settles them, and what an admin may hide."""

import pytest
from django.contrib.auth.models import Group, User

from chokepoints.models import Activity
from reviews.exceptions import InvalidProposal, NotAllowed, NotFound, WrongState
from reviews.models import Comment, Proposal
from reviews.services.discussing import MOST_MENTIONS, comment_on_proposal, hide_comment, resolve_comment
from reviews.services.drafting import draft_proposal, withdraw_proposal
from reviews.services.holding import hold_proposal
from reviews.services.reviewing import review_proposal
from tests.reviews.conftest import change

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(register, propose) -> int:
    return propose(change("chokepoint", register.chokepoint, summary="Small beads."))


def say(person, number, text="A remark.", **more) -> Comment:
    return comment_on_proposal(actor=person, number=number, text=text, **more)


def called(comment) -> list[str]:
    return sorted(person.user.username for person in comment.mentioned.all())


# --- where and by whom


@pytest.mark.parametrize("name", ["emma", "erik", "rita", "both"])
def test_members_remark_on_a_proposal_a_change_or_a_field(people, register, number, name):
    person, record = getattr(people, name), register.chokepoint
    whole = say(person, number)
    of_change = say(person, number, record=record)
    of_field = say(person, number, record=record, field="summary")
    places = [(one.record and str(one.record), one.field) for one in (whole, of_change, of_field)]
    assert places == [(None, ""), (record, ""), (record, "summary")]
    assert {one.author.user for one in Comment.objects.all()} == {person}
    assert {one.version for one in Comment.objects.all()} == {1}


@pytest.mark.parametrize("name", ["nobody", "admin"])
def test_others_do_not(people, number, name):
    with pytest.raises(NotAllowed, match="editors and reviewers"):
        say(getattr(people, name), number)


def test_remarks_are_made_after_the_end_too_but_not_on_drafts(people, register, number):
    review_proposal(actor=people.rita, number=number, version=1, verdict="approve")
    assert say(people.ravi, number, "Well done.").pk
    draft = draft_proposal(actor=people.emma, title="T", rationale="R", changes=[])
    with pytest.raises(NotFound):
        say(people.rita, draft.number)
    with pytest.raises(WrongState, match="draft"):
        say(people.emma, draft.number)


def test_remarks_are_made_while_it_is_aside(people, number, propose, register):
    other = propose(change("source", register.source, title="Another title"))
    hold_proposal(actor=people.emma, number=number, reason="Wait.", awaited=other)
    assert say(people.rita, number).pk


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"text": ""}, "Write something"),
        ({"text": " \r\n\t"}, "Write something"),
        ({"text": "a\0b"}, "control character"),
        ({"text": "\ud83d"}, "surrogate"),
        ({"text": "x" * 10_001}, "at most 10,000"),
        ({"text": None}, "must be a text"),
        ({"record": "nonsense"}, "doesn't change that record"),
        ({"record": "00000000-0000-4000-8000-000000000000"}, "doesn't change that record"),
        ({"field": "summary"}, "doesn't change that field"),
    ],
)
def test_what_cannot_be_said_is_refused_in_words(people, number, typed, words):
    with pytest.raises(InvalidProposal, match=words):
        say(people.rita, number, **typed)
    assert not Comment.objects.exists()


@pytest.mark.parametrize("field", ["name", "nonsense", "x" * 999])
def test_a_field_that_is_not_proposed_is_no_place_for_a_remark(people, register, number, field):
    with pytest.raises(InvalidProposal, match="doesn't change that field"):
        say(people.rita, number, record=register.chokepoint, field=field)


def test_a_text_keeps_its_lines_and_its_markup_as_typed(people, number):
    text = "<b>One</b>\r\nTwo & 国产微球\r\rThree"
    assert say(people.rita, number, f"\n{text}\n").text == "<b>One</b>\nTwo & 国产微球\n\nThree"


# --- mentions


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@rita look", ["rita"]),
        ("Look, @rita.", ["rita"]),
        ("(@rita, @ravi; @emma!)", ["emma", "ravi", "rita"]),
        ("@RITA and @Rita", ["rita"]),
        ("@rita's figure", ["rita"]),
        ("line one\n@erik", ["erik"]),
        ("@rita…", ["rita"]),
        ("@rita...", ["rita"]),
        ("@admin", ["admin"]),
        ("mail rita@ravi.example", []),
        ("mail a.b+c@rita", []),
        ("@nobody and @nemo", []),
        ("@ rita", []),
        ("@@rita", []),
        ("@rita.example", []),
        ("@", []),
        ("@.", []),
    ],
)
def test_a_mention_is_a_members_name_after_an_at_sign(people, number, text, names):
    assert called(say(people.both, number, text)) == names


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("@reviewers, please", True),
        ("Over to @Reviewers.", True),
        ("the reviewers", False),
        ("mail reviewers@rita.example", False),
        ("@reviewers-to-be", False),
    ],
)
def test_reviewers_are_called_together(people, number, text, calls):
    comment = say(people.emma, number, text)
    assert comment.calls_reviewers is calls
    assert called(comment) == []


@pytest.mark.parametrize("name", ["o.neill-2", "a@b.example", "x_y+z", "Émile", "王芳"])
def test_names_are_found_as_they_are_spelled(people, number, name):
    member = User.objects.create_user(name)
    member.groups.add(Group.objects.get(name="Editors"))
    assert called(say(people.emma, number, f"@{name}: see above. @{name}.")) == [name]


def test_who_has_left_is_not_called(people, number):
    people.rita.is_active = False
    people.rita.save()
    assert called(say(people.emma, number, "@rita @ravi")) == ["ravi"]


def test_a_thousand_names_call_the_first_few_and_the_reviewers(people, number, django_assert_max_num_queries):
    text = "@rita " + " ".join(f"@n{place}" for place in range(1_000)) + " @ravi @reviewers"
    with django_assert_max_num_queries(10 * MOST_MENTIONS):
        comment = say(people.emma, number, text)
    assert (called(comment), comment.calls_reviewers) == (["rita"], True)


def test_one_name_a_thousand_times_is_one_call(people, number):
    assert called(say(people.emma, number, "@rita " * 1_000 + "@ravi")) == ["ravi", "rita"]


# --- resolving


@pytest.mark.parametrize("name", ["erik", "emma", "rita", "ravi"])
def test_whoever_wrote_it_an_author_or_a_reviewer_resolves_a_remark_and_opens_it_again(people, number, name):
    comment = say(people.erik, number)
    person = getattr(people, name)
    resolve_comment(actor=person, comment=comment.pk)
    comment.refresh_from_db()
    assert (comment.resolved is not None, comment.resolved_by.user) == (True, person)
    resolve_comment(actor=person, comment=comment.pk, resolved=False)
    comment.refresh_from_db()
    assert (comment.resolved, comment.resolved_by) == (None, None)


@pytest.mark.parametrize("name", ["erik", "nobody", "admin"])
def test_others_leave_it_as_it_is(people, number, name):
    comment = say(people.rita, number)
    with pytest.raises(NotAllowed):
        resolve_comment(actor=getattr(people, name), comment=comment.pk)
    comment.refresh_from_db()
    assert comment.resolved is None


def test_resolving_twice_keeps_the_first_and_is_recorded_once(people, number):
    comment = say(people.rita, number)
    resolve_comment(actor=people.emma, comment=comment.pk)
    resolve_comment(actor=people.ravi, comment=comment.pk)
    comment.refresh_from_db()
    assert comment.resolved_by.user == people.emma
    assert Activity.objects.filter(verb="proposal.comment_resolved").count() == 1


@pytest.mark.parametrize("pk", [0, 999, 10**30])
def test_what_is_not_there_is_not_resolved_or_hidden(people, number, pk):
    with pytest.raises(NotFound):
        resolve_comment(actor=people.rita, comment=pk)
    with pytest.raises(NotFound):
        hide_comment(actor=people.admin, comment=pk, reason="Spam.")


# --- hiding


def test_an_admin_hides_a_text_behind_a_reason_and_shows_it_again(people, number):
    comment = say(people.emma, number, "Something private.")
    hide_comment(actor=people.admin, comment=comment.pk, reason=" It named a private person. ")
    comment.refresh_from_db()
    assert (comment.hidden, comment.text) == ("It named a private person.", "Something private.")
    hide_comment(actor=people.admin, comment=comment.pk, reason="")
    comment.refresh_from_db()
    assert comment.hidden == ""
    noted = Activity.objects.filter(verb="proposal.comment_hidden").order_by("pk")
    assert [one.details["hidden"] for one in noted] == [True, False]


@pytest.mark.parametrize("name", ["emma", "rita", "nobody"])
def test_only_admins_hide(people, number, name):
    comment = say(people.emma, number)
    with pytest.raises(NotAllowed):
        hide_comment(actor=getattr(people, name), comment=comment.pk, reason="Spam.")
    people.admin.is_active = False
    with pytest.raises(NotAllowed):
        hide_comment(actor=people.admin, comment=comment.pk, reason="Spam.")


@pytest.mark.parametrize("reason", ["a\0b", "x" * 501])
def test_a_reason_that_cannot_be_shown_is_refused(people, number, reason):
    comment = say(people.emma, number)
    with pytest.raises(InvalidProposal):
        hide_comment(actor=people.admin, comment=comment.pk, reason=reason)
    comment.refresh_from_db()
    assert comment.hidden == ""


def test_a_remark_on_what_was_withdrawn_stays(people, number):
    say(people.rita, number)
    withdraw_proposal(actor=people.emma, number=number)
    assert Proposal.objects.get(pk=number).comments.count() == 1
