"""A reviewer suggests a value and approves it in advance; the author takes it in one click, and that publishes."""

import re

import pytest

from tests.browser.test_conflict import propose_summary
from tests.browser.test_main_story import signed_in
from tests.databases import live_server_process, run_manage

pytestmark = [pytest.mark.browser, pytest.mark.database]

PEOPLE = """
from django.contrib.auth.models import Group, User
for name, group in (("emma", "Editors"), ("rita", "Reviewers")):
    User.objects.create_user(name, password=f"{name}-in-a-browser").groups.add(Group.objects.get(name=group))
"""


@pytest.fixture
def site(dataset_database):
    run_manage(dataset_database, "shell", "-c", PEOPLE)
    with live_server_process(dataset_database) as server:
        yield server.url


def test_a_reviewer_suggests_the_author_takes_it_and_it_is_published(site, browser):
    with signed_in(browser, site, "emma") as page:
        address = propose_summary(page, site, "Say it shortly", "Spacer beeds for displays. 微球。")
    with signed_in(browser, site, "rita") as page:
        page.goto(address)
        page.get_by_text("Comment, or suggest another value").first.click()
        page.get_by_role("link", name="Suggest another value").first.click()
        page.wait_for_url(re.compile(r"/suggest/.*/summary/$"))
        page.get_by_label("Summary").fill("Spacer beads for displays. 微球。")
        page.get_by_label(re.compile("^Why")).fill("A letter is wrong.")
        page.get_by_role("checkbox", name=re.compile("^I approve it")).check()
        page.get_by_role("button", name="Suggest it").click()
        page.wait_for_selector(".messages")
        assert "beads" in page.locator(".suggestion ins").inner_text()
        assert "approves it if taken" in page.inner_text(".suggestion")
        assert page.locator(".suggestion button").count() == 0  # it is the author's to take
    complaints: list[str] = []
    with signed_in(browser, site, "emma") as page:
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(address)
        page.get_by_role("button", name="Take the suggestion").click()
        page.wait_for_selector(".messages")
        assert "published as changeset" in page.inner_text(".messages")
        page.goto(f"{site}/chokepoints/microspheres/")
        assert "Spacer beads for displays. 微球。" in page.inner_text("main")
    assert not complaints
