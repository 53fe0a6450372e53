"""What links in mails open: a page with one button, for whoever holds the link. Opening it changes nothing.

Mail programs press the button themselves (RFC 8058): a POST without cookies, to which the address is all the authority that
is needed. Programs that open every link in a mail unsubscribe nobody.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables

from ..exceptions import NotFound, ReviewError
from ..notifications.events import DAILY, EVENTS, MINE, MINE_OF_SORT, SCOPES, SECTOR, WATCHED, WEEKLY
from ..services.unsubscribing import Wish, fulfil, wish_of


@method_decorator(csrf_exempt, name="dispatch")
@method_decorator(sensitive_variables("token"), name="dispatch")
class Unsubscribe(View):
    """Ends what a mail's link stands for, and undoes it again."""

    http_method_names = ["get", "head", "post", "options"]

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            wish, _owner = wish_of(token)
        except NotFound as refusal:
            return _answer(
                request, "reviews/unsubscribe.html", status=refusal.status, refusal=refusal.message
            )
        return _answer(request, "reviews/unsubscribe.html", token=token, wish=wish, words=words_of(wish))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            done = fulfil(token=token)
        except ReviewError as refusal:
            return _answer(
                request, "reviews/unsubscribe.html", status=refusal.status, refusal=refusal.message
            )
        return _answer(
            request,
            "reviews/unsubscribe.html",
            token=token,
            wish=done.wish,
            done=done,
            words=words_of(done.wish),
        )


def words_of(wish: Wish) -> list[str]:
    """Return what a link ends, each in words that follow on "no more"."""
    if wish.mute is not None:
        return [f"notifications about proposal {wish.mute}, but requests to act and what names you"]
    if wish.requests:
        return ["mails about requests for you to act"]
    if wish.digest in (DAILY, WEEKLY):
        return [f"{wish.digest} mails"]
    return [_words_of_cell(event, scope) for event, scope in wish.cells]


def _words_of_cell(event: str, scope: str) -> str:
    """Return what a cell of the matrix tells of, to somebody who knows the mail and never saw the matrix."""
    title, sort = str(EVENTS[event].title), next(iter(EVENTS[event].verbs)).partition(".")[0]
    sort = "account" if sort == "role" else sort
    what = {WATCHED: "something that it is about", SECTOR: "its sector"}.get(scope, "")
    because = str(MINE_OF_SORT.get(sort, SCOPES[MINE][1]) if scope == MINE else SCOPES[scope][1])
    return f"mails when {title[:1].lower()}{title[1:]}, sent because {because % {'what': what}}"


def _answer(request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """Render the page, which nobody keeps: its address is the authority. (Referrers never name it to other sites.)"""
    response = render(request, template, context, status=status)
    add_never_cache_headers(response)
    return response
