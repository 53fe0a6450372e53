"""What the register remembers, on the pages where somebody proposes it again: shown, and gone past only with an answer."""

import pytest

from reviews.models import Proposal
from reviews.services.drafting import draft_proposal
from reviews.services.reviewing import review_proposal
from tests.reviews.conftest import change
from tests.reviews.typing_in import form_on

WORDS = "Nobody makes it. 无人生产。"


@pytest.fixture
def rejected(people, register, propose):
    number = propose(change("chokepoint", register.chokepoint, summary=WORDS))
    review_proposal(
        actor=people.rita,
        number=number,
        version=1,
        verdict="reject",
        reason="not-carried",
        comment="Somebody does.",
    )
    return number


def typed_again(client, register):
    address = f"/proposals/new/?kind=chokepoint&operation=update&record={register.chokepoint}"
    form = form_on(client.get(address), "summary")
    return address, form | {"summary": WORDS, "title": "Again", "rationale": "Because.", "submit": "1"}


def test_a_rejected_value_comes_with_its_decision_and_goes_on_with_what_is_new(
    client, people, register, rejected
):
    client.force_login(people.emma)
    address, form = typed_again(client, register)
    assert "what_is_new" not in form
    response = client.post(address, form)
    text = response.content.decode()
    assert response.status_code == 409
    assert "Somebody does." in text and f"#{rejected}" in text and WORDS in text
    again = form_on(response, "what_is_new") | {"submit": "1", "what_is_new": "They stopped in 2025."}
    assert client.post(address, again).status_code == 302
    proposal = Proposal.objects.latest("number")
    assert (proposal.state, proposal.what_is_new) == ("open", "They stopped in 2025.")


def test_the_same_by_two_people_is_refused_with_a_link_to_the_first(client, people, register, propose):
    first = propose(change("chokepoint", register.chokepoint, summary=WORDS))
    client.force_login(people.erik)
    address, form = typed_again(client, register)
    response = client.post(address, form)
    assert response.status_code == 409
    assert f"#{first}" in response.content.decode()
    assert Proposal.objects.count() == 1


def test_a_draft_asks_on_its_own_pages_too(client, people, register, rejected):
    draft = draft_proposal(
        actor=people.emma,
        title="T",
        rationale="R",
        changes=[change("chokepoint", register.chokepoint, summary=WORDS)],
    )
    client.force_login(people.emma)
    address = f"/proposals/{draft.number}/edit/"
    response = client.post(address, form_on(client.get(address), "title") | {"submit": "1"})
    assert response.status_code == 409
    again = form_on(response, "what_is_new") | {"submit": "1", "what_is_new": "They stopped."}
    assert client.post(address, again).status_code == 302
    assert Proposal.objects.get(pk=draft.number).state == "open"


def test_an_open_proposal_that_becomes_like_a_rejected_one_is_asked_at_its_change(
    client, people, register, rejected, propose
):
    number = propose(change("chokepoint", register.chokepoint, summary="Something else."))
    client.force_login(people.emma)
    address = f"/proposals/{number}/changes/{register.chokepoint}/"
    response = client.post(address, form_on(client.get(address), "summary") | {"summary": WORDS})
    assert response.status_code == 409
    again = form_on(response, "what_is_new") | {"what_is_new": "They stopped."}
    assert client.post(address, again).status_code == 302
    proposal = Proposal.objects.get(pk=number)
    assert (proposal.version, proposal.what_is_new) == (2, "They stopped.")
    # An answer that was given isn't lost where nobody asks.
    edit = f"/proposals/{number}/changes/{register.chokepoint}/"
    unasked = {
        name: value for name, value in form_on(client.get(edit), "summary").items() if name != "what_is_new"
    }
    assert client.post(edit, unasked | {"summary": WORDS + " More."}).status_code == 302
    assert Proposal.objects.get(pk=number).what_is_new == "They stopped."
