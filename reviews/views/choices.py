"""The account page for notifications: the matrix of choices, requests, language, pause, and what is watched or muted."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views import View

from ..exceptions import InvalidProposal
from ..models import Subscription
from ..models.notification import EVERYTHING
from ..notifications.choosing import level_of
from ..notifications.events import (
    ADMIN,
    EVENTS,
    INVOLVED,
    LEVELS,
    MEMBER,
    MENTIONED,
    MINE,
    REQUEST_LEVELS,
    SCOPES,
    SECTOR,
    WATCHED,
)
from ..notifications.offering import cells_for
from ..selectors.watching import named
from ..services.subscribing import (
    LONGEST_PAUSE_DAYS,
    choices_of,
    clear_bounce,
    has_bounced,
    pause,
    reset_choices,
    set_choices,
    settings_of,
)
from .answering import UNPROCESSABLE, contributor_of
from .inbox import SignedInPost
from .watching import watch_button

# What each scope means, in a sentence.
MEANINGS = {
    MINE: "You are its author, it is your export, or it is about your account.",
    INVOLVED: "You reviewed it, commented on it, suggested something, or were on it.",
    WATCHED: "You watch it, or the chokepoint, sector or source that it is about.",
    SECTOR: "You are a reviewer and said that you know its sector.",
    MENTIONED: "Somebody names you (@you) or calls @reviewers. It comes through although you muted the proposal.",
    MEMBER: "You are an editor or a reviewer.",
    ADMIN: "You are an admin of this site.",
}


@dataclass(frozen=True)
class Cell:
    """One choice of the matrix: its scope, what stands there now and by default, and what is wrong with what was posted."""

    event: str
    scope: str
    level: str
    default: str
    error: str = ""

    @property
    def name(self) -> str:
        return f"{self.event}:{self.scope}"

    @property
    def title(self) -> Any:
        return SCOPES[self.scope][0]

    @property
    def is_own(self) -> bool:
        return self.level != self.default


@dataclass(frozen=True)
class Row:
    """An event with its cells, one for each column, None where there is none."""

    event: str
    title: Any
    cells: list[Cell | None]


class Choices(LoginRequiredMixin, View):
    """Shows how somebody hears of what; a POST changes the cells that it names, all or none."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return show_choices(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        return save_choices(request, _cells_in(request.POST), "Saved.")


class ChoicesMany(SignedInPost):
    """Sets a whole row or column of the matrix at once (`part`, `level`), and saves with it what else the form chooses."""

    page = "notification-choices"

    def post(self, request: HttpRequest) -> HttpResponse:
        posted = request.POST
        sort, _colon, name = posted.get("part", "").partition(":")
        cells = {
            (event, scope): posted.get("level", "")
            for event, scope in cells_for(request.user)
            if (sort, name) in (("event", event), ("scope", scope), ("all", ""))
        }
        choices = _cells_in(posted) | cells
        if not cells or posted.get("level") not in LEVELS:
            errors = {"part": "Choose what to set, and to what."}
            return show_choices(request, posted=_cells_in(posted), errors=errors, status=UNPROCESSABLE)
        return save_choices(request, choices, f"Set {len(cells)} choice{'s' if len(cells) != 1 else ''}.")


class ChoicesReset(SignedInPost):
    """Takes all choices back to the defaults."""

    page = "notification-choices"

    def post(self, request: HttpRequest) -> HttpResponse:
        reset_choices(actor=request.user)
        messages.success(
            request, "All choices are as they were at the beginning. What you watch is as it was."
        )
        return redirect("notification-choices")


class AddressRetry(SignedInPost):
    """Has one's address tried again that refused mail for good."""

    page = "notification-choices"

    def post(self, request: HttpRequest) -> HttpResponse:
        clear_bounce(actor=request.user)
        messages.success(request, "The next mail to you is sent there again.")
        return redirect("notification-choices")


class Pause(SignedInPost):
    """Has no mail sent until a day (`until`), or ends that (`end`)."""

    page = "notification-choices"

    def post(self, request: HttpRequest) -> HttpResponse:
        if "end" in request.POST:
            pause(actor=request.user, until=None)
            messages.success(request, "Mails are sent again.")
            return redirect("notification-choices")
        typed = request.POST.get("until", "")
        try:
            day = dt.date.fromisoformat(typed)
            pause(actor=request.user, until=dt.datetime.combine(day, dt.time(), dt.UTC))
        except ValueError:
            errors = {"until": "Write a day such as 2026-12-24."}
            return show_choices(request, errors=errors, until=typed, status=UNPROCESSABLE)
        except InvalidProposal as refusal:
            errors = {"until": refusal.problems[0].message}
            return show_choices(request, errors=errors, until=typed, status=UNPROCESSABLE)
        messages.success(request, f"No mail until {day}. What comes meanwhile is in one digest then.")
        return redirect("notification-choices")


def save_choices(request: HttpRequest, cells: Mapping[tuple[str, str], str], done: str) -> HttpResponse:
    """Save some cells and whatever else the form of choices says; all of it comes back where something is refused."""
    posted = request.POST
    try:
        set_choices(
            actor=request.user,
            choices=cells,
            requests=posted.get("requests"),
            language=posted.get("language"),
        )
    except InvalidProposal as refusal:
        errors = {problem.field: problem.message for problem in refusal.problems}
        return show_choices(request, posted=cells, errors=errors, status=UNPROCESSABLE)
    messages.success(request, done)
    return redirect("notification-choices")


def show_choices(
    request: HttpRequest,
    *,
    posted: Mapping[tuple[str, str], str] | None = None,
    errors: Mapping[str, str] | None = None,
    until: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render the page; what was refused comes back with what was posted and the words beside it."""
    user, errors, now = request.user, errors or {}, timezone.now()
    own = settings_of(user)
    rows = _rows(user, choices_of(user) | dict(posted or {}), errors)
    subscriptions = named(Subscription.objects.filter(owner=user), contributor_of(user))
    columns = [scope for scope in SCOPES if any(_cell_of(row, scope) for row in rows)]
    context = {
        "columns": [(scope, SCOPES[scope][0], MEANINGS.get(scope, "")) for scope in columns],
        "rows": [Row(row.event, row.title, [_cell_of(row, scope) for scope in columns]) for row in rows],
        "levels": LEVELS.items(),
        "settings": own,
        "requests": request.POST.get("requests", own.requests),
        "request_levels": [(level, LEVELS[level]) for level in REQUEST_LEVELS],
        "language": request.POST.get("language", own.language),
        "languages": settings.LANGUAGES,
        "site_language": dict(settings.LANGUAGES).get(settings.LANGUAGE_CODE, settings.LANGUAGE_CODE),
        "is_paused": bool(own.paused_until and own.paused_until > now),
        "tomorrow": (now + dt.timedelta(days=1)).date(),
        "last_day": (now + dt.timedelta(days=LONGEST_PAUSE_DAYS)).date(),
        "until": until,
        "has_bounced": has_bounced(own, user.email),
        "errors": errors,
        "watched": [one for one in subscriptions if not one.row.is_muted],
        "silenced": [one.row.target for one in subscriptions if one.row.is_muted],
        "muted": [one for one in subscriptions if one.row.is_muted],
        "watch": watch_button(user, EVERYTHING),
        "next": reverse("notification-choices"),
    }
    response = render(request, "reviews/notification_choices.html", context, status=status)
    add_never_cache_headers(response)
    return response


def _rows(user: Any, choices: Mapping[tuple[str, str], str], errors: Mapping[str, str]) -> list[Row]:
    found: dict[str, list[Cell | None]] = {}
    for event, scope in cells_for(user):
        level, default = level_of(event, scope, choices), EVENTS[event].defaults[scope]
        cell = Cell(event, scope, level, str(default), errors.get(f"{event}:{scope}", ""))
        found.setdefault(event, []).append(cell)
    return [Row(event, EVENTS[event].title, cells) for event, cells in found.items()]


def _cell_of(row: Row, scope: str) -> Cell | None:
    return next((cell for cell in row.cells if cell and cell.scope == scope), None)


def _cells_in(posted: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Return the cells that a form names with what it chooses; ones that there aren't too, so that they are refused."""
    named_cells = [(name.partition(":"), level) for name, level in posted.items() if ":" in name]
    return {(event[:40], scope[:40]): level for (event, _colon, scope), level in named_cells[:500]}
