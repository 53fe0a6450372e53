"""One's inbox and subscriptions through the API: filters, keyset pages, marking, watching; nobody else's; as described."""

import pytest

from reviews.models import Notification, Subscription
from reviews.services.discussing import comment_on_proposal
from reviews.services.subscribing import watch
from tests.config.test_api_schema import problems_of
from tests.reviews.conftest import reduced

pytestmark = pytest.mark.django_db
HERE, WATCHED = "/api/v1/notifications/", "/api/v1/subscriptions/"


@pytest.fixture
def told(people, register, propose, tell_all):
    """nobody watches the microspheres and hears of a proposal and two remarks; rita is asked to review it."""
    tell_all()
    watch(actor=people.nobody, what="chokepoint", target=register.chokepoint)
    number = propose(*reduced(register), title="Microspheres: reduced")
    for text in ("See page 12.", "And page 13."):
        comment_on_proposal(actor=people.emma, number=number, text=text)
    tell_all()
    return number


def ids(answer):
    assert answer.status_code == 200, answer.content
    return [one["id"] for one in answer.json()["results"]]


def test_it_says_what_the_inbox_says(told, program, register):
    page = program("nobody").read(HERE)
    assert problems_of(HERE, page.json()) == []
    said = page.json()["results"][0]
    assert said["event"] == "commented" and said["words"] == "And page 13."
    assert said["title"] == "Microspheres: reduced" and said["proposal"] == told
    assert said["why"] == "You get this because you watch the chokepoint Microspheres."
    assert said["reasons"] == [
        {"scope": "watched", "subject": f"chokepoint:{register.chokepoint}", "label": "Microspheres"}
    ]
    assert said["page"].startswith(f"http://testserver/proposals/{told}/#comment-")
    assert problems_of(f"{HERE}{{notification}}/", program("nobody").read(said["self"]).json()) == []
    asked = program("rita").read(f"{HERE}?sort=request").json()["results"]
    assert [(one["event"], one["read"], one["settled"]) for one in asked] == [("request", None, None)]


def test_it_is_narrowed_and_walked(told, program):
    client = program("nobody")
    everything = ids(client.read(HERE))
    assert len(everything) == 3 and everything == sorted(everything, reverse=True)
    assert ids(client.read(f"{HERE}?event=commented")) == everything[:2]
    assert ids(client.read(f"{HERE}?event__in=submitted,export")) == everything[2:]
    assert ids(client.read(f"{HERE}?proposal={told}&sort=news&unread=true")) == everything
    assert ids(client.read(f"{HERE}?proposal=999")) == ids(client.read(f"{HERE}?unread=false")) == []
    first = client.read(f"{HERE}?page_size=2&count=true").json()
    assert first["count"] == 3
    assert [one["id"] for one in first["results"]] + ids(client.read(first["next"])) == everything
    assert ids(client.read(f"{HERE}?ordering=id")) == everything[::-1]


@pytest.mark.parametrize(
    "query", ["unread=yes", "event=none", "sort=mail", "proposal=x", "proposal=-1", "nothing=1", "cursor=x", "ordering=made"]
)  # fmt: skip
def test_what_cant_be_asked_is_named(told, program, query):
    answer = program("nobody").read(f"{HERE}?{query}")
    assert answer.status_code == 400 and query.partition("=")[0] in answer.content.decode()


def test_reading_marks_nothing_and_marking_is_asked_for(told, program):
    client = program("nobody")
    newest, middle, oldest = ids(client.read(HERE))
    assert ids(client.read(f"{HERE}?unread=true")) == [newest, middle, oldest]
    marked = client.send(f"{HERE}{middle}/read/")
    assert marked.status_code == 200 and marked.json()["read"]
    assert ids(client.read(f"{HERE}?unread=true")) == [newest, oldest]
    assert client.send(f"{HERE}{middle}/read/", {"read": False}).json()["read"] is None
    answer = client.send(f"{HERE}read/", {"up_to": middle})
    assert answer.json() == {"marked": 2, "unread": 1}
    assert client.send(f"{HERE}read/", {"ids": [newest, 10**15]}).json() == {"marked": 1, "unread": 0}


@pytest.mark.parametrize(
    "body", [{}, {"ids": [1], "up_to": 1}, {"ids": ["x"]}, {"up_to": 0}, {"before": 1}, []]
)
def test_bodies_that_say_nothing_mark_nothing(told, program, body, people):
    assert program("nobody").send(f"{HERE}read/", body).status_code == 400
    assert not Notification.objects.filter(owner=people.nobody, read__isnull=False).exists()


def test_others_are_not_there(told, program, people):
    row = Notification.objects.filter(owner=people.nobody).first()
    client = program("erik")
    assert ids(client.read(HERE)) == []
    assert client.read(f"{HERE}{row.pk}/").status_code == 404
    assert client.send(f"{HERE}{row.pk}/read/").status_code == 404
    assert client.read(f"{HERE}{10**20}/").status_code == 404
    assert client.send(f"{HERE}read/", {"ids": [row.pk]}).json() == {"marked": 0, "unread": 0}
    mine = Subscription.objects.get(owner=people.nobody)
    assert ids(client.read(WATCHED)) == []
    assert client.read(f"{WATCHED}{mine.pk}/").status_code == 404
    assert client.send(f"{WATCHED}{mine.pk}/", method="DELETE").status_code == 404
    assert Subscription.objects.filter(pk=mine.pk).exists()


def test_what_may_not_be_seen_any_more_is_null(told, program):
    from reviews.models import Proposal

    Proposal.objects.filter(pk=told).update(state="draft")
    page = program("nobody").read(HERE)
    assert {(one["heading"], one["words"], one["page"]) for one in page.json()["results"]} == {(None,) * 3}
    assert problems_of(HERE, page.json()) == []


def test_a_token_that_may_read_marks_but_doesnt_subscribe(told, bearer, people):
    narrow = bearer("nobody", "read")
    newest = ids(narrow.get(HERE))[0]
    assert narrow.post(f"{HERE}{newest}/read/", {}, content_type="application/json").status_code == 200
    sent = {"what": "everything"}
    assert narrow.post(WATCHED, sent, content_type="application/json").status_code == 403
    assert narrow.get(WATCHED).status_code == 200
    wide = bearer("nobody", "read", "propose")
    assert wide.post(WATCHED, sent, content_type="application/json").status_code == 201


def test_watching_muting_and_ending_it(program, people, register, propose):
    number = propose(*reduced(register), title="Microspheres: reduced")
    client = program("nobody")
    made = client.send(WATCHED, {"what": "chokepoint", "target": "microspheres"})
    body = made.json()
    assert (made.status_code, made["Location"], body["target"], body["label"]) == (
        201, body["self"], register.chokepoint, "Microspheres",
    )  # fmt: skip
    again = client.send(WATCHED, {"what": "chokepoint", "target": register.chokepoint})
    assert again.json()["id"] == body["id"]
    muted = client.send(WATCHED, {"what": "proposal", "target": number, "muted": True}).json()
    assert muted["muted"] is True and muted["label"] == f"#{number} Microspheres: reduced"
    assert client.send(WATCHED, {"what": "proposal", "target": str(number)}).json()["muted"] is False
    assert client.send(WATCHED, {"what": "everything"}).json()["target"] is None
    page = client.read(WATCHED)
    assert problems_of(WATCHED, page.json()) == [] and len(page.json()["results"]) == 3
    assert problems_of(f"{WATCHED}{{subscription}}/", client.read(body["self"]).json()) == []
    gone = client.send(body["self"], method="DELETE")
    assert gone.status_code == 204 and not gone.content
    assert client.send(body["self"], method="DELETE").status_code == 404
    assert Subscription.objects.filter(owner=people.nobody).count() == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400), ({"what": "weather"}, 400), ({"what": "chokepoint"}, 400), ({"what": "chokepoint", "target": "no"}, 400),
        ({"what": "chokepoint", "target": "\0"}, 400), ({"what": "everything", "target": "x"}, 400),
        ({"what": "source", "target": {}}, 400), ({"what": "proposal", "target": 999}, 404),
        ({"what": "proposal", "target": "x"}, 404), ({"what": "proposal", "target": True}, 400),
        ({"what": "everything", "muted": True}, 400), ({"what": "sector", "target": "x" * 5000}, 400),
        ({"what": "everything", "owner": 1}, 400), ({"what": "proposal", "target": 10**30}, 400),
    ],
)  # fmt: skip
def test_what_cant_be_watched_is_refused_in_words(program, people, register, body, status):
    answer = program("nobody").send(WATCHED, body)
    assert answer.status_code == status and answer["Content-Type"] == "application/problem+json"
    assert not Subscription.objects.exists()


def test_the_same_key_subscribes_once(program, people, register):
    client = program("nobody")
    sent = {"what": "chokepoint", "target": "microspheres"}
    answers = [client.send(WATCHED, sent, Idempotency_Key="once") for _ in range(2)]
    assert answers[0].content == answers[1].content and answers[1]["Idempotency-Replayed"] == "true"
