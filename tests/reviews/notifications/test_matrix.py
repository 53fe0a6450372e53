"""The whole matrix: event × scope × choice → who gets what; and nobody ever hears of what they did themselves.

Each scope of each event has a person for every choice and one who never chose. All of them, and the actor for whom every
reason holds at once, are told of one activity.
"""

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone

from chokepoints.models import Export, Outbox, Revision
from chokepoints.services.contributing import contributor_for
from chokepoints.services.recording import record_activity
from reviews.models import (
    Authorship,
    Comment,
    Expertise,
    Mail,
    Notification,
    NotificationChoice,
    Proposal,
    Review,
    Subscription,
    Webhook,
)
from reviews.notifications.asking import ask
from reviews.notifications.choosing import Reason, level_for, mail_for
from reviews.notifications.events import (
    ADMIN,
    DAILY,
    EVENTS,
    INBOX,
    INVOLVED,
    LEVELS,
    MEMBER,
    MENTIONED,
    MINE,
    NEVER,
    NOW,
    SCOPES,
    SECTOR,
    UNMUTABLE,
    WATCHED,
    WEEKLY,
)
from reviews.notifications.fanning_out import fan_out

from ..conftest import change

CHOICES = (*LEVELS, None)  # None: never chose, so the default holds
ACTS = [(event, verb) for event, about in EVENTS.items() for verb in about.verbs]


class Stage:
    """A proposal, or what else an event is about, with a person for each scope and choice; all reasons hold for the actor."""

    def __init__(self, event, verb, register, propose, emma):
        self.event, self.verb, self.emma = event, verb, emma
        self.people: dict[tuple[str, str | None], User] = {}
        self.actor = User.objects.create_user("the-actor", is_superuser=True)
        self.actor.groups.set(Group.objects.all())
        self.register, self.details = register, {}
        kind = verb.partition(".")[0]
        self.activities = {
            "proposal": self._proposal,
            "changeset": self._changeset,
            "export": self._exports,
            "release": self._release,
            "role": self._accounts,
            "webhook": self._webhooks,
        }.get(kind, self._other)(propose)

    def cast(self, scope: str) -> list[User]:
        """Make the people of one scope."""
        made = []
        for level in CHOICES:
            user = User.objects.create_user(f"{scope}-{level}")
            if level:
                NotificationChoice.objects.create(owner=user, event=self.event, scope=scope, level=level)
            self.people[scope, level] = user
            made.append(user)
        return made

    def scopes(self) -> list[str]:
        return list(EVENTS[self.event].defaults)

    def _proposal(self, propose):
        number = propose(change("chokepoint", self.register.chokepoint, summary="Another summary."))
        # Those who are asked to act are asked before, so that what follows is news to them.
        for pk in list(Outbox.objects.values_list("pk", flat=True)):
            fan_out(pk)
        for scope in self.scopes():
            for position, user in enumerate(self.cast(scope)):
                self._give_reason(scope, user, number, position + 1)
        if MENTIONED in self.scopes():
            self._name_them(number)
        for position, scope in enumerate((MINE, INVOLVED, WATCHED, SECTOR)):
            self._give_reason(scope, self.actor, number, 100 + position)
        if SECTOR in self.scopes():
            settle_requests(number)
        return [(f"proposal:{number}", self.actor)]

    def _name_them(self, number):
        """Have the comment or verdict call those who are named, and the actor."""
        named = [user for (scope, _), user in self.people.items() if scope == MENTIONED] + [self.actor]
        actor = contributor_for(self.actor)
        if self.verb == "proposal.commented":
            comment = Comment.objects.create(proposal_id=number, version=1, author=actor, text="@all")
            comment.mentioned.set(contributor_for(user) for user in named)
            self.details = {"comment": comment.pk}
            return
        for user in named:  # members alone are called by their names
            user.groups.add(Group.objects.get(name="Editors"))
        words = "Look, " + ", ".join(f"@{user.username}" for user in named)
        asked = {"proposal_id": number, "version": 1, "reviewer": actor, "verdict": "request_changes"}
        self.details = {"review": Review.objects.create(comment=words, **asked).pk}

    def _give_reason(self, scope, user, number, position):
        contributor = contributor_for(user)
        if scope == MINE:
            Authorship.objects.create(proposal_id=number, contributor=contributor, position=position)
        elif scope == INVOLVED:
            Comment.objects.create(proposal_id=number, version=1, author=contributor, text="I took part.")
        elif scope == WATCHED:
            what, target = [
                ("chokepoint", self.register.chokepoint),
                ("sector", self.register.sector),
                ("proposal", str(number)),
                ("everything", ""),
            ][position % 4]
            Subscription.objects.create(owner=user, what=what, target=target)
        elif scope == SECTOR:
            user.groups.add(Group.objects.get(name="Reviewers"))
            Expertise.objects.create(reviewer=contributor, sector=self.register.sector)

    def _changeset(self, propose):
        for position, user in enumerate(self.cast(WATCHED)):
            self._give_reason(WATCHED, user, 0, [0, 1, 3][position % 3])
        for user in self.cast(SECTOR):
            self._give_reason(SECTOR, user, 0, 0)
        self._give_reason(WATCHED, self.actor, 0, 0)
        about_it = Revision.objects.filter(record=self.register.chokepoint).latest("changeset")
        return [(f"changeset:{about_it.changeset_id}", self.actor)]

    def _exports(self, propose):
        today = timezone.now().date()
        asked = {"format": "csv", "tables": [], "changeset": 1, "day": today, "tries_left": 1}
        rows = [Export.objects.create(requester=user, **asked) for user in self.cast(MINE)]
        return [(f"export:{row.pk}", None) for row in rows]

    def _release(self, propose):
        if MEMBER in self.scopes():
            for user in self.cast(MEMBER):
                user.groups.add(Group.objects.get(name="Editors"))
            return [("release:1", self.actor)]
        for user in self.cast(ADMIN):
            User.objects.filter(pk=user.pk).update(is_superuser=True)
        return [("release-attempt:1", self.actor)]

    def _accounts(self, propose):
        self.details = {"was": [], "now": ["Editors"]}
        mine = self.cast(MINE)
        for user in self.cast(ADMIN):
            User.objects.filter(pk=user.pk).update(is_superuser=True)
        return [(f"account:{user.pk}", self.actor) for user in mine]

    def _webhooks(self, propose):
        about = {"name": "program", "url": "https://example.org/", "secret": "x"}
        rows = [Webhook.objects.create(owner=user, **about) for user in self.cast(MINE)]
        return [(f"webhook:{row.pk}", None) for row in rows]

    def _other(self, propose):
        pytest.fail(f"Say in Stage how {self.verb} comes about.")

    def tell(self) -> None:
        for subject, actor in self.activities:
            actor = contributor_for(actor) if actor else None
            activity = record_activity(self.verb, actor=actor, subject=subject, **self.details)
            fan_out(activity.pk)


def settle_requests(number: int) -> None:
    """Ask those who know the sector now, so that the activity that follows is news to them."""
    ask(Proposal.objects.get(pk=number))
    Mail.objects.all().delete()
    Notification.objects.filter(proposal=number).update(digest="")


def got(user: User, verb: str) -> str:
    """Return what somebody got of an activity: "nothing", "inbox", "daily" or "weekly" (a digest), "now" (a mail)."""
    rows = list(Notification.objects.filter(owner=user, activity__verb=verb, sort="news"))
    if not rows:
        return "nothing"
    (row,) = {(row.digest, Mail.objects.filter(notification=row).count()) for row in rows}
    return {("", 0): "inbox", ("", 1): "now", ("daily", 0): "daily", ("weekly", 0): "weekly"}[row]


EXPECTED = {NEVER: "nothing", INBOX: "inbox", WEEKLY: "weekly", DAILY: "daily", NOW: "now"}


@pytest.mark.django_db
@pytest.mark.parametrize(("event", "verb"), ACTS, ids=[verb for _, verb in ACTS])
def test_everybody_gets_what_they_chose_and_the_actor_nothing(event, verb, people, register, propose):
    stage = Stage(event, verb, register, propose, people.emma)
    stage.tell()
    assert stage.people, "a table without people proves nothing"
    for (scope, level), user in stage.people.items():
        wanted = EXPECTED[level or EVENTS[event].defaults[scope]]
        assert got(user, verb) == wanted, f"{event}, {scope}, {level or 'by default'}"
    assert not Notification.objects.filter(owner=stage.actor, activity__verb=verb).exists()


def test_every_scope_of_every_event_was_cast():
    """What Stage doesn't know how to bring about would go untested; a new event or scope has to be told there."""
    casts = {
        "proposal": {MINE, INVOLVED, WATCHED, SECTOR, MENTIONED},
        "changeset": {WATCHED, SECTOR},
        "export": {MINE},
        "release": {MEMBER, ADMIN},
        "role": {MINE, ADMIN},
        "webhook": {MINE},
    }
    for event, verb in ACTS:
        reachable = casts[verb.partition(".")[0]]
        others = {scope for _, other in ACTS if _ == event for scope in casts[other.partition(".")[0]]}
        assert set(EVENTS[event].defaults) <= others, f"{event}: a scope that nobody can be in"
        assert reachable


# --- the rule by itself, for every combination


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("is_muted", [False, True], ids=["", "muted"])
def test_of_two_reasons_the_one_that_asks_for_more_decides(event, is_muted):
    order = list(LEVELS)
    scopes = list(EVENTS[event].defaults)
    for one in scopes:
        for other in scopes:
            for level in LEVELS:
                for second in LEVELS:
                    choices = {(event, one): level} | {(event, other): second}
                    heard = [
                        (order.index(choices[event, scope]), scope)
                        for scope in (one, other)
                        if not is_muted or scope in UNMUTABLE
                    ]
                    best = max((rank for rank, _ in heard), default=0)
                    result, reasons = level_for(
                        event, [Reason(one), Reason(other)], choices, is_muted=is_muted
                    )
                    assert result == order[best]
                    if reasons:
                        assert choices[event, reasons[0].scope] == result
                    assert bool(reasons) == (result != NEVER)


@pytest.mark.parametrize("level", LEVELS)
def test_a_pause_turns_mails_into_a_digest_and_silences_nothing(level):
    assert mail_for(level) == {NEVER: "", INBOX: "", WEEKLY: WEEKLY, DAILY: DAILY, NOW: NOW}[level]
    assert (
        mail_for(level, is_paused=True)
        == {NEVER: "", INBOX: "", WEEKLY: WEEKLY, DAILY: DAILY, NOW: DAILY}[level]
    )


def test_every_scope_and_event_has_words():
    for scope, (head, why) in SCOPES.items():
        assert str(head) and str(why), scope
    for name, event in EVENTS.items():
        assert str(event.title) and all(str(sentence) for sentence in event.verbs.values()), name
        assert set(event.defaults.values()) <= set(LEVELS) and set(event.defaults) <= set(SCOPES), name
