"""The account page for notifications: every choice, all or nothing; pause, language, what is watched and muted."""

import datetime as dt
import re

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reviews.models import NotificationChoice, NotificationSettings, Subscription
from reviews.notifications.events import EVENTS
from reviews.services.subscribing import (
    choices_of,
    mute,
    note_bounce,
    pause,
    set_choices,
    settings_of,
    watch,
)

from .conftest import reduced

pytestmark = pytest.mark.django_db
PAGE = "/accounts/notifications/"


def selects(page) -> dict[str, str]:
    """What is selected in each field of a page."""
    found = {}
    for name, inner in re.findall(
        r'(?s)<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page.content.decode()
    ):
        chosen = re.findall(r'<option value="([^"]*)"[^>]* selected>', inner)
        found[name] = chosen[0] if chosen else ""
    return found


def cells(page) -> dict[str, str]:
    return {name: level for name, level in selects(page).items() if ":" in name}


def test_the_page_shows_every_cell_with_its_default_and_each_has_a_label(signed_in, people):
    people.admin.groups.set(Group.objects.all())
    page = signed_in("admin").get(PAGE)
    expected = {
        f"{name}:{scope}": level for name, event in EVENTS.items() for scope, level in event.defaults.items()
    }
    assert cells(page) == expected
    body = page.content.decode()
    for name, inner in re.findall(r'<select([^>]*) name="([^"]+)"', body):
        identifier = re.search(r'id="([^"]+)"', name)
        assert f'<label for="{identifier[1]}"' in body if identifier else True, inner
    labels = re.findall(r'<select name="[^"]+:[^"]+" aria-label="([^"]+)"', body)
    assert len(labels) == len(set(labels)) == len(expected)
    for cell in expected:
        assert f'id="cell-{cell.replace(":", "-")}"' in body


@pytest.mark.parametrize(
    ("name", "unheard"),
    [("emma", {"sector", "admin"}), ("rita", {"admin"}), ("nobody", {"sector", "member", "admin"})],
)
def test_everybody_is_offered_what_they_can_hear_of_and_nothing_else(signed_in, name, unheard):
    scopes = {cell.partition(":")[2] for cell in cells(signed_in(name).get(PAGE))}
    assert scopes == {scope for kind in EVENTS.values() for scope in kind.defaults} - unheard
    inbox = signed_in(name).get("/inbox/").content.decode()
    for event, kind in EVENTS.items():
        is_heard = bool(set(kind.defaults) - unheard)
        assert (f'<option value="{event}"' in inbox) == is_heard, event
        assert (f'id="event-{event}"' in signed_in(name).get(PAGE).content.decode()) == is_heard, event


def test_saving_the_whole_page_as_it_is_changes_nothing(signed_in, people):
    browser = signed_in("emma")
    answer = browser.post(PAGE, selects(browser.get(PAGE)))
    assert answer.status_code == 302 and not NotificationChoice.objects.exists()


def test_only_what_is_posted_changes_and_a_default_is_kept_as_no_row(signed_in, people):
    set_choices(actor=people.emma, choices={("commented", "mine"): "weekly", ("rejected", "mine"): "never"})
    browser = signed_in("emma")
    assert browser.post(PAGE, {"published:watched": "never", "rejected:mine": "now"}).status_code == 302
    assert choices_of(people.emma) == {("commented", "mine"): "weekly", ("published", "watched"): "never"}
    assert cells(browser.get(PAGE))["published:watched"] == "never"
    assert choices_of(people.erik) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"published:watched": "hourly"}, {"published:nobody": "now"}, {"no-event:mine": "now"}, {":": ""},
        {"requests": "never"}, {"requests": ""}, {"language": "tlh"}, {"language": "<script>"},
        {"<script>:x": "now"}, {"published:\0": "now"},
    ],
)  # fmt: skip
def test_one_bad_value_saves_nothing_and_is_answered_in_words(signed_in, people, wrong):
    browser = signed_in("emma")
    answer = browser.post(PAGE, {"commented:mine": "never", "requests": "daily"} | wrong)
    assert answer.status_code == 422 and "Not saved." in answer.content.decode()
    assert "<script>:" not in answer.content.decode()
    assert not choices_of(people.emma) and not NotificationSettings.objects.exists()


def test_what_was_chosen_stands_there_still_when_another_choice_is_refused(signed_in):
    answer = signed_in("emma").post(PAGE, {"commented:mine": "weekly", "published:mine": "hourly"})
    assert cells(answer)["commented:mine"] == "weekly"
    assert "Choose one of" in answer.content.decode()


def test_requests_are_chosen_beside_the_news_and_never_isnt_offered(signed_in, people):
    browser = signed_in("rita")
    inner = re.search(r'(?s)<select id="id_requests".*?</select>', browser.get(PAGE).content.decode())[0]
    assert re.findall(r'value="(\w+)"', inner) == ["inbox", "daily", "now"]
    browser.post(PAGE, {"requests": "daily"})
    assert settings_of(people.rita).requests == "daily"


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("scope:watched", dict.fromkeys(("watched",), "never")),
        ("event:published", dict.fromkeys(EVENTS["published"].defaults, "never")),
    ],
)
def test_a_row_or_a_column_is_set_at_once(signed_in, people, part, expected):
    """By somebody of whom all of it can be told: they edit and review."""
    signed_in("both").post(f"{PAGE}many/", {"part": part, "level": "never"})
    sort, _, name = part.partition(":")
    for event, kind in EVENTS.items():
        for scope, default in kind.defaults.items():
            is_in = name == (scope if sort == "scope" else event)
            level = choices_of(people.both).get((event, scope), default)
            assert level == ("never" if is_in else default), (event, scope)
    assert expected


def test_setting_many_at_once_saves_what_else_was_chosen_and_loses_none_of_it(signed_in, people):
    """The button stands in the form of the matrix, so a browser sends with it whatever was chosen and not saved."""
    browser = signed_in("emma")
    body = browser.get(PAGE).content.decode()
    form = body[body.index('<form class="form choices-form"') :].partition("</form>")[0]
    assert f'formaction="{PAGE}many/"' in form and 'name="commented:mine"' in form
    chosen = selects(browser.get(PAGE)) | {"commented:mine": "weekly", "requests": "daily", "language": "de"}
    assert (
        browser.post(f"{PAGE}many/", chosen | {"part": "event:published", "level": "never"}).status_code
        == 302
    )
    choices, own = choices_of(people.emma), settings_of(people.emma)
    assert choices[("commented", "mine")] == "weekly" and (own.requests, own.language) == ("daily", "de")
    assert {level for (event, _scope), level in choices.items() if event == "published"} == {"never"}
    refused = browser.post(f"{PAGE}many/", chosen | {"commented:mine": "now", "part": "x", "level": "never"})
    assert refused.status_code == 422 and cells(refused)["commented:mine"] == "now"
    assert choices_of(people.emma) == choices


@pytest.mark.parametrize(
    "wrong", [{}, {"part": "scope:x", "level": "now"}, {"part": "all:", "level": "x"}, {"part": "all:"}]
)
def test_nothing_is_set_at_once_that_isnt_there(signed_in, people, wrong):
    assert signed_in("emma").post(f"{PAGE}many/", wrong).status_code == 422
    assert not choices_of(people.emma)


def test_back_to_the_defaults_leaves_what_is_watched(signed_in, people, register):
    watch(actor=people.emma, what="chokepoint", target=register.chokepoint)
    set_choices(actor=people.emma, choices={("commented", "mine"): "weekly"}, requests="daily")
    signed_in("emma").post(f"{PAGE}reset/")
    assert not choices_of(people.emma) and settings_of(people.emma).requests == "now"
    assert Subscription.objects.count() == 1


def test_mails_pause_until_a_day_and_go_on(signed_in, people):
    browser, day = signed_in("emma"), (timezone.now() + dt.timedelta(days=20)).date()
    browser.post(f"{PAGE}pause/", {"until": day.isoformat()})
    assert settings_of(people.emma).paused_until == dt.datetime.combine(day, dt.time(), dt.UTC)
    assert f"No mail is sent until {day}" in browser.get(PAGE).content.decode()
    browser.post(f"{PAGE}pause/", {"end": "1"})
    assert settings_of(people.emma).paused_until is None


@pytest.mark.parametrize("until", ["", "x", "2020-01-01", "9999-12-31", "2026-02-30", "\0", "<script>"])
def test_a_day_that_cant_be_is_refused_in_words(signed_in, people, until):
    answer = signed_in("emma").post(f"{PAGE}pause/", {"until": until})
    assert answer.status_code == 422 and 'id="until-error"' in answer.content.decode()
    assert settings_of(people.emma).paused_until is None


def test_the_languages_are_those_of_the_site(signed_in, people, settings):
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    browser = signed_in("emma")
    inner = re.search(r'(?s)<select id="id_language".*?</select>', browser.get(PAGE).content.decode())[0]
    assert re.findall(r'value="([\w-]*)"', inner) == ["", "en", "de"]
    browser.post(PAGE, {"language": "de"})
    assert settings_of(people.emma).language == "de"
    browser.post(PAGE, {"language": ""})
    assert settings_of(people.emma).language == ""


def test_an_address_that_refused_mail_is_said_and_another_one_is_not(signed_in, people):
    people.emma.email = "emma@example.org"
    people.emma.save()
    note_bounce(owner=people.emma, address="emma@example.org", why="<b>no such mailbox</b>")
    body = signed_in("emma").get(PAGE).content.decode()
    assert "refused mail for good" in body and "&lt;b&gt;no such mailbox" in body
    people.emma.email = "new@example.org"
    people.emma.save()
    assert "refused mail for good" not in signed_in("emma").get(PAGE).content.decode()


def test_what_is_watched_and_muted_is_listed_by_name_and_stopped_there(signed_in, people, register, propose):
    number = propose(*reduced(register), title="Microspheres: reduced")
    for what, target in (
        ("chokepoint", register.chokepoint),
        ("sector", register.sector),
        ("source", register.source),
        ("everything", ""),
    ):
        watch(actor=people.nobody, what=what, target=target)
    mute(actor=people.nobody, number=number)
    browser = signed_in("nobody")
    body = browser.get(PAGE).content.decode()
    assert body.count("Stop watching</button>") == 4 and body.count("Unmute</button>") == 1
    assert "Microspheres</a>" in body and f"#{number} Microspheres: reduced" in body
    answer = browser.post(
        f"/watching/chokepoint/{register.chokepoint}/", {"does": "stop", "next": f"{PAGE}#watched"}
    )
    assert answer["Location"] == f"{PAGE}#watched"
    assert "Stop watching Microspheres" not in browser.get(PAGE).content.decode()


def test_what_is_muted_and_became_private_is_not_named(signed_in, people, register, propose):
    from reviews.models import Proposal

    number = propose(*reduced(register), title="A secret")
    mute(actor=people.nobody, number=number)
    Proposal.objects.filter(pk=number).update(state="draft")
    browser = signed_in("nobody")
    body = browser.get(PAGE).content.decode()
    assert "A secret" not in body and "not to be seen any more" in body
    browser.post(f"/watching/proposal/{number}/", {"does": "unmute"})
    assert not Subscription.objects.exists()


def test_the_page_asks_as_often_for_many_subscriptions_as_for_few(signed_in, people, register, build):
    browser = signed_in("nobody")
    watch(actor=people.nobody, what="chokepoint", target=register.chokepoint)
    browser.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        browser.get(PAGE)
    sector = build.sector("another")
    for number in range(8):
        watch(
            actor=people.nobody, what="chokepoint", target=build.chokepoint(f"part-{number}", sector=sector)
        )
    with CaptureQueriesContext(connection) as many:
        browser.get(PAGE)
    assert len(many) == len(few)


def test_a_pause_that_is_over_is_none(signed_in, people):
    pause(actor=people.emma, until=timezone.now() + dt.timedelta(days=2))
    NotificationSettings.objects.update(paused_until=timezone.now() - dt.timedelta(hours=1))
    assert "No mail is sent until" not in signed_in("emma").get(PAGE).content.decode()


def test_a_cell_with_an_endless_name_is_refused_like_any_other_that_is_not_there(people, signed_in):
    answer = signed_in("emma").post(PAGE, {f"{'x' * 60}:{'y' * 60}": "now"})
    assert answer.status_code == 422
    assert not NotificationChoice.objects.exists()


def test_an_address_that_refused_mail_is_tried_again_where_its_owner_says_so(people, signed_in):
    people.emma.email = "Emma@Example.org"
    people.emma.save()
    note_bounce(owner=people.emma, address="emma@example.org", why="550 5.1.1 No such user")
    note_bounce(owner=people.erik, address="erik@example.org", why="550 5.1.1 No such user")
    browser = signed_in("emma")
    body = browser.get(PAGE).content.decode()
    assert "refused mail for good" in body and "No such user" in body
    assert browser.post(f"{PAGE}address/").status_code == 302
    assert "refused mail for good" not in browser.get(PAGE).content.decode()
    assert NotificationSettings.objects.get(owner=people.erik).bounced_address == "erik@example.org"
    assert signed_in().post(f"{PAGE}address/").url.startswith("/accounts/login/")
