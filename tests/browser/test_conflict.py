"""Two editors, one paragraph: the second to be approved resolves it by hand, and both are in the end."""

import re

import pytest

from tests.browser.test_main_story import signed_in
from tests.databases import live_server_process, run_manage

pytestmark = [pytest.mark.browser, pytest.mark.database]

PEOPLE = """
from django.contrib.auth.models import Group, User
for name, group in (("emma", "Editors"), ("erik", "Editors"), ("rita", "Reviewers")):
    User.objects.create_user(name, password=f"{name}-in-a-browser").groups.add(Group.objects.get(name=group))
"""


@pytest.fixture
def site(dataset_database):
    run_manage(dataset_database, "shell", "-c", PEOPLE)
    with live_server_process(dataset_database) as server:
        yield server.url


def propose_summary(page, site, title, words) -> str:
    """Replace the summary of microspheres by other words and return the proposal's address."""
    page.goto(f"{site}/chokepoints/microspheres/")
    page.locator("a[href*='/proposals/new/']").first.click()
    page.locator("#id_summary").fill(words)
    page.locator("#id_title").fill(title)
    page.locator("#id_rationale").fill("To say it better.")
    page.get_by_role("button", name="Submit for review").click()
    page.wait_for_url(re.compile(r"/proposals/\d+/$"))
    return page.url


def approve(page, address) -> None:
    page.goto(address)
    page.get_by_role("radio", name=re.compile("^Approve")).check()
    page.get_by_role("button", name="Send review").click()
    page.wait_for_selector(".messages")


def test_two_editors_rewrite_one_paragraph_and_the_second_resolves_it(site, browser):
    with signed_in(browser, site, "emma") as page:
        first = propose_summary(page, site, "Emma's words", "Emma's sentence about microspheres. 微球。")
    with signed_in(browser, site, "erik") as page:
        second = propose_summary(page, site, "Erik's words", "Erik's sentence about microspheres.")
    with signed_in(browser, site, "rita") as page:
        approve(page, first)
        assert "published as changeset" in page.inner_text(".messages")
        approve(page, second)
        assert "conflicts with what was published meanwhile" in page.inner_text(".messages")
    with signed_in(browser, site, "erik") as page:
        page.goto(f"{second}resolve/")
        shown = page.inner_text("main")
        assert "Emma's sentence about microspheres. 微球。" in shown
        assert "Erik's sentence about microspheres." in shown
        page.get_by_role("radio", name=re.compile("^Something else")).check()
        both = "Emma's sentence about microspheres. 微球。 Erik's sentence about microspheres."
        page.locator("#id_c0-summary-summary").fill(both)
        page.get_by_role("button", name="Save what holds").click()
        page.wait_for_url(re.compile(r"/proposals/\d+/$"))
        assert "open for review again" in page.inner_text(".messages")
    with signed_in(browser, site, "rita") as page:
        approve(page, second)
        page.goto(f"{site}/chokepoints/microspheres/")
        assert both in page.inner_text("main")
