"""Nothing typed is lost, in a browser: a crash, an ended session, a line that breaks, two tabs on one draft."""

import contextlib
import re

import pytest
from playwright.sync_api import Error, expect

from tests.databases import engine_of_this_run, live_server_process, run_manage, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.database]

REGISTER = """
from django.contrib.auth.models import Group, User
from tests.builders import Builder, small_register
User.objects.create_user("emma", password="emma-in-a-browser").groups.add(Group.objects.get(name="Editors"))
small_register(Builder())
"""
KEPT_ROWS = "from reviews.models import KeptForm; print('rows:', KeptForm.objects.count())"
SAVED = re.compile(r"^saved \d\d:\d\d$")
RATIONALE = "国产微球已批量供货，\n但导电微球仍然进口。𠮷"


@pytest.fixture(scope="module")
def filled_database(database_templates, django_db_setup):
    """A small register and one editor, to be copied for each test."""
    with database_templates.fresh_database(engine_of_this_run()) as database:
        run_manage(database, "shell", "-c", REGISTER)
        yield database


@pytest.fixture
def site(filled_database, database_templates):
    """The real site with a small register and one editor."""
    with database_templates.copy_of(filled_database) as database, live_server_process(database) as server:
        yield server


@pytest.fixture
def emma(site, browser):
    """A browser in which emma is signed in."""
    with contextlib.closing(browser.new_context(viewport={"width": 1280, "height": 900})) as context:
        sign_in(context.new_page(), f"{site.url}/accounts/login/")
        yield context


def sign_in(page, address=None):
    if address:
        page.goto(address)
    page.get_by_label("Username").fill("emma")
    page.get_by_label("Password").fill("emma-in-a-browser")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/desk/")
    return page


def opened(context, address):
    page = context.new_page()
    page.goto(address)
    return page


def status_of(page):
    return page.locator("[data-kept-status]")


def crash(page):
    """End the page's process, as a crash does: nothing of it runs any more."""
    with contextlib.suppress(Error):
        page.goto("chrome://crash", timeout=5_000)
    with contextlib.suppress(Error):
        page.close()


def new_sector(site):
    return f"{site.url}/proposals/new/?kind=sector&operation=create"


def make_draft(context, site):
    """Save a draft of a new sector and return the address of its edit page."""
    page = opened(context, new_sector(site))
    page.get_by_label("Key", exact=True).fill("glass")
    page.locator("#id_name").fill("Glass")
    page.locator("#id_rationale").fill("There is none yet.")
    page.get_by_role("button", name="Save draft").click()
    page.wait_for_url("**/edit/")
    address = page.url
    page.close()
    return address


def test_a_crash_in_mid_draft_and_back(site, emma):
    address = f"{site.url}/chokepoints/microspheres/assess/"
    page = opened(emma, address)
    page.get_by_role("radio", name=re.compile("^dependent")).check()
    page.locator("#id_assessment-as_of").fill("2024-05")
    page.locator("#id_assessment-rationale").fill(RATIONALE)
    page.locator("#id_assessment-evidence_0").check()
    page.get_by_text("A new source", exact=True).click()
    page.locator("#id_source-title").fill("示例公司年报")
    expect(status_of(page)).to_have_text(SAVED)
    crash(page)

    page = opened(emma, address)
    assert page.locator("#id_assessment-rationale").input_value() == ""
    page.get_by_role("link", name="Go on with it").click()
    assert page.get_by_role("radio", name=re.compile("^dependent")).is_checked()
    assert page.locator("#id_assessment-as_of").input_value() == "2024-05"
    assert page.locator("#id_assessment-rationale").input_value() == RATIONALE
    assert page.locator("#id_assessment-evidence_0").is_checked()
    assert page.locator("#id_source-title").input_value() == "示例公司年报"
    assert page.locator(".errors").count() == 0
    page.locator("#id_source-title").fill("")
    page.get_by_role("button", name="Save draft").click()
    page.wait_for_url(re.compile(r"/proposals/\d+/$"))
    assert "但导电微球仍然进口。𠮷" in page.inner_text("main")
    page.goto(address)
    assert page.get_by_role("link", name="Go on with it").count() == 0
    assert "rows: 0" in run_manage(site.database_url, "shell", "-c", KEPT_ROWS).stdout


def test_what_was_typed_in_the_last_moment_is_kept_when_the_tab_is_closed(site, emma):
    page = opened(emma, new_sector(site))
    page.locator("#id_description").fill(RATIONALE)
    page.close(run_before_unload=True)
    assert wait_until(lambda: '"POST /kept/ HTTP/1.1" 200' in site.log)
    page = opened(emma, new_sector(site))
    page.get_by_role("link", name="Go on with it").click()
    assert page.locator("#id_description").input_value() == RATIONALE


def test_a_session_that_ends_in_mid_typing_loses_nothing(site, emma):
    page = opened(emma, make_draft(emma, site))
    emma.clear_cookies()
    page.locator("#id_rationale").fill(RATIONALE)
    expect(status_of(page)).to_have_text(
        "Not saved: you are signed out. Sign in in another tab; what you typed stays here."
    )
    page.locator("#id_title").fill("Glas𠮷")
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    assert "国产微球已批量供货" in page.inner_text("main")
    with emma.expect_page() as tab:
        page.get_by_role("link", name="Sign in in a new tab").click()
    sign_in(tab.value)
    page.get_by_role("button", name="Send again").click()
    page.wait_for_url("**/edit/")
    assert page.locator("#id_title").input_value() == "Glas𠮷"
    assert page.locator("#id_rationale").input_value() == RATIONALE
    assert page.get_by_role("link", name="Go on with it").count() == 0
    # A function: a bare expression that isn't true at once would be evaluated in the page, which forbids that.
    page.wait_for_function("() => localStorage.length === 0")


def test_signing_in_in_another_tab_is_enough_to_go_on(site, emma):
    page = opened(emma, new_sector(site))
    emma.clear_cookies()
    page.locator("#id_description").fill("typed while signed out")
    expect(status_of(page)).to_contain_text("signed out")
    assert page.evaluate("localStorage.length") == 1
    sign_in(emma.new_page(), f"{site.url}/accounts/login/")
    page.locator("#id_description").fill("typed after signing in")
    expect(status_of(page)).to_have_text(SAVED)
    assert page.evaluate("localStorage.length") == 0
    page.get_by_role("button", name="Save draft").click()
    expect(page.locator("#id_description")).to_have_value("typed after signing in")


def test_a_broken_line_and_then_a_crash_lose_nothing(site, emma):
    page = opened(emma, new_sector(site))
    emma.set_offline(True)
    page.locator("#id_description").fill(RATIONALE)
    expect(status_of(page)).to_contain_text("the server can’t be reached")
    crash(page)
    emma.set_offline(False)
    page = opened(emma, new_sector(site))
    page.get_by_role("link", name="Go on with it").click()
    assert page.locator("#id_description").input_value() == RATIONALE
    assert page.evaluate("localStorage.length") == 0


def test_two_tabs_on_one_draft_overwrite_nothing(site, emma):
    address = make_draft(emma, site)
    first = opened(emma, address)
    first.locator("#id_rationale").fill("typed before both")
    expect(status_of(first)).to_have_text(SAVED)
    go_on = opened(emma, address).get_by_role("link", name="Go on with it").get_attribute("href")
    second, third = (opened(emma, f"{site.url}{go_on}") for _ in range(2))  # both go on with the same row
    for page, words in ((second, "来自第二个标签页"), (third, "来自第三个标签页")):
        page.locator("#id_rationale").fill(words)
        expect(status_of(page)).to_have_text(SAVED)

    kept = opened(emma, address).get_by_role("link", name="Go on with it")
    texts = set()
    for link in [link.get_attribute("href") for link in kept.all()]:
        texts.add(opened(emma, f"{site.url}{link}").locator("#id_rationale").input_value())
    assert texts == {"来自第二个标签页", "来自第三个标签页"}

    second.get_by_role("button", name="Save draft").click()
    expect(second.locator(".messages")).to_contain_text("Saved.")
    third.locator("#id_title").fill("Another title")
    expect(status_of(third)).to_contain_text("The draft was saved elsewhere as version 2")
    third.get_by_role("button", name="Save draft").click()
    expect(third.get_by_role("alert")).to_contain_text("Not saved.")
    assert third.locator("#id_rationale").input_value() == "来自第三个标签页"
    assert "来自第二个标签页" in third.inner_text("main")
