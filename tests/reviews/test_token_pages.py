"""The account page for tokens, and what admins see of them."""

import re
import uuid

import pytest
from django.urls import reverse

from reviews.models import Token
from reviews.services.granting import create_token

pytestmark = pytest.mark.django_db
PAGE = "/accounts/tokens/"


@pytest.fixture
def make_token(people):
    def make_token(user: str, /, **more):
        asked = {"name": "a program", "scopes": ["read"], "days": 7, "made_by": uuid.uuid4()} | more
        return create_token(actor=getattr(people, user), **asked)

    return make_token


def _form(**more):
    return {
        "name": "My 笔记本",
        "scopes": ["read", "propose"],
        "days": "30",
        "made_by": str(uuid.uuid4()),
    } | more


def _token_on(page):
    found = re.search(r'value="(cpr_\w+)"', page.content.decode())
    return found and found[1]


def test_a_token_is_shown_once_and_sending_the_form_again_makes_none(signed_in, client):
    browser, form = signed_in("emma"), _form()
    shown = browser.post(PAGE, form)
    token = _token_on(shown)
    assert (
        shown.status_code == 200
        and "no-store" in shown["Cache-Control"]
        and "My 笔记本" in shown.content.decode()
    )
    assert client.get("/api/v1/proposals/", HTTP_AUTHORIZATION=f"Bearer {token}").status_code != 401
    again = browser.post(PAGE, form, follow=True)
    assert again.redirect_chain == [(PAGE, 302)]
    assert _token_on(again) is None and "only once" in again.content.decode()
    listed = browser.get(PAGE)
    assert _token_on(listed) is None and "no-store" in listed["Cache-Control"]
    assert token[:12] in listed.content.decode() and token not in listed.content.decode()
    assert Token.objects.get().scopes == "read propose"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""}, {"name": "\0"}, {"name": "\u202e"}, {"name": "n" * 5000}, {"scopes": []}, {"scopes": ["admin"]},
        {"days": ""}, {"days": "8"}, {"days": "9" * 5000}, {"days": "中"}, {"made_by": ""}, {"made_by": "\0"},
    ],
)  # fmt: skip
def test_a_refused_form_stands_as_it_was_typed_and_makes_nothing(wrong, signed_in):
    answer = signed_in("emma").post(PAGE, _form(**wrong))
    assert answer.status_code == 422
    assert 'class="errors"' in answer.content.decode()
    assert not Token.objects.exists()


def test_everybody_has_their_own_tokens(signed_in, make_token, people):
    token, _ = make_token("emma", name="The laboratory")
    assert "laboratory" in signed_in("emma").get(PAGE).content.decode()
    for name in ("erik", "admin"):
        browser = signed_in(name)
        assert "laboratory" not in browser.get(PAGE).content.decode()
        assert browser.post(reverse("token-revoke", args=[token.pk])).status_code == 404
    assert signed_in().get(PAGE).status_code == 302
    assert signed_in().post(PAGE, _form()).status_code == 302
    assert Token.objects.in_force().count() == 1


def test_a_revoked_token_is_refused_from_the_next_request_on(signed_in, make_token, client):
    token, _ = make_token("emma")
    browser = signed_in("emma")
    assert browser.get(reverse("token-revoke", args=[token.pk])).status_code == 302
    assert Token.objects.in_force().exists()
    browser.post(reverse("token-revoke", args=[token.pk]))
    assert not Token.objects.in_force().exists()
    assert "revoked" in browser.get(PAGE).content.decode()
    assert browser.post(reverse("token-revoke", args=[10**25])).status_code == 404


def test_the_menu_leads_there_for_members(signed_in):
    assert f'href="{PAGE}"' in signed_in("emma").get("/").content.decode()
    assert f'href="{PAGE}"' not in signed_in().get("/").content.decode()


def test_admins_list_and_revoke_tokens_and_never_see_them(signed_in, make_token):
    token, text = make_token("emma")
    browser = signed_in("admin")
    listing = reverse("admin:reviews_token_changelist")
    pages = [browser.get(listing), browser.get(reverse("admin:reviews_token_change", args=[token.pk]))]
    for page in pages:
        assert page.status_code == 200 and "a program" in page.content.decode()
        assert text not in page.content.decode() and token.digest not in page.content.decode()
    assert browser.get(reverse("admin:reviews_token_add")).status_code == 403
    browser.post(listing, {"action": "revoke", "_selected_action": [token.pk]})
    assert not Token.objects.in_force().exists()
