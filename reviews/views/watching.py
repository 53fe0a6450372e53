"""Watching: the button on a record's or proposal's page by which somebody hears of it, or mutes it.

The register's pages don't know this room: they ask for the button by htmx, and link to its own page where there is no
JavaScript.
"""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views import View

from ..exceptions import NotFound, ReviewError
from ..models.notification import EVERYTHING, PROPOSAL, WATCHABLE
from ..notifications.events import SCOPES
from ..notifications.recipients import hears_anyway
from ..selectors.watching import names_of
from ..services.subscribing import mute, standing_of, unmute, unwatch, watch
from .answering import contributor_of
from .inbox import safe_next

DONE = {
    "watch": "You watch {}.",
    "mute": "{} is muted: you hear of it only when somebody names you or asks you to act.",
    "stop": "You don't watch {} any more.",
    "unmute": "{} isn't muted any more.",
}


class Watching(LoginRequiredMixin, View):
    """Whether somebody watches a thing: a GET shows the button, a POST (`does`) watches, mutes or ends either."""

    def get(self, request: HttpRequest, what: str, target: str = "") -> HttpResponse:
        label, address = self._named(what, target)
        return self._show(request, what, target, label, address)

    def post(self, request: HttpRequest, what: str, target: str = "") -> HttpResponse:
        does = request.POST.get("does", "")
        try:
            if does == "watch":
                watch(actor=request.user, what=what, target=target)
            elif does == "mute":
                mute(actor=request.user, number=target if what == PROPOSAL else "")
            elif does == "stop":
                unwatch(actor=request.user, what=what, target=target)
            elif does == "unmute":
                unmute(actor=request.user, number=target if what == PROPOSAL else "")
            else:
                return HttpResponseBadRequest("Watch it, mute it, or end either.")
        except NotFound as error:
            raise Http404(error.message) from error
        except ReviewError as refusal:
            if request.htmx:
                return self._show(request, what, target, *self._named(what, target), refusal=refusal.message)
            messages.error(request, refusal.message)
            return redirect(safe_next(request, reverse("notification-choices")))
        if request.htmx and "quietly" in request.POST:
            return self._show(request, what, target, *self._named(what, target))
        words = DONE[does].format(self._words(what, target))
        messages.success(request, words[:1].upper() + words[1:])
        return redirect(safe_next(request, reverse("inbox")))

    def _named(self, what: str, target: str) -> tuple[str, str]:
        """Return name and page of what is to be watched. Raises Http404 for what can't be, or can't be seen."""
        if what == EVERYTHING and not target:
            return "everything", reverse("history")
        found = names_of(what, [target], contributor_of(self.request.user)).get(target)
        if what not in WATCHABLE or found is None:
            raise Http404("There is no such thing to watch.")
        return found

    def _words(self, what: str, target: str) -> str:
        found = names_of(what, [target], contributor_of(self.request.user)).get(target)
        if what == EVERYTHING:
            return "everything"
        return f"proposal {target}" if what == PROPOSAL else f"the {what} {found[0] if found else ''}".strip()

    def _show(
        self, request: HttpRequest, what: str, target: str, label: str, address: str, refusal: str = ""
    ) -> HttpResponse:
        context: dict[str, Any] = {
            "watch": watch_button(request.user, what, target),
            "refusal": refusal,
            "next": address,
        }
        if request.htmx:
            response = render(request, "reviews/_watch.html", context)
        else:
            response = render(
                request, "reviews/watching.html", context | {"label": label, "address": address}
            )
        add_never_cache_headers(response)  # one address, two answers: neither may stand for the other
        return response


def watch_button(user: Any, what: str, target: Any = "") -> dict[str, Any] | None:
    """Return what the button about one thing shows, or None for who isn't signed in."""
    if not user.is_authenticated:
        return None
    is_watched, is_muted = standing_of(user, what, target)
    heard = hears_anyway(user, target) if what == PROPOSAL and not is_watched and not is_muted else ""
    return {
        "what": what,
        "target": str(target),
        "address": watch_address(what, target),
        "is_watched": is_watched,
        "is_muted": is_muted,
        "may_mute": what == PROPOSAL,
        # Said in place of a button that would bring nothing new.
        "heard": f"You hear of it: {SCOPES[heard][1]}" if heard else "",
    }


def watch_address(what: str, target: Any = "") -> str:
    """Return where something is watched."""
    return reverse("watching", args=[what, str(target)]) if target else reverse("watching-everything")
