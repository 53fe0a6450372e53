"""A reviewer works through the queue by keys alone: two for an approval, and the next one is there."""

import pytest

from tests.browser.test_main_story import signed_in
from tests.browser.test_suggestion import PEOPLE
from tests.databases import live_server_process, run_manage

pytestmark = [pytest.mark.browser, pytest.mark.database]
PROPOSALS = """
from chokepoints.models import Chokepoint
from reviews.services.drafting import DraftChange, hand_in_proposal
emma = User.objects.get(username="emma")
for title, row in zip(("First", "Second", "Third"), Chokepoint.objects.order_by("key")):
    change = DraftChange("chokepoint", str(row.pk), "update", {"summary": f"{title}. 微球。"}, {}, row.revision)
    hand_in_proposal(actor=emma, title=title, rationale="Shorter.", changes=[change])
"""


@pytest.fixture
def site(dataset_database):
    run_manage(dataset_database, "shell", "-c", PEOPLE + PROPOSALS)
    with live_server_process(dataset_database) as server:
        yield server.url


def press(page, *keys):
    """Press keys, the last of which leads to another page, and return what is said there."""
    for key in keys[:-1]:
        page.keyboard.press(key)
    with page.expect_navigation():
        page.keyboard.press(keys[-1])
    return page.inner_text(".messages") if page.locator(".messages").count() else ""


def test_two_keys_approve_and_lead_on_and_whom_they_are_in_the_way_of_switches_them_off(site, browser):
    complaints: list[str] = []
    with signed_in(browser, site, "rita") as page:
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(f"{site}/queue/")
        press(page, "b")
        assert "First" in page.inner_text("h1")
        press(page, "n")
        assert "Second" in page.inner_text("h1")
        page.keyboard.press("c")
        page.keyboard.type("a reason, with n and u and x in it")  # while typing, keys are letters
        assert "Changes requested" in press(page, "Control+Enter")
        assert "taken back" in press(page, "u")
        assert "published as changeset" in press(page, "a", "Enter")
        assert "Third" in page.inner_text("h1")
        page.keyboard.press("?")
        page.get_by_label("No single keys in this browser").check()
        page.keyboard.press("a")
        assert not page.locator("[name=verdict]:checked").count()
        page.set_viewport_size({"width": 390, "height": 844})  # three lines stand above what there is to read
        assert page.locator(".site-head").bounding_box()["height"] < 120
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.locator(".account summary").click()
        assert page.get_by_role("button", name="Sign out").is_visible()
    assert not complaints
