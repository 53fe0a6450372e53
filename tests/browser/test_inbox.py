"""Watch a chokepoint, see the badge after a publication without loading anything anew, open it, mute it; all by keyboard too."""

import re

import pytest

from tests.browser.test_main_story import signed_in
from tests.databases import live_server_process, run_manage

pytestmark = [pytest.mark.browser, pytest.mark.database]

PEOPLE = """
from django.contrib.auth.models import Group, User
for name, group in (("emma", "Editors"), ("rita", "Reviewers"), ("wanda", None)):
    user = User.objects.create_user(name, password=f"{name}-in-a-browser")
    if group:
        user.groups.add(Group.objects.get(name=group))
"""
# What happens meanwhile, told at once: in this test there is no worker.
MEANWHILE = """
from django.contrib.auth.models import User
from chokepoints.models import Chokepoint, Outbox
from reviews.notifications.fanning_out import fan_out
from reviews.services.discussing import comment_on_proposal
from reviews.services.drafting import DraftChange, draft_proposal, submit_proposal
from reviews.services.reviewing import review_proposal
emma, rita = (User.objects.get(username=name) for name in ("emma", "rita"))
def propose(title, summary):
    row = Chokepoint.objects.get(key="microspheres")
    change = DraftChange("chokepoint", str(row.pk), "update", {"summary": summary}, {}, row.revision)
    number = draft_proposal(actor=emma, title=title, rationale="Shorter.", changes=[change]).number
    submit_proposal(actor=emma, number=number, version=1)
    return number
def tell():
    for pk in list(Outbox.objects.order_by("pk").values_list("pk", flat=True)):
        fan_out(pk)
"""
PUBLISHED = """
number = propose("Say it shortly", "Spacer beads. 微球。")
review_proposal(actor=rita, number=number, version=1, verdict="approve")
tell()
"""
SAID = """
number = propose("Say it more shortly", "Beads. 微球。")
for text in ("First.", "Second."):
    comment_on_proposal(actor=emma, number=number, text=text)
tell()
"""


@pytest.fixture
def database(fresh_database):
    run_manage(fresh_database, "load_dataset")
    run_manage(fresh_database, "shell", "-c", PEOPLE)
    run_manage(fresh_database, "shell", "-c", f"{MEANWHILE}tell()")
    return fresh_database


@pytest.fixture
def site(database):
    """The real site, whose pages ask for news every second."""
    with live_server_process(database, INBOX_POLL_SECONDS="1") as server:
        yield server.url


def badge(page, words: str):
    """Wait until the badge says something; the page isn't loaded anew."""
    page.wait_for_function(
        "words => (document.querySelector('#inbox-badge [data-unread]')?.dataset.unread ?? '') === words",
        arg=words,
    )


def focused(page) -> str:
    return page.evaluate("document.activeElement.textContent").strip()


def test_watch_see_the_badge_after_a_publication_open_and_mute(database, site, browser):
    complaints: list[str] = []
    with signed_in(browser, site, "wanda") as page:
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        # Of proposals she wants to hear once they are published.
        page.goto(f"{site}/accounts/notifications/")
        page.get_by_label("A proposal is submitted – I watch it").select_option("never")
        page.get_by_role("button", name="Save", exact=True).click()
        page.wait_for_selector(".messages")
        page.goto(f"{site}/chokepoints/microspheres/")
        page.get_by_role("button", name="Watch", exact=True).click()
        page.get_by_role("button", name="✓ Watching").wait_for()
        badge(page, "")

        run_manage(database, "shell", "-c", MEANWHILE + PUBLISHED)
        badge(page, "1")
        assert page.title().startswith("(1) ")

        page.get_by_role("link", name=re.compile("^Inbox")).click()
        assert "Because you watch the chokepoint Microspheres" in page.inner_text("main")
        page.get_by_role("link", name=re.compile("was published")).click()
        page.wait_for_url(re.compile(r"/proposals/\d+/$"))
        badge(page, "")
        page.get_by_role("button", name="Mute").click()
        page.get_by_role("button", name="Muted – unmute").wait_for()
    assert not complaints


def test_the_inbox_by_keyboard(database, site, browser):
    with signed_in(browser, site, "wanda") as page:
        page.goto(f"{site}/chokepoints/microspheres/")
        page.get_by_role("button", name="Watch", exact=True).click()
        page.get_by_role("button", name="✓ Watching").wait_for()
        page.goto(f"{site}/inbox/")
        assert "Nothing yet." in page.inner_text("main")
        run_manage(database, "shell", "-c", MEANWHILE + PUBLISHED + SAID)
        # published: submitted, published; said: submitted, two remarks
        page.get_by_text("5 new").wait_for()
        page.get_by_role("link", name="Show").click()
        page.wait_for_selector("[data-stop]")

        page.keyboard.press("j")
        assert "Second." in focused(page)
        page.keyboard.press("j")
        assert "was published" in focused(page)
        page.keyboard.press("k")
        page.keyboard.press("e")
        badge(page, "4")
        page.get_by_role("button", name="Undo").wait_for()
        assert "First." in focused(page)  # the next one took its place
        page.get_by_role("button", name="Undo").click()
        badge(page, "5")

        # In a field, letters are letters; in a select they choose.
        page.locator("#id_event").focus()
        page.keyboard.press("e")
        page.keyboard.press("?")
        assert page.locator("details[data-keys][open]").count() == 0
        badge(page, "5")
        page.locator("h1").click()
        page.keyboard.press("?")
        assert page.locator("details[data-keys][open]").count() == 1

        page.reload()
        page.keyboard.press("j")
        page.keyboard.press("m")
        page.get_by_text(re.compile(r"Proposal \d+ is muted")).wait_for()
        page.locator("[data-group] [data-stop]:focus").wait_for()  # it goes on from there
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/proposals/\d+/#comment-\d+$"))
        badge(page, "2")  # what is said of the other proposal


HIDDEN = """
let seen = "hidden";
Object.defineProperty(document, "visibilityState", { get: () => seen });
window.lookAtIt = () => { seen = "visible"; document.dispatchEvent(new Event("visibilitychange")); };
"""


def test_a_page_that_nobody_sees_asks_and_marks_nothing_until_it_is_seen(database, site, browser):
    """Such as one that a browser makes ready before somebody asks for it."""
    with signed_in(browser, site, "wanda") as page:
        page.goto(f"{site}/chokepoints/microspheres/")
        page.get_by_role("button", name="Watch", exact=True).click()
        page.get_by_role("button", name="✓ Watching").wait_for()
        run_manage(database, "shell", "-c", MEANWHILE + SAID)
        badge(page, "3")
        page.goto("about:blank")  # the page before, which is seen, asks no more
        page.add_init_script(HIDDEN)
        page.goto("about:blank")  # the page that was seen asks every second until it is gone
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if "/inbox/" in request.url else None)
        page.goto(f"{site}/proposals/1/")
        page.evaluate("htmx.trigger('#inbox-badge', 'seen-again')")
        page.wait_for_load_state("networkidle")
        assert asked == []
        with page.expect_response(lambda answer: answer.url.endswith("/inbox/read/")) as marked:
            page.evaluate("lookAtIt()")
        assert marked.value.status == 204
        badge(page, "")
