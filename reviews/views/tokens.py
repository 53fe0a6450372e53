"""The account page for personal tokens: which there are, making one, revoking one."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.debug import sensitive_variables

from ..exceptions import NotFound, ReviewError
from ..forms.tokens import TokenForm
from ..models import Token
from ..services.granting import AlreadyMade, create_token, revoke_token
from ..services.limiting import limit_of
from ..tokens import SCOPES
from .answering import UNPROCESSABLE


class TokenList(LoginRequiredMixin, View):
    """One's own tokens, and the form for another. The answer to the form shows the token, this once."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return _show(request, TokenForm())

    @method_decorator(sensitive_variables("text"))
    def post(self, request: HttpRequest) -> HttpResponse:
        form = TokenForm(request.POST)
        if not form.is_valid():
            return _show(request, form, UNPROCESSABLE)
        try:
            token, text = create_token(actor=request.user, **form.cleaned_data)
        except AlreadyMade as refusal:
            # Somebody reloaded the page that showed it, or clicked twice.
            messages.warning(request, f"{refusal.message} If you don't have it, revoke it and make another.")
            return redirect("token-list")
        except ReviewError as refusal:
            form.show(refusal)
            return _show(request, form, refusal.status)
        return _show(request, TokenForm(), new=token, text=text)


class TokenRevoke(LoginRequiredMixin, View):
    """Revokes a token of one's own."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return redirect("token-list")

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        # Their own only, on this page: an admin revokes others' in the admin site.
        if not Token.objects.filter(user=request.user, pk=min(pk, 2**62)).exists():
            raise Http404("You have no such token.")
        try:
            token = revoke_token(actor=request.user, pk=pk)
        except NotFound as error:
            raise Http404(error.message) from error
        messages.success(request, f"“{token.name}” is revoked. It opens nothing any more.")
        return redirect("token-list")


def _show(request: HttpRequest, form: TokenForm, status: int = 200, **more: Any) -> HttpResponse:
    """Render the page, which nobody keeps: it may hold a token."""
    mine = Token.objects.filter(user=request.user)
    context = {
        "form": form,
        "tokens": mine.in_force(),
        "ended": mine.ended()[:20],
        "scopes": SCOPES,
        "most": limit_of("tokens"),
        **more,
    }
    response = render(request, "reviews/tokens.html", context, status=status)
    add_never_cache_headers(response)
    return response
