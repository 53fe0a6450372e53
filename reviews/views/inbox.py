"""The inbox: what waits for somebody, what they are told, and marking it read. The badge in the head of every page asks here."""

import datetime as dt
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.contrib.auth.mixins import AccessMixin, LoginRequiredMixin
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.dateparse import parse_datetime
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from ..models import Notification
from ..notifications.events import EVENTS
from ..notifications.messages import message_of
from ..notifications.offering import events_for
from ..selectors import inbox
from ..services.limiting import limit_of
from ..services.noticing import Marked, mark_read, mark_unread, unmark
from ..services.subscribing import settings_of

NO_CONTENT = 204
STOP_POLLING = 286  # htmx's own: it takes the answer and asks no more
SHOWN = {"unread": "Unread", "all": "All"}
# What browsers say when they fetch a page that nobody has asked for yet.
AHEAD = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")


class Inbox(LoginRequiredMixin, View):
    """What waits for somebody, and news grouped by what they are about."""

    def get(self, request: HttpRequest) -> HttpResponse:
        user, asked = request.user, request.GET
        shows = asked.get("show") if asked.get("show") in SHOWN else "unread"
        events = events_for(user)
        event = asked.get("event") if asked.get("event") in events else ""
        about = _subject(asked.get("about", ""))
        rows = inbox.news_of(user, unread=shows == "unread" and not about, event=event)
        if about:
            group = inbox.group_of(rows, about)
            page = inbox.InboxPage([group] if group else [])
        else:
            page = inbox.page_of_groups(
                rows, before=_number(asked.get("before")), after=_number(asked.get("after"))
            )
        filters = {"show": shows} | ({"event": event} if event else {})
        requests, own = inbox.requests_to(user), settings_of(user)
        context = {
            "requests": requests,
            "groups": page.groups,
            "older": f"?{urlencode(filters | {'before': page.older})}" if page.older else "",
            "newer": f"?{urlencode(filters | {'after': page.newer})}" if page.newer else "",
            "shows": shows,
            "shown": SHOWN,
            "event": event,
            "events": events,
            "about": about,
            "is_first": page.newer is None and not about,
            "newest": inbox.newest_of(user),
            "has_news": inbox.news_of(user).exists,  # asked only by a page that has nothing to show
            "here": request.get_full_path(),
            "marked": _marked(request),
            "keep_days": limit_of("inbox"),
            "settings": own,
            "is_paused": bool(own.paused_until and own.paused_until > timezone.now()),
        }
        response = render(request, "reviews/inbox.html", context)
        if request.htmx:  # something was marked: the badge is to look anew
            response["HX-Trigger"] = "inbox-changed"
        return _never_kept(response)


class InboxCount(View):
    """How much is unread, for the badge. It asks again and again: nothing new is 204, and who is signed out is told to stop."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return HttpResponse(status=STOP_POLLING)
        badge = inbox.badge_of(request.user)
        if request.GET.get("badge") == badge.state:
            return _never_kept(HttpResponse(status=NO_CONTENT))
        return _never_kept(render(request, "reviews/_inbox_badge.html", {"badge": badge}))


class InboxNews(View):
    """How much came since an inbox was opened, for the line at its top that offers to show it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return HttpResponse(status=STOP_POLLING)
        since = _number(request.GET.get("since")) or 0
        rows = Notification.objects.of(request.user).unread().filter(pk__gt=since).order_by()
        count = rows[: inbox.CAP + 1].count()
        if str(count) == request.GET.get("news", "0"):
            return _never_kept(HttpResponse(status=NO_CONTENT))
        return _never_kept(
            render(request, "reviews/_inbox_news.html", {"count": count, "cap": inbox.CAP, "since": since})
        )


class NotificationOpen(LoginRequiredMixin, View):
    """Leads to what a notification is about, and marks it read. A browser that only fetches ahead marks nothing."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = Notification.objects.of(request.user).filter(pk=min(pk, inbox.HIGHEST)).first()
        if row is None:
            raise Http404("You were told no such thing.")
        message = message_of(row)
        if not any("prefetch" in request.headers.get(name, "").lower() for name in AHEAD):
            mark_read(actor=request.user, ids=[row.pk])
        return redirect(message.address if message else "inbox")


class SignedInPost(AccessMixin, View):
    """A POST by somebody who is signed in. Who isn't is led to `page` after signing in, since this address has none."""

    http_method_names = ["post", "options"]
    page = "inbox"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(reverse(self.page))
        return super().dispatch(request, *args, **kwargs)


class InboxRead(SignedInPost):
    """Marks one's own as read: one (`id`), all of a subject (`about`), of an
    `event`, or all there are, up to the newest that was shown (`to`).

    `unread` marks one as unread; `moment` takes back what was marked at once.
    """

    def post(self, request: HttpRequest) -> HttpResponse:
        posted = request.POST
        if "moment" in posted:
            if (moment := _moment(posted["moment"])) is None:
                return HttpResponseBadRequest("This is no moment at which something was marked.")
            unmark(actor=request.user, moment=moment)
            return _back(request, None)
        if "unread" in posted:
            mark_unread(actor=request.user, ids=[_number(posted["unread"]) or 0])
            return _back(request, None)
        up_to = _number(posted.get("to"))
        if "id" in posted:
            marked = mark_read(actor=request.user, ids=[_number(posted["id"]) or 0])
        elif up_to is None:
            return HttpResponseBadRequest("Say up to which one.")
        elif "about" in posted:
            marked = mark_read(actor=request.user, subject=_subject(posted["about"]), up_to=up_to)
        else:
            event = posted["event"] if posted.get("event") in EVENTS else None
            marked = mark_read(actor=request.user, event=event, up_to=up_to)
        return _back(request, marked)


def _back(request: HttpRequest, marked: Marked | None) -> HttpResponse:
    """Return to the page that it was done on, which offers to take back what was marked.

    A page that only says that it was read (htmx, `quietly`) is answered with nothing but the news for its badge.
    """
    if request.htmx and "quietly" in request.POST:
        response = HttpResponse(status=NO_CONTENT)
        response["HX-Trigger"] = "inbox-changed"
        return response
    path, _mark, query = safe_next(request, reverse("inbox")).partition("?")
    kept = [(name, value) for name, value in parse_qsl(query) if name != "marked"]
    if marked and marked.count:
        kept.append(("marked", marked.moment.isoformat()))
    return redirect(f"{path}?{urlencode(kept)}" if kept else path)


def safe_next(request: HttpRequest, otherwise: str) -> str:
    """Return the page that a form came from, if it is one of this site."""
    address = request.POST.get("next", "")[:2000]
    is_safe = address.startswith("/") and url_has_allowed_host_and_scheme(
        address, allowed_hosts=None, require_https=request.is_secure()
    )
    return address if is_safe else otherwise


def _marked(request: HttpRequest) -> dict[str, Any] | None:
    """Return what was just marked as read and can be taken back."""
    moment = _moment(request.GET.get("marked", ""))
    if moment is None:
        return None
    count = Notification.objects.of(request.user).filter(read=moment).count()
    return {"moment": moment.isoformat(), "count": count} if count else None


def _moment(text: str) -> dt.datetime | None:
    try:
        moment = parse_datetime(text[:40])
    except ValueError:
        return None
    return moment if moment and moment.tzinfo and 2000 < moment.year < 3000 else None


def _subject(text: str) -> str:
    """Return a text as a subject can be; NUL is in none, and PostgreSQL can't be asked for it."""
    return text.replace("\0", "")[:100]


def _number(text: str | None) -> int | None:
    """Return a number as our own pages write it, or None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def _never_kept(response: HttpResponse) -> HttpResponse:
    add_never_cache_headers(response)
    return response
