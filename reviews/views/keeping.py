"""Nothing typed is lost: forms that are kept while somebody types, gone on with later, and sent again after an ended session.

A view with a long form takes `Typed(request)`: what was posted, kept before it is judged; what was kept and is gone on
with; or nothing yet. The script keeping.js posts the same form to FormKeep every few seconds.
"""

import uuid
from typing import Any
from urllib.parse import unquote, urlsplit

from django import forms
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import redirect_to_login
from django.forms.utils import ErrorDict
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils.functional import cached_property
from django.views import View

from ..exceptions import ReviewError, StaleVersion
from ..forms.proposals import whole_number
from ..models import KeptForm
from ..services.keeping import (
    LONGEST_PATH,
    Kept,
    discard_kept_form,
    forget_form,
    is_typed,
    keep_form,
    kept_form,
    kept_forms_of,
    move_kept_forms,
    saved_elsewhere,
)
from .answering import EditorRequired

# The pages whose forms are kept, and further addresses whose posts may be sent again after an ended session.
FORM_PAGES = (
    "proposal-new", "proposal-edit", "proposal-add", "proposal-change", "proposal-resolve", "assessment-new",
)  # fmt: skip
SENT_AGAIN = (
    *FORM_PAGES, "proposal-submit", "proposal-split", "proposal-hold", "review-new", "request-dismiss",
    "suggestion-new", "comment-new", "bulk-edit", "batch",
)  # fmt: skip
MOST_ECHOED = 1_000_000  # characters that a page gives back to be sent again
MOST_DONE = 20  # saved tabs that a session remembers

SIGNED_OUT = "Not saved: you are signed out. Sign in in another tab; what you typed stays here."
SOMEBODY_ELSE = "Not saved: somebody else is signed in by now. Sign in as yourself in another tab; what you typed stays here."
EXPIRED = (
    "Not saved: this form is no longer valid. Open its page anew in another tab; what you typed stays here."
)


def form_page(address: str) -> str:
    """Return the canonical path and query of a page whose form is kept; "" for any other address."""
    try:
        parts = urlsplit(address)
        match = resolve(unquote(parts.path))
        query = QueryDict(parts.query, mutable=True)
        query.pop("kept", None)
        path = reverse(match.view_name, kwargs=match.kwargs) if match.url_name in FORM_PAGES else ""
        path += f"?{query.urlencode()}" if path and query else ""
    except (ValueError, Resolver404):
        return ""
    return path if len(path) <= LONGEST_PATH else ""


class Typed:
    """What the form of a page is filled with.

    `data` is what was posted (`is_sent`) or what was kept; None on a fresh page. What is posted is kept at once, so that
    neither a refusal nor a failure loses it; `saved()` forgets it again. `title` is the page's name on the desk.
    """

    def __init__(self, request: HttpRequest):
        self.request, self.user = request, request.user
        self.path = form_page(request.get_full_path())
        self.is_sent = request.method == "POST"
        self.data: QueryDict | None = None
        self.tab, self.count, self.title = uuid.uuid4(), 0, ""
        self.row: KeptForm | None = None
        self.is_gone = False
        self.elsewhere = ""
        if self.is_sent:
            self._take_posted(request.POST)
        elif "kept" in request.GET:
            self._go_on(whole_number(request.GET["kept"]))

    def _take_posted(self, data: QueryDict) -> None:
        self.data, self.title = data, data.get("kept-title", "")
        seen = _tab(data.get("kept")) or self.tab, whole_number(data.get("kept-count"))
        for tab, count in (seen, (self.tab, 0)):  # where another tab has the same row, this one gets its own
            try:
                self._keep(tab, count)
            except StaleVersion:
                continue
            except ReviewError:
                pass  # then the page that answers holds it alone
            return

    def _keep(self, tab: uuid.UUID, count: int) -> None:
        typed = fields_of(self.data)
        if not (self.path and any(is_typed(name) for name, _ in typed)):
            return
        self.row = keep_form(
            actor=self.user, path=self.path, tab=tab, count=count, title=self.title, fields=typed
        )
        self.tab, self.count = self.row.tab, self.row.count

    def _go_on(self, number: int) -> None:
        row = kept_form(self.user, number)
        if row is None or row.path != self.path:
            self.is_gone = True
            return
        self.row, self.tab, self.count, self.title = row, row.tab, row.count, row.title
        self.data = QueryDict(mutable=True)
        for name, value in row.fields:
            self.data.appendlist(name, value)
        self.elsewhere = moved_on(self.user, self.path, self.data)

    @cached_property
    def offers(self) -> list[Kept]:
        """What was typed on this page before and can be gone on with."""
        if self.is_sent or not self.path:
            return []
        shown = self.row.pk if self.row else None
        return [kept for kept in kept_forms_of(self.user, self.path) if kept.number != shown]

    def saved(self) -> None:
        """Forget what was typed: it is saved. What the script sends late for the same tab is known by its session."""
        forget_form(actor=self.user, path=self.path, tab=self.tab, count=self.count)
        if "kept" in (self.data or ()):
            done = [*self.request.session.get("kept_done", []), str(self.tab)]
            self.request.session["kept_done"] = done[-MOST_DONE:]

    def move(self, address: str) -> str:
        """Take what was typed along to the page for it now, and return its address."""
        move_kept_forms(actor=self.user, path=self.path, to=form_page(address))
        if self.row is None:
            return address
        return f"{address}{'&' if '?' in address else '?'}kept={self.row.pk}"

    def show(self, *shown: forms.Form) -> None:
        """Let forms show what was kept without judging it: nobody has sent it yet."""
        if not self.is_sent:
            for form in shown:
                form._errors = ErrorDict()


def fields_of(data: Any) -> list[tuple[str, str]]:
    """Return everything posted as pairs of name and value."""
    return [(name, value) for name, values in data.lists() for value in values]


def moved_on(user: Any, path: str, data: QueryDict) -> str:
    """Say that the proposal of a form page has moved on from the version that the form carries; "" if it hasn't."""
    number = resolve(unquote(urlsplit(path).path)).kwargs.get("number")
    return saved_elsewhere(user, number, whole_number(data.get("version"))) if number else ""


def _tab(typed: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(typed or ""))
    except ValueError:
        return None


class SendsAgain:
    """Shows a form that comes without its session, or in somebody else's, to be sent again. Stands before who may come in."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            again = None
            if not request.user.is_authenticated or is_anothers(request):
                again = ask_to_send_again(request)
            if again is not None:
                return again
        return super().dispatch(request, *args, **kwargs)


class KeepsTyping(SendsAgain, EditorRequired):
    """Base of the pages whose forms are kept: for editors."""


def is_anothers(request: HttpRequest) -> bool:
    """Tell whether a form was opened by somebody else than who sends it: they signed in in another tab."""
    opened_by = whole_number(request.POST.get("kept-user"))
    return bool(opened_by) and request.user.is_authenticated and opened_by != request.user.pk


def ask_to_send_again(request: HttpRequest) -> HttpResponse | None:
    """Return a page that holds everything posted, to be sent again to the same address; None if nothing was.

    Only for posts that are known to come from our own pages: the page carries a valid token.
    """
    fields = [
        (name, value)
        for name, value in fields_of(request.POST)
        if name != "csrfmiddlewaretoken" and "password" not in name.lower()
    ]
    if not fields:
        return None
    sender = str(request.user.pk) if request.user.is_authenticated else None
    context = {
        "is_too_large": sum(len(name) + len(value) for name, value in fields) > MOST_ECHOED,
        "fields": [(name, sender or value if name == "kept-user" else value) for name, value in fields],
        "shown": words_of(fields),
        "address": request.get_full_path(),
        "is_anothers": is_anothers(request),
    }
    return render(request, "reviews/resend.html", context, status=403)


def words_of_who_is_signed_out(request: HttpRequest) -> HttpResponse | None:
    """Return the page that gives back what was posted after a session had ended, where that is an address with words to
    lose; else None."""
    has_words = request.method == "POST" and request.resolver_match.url_name in SENT_AGAIN
    return ask_to_send_again(request) if has_words else None


def words_of(fields: list[Any]) -> list[tuple[str, str]]:
    """Return what was typed for reading: names in words, without what is empty or hidden bookkeeping."""
    hidden = {"version", "base_revision"}
    return [
        (name.replace("-", " ").replace("_", " ").capitalize(), value)
        for name, value in fields
        if is_typed(name) and name not in hidden and not name.endswith("-count") and value.strip()
    ]


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a post without the right token. Whoever signs in anew gets a new token, while other tabs hold the old one.

    What was typed is given back with the new token only if the browser says that one of our own pages sent it (Origin).
    Otherwise another site could post a form of its making here and get it back ready to be sent, one click from a forgery.
    """
    page = request.resolver_match.url_name if request.resolver_match else ""
    if page == "kept-form":
        return _refuse(401, SIGNED_OUT) if not request.user.is_authenticated else _refuse(403, EXPIRED)
    ours = request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
    again = ask_to_send_again(request) if ours and page in SENT_AGAIN and request.method == "POST" else None
    return again or render(request, "403_csrf.html", status=403)


class FormKeep(View):
    """Keeps a form while somebody types. JSON; an ended session is a 401, never a way to the sign-in page."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest) -> HttpResponse:
        sent = request.POST
        if not request.user.is_authenticated:
            return _refuse(401, SIGNED_OUT)
        if sent.get("kept-user") != str(request.user.pk):
            return _refuse(401, SOMEBODY_ELSE)
        path = form_page(sent.get("kept-path", ""))
        if not path:
            return _refuse(400, "Not saved: this isn't the page of a form that can be kept.")
        tab = _tab(sent.get("kept")) or uuid.uuid4()
        if str(tab) in request.session.get("kept_done", []):
            return _refuse(409, "This was saved already.", done=True)
        try:
            row = keep_form(
                actor=request.user,
                path=path,
                tab=tab,
                count=whole_number(sent.get("kept-count")),
                title=sent.get("kept-title", ""),
                fields=fields_of(sent),
            )
        except ReviewError as refusal:
            return _refuse(refusal.status, f"Not saved. {refusal.message}")
        kept = Kept(row.pk, row.title, row.path, row.saved)
        return JsonResponse(
            {
                "saved": row.saved.isoformat(),
                "count": row.count,
                "tab": str(row.tab),
                "go_on": kept.go_on,
                "notice": moved_on(request.user, path, sent),
            }
        )


def _refuse(status: int, words: str, **more: Any) -> JsonResponse:
    """Say why nothing was kept; `tab` is one to go on with where the row belongs to another tab."""
    return JsonResponse({"error": words, "tab": str(uuid.uuid4()), **more}, status=status)


class KeptFormDetail(LoginRequiredMixin, View):
    """What was typed, to read: also where its page is gone, as when the draft was discarded in another tab."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        row = kept_form(request.user, number)
        if row is None:
            raise Http404("Nothing is kept under this number.")
        kept = Kept(row.pk, row.title, row.path, row.saved)
        return render(request, "reviews/kept.html", {"kept": kept, "shown": words_of(row.fields)})


class KeptFormDiscard(View):
    """Throws an own kept form away and goes back to its page, or to the desk."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(reverse("kept-form-detail", args=[number]))
        discard_kept_form(actor=request.user, number=number)
        return redirect(form_page(request.POST.get("next", "")) or "desk")
