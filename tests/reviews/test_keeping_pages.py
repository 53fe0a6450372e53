"""Nothing typed is lost: what the script sends, what pages offer, and forms that come without their session."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from chokepoints.models import Chokepoint
from reviews.models import KeptForm, Proposal, Review
from reviews.services.drafting import draft_proposal, revise_proposal
from reviews.services.keeping import kept_forms_of
from reviews.views import keeping
from tests.reviews.conftest import change
from tests.reviews.typing_in import form_on

pytestmark = pytest.mark.django_db

HOST = "http://testserver"
SENTENCE = "垄断\r\n被打破 & <b>“so”</b>"


@pytest.fixture
def signed_in(people):
    """A function that returns a browser in which somebody is signed in; server errors come as answers of 500."""

    def signed_in(name: str | None = None, **options) -> Client:
        client = Client(raise_request_exception=False, **options)
        if name:
            client.force_login(getattr(people, name))
        return client

    return signed_in


@pytest.fixture
def emma(signed_in):
    return signed_in("emma")


@pytest.fixture
def key(register):
    return Chokepoint.objects.get(pk=register.chokepoint).key


@pytest.fixture
def draft(people, register):
    """Emma's draft with one change of the chokepoint's summary."""
    changes = [change("chokepoint", register.chokepoint, summary="Small beads.")]
    return draft_proposal(actor=people.emma, title="Beads", rationale="It lacks one.", changes=changes)


@pytest.fixture
def pages(register, key, draft):
    """Every page whose form is kept: its address and a field of its form that takes any text."""
    number = draft.number
    return {
        "new": (f"{reverse('proposal-new')}?kind=sector&operation=create", "description"),
        "update": (
            f"{reverse('proposal-new')}?kind=chokepoint&operation=update&record={register.chokepoint}",
            "summary",
        ),
        "edit": (reverse("proposal-edit", args=[number]), "rationale"),
        "add": (f"{reverse('proposal-add', args=[number])}?kind=source&operation=create", "note"),
        "change": (reverse("proposal-change", args=[number, register.chokepoint]), "description"),
        "assess": (reverse("assessment-new", args=[key]), "assessment-rationale"),
    }


PAGES = ("new", "update", "edit", "add", "change", "assess")


def keep(client, address, **typed):
    """Open a page, type, and let the script keep it; return what it sent and the answer."""
    sent = form_on(client.get(address), having="kept") | {name: [text] for name, text in typed.items()}
    return sent, client.post(reverse("kept-form"), sent)


# --- what the script sends


@pytest.mark.parametrize("which", PAGES)
def test_every_long_form_is_kept_and_offered_and_gone_on_with(emma, pages, which):
    address, field = pages[which]
    sent, answer = keep(emma, address, **{field: SENTENCE})
    assert answer.status_code == 200
    told = answer.json()
    row = KeptForm.objects.get()
    assert (told["count"], told["tab"], told["saved"]) == (1, sent["kept"][0], row.saved.isoformat())
    offered = emma.get(address).content.decode()
    assert "not saved yet" in offered
    assert "被打破" not in offered
    assert told["go_on"].replace("&", "&amp;") in offered

    again = emma.get(told["go_on"])
    on = form_on(again, having="kept")
    assert on[field] == [SENTENCE]
    assert (on["kept"], on["kept-count"], on["kept-path"]) == (sent["kept"], ["1"], sent["kept-path"])
    ours = {"csrfmiddlewaretoken", "kept-count"}
    assert {n: v for n, v in on.items() if n not in ours} == {n: v for n, v in sent.items() if n not in ours}
    assert "<b>“so”</b>" not in again.content.decode()


@pytest.mark.parametrize("which", PAGES)
def test_going_on_judges_and_saves_nothing(emma, pages, which):
    address, _ = pages[which]
    sent, _ = keep(emma, address)
    empty = {name: [""] for name in sent if not name.startswith(("kept", "csrf"))}
    emptied = emma.post(reverse("kept-form"), sent | empty | {"kept-count": ["1"]}).json()
    before = Proposal.objects.count(), KeptForm.objects.get().count
    again = emma.get(emptied["go_on"])
    assert again.status_code == 200
    assert b"aria-invalid" not in again.content
    assert b'class="errors"' not in again.content
    assert b"Not saved." not in again.content
    assert (Proposal.objects.count(), KeptForm.objects.get().count) == before


def test_a_third_value_that_resolves_a_conflict_is_kept_as_well(emma, draft, register, build):
    build.update("chokepoint", register.chokepoint, summary="Published meanwhile.")
    address = reverse("proposal-resolve", args=[draft.number])
    field = "c0-summary-summary"
    _, answer = keep(emma, address, **{"c0-summary-take": "own", field: SENTENCE})
    page = emma.get(answer.json()["go_on"])
    assert b'class="errors"' not in page.content
    on = form_on(page, having="kept")
    assert (on["c0-summary-take"], on[field]) == (["own"], [SENTENCE])
    Session.objects.all().delete()
    echoed = form_on(emma.post(address, on), having="kept")
    assert echoed[field] == [SENTENCE]


def test_a_kept_form_says_what_it_is_of_on_the_list(emma, people, pages):
    for address, field in pages.values():
        keep(emma, address, **{field: "x"})
    titles = [kept.title for kept in kept_forms_of(people.emma)]
    assert len(set(titles)) == len(PAGES)
    assert all(titles)


def test_a_copy_of_a_tab_is_told_and_overwrites_nothing(emma, pages):
    address, field = pages["new"]
    sent, first = keep(emma, address, **{field: "first"})
    on = {"kept-count": [str(first.json()["count"])], field: ["second"]}
    assert emma.post(reverse("kept-form"), sent | on).status_code == 200
    copied = emma.post(reverse("kept-form"), sent | on | {field: ["from the copy"]})
    assert copied.status_code == 409
    apart = sent | {field: ["from the copy"], "kept": [copied.json()["tab"]], "kept-count": ["0"]}
    assert emma.post(reverse("kept-form"), apart).status_code == 200
    kept = {dict(row.fields)[field] for row in KeptForm.objects.all()}
    assert kept == {"second", "from the copy"}
    assert emma.get(address).content.decode().count("Go on with it") == 2


def test_a_draft_that_was_saved_elsewhere_is_kept_apart_and_said(emma, people, pages, draft):
    address, field = pages["edit"]
    sent, _ = keep(emma, address, **{field: "mine"})
    revise_proposal(
        actor=people.emma, number=draft.number, version=1, title="Elsewhere", rationale="E", changes=[]
    )
    told = emma.post(reverse("kept-form"), sent | {"kept-count": ["1"], field: ["mine too"]}).json()
    assert told["notice"] == "The draft was saved elsewhere as version 2; what you type here is kept apart."
    page = emma.get(told["go_on"])
    text = page.content.decode()
    assert told["notice"] in text
    assert "In the present version" in text
    assert "Elsewhere" in text
    saved = emma.post(address, form_on(page, having="kept") | {"save": ["1"]})
    assert saved.status_code == 302
    draft.refresh_from_db()
    assert (draft.version, draft.present_version().rationale) == (3, "mine too")


def test_a_change_typed_on_an_older_version_is_refused_once_and_still_there(emma, people, pages, draft):
    address, field = pages["add"]
    _, answer = keep(emma, address, **{field: "mine", "key": "a-key"})
    revise_proposal(actor=people.emma, number=draft.number, version=1, title="T", rationale="E", changes=[])
    typed = form_on(emma.get(answer.json()["go_on"]), having="kept")
    refused = emma.post(address, typed)
    assert refused.status_code == 409
    assert form_on(refused, having="kept")[field] == ["mine"]
    assert emma.post(address, form_on(refused, having="kept")).status_code == 302


def test_a_record_that_moved_since_somebody_typed_keeps_what_they_left_alone(
    emma, people, register, pages, build
):
    address, field = pages["update"]
    _, answer = keep(emma, address, **{field: "Typed.", "rationale": "R"})
    build.update("chokepoint", register.chokepoint, name="Renamed meanwhile")
    page = emma.get(answer.json()["go_on"])
    assert "moved since this form was opened" in page.content.decode()
    assert emma.post(address, form_on(page, having="kept")).status_code == 302
    assert Proposal.objects.get(state="draft", versions__title__contains="Change").present_version(
    ).changes.get().fields == {"summary": "Typed."}  # fmt: skip


@pytest.mark.parametrize(
    "path",
    ["", "/", "/desk/", "/kept/", "/admin/", "/accounts/password_change/", "//[", "/proposals/1/submit/",
     "https://example.org/", "/proposals/new/?" + "x" * 600, "\ud83d", "/chokepoints/%00%0a/../assess/"],
)  # fmt: skip
def test_only_own_form_pages_are_kept(emma, pages, path):
    address, _ = pages["new"]
    sent = form_on(emma.get(address), having="kept") | {"kept-path": [path.encode(errors="replace").decode()]}
    answer = emma.post(reverse("kept-form"), sent)
    assert (answer.status_code, KeptForm.objects.count()) == (400, 0)


def test_an_address_with_another_host_leads_back_here(emma, people, pages):
    address, _ = pages["new"]
    sent = form_on(emma.get(address), having="kept") | {"kept-path": ["//example.org" + address]}
    assert emma.post(reverse("kept-form"), sent).json()["go_on"].startswith(address)


def test_an_ended_session_is_a_401_in_json(signed_in, emma, pages):
    address, _ = pages["new"]
    sent = form_on(emma.get(address), having="kept")
    answer = signed_in().post(reverse("kept-form"), sent)
    assert answer.status_code == 401
    assert answer.json()["error"] == (
        "Not saved: you are signed out. Sign in in another tab; what you typed stays here."
    )


@pytest.mark.parametrize("name, status", [(None, 401), ("emma", 403)])
def test_a_wrong_token_is_answered_in_json_as_well(signed_in, pages, name, status):
    answer = signed_in(name, enforce_csrf_checks=True).post(reverse("kept-form"), {"kept": "x"})
    assert answer.status_code == status
    assert answer.json()["error"].startswith("Not saved")


def test_one_persons_typing_is_not_kept_for_another(signed_in, emma, pages):
    address, _ = pages["new"]
    sent = form_on(emma.get(address), having="kept")
    answer = signed_in("erik").post(reverse("kept-form"), sent)
    assert answer.status_code == 401
    assert "somebody else" in answer.json()["error"]
    assert not KeptForm.objects.exists()


@pytest.mark.parametrize(
    "typed",
    ["a\0b", "\ufffd\udbff", "x" * 199_000, "{" * 50_000, '{"a": ' * 5_000, "../../etc/passwd", "\r\n\r\n"],
)
@pytest.mark.parametrize(
    "name", ["description", "kept", "kept-count", "kept-title", "kept-user", "kept-path"]
)
def test_nothing_that_is_sent_breaks_keeping(emma, pages, name, typed):
    address, _ = pages["new"]
    sent = form_on(emma.get(address), having="kept") | {name: [typed.encode(errors="replace").decode()]}
    assert emma.post(reverse("kept-form"), sent).status_code in (200, 400, 401, 413)
    assert emma.get(address).status_code == 200


def test_half_a_surrogate_pair_and_raw_json_do_no_harm(emma, people, pages):
    body = f"kept-user={people.emma.pk}&kept-path=%2Fproposals%2Fnew%2F%3Fkind%3D%ED%A0%80&name=%ED%A0%80"
    form = "application/x-www-form-urlencoded"
    assert emma.post(reverse("kept-form"), body, content_type=form).status_code == 200
    deep = "[" * 100_000
    answer = emma.post(reverse("kept-form"), deep, content_type="application/json")
    assert answer.status_code == 401


def test_more_than_can_be_kept_is_said_in_words(emma, pages):
    address, field = pages["new"]
    _, answer = keep(emma, address, **{field: "x" * 200_001})
    assert answer.status_code == 413
    assert "200 kB" in answer.json()["error"]


# --- going on, discarding, reading


def test_only_the_own_user_reads_goes_on_and_discards(emma, signed_in, pages):
    address, field = pages["new"]
    _, answer = keep(emma, address, **{field: "秘密"})
    erik, row = signed_in("erik"), KeptForm.objects.get()
    assert erik.get(reverse("kept-form-detail", args=[row.pk])).status_code == 404
    assert erik.post(reverse("kept-form-discard", args=[row.pk])).status_code == 302
    page = erik.get(answer.json()["go_on"]).content.decode()
    assert "秘密" not in page
    assert "isn’t there any more" in page
    assert KeptForm.objects.exists()


def test_a_discarded_form_is_gone_and_leads_back_to_its_page(emma, pages):
    address, field = pages["new"]
    keep(emma, address, **{field: "x"})
    row = KeptForm.objects.get()
    answer = emma.post(reverse("kept-form-discard", args=[row.pk]), {"next": address})
    assert (answer.status_code, answer.url) == (302, address)
    assert not KeptForm.objects.exists()
    assert "not saved yet" not in emma.get(address).content.decode()


@pytest.mark.parametrize("address", ["https://example.org/", "//example.org/desk/", "/admin/", ""])
def test_discarding_leads_nowhere_else(emma, address):
    answer = emma.post(reverse("kept-form-discard", args=[10**25]), {"next": address})
    assert answer.url == reverse("desk")


def test_what_was_typed_can_be_read_where_its_page_is_gone(emma, people, pages, draft):
    address, field = pages["edit"]
    _, answer = keep(emma, address, **{field: SENTENCE})
    draft.delete()
    assert emma.get(answer.json()["go_on"]).status_code == 404
    page = emma.get(reverse("kept-form-detail", args=[KeptForm.objects.get().pk]))
    assert "被打破 &amp; &lt;b&gt;“so”" in page.content.decode()
    assert "csrf" not in re.sub("(?s)<form.*?</form>|hx-headers='.*?'", "", page.content.decode())


@pytest.mark.parametrize("number", ["0", "999999", "9" * 30, "x", "-1", "", "٣", "%00"])
def test_going_on_with_what_is_not_there_shows_a_fresh_form(emma, pages, number):
    address, _ = pages["new"]
    page = emma.get(f"{address}&kept={number}")
    assert page.status_code == 200
    assert "isn’t there any more" in page.content.decode()


def test_a_kept_form_of_another_page_is_not_put_into_this_one(emma, pages):
    keep(emma, pages["new"][0], description="x")
    row = KeptForm.objects.get()
    page = emma.get(f"{pages['assess'][0]}?kept={row.pk}").content.decode()
    assert "isn’t there any more" in page


def test_a_change_that_another_tab_added_meanwhile_is_gone_on_with_there(
    emma, people, pages, register, draft
):
    address = f"{reverse('proposal-add', args=[draft.number])}?kind=sector&operation=update"
    address += f"&record={register.sector}"
    typed = form_on(emma.get(address), having="kept") | {"description": ["Typed in the slower tab."]}
    changes = [change("sector", register.sector, description="From the faster tab.")]
    revise_proposal(
        actor=people.emma, number=draft.number, version=1, title="T", rationale="R", changes=changes
    )
    answer = emma.post(address, typed)
    assert answer.status_code == 302
    page = emma.get(answer.url)
    assert form_on(page, having="kept")["description"] == ["Typed in the slower tab."]
    assert "saved elsewhere as version 2" in page.content.decode()


# --- sending


@pytest.mark.parametrize("which", ["new", "edit", "assess"])
def test_a_refused_form_is_shown_again_and_kept(emma, pages, which):
    address, field = pages[which]
    bad = {"title": [""], "rationale": ["\x01"]}
    sent = form_on(emma.get(address), having="kept") | {field: [SENTENCE]} | bad
    answer = emma.post(address, sent)
    assert answer.status_code == 422
    again = form_on(answer, having="kept")
    row = KeptForm.objects.get()
    assert (again["kept"], again["kept-count"]) == ([str(row.tab)], ["1"])
    assert dict(row.fields)[field] == (SENTENCE if field != "rationale" else "\x01")
    assert "Go on with it" not in answer.content.decode()


def test_a_saved_form_is_forgotten_and_what_the_script_sends_late_too(emma, pages):
    address, field = pages["new"]
    sent, answer = keep(emma, address, **{field: "x", "name": "Glass", "key": "glass", "rationale": "R"})
    sent["kept-count"] = [str(answer.json()["count"])]
    assert emma.post(address, sent | {"draft": "1"}).status_code == 302
    assert not KeptForm.objects.exists()
    late = emma.post(reverse("kept-form"), sent | {field: ["late"]})
    assert (late.status_code, late.json()["done"]) == (409, True)
    assert not KeptForm.objects.exists()


def test_saving_forgets_only_the_own_tab(emma, pages):
    address, field = pages["edit"]
    keep(emma, address, **{field: "from another tab"})
    mine, _ = keep(emma, address, **{field: "mine"})
    assert emma.post(address, mine | {"kept-count": ["1"], "save": ["1"]}).status_code == 302
    assert dict(KeptForm.objects.get().fields)[field] == "from another tab"


def test_a_failure_of_the_server_loses_nothing(emma, pages, monkeypatch):
    address, field = pages["edit"]

    def fails(**_):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("reviews.views.editing.revise_proposal", fails)
    sent = form_on(emma.get(address), having="kept") | {field: [SENTENCE], "save": ["1"]}
    assert emma.post(address, sent).status_code == 500
    assert dict(KeptForm.objects.get().fields)[field] == SENTENCE


# --- an ended session, a new token


def without_tokens(sent):
    return {name: values for name, values in sent.items() if name != "csrfmiddlewaretoken"}


@pytest.mark.parametrize("which", PAGES)
def test_after_an_ended_session_everything_typed_can_be_sent_again(emma, signed_in, people, pages, which):
    address, field = pages[which]
    sent = form_on(emma.get(address), having="kept") | {field: [SENTENCE], "draft": ["1"]}
    Session.objects.all().delete()
    before = Proposal.objects.count()
    answer = emma.post(address, sent)
    assert answer.status_code == 403
    text = answer.content.decode()
    assert "signed out" in text
    assert f'action="{address.replace("&", "&amp;")}"' in text
    echoed = form_on(answer, having="kept")
    assert without_tokens(echoed) == without_tokens(sent)
    assert Proposal.objects.count() == before

    emma.force_login(people.emma)
    assert emma.post(address, echoed).status_code in (302, 422)


def test_what_is_sent_again_is_saved(emma, people, pages, draft):
    address, field = pages["edit"]
    sent = form_on(emma.get(address), having="kept") | {field: [SENTENCE], "save": ["1"]}
    Session.objects.all().delete()
    echoed = form_on(emma.post(address, sent), having="kept")
    emma.force_login(people.emma)
    assert emma.post(address, echoed).status_code == 302
    draft.refresh_from_db()
    assert draft.present_version().rationale == SENTENCE.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("name", "more", "typed"),
    [
        ("review-new", [], {"verdict": "request_changes", "comment": SENTENCE, "from": "kind=source"}),
        ("comment-new", [], {"text": SENTENCE}),
        ("proposal-hold", [], {"reason": SENTENCE, "until": "2030-01-01"}),
        ("suggestion-new", ["chokepoint", "summary"], {"summary": SENTENCE}),
        ("batch", None, {"verdict": "reject", "reason": "known", "comment": SENTENCE, "chosen": "1:1"}),
    ],
)
def test_a_reviewers_words_outlast_their_session_too(people, register, propose, signed_in, name, more, typed):
    number = propose(change("chokepoint", register.chokepoint, summary="Small beads."))
    places = [getattr(register, one, one) for one in more or []]
    address = f"{reverse(name)}?author=x" if more is None else reverse(name, args=[number, *places])
    rita = signed_in("rita")
    Session.objects.all().delete()
    answer = rita.post(address, typed)
    assert answer.status_code == 403 and "You are signed out" in answer.content.decode()
    assert f'action="{address}"' in answer.content.decode()
    echoed = form_on(answer, having=next(iter(typed)))
    assert {field: echoed[field] for field in typed} == {field: [value] for field, value in typed.items()}


def test_a_bulk_edit_outlasts_its_session(emma):
    address = f"{reverse('bulk-edit', args=['chokepoint'])}?field=note"
    Session.objects.all().delete()
    assert SENTENCE[:4] in emma.post(address, {"value": SENTENCE}).content.decode()


def test_what_has_no_words_to_lose_leads_to_signing_in(people, register, propose, signed_in):
    number = propose(change("chokepoint", register.chokepoint, summary="Small beads."))
    rita = signed_in("rita")
    Session.objects.all().delete()
    answer = rita.post(reverse("proposal-claim", args=[number]), {"from": ""})
    assert answer.url == f"{reverse('login')}?next=/proposals/{number}/"


def test_passwords_are_not_given_back(signed_in, pages):
    answer = signed_in().post(
        pages["new"][0], {"name": "a", "password": "secret-1", "old_Password": "secret-2"}
    )
    assert answer.status_code == 403
    assert b"secret-" not in answer.content


def test_very_much_is_not_given_back(signed_in, pages, monkeypatch):
    monkeypatch.setattr(keeping, "MOST_ECHOED", 100)
    answer = signed_in().post(pages["new"][0], {"name": "y" * 120})
    assert answer.status_code == 403
    assert "too much" in answer.content.decode()
    assert b"yyyy" not in answer.content


def test_the_form_of_somebody_else_goes_out_under_the_own_name_only_when_confirmed(
    emma, signed_in, pages, people
):
    address, _ = pages["new"]
    sent = form_on(emma.get(address), having="kept") | {"name": ["Glass"], "key": ["glass"], "draft": ["1"]}
    erik = signed_in("erik")
    before = Proposal.objects.count()
    asked = erik.post(address, sent)
    assert asked.status_code == 403
    assert "Somebody else was signed in" in asked.content.decode()
    assert Proposal.objects.count() == before
    assert erik.post(address, form_on(asked, having="kept")).status_code == 302
    assert Proposal.objects.latest("number").authors.get().user == people.erik


def test_a_verdict_that_somebody_else_typed_says_so_before_it_goes_out_in_ones_name(
    signed_in, propose, register
):
    number = propose(change("chokepoint", register.chokepoint, summary="Of a chosen size."))
    page = signed_in("rita").get(f"/proposals/{number}/")
    typed = form_on(page, having="comment") | {"verdict": ["request_changes"], "comment": ["Which page?"]}
    ravi = signed_in("ravi")
    asked = ravi.post(reverse("review-new", args=[number]), typed)
    assert asked.status_code == 403 and not Review.objects.exists()
    assert "Somebody else was signed in when this was typed" in asked.content.decode()
    assert (
        ravi.post(reverse("review-new", args=[number]), form_on(asked, having="kept-user")).status_code == 302
    )
    assert Review.objects.get().comment == "Which page?"


# Where words can be lost, the form says who opened it, or nobody could be warned.
@pytest.mark.parametrize("path", ["", "hold/", "split/", "suggest/{record}/summary/"])
def test_whatever_may_be_sent_again_says_who_opened_it(signed_in, propose, register, people, path):
    number = propose(
        change("chokepoint", register.chokepoint, summary="Of a chosen size."),
        change("source", register.source, note="Nothing."),
    )
    page = signed_in("rita").get(f"/proposals/{number}/" + path.format(record=register.chokepoint))
    assert page.status_code == 200
    forms = re.findall(r'(?s)<form[^>]*method="post".*?</form>', page.content.decode())
    typing = [form for form in forms if "<textarea" in form]
    assert typing or path == "split/"
    for form in typing or forms[-1:]:
        assert f'name="kept-user" value="{people.rita.pk}"' in form


@pytest.mark.parametrize("name", ["emma", None])
def test_an_old_token_from_an_own_page_is_replaced_and_nothing_lost(signed_in, pages, name):
    address, _ = pages["new"]
    browser = signed_in(name, enforce_csrf_checks=True)
    typed = {"title": "New", "name": "Glass", "key": "glass", "rationale": SENTENCE}
    typed["csrfmiddlewaretoken"] = "x" * 64
    answer = browser.post(address, typed, headers={"origin": HOST})
    assert answer.status_code == 403
    echoed = form_on(answer, having="rationale")
    assert echoed["rationale"] == [SENTENCE]
    again = browser.post(address, echoed, headers={"origin": HOST})
    assert again.status_code == (302 if name else 403)
    assert Proposal.objects.filter(versions__rationale=SENTENCE.replace("\r\n", "\n")).exists() is bool(name)


@pytest.mark.parametrize(
    "origin",
    ["https://example.org", "null", None, "https://testserver", "http://testserver:8080",
     "http://testserver.example.org", "http://example.org#http://testserver"],
)  # fmt: skip
def test_what_another_site_posts_is_never_given_back_with_a_token(signed_in, pages, origin):
    browser = signed_in("emma", enforce_csrf_checks=True)
    headers = {"origin": origin} if origin else {}
    answer = browser.post(pages["new"][0], {"name": "伪造"}, headers=headers)
    assert answer.status_code == 403
    text = answer.content.decode()
    assert "伪造" not in text
    assert "The form had expired" in text


@pytest.mark.parametrize("name", ["login", "password_change", "queue"])
def test_other_pages_give_nothing_back(signed_in, name):
    browser = signed_in("emma", enforce_csrf_checks=True)
    answer = browser.post(
        reverse(name), {"new_password1": "secret", "note": "typed"}, headers={"origin": HOST}
    )
    assert answer.status_code == 403
    assert b"secret" not in answer.content
    assert b"typed" not in answer.content.replace(b"what you typed", b"")


# --- a draft whose base has moved


def test_a_draft_says_which_of_its_records_moved(emma, pages, draft, register, build):
    address, _ = pages["edit"]
    assert "moved since" not in emma.get(address).content.decode()
    build.update("chokepoint", register.chokepoint, name="Renamed meanwhile")
    page = emma.get(address).content.decode()
    assert "the record moved since" in page
    assert "A record has</strong>" not in page
    assert "A record has moved since you wrote this." in page
    change_page = emma.get(pages["change"][0]).content.decode()
    assert "The record has moved since this change was written." in change_page
    assert "Renamed meanwhile" in change_page
