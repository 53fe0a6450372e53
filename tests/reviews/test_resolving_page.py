"""The page on which an author resolves a conflict: both sides to be seen, one choice a unit, nothing typed lost."""

import pytest

from reviews.models import Proposal
from reviews.services.drafting import draft_proposal
from reviews.services.reviewing import review_proposal
from tests.reviews.conftest import change, create
from tests.reviews.typing_in import form_on


@pytest.fixture
def torn(people, build, register, propose):
    build.update("chokepoint", register.chokepoint, summary="They are imported.")
    number = propose(
        change("chokepoint", register.chokepoint, summary="They are mostly imported. 大部分进口。")
    )
    build.update("chokepoint", register.chokepoint, summary="They are nearly all imported.")
    review_proposal(actor=people.rita, number=number, version=1, verdict="approve")
    return number


def page(client, number):
    return client.get(f"/proposals/{number}/resolve/")


def sent(response, **typed):
    """What the browser would send from the page, with some fields filled in."""
    form = form_on(response, "version")
    return form | {name.replace("__", "-"): value for name, value in typed.items()}


def test_both_sides_and_the_base_stand_side_by_side(client, people, torn):
    client.force_login(people.emma)
    text = page(client, torn).content.decode()
    for words in ("When you began", "In the register now", "In the proposal"):
        assert words in text
    assert "nearly all" in text and "mostly" in text and "大部分进口。" in text


@pytest.mark.parametrize("take", ["current", "proposed", "own"])
def test_one_choice_resolves_it(client, people, register, torn, take):
    client.force_login(people.emma)
    data = sent(page(client, torn), c0__summary__take=take, c0__summary__summary="Some are imported.")
    response = client.post(f"/proposals/{torn}/resolve/", data)
    if take == "current":  # then nothing of the proposal remains
        assert response.status_code == 422
        assert "Withdraw it instead" in response.content.decode()
        return
    assert response.status_code == 302
    (standing,) = Proposal.objects.get(pk=torn).present_version().changes.all()
    expected = {"proposed": "They are mostly imported. 大部分进口。", "own": "Some are imported."}
    assert standing.fields == {"summary": expected[take]}


def test_a_draft_in_conflict_leads_its_author_to_the_resolution(client, people, register, build):
    drafts = [
        draft_proposal(actor=people.emma, title="T", rationale="R.", changes=[one]).number
        for one in (
            change("chokepoint", register.chokepoint, summary="They are bought abroad."),
            change("source", register.source, title="Another title"),
        )
    ]
    build.update("chokepoint", register.chokepoint, summary="They are nearly all imported.")
    client.force_login(people.emma)
    shown = [client.get(f"/proposals/{number}/").content.decode() for number in drafts]
    assert [f"/proposals/{number}/resolve/" in text for number, text in zip(drafts, shown, strict=True)] == [
        True,
        False,
    ]
    data = sent(page(client, drafts[0]), c0__summary__take="proposed")
    assert client.post(f"/proposals/{drafts[0]}/resolve/", data).status_code == 302
    assert "/resolve/" not in client.get(f"/proposals/{drafts[0]}/").content.decode()


def test_without_a_choice_it_is_asked_for_and_what_was_typed_stays(client, people, torn):
    client.force_login(people.emma)
    data = sent(page(client, torn), c0__summary__summary="Typed by hand 手写.")
    response = client.post(f"/proposals/{torn}/resolve/", data)
    assert response.status_code == 422
    text = response.content.decode()
    assert "Say what holds." in text and "Typed by hand 手写." in text
    assert Proposal.objects.get(pk=torn).version == 1


def test_a_register_that_moved_on_is_shown_again_before_anything_is_saved(
    client, people, build, register, torn
):
    client.force_login(people.emma)
    data = sent(page(client, torn), c0__summary__take="proposed")
    build.update("chokepoint", register.chokepoint, summary="They are all imported.")
    response = client.post(f"/proposals/{torn}/resolve/", data)
    assert response.status_code == 409
    assert "changed again meanwhile" in response.content.decode()
    again = form_on(response, "version") | {"c0-summary-take": "proposed"}
    assert client.post(f"/proposals/{torn}/resolve/", again).status_code == 302


def test_a_taken_key_is_given_anew_on_the_page(client, people, build, register, propose):
    number = propose(
        create("organization", key="example-works", name="Example Works", country="JP", kind="company")
    )
    build.organization("example-works")
    client.force_login(people.emma)
    response = page(client, number)
    assert "keys are never given again" in response.content.decode()
    assert client.post(f"/proposals/{number}/resolve/", sent(response, c0__key="works")).status_code == 302
    assert Proposal.objects.get(pk=number).present_version().changes.get().fields["key"] == "works"


def test_a_change_of_a_retired_record_can_only_be_given_up(client, people, build, register, propose):
    maker, other = build.organization("maker"), build.organization("other")
    number = propose(
        change("organization", maker, website="https://example.org/"),
        change("organization", other, website="https://example.com/"),
    )
    build.retire("organization", maker)
    client.force_login(people.emma)
    response = page(client, number)
    assert "retired meanwhile" in response.content.decode()
    assert client.post(f"/proposals/{number}/resolve/", sent(response, c0__drop="on")).status_code == 302
    assert Proposal.objects.get(pk=number).present_version().changes.get().record.hex in other.replace(
        "-", ""
    )


@pytest.mark.parametrize(
    "hostile",
    [
        {"c0-summary-take": "own", "c0-summary-summary": "NUL \0 inside"},
        {"c0-summary-take": "own", "c0-summary-summary": "x" * 30_000},
        {"c0-summary-take": "both"},
        {"c0-summary-take": "own", "c0-summary-summary": "\u202eturned"},
        {"c0-seen": "9" * 50, "c0-summary-take": "proposed"},
        {"version": "-1", "c0-summary-take": "proposed"},
    ],
    ids=["NUL", "too long", "forged choice", "bidi", "forged revision", "forged version"],
)
def test_bad_input_is_answered_in_words_and_changes_nothing(client, people, torn, hostile):
    client.force_login(people.emma)
    response = client.post(f"/proposals/{torn}/resolve/", sent(page(client, torn)) | hostile)
    assert response.status_code in {409, 422}
    assert "Not saved." in response.content.decode()
    assert Proposal.objects.get(pk=torn).version == 1


@pytest.mark.parametrize(("name", "status"), [("erik", 403), ("rita", 403), (None, 302)])
def test_only_its_authors_come_in(client, people, torn, name, status):
    if name:
        client.force_login(getattr(people, name))
    assert page(client, torn).status_code == status
