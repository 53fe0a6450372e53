"""The main story in a browser: an editor proposes, two reviewers approve, a visitor follows the status to its quote."""

import re
from contextlib import contextmanager

import pytest

from tests.databases import live_server_process, run_manage

pytestmark = [pytest.mark.browser, pytest.mark.database]

PEOPLE = """
from django.contrib.auth.models import Group, User
for name, group in (("emma", "Editors"), ("rita", "Reviewers"), ("ravi", "Reviewers")):
    User.objects.create_user(name, password=f"{name}-in-a-browser").groups.add(Group.objects.get(name=group))
"""
QUOTE = "示例公司的间隔物微球已向国内面板厂批量供货。"


@pytest.fixture
def site(dataset_database):
    """The real site with the data set of 2018 and three people."""
    run_manage(dataset_database, "shell", "-c", PEOPLE)
    with live_server_process(dataset_database) as server:
        yield server.url


@contextmanager
def signed_in(browser, site, name):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{site}/accounts/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(f"{name}-in-a-browser")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/desk/")
    yield page
    context.close()


def propose_reduction(page, site) -> str:
    """Propose "microspheres: reduced" from the chokepoint's page and return the proposal's address."""
    page.goto(f"{site}/chokepoints/microspheres/")
    page.locator("a[href*='/assess/']").first.click()
    page.get_by_role("radio", name=re.compile("^reduced")).check()
    page.locator("#id_assessment-as_of").fill("2024-05")
    page.locator("#id_assessment-rationale").fill(
        "Spacer beads are delivered in volume; conductive beads are still imported."
    )
    page.locator("#id_evidence-claim").fill("An example maker supplies spacer microspheres in volume.")
    page.locator("#id_bearing-stance").select_option("shows-reduction")
    page.locator("#id_evidence-quote").fill(QUOTE)
    page.locator("#id_evidence-quote_language").fill("zh")
    page.locator("#id_evidence-translation").fill(
        "The example company supplies spacer microspheres in volume."
    )
    page.locator("#id_evidence-translator").select_option("person")
    page.get_by_text("A new source", exact=True).click()
    page.locator("#id_source-title").fill("Example filing of 2024")
    page.locator("#id_source-kind").select_option("company-filing")
    page.locator("#id_source-derivation").select_option("original")
    page.locator("#id_source-published_on").fill("2024-05-20")
    page.get_by_role("button", name="Submit for review").click()
    page.wait_for_url(re.compile(r"/proposals/\d+/$"))
    return page.url


def approve(page, address) -> None:
    page.goto(address)
    assert QUOTE in page.inner_text("main")
    page.get_by_role("radio", name=re.compile("^Approve")).check()
    page.get_by_role("button", name="Send review").click()


def test_from_proposal_to_published_status_and_back_to_the_quote(site, browser):
    with signed_in(browser, site, "emma") as page:
        address = propose_reduction(page, site)
        assert "2 more approvals" in page.inner_text("#needs")
    with signed_in(browser, site, "rita") as page:
        page.goto(f"{site}/queue/")
        page.get_by_role("link", name="Microspheres: reduced").click()
        approve(page, address)
        assert "Approved." in page.inner_text(".messages")
    with signed_in(browser, site, "ravi") as page:
        approve(page, address)
        assert "published as changeset" in page.inner_text(".messages")

    visitor = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    complaints: list[str] = []
    visitor.on(
        "console", lambda message: complaints.append(message.text) if message.type == "error" else None
    )
    visitor.goto(f"{site}/chokepoints/microspheres/")
    assert "reduced" in visitor.locator("main .badge").first.inner_text().lower()
    visitor.get_by_role(
        "link", name=re.compile("An example maker supplies|Example filing of 2024")
    ).first.click()
    if QUOTE not in visitor.inner_text("main"):
        visitor.get_by_role("link", name=re.compile("An example maker supplies")).first.click()
    assert QUOTE in visitor.inner_text("main")
    assert not complaints


def test_records_are_suggested_while_typing(site, browser):
    with signed_in(browser, site, "emma") as page:
        page.goto(f"{site}/proposals/new/?kind=supply&operation=create")
        field = page.locator("#id_chokepoint")
        field.press_sequentially("microsph")
        page.wait_for_selector("#id_chokepoint_records option[value='microspheres']", state="attached")
