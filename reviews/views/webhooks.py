"""The account pages for webhooks: which there are, making one, what was delivered to it, and all that is done with it."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.views import View
from django.views.decorators.debug import sensitive_variables

from ..exceptions import NotFound, ReviewError
from ..forms.webhooks import WebhookForm
from ..models import Webhook
from ..notifications.events import EVENTS
from ..services.hooking import NO_SUCH, change_webhook, create_webhook, delete_webhook, rotate_secret
from ..services.limiting import limit_of
from .answering import UNPROCESSABLE
from .paging import page_links

PAGE_SIZE = 25


class WebhookList(LoginRequiredMixin, View):
    """One's own webhooks, and the form for another. The answer to the form shows its secret, this once."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return _list(request, WebhookForm(owner=request.user))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = WebhookForm(request.POST, owner=request.user)
        if not form.is_valid():
            return _list(request, form, UNPROCESSABLE)
        try:
            webhook = create_webhook(actor=request.user, **form.cleaned_data)
        except ReviewError as refusal:
            form.show(refusal)
            return _list(request, form, refusal.status)
        return _detail(request, webhook, secret=webhook.secret, is_new=True)


class _Own(LoginRequiredMixin, View):
    """Base: a webhook of one's own, or a 404."""

    def own(self, pk: int) -> Webhook:
        webhook = Webhook.objects.of(self.request.user).filter(pk=min(pk, 2**62)).first()
        if webhook is None:
            raise Http404(NO_SUCH)
        return webhook


class WebhookDetail(_Own):
    """One webhook: what it is told of, what was delivered, and the form to change it."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return _detail(request, self.own(pk))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        webhook, form = self.own(pk), WebhookForm(request.POST, owner=request.user)
        if not form.is_valid():
            return _detail(request, webhook, form, UNPROCESSABLE)
        try:
            change_webhook(actor=request.user, pk=pk, **form.cleaned_data)
        except ReviewError as refusal:
            form.show(refusal)
            return _detail(request, webhook, form, refusal.status)
        messages.success(request, "It is changed.")
        return redirect(webhook)


class WebhookRotate(_Own):
    """Gives a webhook another secret; the answer shows it, this once."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return redirect(self.own(pk))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            webhook = rotate_secret(actor=request.user, pk=self.own(pk).pk)
        except NotFound as error:
            raise Http404(error.message) from error
        return _detail(request, webhook, secret=webhook.secret)


class WebhookDelete(_Own):
    """Deletes a webhook of one's own."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return redirect(self.own(pk))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            webhook = delete_webhook(actor=request.user, pk=self.own(pk).pk)
        except NotFound as error:
            raise Http404(error.message) from error
        messages.success(request, f"“{webhook.name}” is deleted, with all that was to be told to it.")
        return redirect("webhook-list")


class WebhookAct(_Own):
    """Does one thing with a webhook of one's own: `does` is the service, `done` what to say then."""

    does: Any = None
    done = ""

    def get(self, request: HttpRequest, pk: int, message: uuid.UUID | None = None) -> HttpResponse:
        return redirect(self.own(pk))

    def post(self, request: HttpRequest, pk: int, message: uuid.UUID | None = None) -> HttpResponse:
        webhook = self.own(pk)  # on this page also an admin's own only
        named = {"message": message} if message else {}
        try:
            self.does(actor=request.user, pk=webhook.pk, **named)
        except NotFound as error:
            raise Http404(error.message) from error
        except ReviewError as refusal:
            messages.warning(request, refusal.message)
        else:
            messages.success(request, self.done)
        return redirect(webhook)


def _list(request: HttpRequest, form: WebhookForm, status: int = 200) -> HttpResponse:
    mine = list(Webhook.objects.of(request.user))
    context = {"form": form, "webhooks": mine, "most": limit_of("webhooks")}
    return render(request, "reviews/webhooks.html", context, status=status)


@sensitive_variables("secret")
def _detail(
    request: HttpRequest,
    webhook: Webhook,
    form: WebhookForm | None = None,
    status: int = 200,
    *,
    secret: str = "",
    is_new: bool = False,
) -> HttpResponse:
    """Render the page, which nobody keeps: it may hold a secret."""
    deliveries = webhook.deliveries.select_related("activity").order_by("-pk")
    page = Paginator(deliveries, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "webhook": webhook,
        "form": form or WebhookForm(owner=request.user, webhook=webhook),
        "changes": form is not None,
        "secret": secret,
        "is_new": is_new,
        "told": [EVENTS[name].title for name in webhook.events if name in EVENTS],
        "deliveries": page.object_list,
        "days": limit_of("deliveries"),
        **page_links(request, page),
    }
    response = render(request, "reviews/webhook_detail.html", context, status=status)
    add_never_cache_headers(response)
    return response
