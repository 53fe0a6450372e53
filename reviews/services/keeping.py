"""Keeping what somebody has typed and not saved yet, so that no closed tab and no ended session loses it.

It decides nothing about the register and so takes no register lock: typing must not wait for publishing. What keeps two
tabs apart is the count of a row, which changes only together with its fields.
"""

import datetime as dt
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from ..exceptions import NotAllowed, ReviewError, StaleVersion
from ..models import KeptForm, Proposal
from .limiting import limit_of
from .roles import is_editor

MOST_BYTES = 200_000  # of one form: more than any record needs, and many times what people type
MOST_FORMS = 50  # of one person
LONGEST_PATH, LONGEST_TITLE = 500, 200

# Keys and buttons; what begins with `kept` is the form's own bookkeeping.
_NOT_TYPED = {"csrfmiddlewaretoken", "submit", "draft", "save", "remove"}
# What a database can't hold and no form accepts. The rest of the text must not be lost for it.
_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")


class CantBeKept(ReviewError):
    """This isn't a form, or more than is kept."""

    status = 413


@dataclass(frozen=True)
class Kept:
    """A form that was kept: which page it is of, when it was kept, and the address that goes on with it."""

    number: int
    title: str
    path: str
    saved: dt.datetime

    @property
    def go_on(self) -> str:
        return f"{self.path}{'&' if '?' in self.path else '?'}kept={self.number}"


def keep_form(
    *, actor: Any, path: str, tab: uuid.UUID, count: int, title: str, fields: Iterable[tuple[str, str]]
) -> KeptForm:
    """Keep the fields of a form in one tab and return the row. Editors only.

    `count` is that of the row which the tab saw last, 0 for none. Raises NotAllowed, CantBeKept, and StaleVersion where
    another tab has written the same row since; then nothing was overwritten. Keeping the same again changes nothing.
    """
    if not is_editor(actor):
        raise NotAllowed("Only members of the group Editors propose changes.")
    typed = _clean(path, fields)
    title = _UNKEEPABLE.sub("\ufffd", title)[:LONGEST_TITLE]
    row = KeptForm.objects.filter(user=actor, path=path, tab=tab).first()
    if row is None:
        return _begin(user=actor, path=path, tab=tab, count=count + 1, title=title, fields=typed)
    if row.fields != typed:
        _rewrite(row, count, title, typed)
    return row


def forget_form(*, actor: Any, path: str, tab: uuid.UUID, count: int) -> None:
    """Forget a form that was saved; not what another tab has written into its row since."""
    KeptForm.objects.filter(user=actor, path=path, tab=tab, count=count).delete()


def discard_kept_form(*, actor: Any, number: int) -> None:
    """Throw an own kept form away. One that isn't there any more is no mistake."""
    KeptForm.objects.filter(user=actor, pk=number).delete()


def move_kept_forms(*, actor: Any, path: str, to: str) -> None:
    """Let what was typed on one page go on at another, where that is the page for it now."""
    there = KeptForm.objects.filter(user=actor, path=to).values_list("tab", flat=True)
    KeptForm.objects.filter(user=actor, path=path).exclude(tab__in=list(there)).update(path=to)


def drop_old_kept_forms(*, now: dt.datetime) -> int:
    """Drop what was kept longer ago than the limit allows; return how many."""
    oldest = now - dt.timedelta(days=limit_of("kept"))
    return KeptForm.objects.filter(saved__lt=oldest).delete()[0]


def kept_forms_of(user: Any, path: str = "") -> list[Kept]:
    """Return what somebody has typed and not saved, newest first; of one page only, if `path` names one."""
    rows = KeptForm.objects.filter(user=user, **({"path": path} if path else {}))
    return [Kept(*row) for row in rows.order_by("-saved", "-pk").values_list("pk", "title", "path", "saved")]


def kept_form(user: Any, number: int) -> KeptForm | None:
    """Return one of somebody's own kept forms, or None."""
    return KeptForm.objects.filter(user=user, pk=number).first()


def saved_elsewhere(user: Any, number: int, seen: int) -> str:
    """Say that an own proposal has moved on from the version that a form was opened on; "" if it hasn't."""
    own = Proposal.objects.filter(pk=number, authors__user=user)
    state, version = own.values_list("state", "version").first() or ("", seen)
    if not seen or seen == version:
        return ""
    name = "draft" if state == "draft" else "proposal"
    return f"The {name} was saved elsewhere as version {version}; what you type here is kept apart."


def _clean(path: str, fields: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Return the fields that are somebody's typing, as the column holds them."""
    if len(path) > LONGEST_PATH:
        raise CantBeKept("The address of this page is too long to keep a form for it.")
    typed = []
    for name, value in fields:
        if not (isinstance(name, str) and isinstance(value, str)):
            raise CantBeKept("A form has names and texts, nothing else.")
        if is_typed(name):
            typed.append([_UNKEEPABLE.sub("\ufffd", text) for text in (name, value)])
    if sum(len(text.encode()) for pair in typed for text in pair) > MOST_BYTES:
        raise CantBeKept(f"This form holds more than the {MOST_BYTES // 1000} kB that are kept.")
    return typed


def is_typed(name: str) -> bool:
    """Tell whether a field of this name is somebody's typing; passwords are never kept."""
    return name not in _NOT_TYPED and not name.startswith("kept") and "password" not in name.lower()


def _begin(**row: Any) -> KeptForm:
    """Write a new row; the oldest go where somebody has too many."""
    try:
        with transaction.atomic():
            begun = KeptForm.objects.create(**row)
            mine = KeptForm.objects.filter(user=begun.user).order_by("-saved", "-pk")
            KeptForm.objects.filter(pk__in=list(mine.values_list("pk", flat=True)[MOST_FORMS:])).delete()
    except IntegrityError as error:  # the same tab, at the same moment
        raise _other_tab() from error
    return begun


def _rewrite(row: KeptForm, count: int, title: str, typed: list[list[str]]) -> None:
    """Put other fields into a row, unless it has moved on from `count`: compared and written in one statement."""
    values = {"title": title, "fields": typed, "count": count + 1, "saved": timezone.now()}
    if not KeptForm.objects.filter(pk=row.pk, count=count).update(**values):
        raise _other_tab()
    for name, value in values.items():
        setattr(row, name, value)


def _other_tab() -> StaleVersion:
    return StaleVersion("Another tab goes on with the same form; each is kept on its own.")
