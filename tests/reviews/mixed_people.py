"""The people of the mixed race: editors and reviewers who do one thing after another, by the seed that each has.

What they know is what pages told them and what stands on the board; the others have moved on meanwhile often enough, and
then the site refuses, which is part of the race. Each word that they write is new, so that the model (mixed_model.py) can
tell where whatever stands in the register came from.
"""

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from tests.reviews.mixed_acts import Arranging, Judging, Proposing, Resolving, Revising
from tests.reviews.mixed_site import Answer, Board, Browser, Log

CROWDED = 40  # so many proposals wait that hardly anybody writes another

# What people do, and how often, by their role.
EDITING = {
    "propose": 25,
    "propose_two": 30,
    "submit": 8,
    "create": 6,
    "retire": 8,
    "restore": 4,
    "edit": 20,
    "rename": 5,
    "withdraw": 2,
    "take": 12,
    "decline": 1,
    "resolve": 30,
}
REVIEWING = {
    "approve": 40,
    "request": 4,
    "reject": 2,
    "apart": 8,
    "undo": 4,
    "suggest": 10,
    "claim": 2,
    "release": 2,
}
BOTH = {"split": 8, "hold": 2, "resume": 6, "comment": 3}
LEADS_TO = {"suggest": "take", "hold": "resume", "retire": "restore"}
SELDOM = {"decline", "release", "submit", "restore"}
EVERYTHING = {*EDITING, *REVIEWING, *BOTH, "published", "conflicting"} - SELDOM


@dataclass(frozen=True)
class Member:
    """An account in one tab: its session, its roles, and the seed of what it does there."""

    name: str
    tab: str
    session: str
    is_editor: bool
    is_reviewer: bool
    seed: str


@dataclass(frozen=True)
class Plan:
    """How long a person goes on: until they did `acts` things and all together everything, at most `most`; or until a
    moment has come. Who is `trusting` leaves alone what a form shows beside what they change in it."""

    acts: int
    most: int
    until: float | None = None
    trusting: bool = False


class Person(Proposing, Revising, Resolving, Judging, Arranging, threading.Thread):
    """One member at a browser."""

    def __init__(
        self, member: Member, sites: list[str], world: Mapping[str, list[str]], board: Board, plan: Plan
    ):
        super().__init__(daemon=True, name=member.tab)
        self.member, self.world, self.board, self.plan = member, world, board, plan
        self.chance = random.Random(member.seed)
        self.log = Log()
        self.browser = Browser(member.tab, member.session, self.chance.choice(sites), self.log)
        self.words = (f"{member.tab}-{n}" for n in range(10**9))
        self.known: dict[int, dict[str, Any]] = {}  # the board, as it was when we last looked
        self.verdict: tuple[int, str] | None = None  # the last one, while it may be undone
        self.pages = ["/desk/", "/proposals/", *(["/queue/"] if member.is_reviewer else [])]
        roles = ((EDITING, member.is_editor), (REVIEWING, member.is_reviewer), (BOTH, True))
        self.weights = {act: weight for acts, is_in in roles if is_in for act, weight in acts.items()}

    def run(self) -> None:
        """Do one thing after another until it is enough."""
        turns = 0
        while not self.is_enough(turns):
            turns += 1
            self.known = self.board.known()
            if all(self.attempt(act) is None for act in self.order()):  # then there is time to look around
                self.browser.get(self.chance.choice(self.pages))

    def is_enough(self, turns: int) -> bool:
        if self.plan.until is not None:
            return time.time() > self.plan.until
        return turns >= self.plan.most or (turns >= self.plan.acts and self.board.has_seen(EVERYTHING))

    def order(self) -> list[str]:
        """Return what we could do next, what we try first first: by weight, rather what nobody has done yet."""
        weights = dict(self.weights)
        if len(self.known) > CROWDED:
            weights |= {act: 1 for act in weights if act.startswith("propose")}
        missing = [act for act in weights if not self.board.has_seen({act, LEADS_TO.get(act, act)})]
        if missing and self.chance.random() < 0.5:
            return missing
        return sorted(weights, key=lambda act: self.chance.random() ** (1 / weights[act]), reverse=True)

    def attempt(self, act: str) -> bool | None:
        """Try to do something, and let the others know if it is done."""
        try:
            done = getattr(self, f"do_{act}")()
        except Exception as error:
            self.log.failures.append(f"{self.name} {act}: {error!r}")
            return False
        if done:
            self.board.tell(act)
        return done

    # --- acting and learning

    def act(self, act: str, path: str, data: Any, *, look: bool = False, **details: Any) -> Answer | None:
        """Send a form. If the site does it, write it into the log and return the page that follows, else None."""
        answer = self.browser.send("POST", path, data)
        self.log.answers.append((act, answer.status))
        if answer.status != 302:
            self.learn(answer)
            return None
        details.setdefault("number", answer.number)
        self.log.acts.append({"act": act, "by": self.member.name, "seq": len(self.log.acts), **details})
        if not look and self.chance.random() < 0.1:
            return answer  # now and then the next thing happens before anybody looks
        return self.look(urlsplit(answer.location).path)

    def look(self, path: str) -> Answer:
        """Look at a page that there must be, and learn from it."""
        following = self.browser.send("GET", path)
        if following.status != 200:
            self.log.failures.append(f"{self.name}: GET {path} was answered {following.status}")
        self.learn(following)
        return following

    def learn(self, answer: Answer) -> None:
        """Note how the proposal of a page stands."""
        if answer.number is None or answer.state is None:
            return
        if answer.state in ("published", "conflicting"):
            self.board.tell(answer.state)
        rows = self.known.get(answer.number, {}).get("records")
        if rows is not None:
            self.board.note(answer.number, state=answer.state)
            for row in rows if answer.state == "published" else ():
                if row["operation"] in ("retire", "restore"):
                    self.board.retired[row["record"]] = row["operation"] == "retire"

    def pick(self, *states: str, mine: bool | None = None, parts: int = 1, **wanted: Any) -> Any:
        """Return a proposal of the board in one of some states, ours or not, with as many changes; None if there is none."""
        fitting = [
            (number, known)
            for number, known in self.known.items()
            if known["state"] in states
            and (mine is None or (self.member.name == known["author"]) == mine)
            and len(known["records"]) >= parts
            and all(known.get(name) == value for name, value in wanted.items())
        ]
        if not fitting:
            return None
        number, known = self.chance.choice(fitting)
        return SimpleNamespace(number=number, path=f"/proposals/{number}/", **known)

    def seen(self, one: Any) -> int:
        """Return the version that we look at; now and then one that has moved on, which must be refused."""
        return max(1, one.version - (self.chance.random() < 0.1))

    def either(self) -> bool | None:
        """Whose proposals to act on where both may: an editor's own, a reviewer's others'."""
        return self.member.is_editor if self.member.is_editor != self.member.is_reviewer else None


def run_people(
    members: list[Member],
    sites: list[str],
    world: Mapping[str, list[str]],
    board: Board,
    plan: Plan,
    logs: Any,
) -> None:
    """Let some people act, each in a thread of this process, and hand back their logs."""
    people = [Person(member, sites, world, board, plan) for member in members]
    for person in people:
        person.start()
    for person in people:
        person.join()
        logs.put((person.name, vars(person.log)))
