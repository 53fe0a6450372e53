"""Webhooks through the API: one's own; what is another's isn't there, for admins neither.

Writing takes the scope "propose", as whatever a token does in its owner's name: a webhook goes on telling when the token that
made it is long revoked, so one that may only read must not make any.
"""

import uuid
from typing import Any, ClassVar

from django.db import transaction
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from chokepoints.api.ordering import Listing
from chokepoints.api.paging import PAGING
from chokepoints.api.problems import ApiProblem

from ...models import Webhook, WebhookDelivery
from ...notifications.events import EVENTS
from ...services import hooking
from .. import bodies
from .base import PROPOSE, READ, Act, ProcessView

WEBHOOKS = Listing("webhooks", Webhook, {"name": "name", "made": "made", "id": "pk"}, "name")
# An answer that is given again doesn't have the secret any more: whoever lost it gives the webhook another one.
SHOWN_ONCE = {
    "secret": None,
    "secret_note": "The secret was in the first answer alone. If it is lost, give the webhook another one (rotate).",
}
DELIVERIES = Listing("deliveries", WebhookDelivery, {"made": "made", "id": "pk"}, "-id")


def _events(**options: Any) -> serializers.ListField:
    return serializers.ListField(
        child=bodies.OneOf(list(EVENTS)), min_length=1, max_length=len(EVENTS), **options
    )


class NewWebhook(bodies.Body):
    """A webhook: what it is called, where it is, what it is told of, and whether also of what its owner does."""

    name = bodies.Words()
    url = bodies.Words()
    events = _events()
    with_own = bodies.Truth(required=False)


class WebhookChange(bodies.Body):
    """What is to be different; what is left out stays. `is_on` switches it."""

    name = bodies.Words(required=False)
    url = bodies.Words(required=False)
    events = _events(required=False)
    with_own = bodies.Truth(required=False)
    is_on = bodies.Truth(required=False)


class WebhookView(ProcessView):
    """Base: each is an own webhook or a 404."""

    members_only = True

    def own(self, webhook: int) -> Webhook:
        """Return a webhook of whoever asks. Raises ApiProblem (404)."""
        row = Webhook.objects.of(self.request.user).filter(pk=min(webhook, 2**62)).first()
        if row is None:
            raise ApiProblem(404, hooking.NO_SUCH)
        return row


class WebhookList(WebhookView, Act):
    """One's webhooks; and making another, whose answer alone has its secret."""

    scopes: ClassVar[dict[str, str]] = {"GET": READ, "POST": PROPOSE}
    told_once: ClassVar[dict[str, Any]] = SHOWN_ONCE

    def parameters(self) -> list[str]:
        return [*PAGING, "format"]

    def get(self, request: Request) -> Any:
        rows = Webhook.objects.of(request.user)
        return self.page(rows, WEBHOOKS, lambda rows: [body_of(request, row) for row in rows])

    def act(self, request: Request, **named: Any) -> Response:
        row = hooking.create_webhook(actor=request.user, **self.body(NewWebhook))
        body = body_of(request, row)
        return self.written(Response(body | _shown(row), status=201), body["self"])


class WebhookDetail(WebhookView):
    """One webhook: read, changed, switched, deleted."""

    scopes: ClassVar[dict[str, str]] = {"GET": READ, "PATCH": PROPOSE, "DELETE": PROPOSE}

    def get(self, request: Request, webhook: int) -> Any:
        return self.read(body_of(request, self.own(webhook)))

    def patch(self, request: Request, webhook: int) -> Response:
        self.own(webhook)
        members = self.body(WebhookChange)
        is_on = members.pop("is_on", None)
        with transaction.atomic():
            row = hooking.change_webhook(actor=request.user, pk=webhook, **members)
            if is_on is not None:
                switch = hooking.switch_on if is_on else hooking.switch_off
                row = switch(actor=request.user, pk=webhook)
        return self.written(Response(body_of(request, row)))

    def delete(self, request: Request, webhook: int) -> Response:
        hooking.delete_webhook(actor=request.user, pk=webhook)
        return self.written(Response(status=204))


class WebhookRotate(WebhookView, Act):
    """Another secret; the answer alone has it."""

    scopes: ClassVar[dict[str, str]] = {"POST": PROPOSE}
    told_once: ClassVar[dict[str, Any]] = SHOWN_ONCE

    def act(self, request: Request, webhook: int = 0, **named: Any) -> Response:
        self.own(webhook)
        self.body(bodies.Nothing)
        row = hooking.rotate_secret(actor=request.user, pk=webhook)
        return self.written(Response(body_of(request, row) | _shown(row)))


class WebhookTest(WebhookView, Act):
    """A test message."""

    scopes: ClassVar[dict[str, str]] = {"POST": PROPOSE}

    def act(self, request: Request, webhook: int = 0, **named: Any) -> Response:
        self.own(webhook)
        self.body(bodies.Nothing)
        row = hooking.send_test(actor=request.user, pk=webhook)
        return self.written(Response(delivery_of(request, row), status=202))


class DeliveryList(WebhookView):
    """What was and is to be told to one webhook, the newest first."""

    scopes: ClassVar[dict[str, str]] = {"GET": READ}

    def parameters(self) -> list[str]:
        return [*PAGING, "format"]

    def get(self, request: Request, webhook: int) -> Any:
        rows = WebhookDelivery.objects.filter(webhook=self.own(webhook)).select_related("activity")
        return self.page(rows, DELIVERIES, lambda rows: [delivery_of(request, row) for row in rows])


class DeliveryResend(WebhookView, Act):
    """Sends a message again, under the same id."""

    scopes: ClassVar[dict[str, str]] = {"POST": PROPOSE}

    def act(
        self, request: Request, webhook: int = 0, message: uuid.UUID | None = None, **named: Any
    ) -> Response:
        self.own(webhook)
        self.body(bodies.Nothing)
        row = hooking.resend(actor=request.user, pk=webhook, message=message or uuid.UUID(int=0))
        return self.written(Response(delivery_of(request, row), status=202))


def _shown(row: Webhook) -> dict[str, Any]:
    return {"secret": row.secret, "secret_note": None}


def body_of(request: Request, row: Webhook) -> dict[str, Any]:
    """Return a webhook as JSON, without its secret."""

    def address(name: str) -> str:
        return request.build_absolute_uri(reverse(name, args=[row.pk]))

    return {
        "id": row.pk,
        "self": address("api-webhook-detail"),
        "page": address("webhook-detail"),
        "name": row.name,
        "url": row.url,
        "events": row.events,
        "with_own": row.with_own,
        "is_on": row.is_on,
        "off_why": row.off_why or None,
        "failures": row.failures,
        "old_secret_until": _time(row.old_until),
        "made": _time(row.made),
        "deliveries": address("api-webhook-deliveries"),
    }


def delivery_of(request: Request, row: WebhookDelivery) -> dict[str, Any]:
    """Return a delivery as JSON. Of the answer there is the status and nothing else."""
    resend = reverse("api-delivery-resend", args=[row.webhook_id, row.message])
    return {
        "message": str(row.message),
        "webhook_id": row.message_id,
        "type": row.activity.verb if row.activity else "webhook.test",
        "subject": row.subject,
        "state": row.state,
        "status": row.status,
        "error": row.error or None,
        "tries": row.tries,
        "due": _time(row.due) if row.state == "waiting" else None,
        "made": _time(row.made),
        "last_tried": _time(row.last_tried),
        "ended": _time(row.ended),
        "resend": request.build_absolute_uri(resend),
    }


def _time(value: Any) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if value else None
