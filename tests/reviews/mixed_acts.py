"""What the people of the mixed race do: the acts of editors and of reviewers, as a Person (mixed_people.py) inherits them.

Each `do_…` returns whether the site did it, or None if there was nothing to do it to. What they write into the log (`act`)
is what the model takes (mixed_model.py).
"""

import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from tests.reviews.mixed_model import SLOT
from tests.reviews.mixed_site import PENDING

HOLD_UNTIL = "2027-01-01"
MANY_NAMES = 25  # a record has so many that whoever adds one mostly takes another away; at most 50 fit
UNDER_REVIEW = ("open", "changes_requested", "conflicting")


class Proposing:
    """Writing proposals."""

    def filled(self, kind: str, besides: str = "") -> SimpleNamespace | None:
        """Fill in the form of a change to some record, as it is shown, and return it unsent."""
        records = [one for one in self.world[kind] if one != besides]
        if self.chance.random() < 0.9:
            retired = self.board.retired.copy()
            records = [one for one in records if not retired.get(one)] or records
        record = self.chance.choice(records)
        query = f"kind={kind}&operation=update&record={record}"
        form = self.browser.form(f"/proposals/new/?{query}")
        if form is None:
            return None
        offered = {"organization": ["aliases", "website"]}.get(kind) or [
            "aliases",
            "summary",
            f"description#{self.chance.choice(['one', 'two', 'three'])}",
        ]
        change = blank_change("update", form.base)
        for unit in self.chance.sample(offered, self.chance.randint(1, len(offered))):
            self.fill(form.fields, change, unit)
        change["bases"] = dict.fromkeys(change["sets"], form.base)
        return SimpleNamespace(record=record, query=query, fields=form.fields, change=change)

    def fill(self, fields: dict[str, Any], change: dict[str, Any], unit: str) -> None:
        """Type something new into a form, and note it."""
        word, (name, _, slot) = next(self.words), unit.partition("#")
        text = fields[name][0]
        if name == "aliases":
            lines = text.splitlines()
            others = [line for line in lines if not line.startswith(self.member.name)]
            if others and self.chance.random() < (0.2 if len(lines) < MANY_NAMES else 0.9):
                gone = self.chance.choice(others)
                lines.remove(gone)
                change["removes"] = [*change["removes"], gone]
            change["adds"] = [*change["adds"], word]
            fields[name] = ["\r\n".join([*lines, word])]
        elif slot:
            change["sets"][unit] = word
            fields[name] = [
                SLOT.sub(lambda found: f"{found[1]}{word if found[2] == slot else found[3]}{found[4]}", text)
            ]
        else:
            change["sets"][unit] = self.value(name, word)
            fields[name] = [change["sets"][unit]]

    @staticmethod
    def value(field: str, word: str) -> str:
        return f"https://example.org/{word}" if field == "website" else f"As {word} has it."

    def hand_in(self, query: str, fields: Any, changes: dict[str, Any], state: str = "open") -> int | None:
        """Send a new proposal and return its number, or None if it is refused."""
        head = {"title": f"Proposal {next(self.words)}", "rationale": "To see what becomes of it."}
        button = "submit" if state == "open" else "draft"
        data = {**fields, **{_last(fields, name): words for name, words in head.items()}, button: "1"}
        answer = self.act("propose", f"/proposals/new/?{query}", data, changes=changes, state=state)
        if answer is None:
            return None
        records = rows_of(changes)
        self.board.note(answer.number, version=1, state=state, author=self.member.name, records=records)
        return answer.number

    def do_propose(self) -> bool | None:
        return self.propose_alone(
            self.filled(self.chance.choice(["chokepoint", "chokepoint", "organization"]))
        )

    def do_propose_two(self) -> bool | None:
        """A draft, a second change in it, and then it is handed in."""
        one = self.filled("chokepoint")
        number = one and self.hand_in(one.query, one.fields, {one.record: one.change}, "draft")
        kind = self.chance.choice(["chokepoint", "organization", "retirement"])
        two = number and (
            self.retirement() if kind == "retirement" else self.filled(kind, besides=one.record)
        )
        if not two:
            return False
        changes, path = {two.record: two.change}, f"/proposals/{number}/changes/new/?{two.query}"
        details = {"number": number, "version": 1, "changes": changes}
        if not self.act("add", path, {**two.fields, "version": "1"}, **details):
            return False
        self.board.note(number, version=2, records=rows_of({one.record: one.change, **changes}))
        return self.submit(number, 2)

    def do_submit(self) -> bool | None:
        """Hand a draft in; if that is refused, it is in conflict already."""
        one = self.pick("draft", mine=True, parts=2, refused=None)
        return one and self.submit(one.number, one.version)

    def submit(self, number: int, version: int) -> bool:
        done = self.act("submit", f"/proposals/{number}/submit/", {"version": version}, number=number)
        self.board.note(number, **({"state": "open"} if done else {"refused": True}))
        return bool(done)

    def do_create(self) -> bool | None:
        """A new organization, under one of a few keys that others want as well."""
        query = "kind=organization&operation=create"
        form = self.browser.form(f"/proposals/new/?{query}", having="key")
        if form is None:
            return None
        word, number = next(self.words), len(self.log.acts) // 5 + self.chance.randrange(3)
        said = {"key": f"made-{number}", "name": f"Works {word}", "country": "JP", "kind": "company"}
        change = blank_change("create", 0) | {"sets": said, "adds": [word]}
        return self.hand_in(query, {**form.fields, **said, "aliases": word}, {word: change}) is not None

    def do_retire(self) -> bool | None:
        return self.propose_alone(self.retirement())

    def do_restore(self) -> bool | None:
        return self.propose_alone(self.retirement("restore"))

    def propose_alone(self, new: SimpleNamespace | None) -> bool | None:
        return new and self.hand_in(new.query, new.fields, {new.record: new.change}) is not None

    def retirement(self, operation: str = "retire") -> SimpleNamespace | None:
        """Fill in the form that retires or restores an organization; rarely one for which that is proposed already."""
        retired = self.board.retired.copy()
        rows = [row for known in self.known.values() for row in known["records"]]
        proposed = {row["record"] for row in rows if row["operation"] == operation}
        fitting = [
            one
            for one in self.world["organization"]
            if retired.get(one, False) == (operation == "restore")
            and (one not in proposed or self.chance.random() < 0.1)
        ]
        if not fitting:
            return None
        record = self.chance.choice(fitting)
        query = f"kind=organization&operation={operation}&record={record}"
        form = self.browser.form(f"/proposals/new/?{query}")
        change = form and blank_change(operation, form.base)
        return form and SimpleNamespace(record=record, query=query, fields=form.fields, change=change)


class Revising:
    """Going on with what is one's own."""

    def do_edit(self) -> bool | None:
        """Another name or value in a change that is proposed already."""
        one = self.pick("open", "changes_requested", mine=True)
        row = one and next((row for row in one.records if row["operation"] == "update"), None)
        form = row and self.browser.form(f"{one.path}changes/{row['record']}/")
        if not form or form.fields["version"] != [str(one.version)]:
            return None
        if form.base != row["base"] and not self.plan.trusting and not self.retype(form, row):
            return None
        change: dict[str, Any] = {"sets": {}, "adds": [], "removes": []}
        self.fill(form.fields, change, self.chance.choice(["aliases", *sorted(row["sets"])]))
        details = {"number": one.number, "version": one.version, "record": row["record"], "base": form.base}
        done = self.act("edit", form.path, form.fields, **details, **change)
        if done:
            row |= {"base": form.base, "sets": row["sets"] | change["sets"]}
            row |= {name: row[name] + change[name] for name in ("adds", "removes")}
            self.board.note(one.number, version=one.version + 1, state="open", records=one.records)
        return bool(done)

    def retype(self, form: Any, row: dict[str, Any]) -> bool:
        """Put what we propose into the names and the text as they are published now: the form shows ours, which others'
        may have moved past. Return False if they have moved again."""
        present = self.present(row, form.base)
        if present is None:
            return False
        if "description" in present:
            ours = {unit.partition("#")[2]: word for unit, word in row["sets"].items()}
            text = present["description"][0]
            form.fields["description"] = [
                SLOT.sub(lambda found: f"{found[1]}{ours.get(found[2], found[3])}{found[4]}", text)
            ]
        names = [name for name in present["aliases"][0].splitlines() if name not in row["removes"]]
        form.fields["aliases"] = ["\r\n".join([*names, *row["adds"]])]
        return True

    def present(self, row: dict[str, Any], revision: int) -> dict[str, Any] | None:
        """Return the fields of a record as it is published now, if that is this revision of it."""
        kind = next(kind for kind, records in self.world.items() if row["record"] in records)
        form = self.browser.form(f"/proposals/new/?kind={kind}&operation=update&record={row['record']}")
        return form.fields if form and form.base == revision else None

    def do_rename(self) -> bool | None:
        """Another title; sometimes one change fewer."""
        one = self.pick("open", "changes_requested", mine=True)
        if one is None:
            return None
        data = {"version": self.seen(one), "title": f"Proposal {next(self.words)}", "rationale": "Said anew."}
        gone = {}
        if len(one.records) > 1 and self.chance.random() < 0.3:
            gone = {"remove": one.records[-1]["record"]}
        details = {"number": one.number, "version": data["version"], **gone}
        done = self.act("rename", f"{one.path}edit/", data | gone, **details)
        if done:
            kept = one.records[:-1] if gone else one.records
            self.board.note(one.number, version=one.version + 1, state="open", records=kept)
        return bool(done)

    def do_withdraw(self) -> bool | None:
        return self.withdraw(self.pick(*UNDER_REVIEW, mine=True))

    def withdraw(self, one: Any) -> bool | None:
        done = one and self.act("withdraw", f"{one.path}withdraw/", {}, number=one.number)
        if done:
            self.board.note(one.number, state="withdrawn")
        return one and bool(done)

    def suggested(self) -> tuple[Any, int] | None:
        """Return an own proposal for which there is a suggestion, and its id from the page."""
        one = self.pick("open", "changes_requested", "conflicting", mine=True, suggested=True)
        page = one and self.look(one.path)
        found = re.findall(rf"{one.path}suggestions/(\d+)/take/", page.page) if page else []
        if found:
            return one, int(self.chance.choice(found))
        if one:
            self.board.note(one.number, suggested=False)
        return None

    def do_take(self) -> bool | None:
        found = self.suggested()
        if found is None:
            return None
        one, pk = found
        details = {"number": one.number, "version": one.version, "suggestion": pk}
        done = self.act(
            "take", f"{one.path}suggestions/{pk}/take/", {"version": one.version}, look=True, **details
        )
        self.board.note(one.number, **({"version": one.version + 1} if done else {"refused": True}))
        return bool(done)

    def do_decline(self) -> bool | None:
        found = self.suggested()
        if found is None:
            return None
        one, pk = found
        return bool(self.act("decline", f"{one.path}suggestions/{pk}/decline/", {}, number=one.number))


class Resolving:
    """Saying what holds where two wrote in the same place."""

    def do_resolve(self) -> bool | None:
        """Say what holds, conflict by conflict; withdraw what can't be published any more. Also before it is approved, where
        the site refused something for it."""
        one = self.pick("conflicting", mine=True) or self.pick("draft", "open", mine=True, refused=True)
        form = one and self.browser.form(f"{one.path}resolve/", having="version")
        if not form or form.fields["version"] != [str(one.version)]:
            return None
        decided = {}
        for position, row in enumerate(one.records):
            if f"c{position}-seen" in form.fields:
                decided[row["record"]] = self.decide(form, f"c{position}", row)
        if None in decided.values():
            return None
        kept = [
            row for row in one.records if "drop" not in decided.get(row["record"], {}) and says_something(row)
        ]
        if not kept:
            return self.withdraw(one) and None
        details = {"number": one.number, "version": one.version, "decided": decided}
        done = self.act("resolve", form.path, form.fields, look=True, **details)
        if done:
            self.see_what_stayed(one, kept, decided)
            news = {"version": one.version + 1, "state": done.state, "records": kept, "refused": None}
            self.board.note(one.number, **news)
        return bool(done)

    def see_what_stayed(self, one: Any, kept: list[Any], decided: dict[str, Any]) -> None:
        """Put back what we gave up and the site kept: its conflict was gone before we had answered."""
        gone = [row for row in one.records if decided.get(row["record"], {}).get("drop")]
        page = self.browser.get(f"{one.path}edit/") if gone else None
        for row in gone:
            if page and f'value="{row["record"]}"' in page.page:
                del decided[row["record"]]
                kept.append(row)
        kept.sort(key=one.records.index)

    def decide(self, form: Any, prefix: str, row: dict[str, Any]) -> dict[str, Any] | None:
        """Fill in what holds for one change and return it, or None if the register has moved on again."""
        decided: dict[str, Any] = {"seen": int(form.fields[f"{prefix}-seen"][0]), "units": {}}
        if f"{prefix}-key" in form.fields:
            decided["units"]["key"] = f"made-{next(self.words)}"
            form.fields[f"{prefix}-key"] = [decided["units"]["key"]]
            return decided
        units = set(re.findall(rf'name="{prefix}-(\w+)-take"', form.page))
        if "aliases" in units:  # both together are too many
            form.fields[f"{prefix}-aliases-take"] = [decided["units"].setdefault("aliases", "current")]
            row |= {"adds": [], "removes": []}
        for unit in sorted(units - {"aliases", "description"}):
            decided["units"][unit] = self.choice(form, prefix, unit, row)
        if "description" in units and not self.write_anew(form, prefix, row, decided):
            return None
        if not units:
            form.fields[f"{prefix}-drop"] = ["on"]
            decided["drop"] = True
        return decided

    def choice(self, form: Any, prefix: str, unit: str, row: dict[str, Any]) -> str:
        """Choose one side, the other, or a third value, and return which."""
        choice = self.chance.choice(["current", "proposed", "own"])
        form.fields[f"{prefix}-{unit}-take"] = [choice]
        if choice == "own":
            choice = row["sets"][unit] = self.value(unit, next(self.words))
            form.fields[f"{prefix}-{unit}-{unit}"] = [choice]
        if choice == "current":
            del row["sets"][unit]
        return choice

    def write_anew(self, form: Any, prefix: str, row: dict[str, Any], decided: dict[str, Any]) -> bool:
        """Put our sentences into the text as it is published now."""
        present = self.present(row, decided["seen"])
        if present is None:
            return False
        change: dict[str, Any] = {"sets": {}, "adds": [], "removes": []}
        for unit in sorted(row["sets"]):
            if unit.startswith("description#"):
                self.fill(present, change, unit)
        form.fields[f"{prefix}-description-take"] = ["own"]
        form.fields[f"{prefix}-description-description"] = present["description"]
        decided["units"] |= change["sets"]
        row["sets"] |= change["sets"]
        return True


class Judging:
    """Giving verdicts, and the acts between one and another."""

    def do_approve(self) -> bool | None:
        mine = None if self.chance.random() < 0.05 else False  # now and then one's own, which must be refused
        return self.judge(self.pick("open", mine=mine), "approve")

    def do_request(self) -> bool | None:
        one = self.pick("open", mine=False)
        about = [row["record"] for row in one.records[:1] if row["operation"] != "create"] if one else []
        return self.judge(one, "request_changes", about=about)

    def do_reject(self) -> bool | None:
        one = self.pick("open", "conflicting", mine=False)
        if one and any(row["operation"] in ("retire", "restore") for row in one.records):
            return None  # what was rejected is remembered, and then nothing more would be retired
        return self.judge(one, "reject", reason="not-carried")

    def judge(self, one: Any, verdict: str, **more: Any) -> bool | None:
        if one is None:
            return None
        words, version = next(self.words), self.seen(one)
        data = {"version": version, "verdict": verdict, "comment": words, **more}
        details = {"number": one.number, "version": version, "verdict": verdict, "words": words}
        done = self.act(verdict, f"{one.path}reviews/", data, **details)
        if done:
            self.verdict = (one.number, words)
        return bool(done)

    def do_apart(self) -> bool | None:
        """Evidence yes, judgement no: approve one change and ask for changes to the others."""
        one = self.pick("open", mine=False, parts=2)
        if one is None:
            return None
        words = next(self.words)
        data = {"version": one.version, "verdict": "request_changes", "comment": words}
        return self.divide(
            "apart", one, f"{one.path}reviews/", data, "approve", verdict="request_changes", words=words
        )

    def do_split(self) -> bool | None:
        one = self.pick(*UNDER_REVIEW, mine=self.either(), parts=2)
        return one and self.divide("split", one, f"{one.path}split/", {"version": one.version}, "records")

    def divide(self, act: str, one: Any, path: str, data: Any, box: str, **details: Any) -> bool:
        """Send a form in which the last change is ticked, and note both sides."""
        rest, part = one.records[:-1], one.records[-1:]
        records = [row["record"] for row in part]
        details |= {"number": one.number, "version": one.version, "records": records}
        done = self.act(act, path, data | {box: records}, look=True, **details)
        if done is None:
            return False
        self.board.note(one.number, version=one.version + 1, state=done.state, records=rest)
        for number in re.findall(r'split off: <a href="/proposals/(\d+)/"', done.page):
            self.board.note(int(number), version=1, state="open", author=one.author, records=part)
            self.look(f"/proposals/{number}/")
        return True

    def do_undo(self) -> bool | None:
        if self.verdict is None:
            return None
        (number, words), self.verdict = self.verdict, None
        return bool(self.act("undo", f"/proposals/{number}/undo/", {}, number=number, review=words))

    def do_suggest(self) -> bool | None:
        """Another value for a field; with the approval in advance, or without."""
        one = self.pick("open", "changes_requested", mine=False)
        places = [
            (row["record"], unit)
            for row in (one.records if one else [])
            for unit in sorted(row["sets"])
            if row["operation"] == "update" and "#" not in unit
        ]
        if not places:
            return None
        (record, unit), words = self.chance.choice(places), next(self.words)
        value, approve = self.value(unit, f"{words}-rather"), self.chance.random() < 0.5
        data = {unit: value, "words": words, "version": one.version} | ({"approve": "on"} if approve else {})
        done = self.act(
            "suggest", f"{one.path}suggest/{record}/{unit}/", data,
            number=one.number, version=one.version, record=record, field=unit, value=value, approve=approve, words=words,
        )  # fmt: skip
        if done:
            self.board.note(one.number, suggested=True)
        return bool(done)


class Arranging:
    """The small moves, which both sides make."""

    def do_claim(self) -> bool | None:
        return self.move("claim", self.pick("open", mine=False), claimed=self.member.name)

    def do_release(self) -> bool | None:
        return self.move("release", self.pick("open", mine=False, claimed=self.member.name), claimed=None)

    def do_hold(self) -> bool | None:
        words = next(self.words)
        one = self.pick(*UNDER_REVIEW, mine=self.either())
        return self.move("hold", one, {"reason": words, "until": HOLD_UNTIL}, words, state="on_hold")

    def do_resume(self) -> bool | None:
        return self.move("resume", self.pick("on_hold", mine=self.either()))

    def do_comment(self) -> bool | None:
        words = next(self.words)
        return self.move("comment", self.pick(*PENDING[1:]), {"text": words}, words, address="comments")

    def move(
        self, act: str, one: Any, data: Any = None, words: str = "", address: str = "", **news: Any
    ) -> bool | None:
        """Send a small form, and note what is new by it."""
        if one is None:
            return None
        done = self.act(act, f"{one.path}{address or act}/", data or {}, number=one.number, words=words)
        if done and news:
            self.board.note(one.number, **news)
        return bool(done)


def blank_change(operation: str, base: int) -> dict[str, Any]:
    """Return a change that says nothing yet, as the model takes it."""
    return {"operation": operation, "base": base, "sets": {}, "bases": {}, "adds": [], "removes": []}


def says_something(row: Mapping[str, Any]) -> bool:
    """Tell whether anything is left of a change."""
    return row["operation"] != "update" or bool(row["sets"] or row["adds"] or row["removes"])


def rows_of(changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the changes of a proposal as the board shows them."""
    return [{"record": record, **change} for record, change in changes.items()]


def _last(fields: Mapping[str, Any], ending: str) -> str:
    """Return the last field of a form whose name ends so: what is asked about the proposal stands below the record."""
    return [name for name in fields if name.endswith(ending)][-1]
