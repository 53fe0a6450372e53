"""The inbox: what waits, what is new, why, and marking it read. Others' are as if they weren't there."""

import datetime as dt
import html
import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from chokepoints.models import Activity
from chokepoints.services.contributing import contributor_for
from chokepoints.services.recording import record_activity
from reviews.models import Notification, Proposal
from reviews.notifications.messages import messages_of
from reviews.selectors import inbox
from reviews.services.discussing import comment_on_proposal, hide_comment
from reviews.services.drafting import draft_proposal, withdraw_proposal
from reviews.services.reviewing import review_proposal
from reviews.services.subscribing import mute, watch

from ..conftest import make_person, reduced

pytestmark = pytest.mark.django_db
PAGE = "/inbox/"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@pytest.fixture
def told(people, register, propose, tell_all):
    """nobody watches the microspheres; emma proposes something about them and says something. Returns its number."""
    tell_all()
    watch(actor=people.nobody, what="chokepoint", target=register.chokepoint)
    number = propose(*reduced(register), title="Microspheres: reduced")
    comment_on_proposal(actor=people.emma, number=number, text="See page 12.")
    tell_all()
    return number


def news(user):
    return Notification.objects.filter(owner=user, sort="news").order_by("pk")


def text_of(answer) -> str:
    plain = re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(script|style).*?</\1>", " ", answer.content.decode()))
    return re.sub(r"\s+", " ", html.unescape(plain))


def test_news_say_what_happened_what_was_said_and_why_with_what_changes_it(told, signed_in):
    page = signed_in("nobody").get(PAGE)
    text = text_of(page)
    assert "Microspheres: reduced" in text and "2 new" in text
    assert "submitted proposal" in text and "See page 12." in text
    assert "Because you watch the chokepoint Microspheres" in text and "stop watching" in text
    body = page.content.decode()
    assert f"{reverse('notification-choices')}#cell-submitted-watched" in body
    assert f'action="{reverse("watching", args=["proposal", told])}"' in body
    assert "no-store" in page["Cache-Control"]


def test_whoever_was_never_told_any_news_is_not_sent_to_look_for_them(told, signed_in):
    text = text_of(signed_in("rita").get(PAGE))
    assert "Waits for you 1" in text and "Nothing yet." in text
    assert "Show what you read" not in text
    signed_in("nobody").post("/inbox/read/", {"to": 10**9})
    assert "Show what you read" in text_of(signed_in("nobody").get(PAGE))


def test_whoever_is_to_review_and_whoever_watches_read_why_it_was_proposed(told, signed_in):
    for name in ("rita", "nobody"):
        assert "Because it is so." in text_of(signed_in(name).get(PAGE)), name
    assert "By emma. It is your turn: you may review it." in text_of(signed_in("rita").get(PAGE))


def test_what_is_alone_in_its_group_leaves_marking_to_the_group(told, signed_in, people):
    """One button says it once; the key e finds that of the group where the item has none."""
    page = signed_in("nobody").get(PAGE).content.decode()
    assert (page.count(">Mark 2 as read<"), page.count('read">mark as read<')) == (1, 2)
    news(people.nobody).first().delete()
    page = signed_in("nobody").get(PAGE).content.decode()
    assert (page.count(">Mark as read<"), page.count('read">mark as read<')) == (1, 0)


def test_an_author_who_is_asked_to_act_reads_what_was_said_and_not_their_own_rationale(
    told, signed_in, people, tell_all
):
    review_proposal(
        actor=people.rita, number=told, version=1, verdict="request_changes", comment="Which page?"
    )
    tell_all()
    text = text_of(signed_in("emma").get(PAGE))
    assert "Waits for you 1" in text and "Which page?" in text and "Because it is so." not in text


def test_a_request_stands_above_the_news_whatever_is_filtered_and_read(told, signed_in, people):
    browser = signed_in("rita")
    for query in ("", "?show=all", "?show=unread&event=export", "?before=1"):
        assert "Waits for you 1" in text_of(browser.get(PAGE + query)), query
    browser.post("/inbox/read/", {"to": inbox.newest_of(people.rita)})
    assert "Waits for you 1" in text_of(browser.get(PAGE))
    assert inbox.badge_of(people.rita) == inbox.Badge(0, 1)


def test_opening_marks_read_and_leads_to_what_it_is_about(told, signed_in, people):
    row = news(people.nobody).last()
    answer = signed_in("nobody").get(row.get_absolute_url())
    assert answer.status_code == 302 and answer["Location"].startswith(f"/proposals/{told}/#comment-")
    row.refresh_from_db()
    assert row.read is not None


@pytest.mark.parametrize("header", ["Sec-Purpose", "Purpose", "X-Moz"])
def test_a_browser_that_fetches_ahead_marks_nothing(told, signed_in, people, header):
    row = news(people.nobody).last()
    answer = signed_in("nobody").get(row.get_absolute_url(), headers={header: "prefetch;prerender"})
    row.refresh_from_db()
    assert answer.status_code == 302 and row.read is None


def test_a_proposals_page_says_that_its_news_were_read_and_reading_it_alone_changes_nothing(
    told, signed_in, people
):
    browser = signed_in("nobody")
    body = browser.get(f"/proposals/{told}/").content.decode()
    newest = news(people.nobody).last().pk
    assert f'"about": "proposal:{told}", "to": {newest}' in body
    assert inbox.badge_of(people.nobody).count == 2
    sent = {"quietly": "1", "about": f"proposal:{told}", "to": newest}
    answer = browser.post("/inbox/read/", sent, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Trigger"]) == (204, "inbox-changed")
    assert inbox.badge_of(people.nobody).count == 0
    assert '"about"' not in browser.get(f"/proposals/{told}/").content.decode()


def test_what_came_after_the_page_was_shown_stays_unread(told, signed_in, people, tell_all):
    shown = inbox.newest_of(people.nobody)
    comment_on_proposal(actor=people.emma, number=told, text="And page 13.")
    tell_all()
    signed_in("nobody").post("/inbox/read/", {"about": f"proposal:{told}", "to": shown})
    assert [row.read is None for row in news(people.nobody)] == [False, False, True]


def test_marking_is_taken_back_at_once_and_one_by_one(told, signed_in, people):
    browser = signed_in("nobody")
    answer = browser.post("/inbox/read/", {"to": inbox.newest_of(people.nobody), "next": "/inbox/?show=all"})
    page = browser.get(answer["Location"])
    assert answer["Location"].startswith("/inbox/?show=all&marked=") and "2 marked as read" in text_of(page)
    moment = re.search(r'name="moment" value="([^"]+)"', page.content.decode())[1]
    back = browser.post("/inbox/read/", {"moment": html.unescape(moment), "next": answer["Location"]})
    assert back["Location"] == "/inbox/?show=all" and inbox.badge_of(people.nobody).count == 2
    first = news(people.nobody).first()
    browser.post("/inbox/read/", {"id": first.pk})
    assert inbox.badge_of(people.nobody).count == 1
    browser.post("/inbox/read/", {"unread": first.pk})
    assert inbox.badge_of(people.nobody).count == 2


def test_marking_what_a_filter_shows_leaves_the_rest(told, signed_in, people):
    browser, newest = signed_in("nobody"), inbox.newest_of(people.nobody)
    assert 'name="event" value="commented"' in browser.get(PAGE, {"event": "commented"}).content.decode()
    browser.post("/inbox/read/", {"to": newest, "event": "commented"})
    assert [(row.event, row.read is None) for row in news(people.nobody)] == [
        ("submitted", True),
        ("commented", False),
    ]


def test_others_notifications_are_not_there_and_cant_be_marked(told, signed_in, people):
    row = news(people.nobody).first()
    browser = signed_in("erik")
    assert browser.get(row.get_absolute_url()).status_code == 404
    for sent in ({"id": row.pk}, {"about": row.subject, "to": row.pk}, {"to": row.pk}):
        assert browser.post("/inbox/read/", sent).status_code == 302
    assert inbox.badge_of(people.nobody).count == 2
    assert "Microspheres" not in text_of(browser.get(PAGE))


def test_visitors_are_asked_to_sign_in_and_their_badge_stops_asking(told, client, people):
    row = news(people.nobody).first()
    for address in (PAGE, row.get_absolute_url(), "/accounts/notifications/"):
        assert client.get(address)["Location"].startswith("/accounts/login/?next=")
    assert client.post("/inbox/read/", {"to": 1})["Location"] == "/accounts/login/?next=/inbox/"
    assert client.get("/inbox/count/").status_code == 286
    assert client.get("/inbox/news/").status_code == 286
    assert "inbox-badge" not in client.get("/").content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "?before=x", "?before=" + "9" * 40, "?after=-1", "?about=" + "x" * 5000, "?about=proposal:%00", "?show=none",
        "?event=none", "?marked=nothing", "?marked=2026-13-45T00:00:00Z", "?marked=9999-12-31T23:59:59-23:00",
        "?after=1&before=1",
    ],
)  # fmt: skip
def test_no_address_of_the_inbox_breaks_it(told, signed_in, query):
    assert signed_in("nobody").get(PAGE + query).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        {}, {"to": "x"}, {"id": "x"}, {"id": "9" * 30}, {"unread": "x"}, {"moment": "x"}, {"about": "x"},
        {"about": "\0", "to": "1"}, {"moment": "0001-01-01T00:00:00+23:00"},
    ],
)  # fmt: skip
def test_nothing_that_is_posted_breaks_it_and_what_means_nothing_changes_nothing(
    told, signed_in, people, sent
):
    assert signed_in("nobody").post("/inbox/read/", sent).status_code in (302, 400)
    assert inbox.badge_of(people.nobody).count == 2


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"]
)
def test_it_leads_back_to_this_site_only(told, signed_in, address):
    answer = signed_in("nobody").post("/inbox/read/", {"id": 1, "next": address})
    assert answer["Location"] == PAGE


def test_texts_that_users_typed_are_escaped_in_every_place(people, register, propose, tell_all, signed_in):
    person = make_person("mallory", "Editors", first_name=HOSTILE[:100])
    contributor = contributor_for(person)
    type(contributor).objects.filter(pk=contributor.pk).update(display_name=HOSTILE)
    tell_all()
    watch(actor=people.nobody, what="chokepoint", target=register.chokepoint)
    number = propose(*reduced(register), actor=person, title=HOSTILE)
    comment_on_proposal(actor=person, number=number, text=HOSTILE + "\u202e")
    tell_all()
    Notification.objects.filter(owner=people.nobody).update(
        reasons=[{"scope": "watched", "subject": f"chokepoint:{register.chokepoint}", "label": HOSTILE}]
    )
    browser = signed_in("nobody")
    watch(actor=people.nobody, what="proposal", target=number)
    for address in (PAGE, "/accounts/notifications/", f"/watching/proposal/{number}/"):
        body = browser.get(address).content.decode()
        assert (
            "<script>alert" not in body and "<img src=x" not in body and "\u202e" not in text_of_body(body)
        ), address
        assert "&lt;script&gt;alert(1)" in body


def text_of_body(body: str) -> str:
    """What is read on a page; not its title and attributes, where nothing can be marked up."""
    return re.sub(r"<[^>]+>", "", body.partition("<main")[2])


def test_what_was_hidden_or_went_back_to_private_is_not_told(told, signed_in, people):
    comment = Proposal.objects.get(pk=told).comments.get()
    hide_comment(actor=people.admin, comment=comment.pk, reason="Insulting.")
    browser = signed_in("nobody")
    assert "See page 12." not in text_of(browser.get(PAGE))
    Proposal.objects.filter(pk=told).update(state="draft")
    text = text_of(browser.get(PAGE))
    assert "You may not see any more what this was about." in text and "Microspheres: reduced" not in text
    row = news(people.nobody).first()
    assert browser.get(row.get_absolute_url())["Location"] == PAGE


# --- groups, pages, how much it costs


def make_news(user, proposals: int, each: int) -> None:
    """Tell somebody of many things about many proposals."""
    for _ in range(proposals):
        made = draft_proposal(
            actor=make_news.author, title=f"Proposal {uuid.uuid4()}", rationale="So.", changes=[]
        )
        Proposal.objects.filter(pk=made.pk).update(state="open")
        for _ in range(each):
            activity = record_activity(
                "proposal.opened", actor=contributor_for(make_news.author), subject=f"proposal:{made.pk}"
            )
            Notification.objects.create(
                owner=user, event="submitted", activity=activity, proposal=made, subject=activity.subject,
                level="inbox", reasons=[{"scope": "watched", "subject": "everything", "label": ""}],
            )  # fmt: skip


@pytest.fixture
def many(people):
    make_news.author = people.emma
    return lambda proposals, each: make_news(people.nobody, proposals, each)


def test_pages_walk_all_groups_forth_and_back_without_missing_or_repeating_one(many, signed_in, people):
    many(45, 2)
    browser, address, seen = signed_in("nobody"), PAGE, []
    for _ in range(3):
        body = browser.get(address).content.decode()
        seen.append(re.findall(r'id="group-(\d+)"', body))
        following = re.search(r'rel="next" href="([^"]+)"', body)
        address = PAGE + html.unescape(following[1]) if following else None
    assert address is None and [len(page) for page in seen] == [20, 20, 5]
    flat = [int(one) for page in seen for one in page]
    assert flat == sorted(set(flat), reverse=True)
    back = PAGE + html.unescape(re.search(r'rel="prev" href="([^"]+)"', body)[1])
    assert re.findall(r'id="group-(\d+)"', browser.get(back).content.decode()) == seen[1]


def test_a_long_group_shows_its_newest_and_leads_to_all_of_it(many, signed_in, people):
    many(1, 12)
    subject = Notification.objects.filter(owner=people.nobody).first().subject
    browser = signed_in("nobody")
    body = browser.get(PAGE).content.decode()
    assert body.count('<li class="note') == 6 and "6 older" in body and "5 more" in body
    assert (
        browser.get(PAGE, {"show": "all", "about": subject}).content.decode().count('<li class="note') == 12
    )


def test_the_inbox_asks_as_often_for_fifty_as_for_five(many, signed_in, people):
    browser = signed_in("nobody")
    many(2, 2)
    browser.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        browser.get(PAGE)
    many(18, 3)
    with CaptureQueriesContext(connection) as more:
        assert browser.get(PAGE).content.decode().count('<li class="note') > 50
    assert len(more) == len(few) < 30, [query["sql"] for query in more.captured_queries]


def test_messages_of_fifty_take_as_many_queries_as_of_two(many, people, told):
    many(25, 2)
    rows = Notification.objects.filter(owner=people.nobody)
    assert rows.count() > 50
    with CaptureQueriesContext(connection) as few:
        messages_of(list(rows.filter(proposal=told)))
    with CaptureQueriesContext(connection) as more:
        assert all(messages_of(list(rows)))
    assert len(more) <= len(few) <= 8


def test_messages_of_several_people_are_each_what_their_owner_may_see(told, people):
    Proposal.objects.filter(pk=told).update(state="draft")
    activity = Activity.objects.filter(verb="proposal.opened").last()
    for owner in (people.emma, people.erik):
        Notification.objects.create(
            owner=owner, event="submitted", activity=activity, proposal_id=told, subject=activity.subject,
            level="inbox",
        )  # fmt: skip
    rows = [Notification.objects.get(owner=owner, sort="news") for owner in (people.emma, people.erik)]
    shown = messages_of(rows)
    assert shown[0].title == "Microspheres: reduced" and shown[1] is None


# --- the badge


def test_the_badge_shows_how_much_is_unread_and_its_polls_say_only_what_changed(told, signed_in, people):
    browser = signed_in("nobody")
    page = browser.get("/").content.decode()
    assert 'name="badge" value="2.0"' in page and 'data-unread="2"' in page and "every 60s" in page
    assert browser.get("/inbox/count/", {"badge": "2.0"}).status_code == 204
    changed = browser.get("/inbox/count/", {"badge": "1.0"})
    assert changed.status_code == 200 and 'data-unread="2"' in changed.content.decode()
    assert "1 request to act" in signed_in("rita").get("/").content.decode()


def test_the_badge_counts_to_ninety_nine(many, signed_in, people):
    many(1, 120)
    with CaptureQueriesContext(connection) as queries:
        assert inbox.badge_of(people.nobody).count == 100
    assert len(queries) == 1 and "LIMIT 100" in queries.captured_queries[0]["sql"]
    assert 'data-unread="99+"' in signed_in("nobody").get("/").content.decode()


def test_an_open_inbox_says_how_much_came_since(told, signed_in, people, tell_all):
    since = inbox.newest_of(people.nobody)
    browser = signed_in("nobody")
    assert browser.get("/inbox/news/", {"since": since}).status_code == 204
    comment_on_proposal(actor=people.emma, number=told, text="And page 13.")
    tell_all()
    assert "1 new" in text_of(browser.get("/inbox/news/", {"since": since}))
    assert browser.get("/inbox/news/", {"since": since, "news": "1"}).status_code == 204


def test_polling_can_be_switched_off(told, signed_in, settings):
    settings.INBOX_POLL_SECONDS = 0
    body = signed_in("nobody").get(PAGE).content.decode()
    assert 'data-unread="2"' in body and "hx-trigger" not in body


def test_an_empty_inbox_says_what_to_do(signed_in, people):
    text = text_of(signed_in("nobody").get(PAGE))
    assert "Nothing yet." in text and "Find a chokepoint to watch" in text


def test_exports_and_other_subjects_are_groups_of_their_own(people, signed_in):
    activity = record_activity("release.published", actor=None, subject="release:1", number=1)
    Notification.objects.create(
        owner=people.nobody, event="release", activity=activity, subject="release:1", level="inbox",
        reasons=[{"scope": "member", "subject": "", "label": ""}],
    )  # fmt: skip
    text = text_of(signed_in("nobody").get(PAGE))
    assert "Release 1 is published" in text and "Because you are a member" in text and "Mute" not in text


def test_muting_from_the_inbox_and_unmuting(told, signed_in, people):
    browser = signed_in("nobody")
    answer = browser.post(f"/watching/proposal/{told}/", {"does": "mute", "next": PAGE}, follow=True)
    text = text_of(answer)
    assert f"Proposal {told} is muted" in text and "Unmute this proposal" in text


def test_withdrawn_proposals_are_still_told(told, signed_in, people, tell_all):
    withdraw_proposal(actor=people.emma, number=told)
    tell_all()
    assert "withdrew proposal" in text_of(signed_in("nobody").get(PAGE))


def test_a_paused_reader_is_told_so(told, signed_in, people):
    from reviews.services.subscribing import pause

    pause(actor=people.nobody, until=timezone.now() + dt.timedelta(days=9))
    assert "No mail is sent until" in text_of(signed_in("nobody").get(PAGE))


def test_a_muted_proposal_tells_no_news(told, people, tell_all, register):
    mute(actor=people.nobody, number=told)
    comment_on_proposal(actor=people.emma, number=told, text="And page 13.")
    tell_all()
    assert news(people.nobody).count() == 2
