"""What somebody is told, and what they watch, through the API: their own and nobody else's.

Marking as read is a part of reading one's inbox and takes the scope "read". What one hears of is changed in one's name: that
takes "propose", the scope of acting for somebody.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from chokepoints.api.asking import Records
from chokepoints.api.ordering import Listing
from chokepoints.api.paging import PAGING
from chokepoints.api.views import checked
from chokepoints.exceptions import FIELD, Problem

from ...exceptions import InvalidProposal, NotFound
from ...models import Notification, Subscription
from ...models.notification import EVERYTHING, PROPOSAL, WATCHABLE
from ...notifications.messages import Message, messages_of
from ...selectors.inbox import HIGHEST
from ...selectors.watching import Watched, named
from ...services.noticing import mark_read, mark_unread
from ...services.subscribing import end_subscription, mute, watch
from .. import bodies
from ..filtering import NotificationFilter
from ..rendering import Addresses
from .base import PROPOSE, READ, Act, ProcessView

NOTIFICATIONS = Listing("notifications", Notification, {"id": "pk"}, "-id")
SUBSCRIPTIONS = Listing("subscriptions", Subscription, {"id": "pk"}, "-id")


class ReadMark(bodies.Body):
    """Whether it is read; it is if nothing is said."""

    read = bodies.Truth(required=False)


class ReadMarks(bodies.Body):
    """Which are read: those of some ids, or all up to one id, itself too."""

    ids = serializers.ListField(child=bodies.whole_number(), max_length=500, required=False)
    up_to = bodies.whole_number(required=False)


class Target(bodies.Words):
    """The id or key of a record, or the number of a proposal, as a text or a number."""

    def to_internal_value(self, data: Any) -> str:
        is_number = isinstance(data, int) and not isinstance(data, bool)
        return super().to_internal_value(str(data) if is_number else data)


class NewSubscription(bodies.Body):
    """What is watched, or which proposal is muted."""

    what = bodies.OneOf(list(WATCHABLE))
    target = Target(required=False)
    muted = bodies.Truth(required=False)


# --- notifications


class Own(ProcessView):
    """Base: for whoever is somebody; others' are as if they weren't there."""

    scopes: ClassVar[dict[str, str]] = {"GET": READ, "POST": READ}
    members_only = True

    def rows(self) -> QuerySet[Notification]:
        return Notification.objects.of(self.request.user).select_related("activity__actor")

    def notification(self, pk: int) -> Notification:
        """Return one's own notification. Raises NotFound for any other."""
        found = self.rows().filter(pk=min(pk, HIGHEST)).first()
        if found is None:
            raise NotFound("You were told no such thing.")
        return found


class NotificationList(Own):
    """What one is told, the newest first: news and requests to act."""

    def parameters(self) -> list[str]:
        return [*NotificationFilter.base_filters, *PAGING, "format"]

    def get(self, request: Request) -> Any:
        filters = checked(NotificationFilter(request.query_params, queryset=self.rows()))
        return self.page(filters.qs, NOTIFICATIONS, lambda rows: render_notifications(rows, self.addresses))


class NotificationDetail(Own):
    """One of them. Looking at it through the API doesn't mark it as read."""

    def get(self, request: Request, notification: int) -> Any:
        return self.read(render_notifications([self.notification(notification)], self.addresses)[0])


class NotificationRead(Own, Act):
    """Marks one as read, or as unread."""

    def act(self, request: Request, notification: int = 0, **named: Any) -> Response:
        row = self.notification(notification)
        mark = mark_read if self.body(ReadMark).get("read", True) else mark_unread
        mark(actor=request.user, ids=[row.pk])
        return self.written(Response(render_notifications([self.notification(row.pk)], self.addresses)[0]))


class NotificationsRead(Own, Act):
    """Marks many as read."""

    def act(self, request: Request, **named: Any) -> Response:
        sent = self.body(ReadMarks)
        if len(sent) != 1:
            raise bodies.wrong([{"pointer": "", "message": "Say either `ids` or `up_to`."}])
        marked = mark_read(actor=request.user, ids=sent.get("ids"), up_to=sent.get("up_to"))
        unread = Notification.objects.of(request.user).unread().order_by().count()
        return self.written(Response({"marked": marked.count, "unread": unread}))


def render_notifications(rows: Sequence[Notification], addresses: Addresses) -> list[dict[str, Any]]:
    """Return notifications of one person as JSON."""
    return [_notification(row, said, addresses) for row, said in zip(rows, messages_of(rows), strict=True)]


def _notification(row: Notification, said: Message | None, addresses: Addresses) -> dict[str, Any]:
    reasons = [
        {
            "scope": reason["scope"],
            "subject": reason.get("subject") or None,
            "label": reason.get("label") or None,
        }
        for reason in row.reasons
    ]
    return {
        "id": row.pk,
        "self": addresses.of("api-notification-detail", row.pk),
        "sort": row.sort,
        "event": row.event,
        "heading": said.heading if said else None,
        "title": (said.title or None) if said else None,
        "words": (said.words or None) if said else None,
        "why": said.why if said else None,
        "reasons": reasons,
        "subject": row.subject,
        "proposal": row.proposal_id,
        "page": addresses.request.build_absolute_uri(said.address) if said else None,
        "step": row.step,
        "made": _time(row.made),
        "read": _time(row.read),
        "settled": _time(row.settled),
    }


# --- subscriptions


class Subscribed(ProcessView):
    """Base: what one watches or has muted."""

    scopes: ClassVar[dict[str, str]] = {"GET": READ, "POST": PROPOSE, "DELETE": PROPOSE}
    members_only = True

    def rows(self) -> QuerySet[Subscription]:
        return Subscription.objects.filter(owner=self.request.user)

    def render(self, rows: Sequence[Subscription]) -> list[dict[str, Any]]:
        return [_subscription(one, self.addresses) for one in named(rows, self.asker())]


class SubscriptionList(Subscribed, Act):
    """What one watches or has muted, the newest first; and another."""

    scopes: ClassVar[dict[str, str]] = Subscribed.scopes

    def parameters(self) -> list[str]:
        return [*PAGING, "format"]

    def get(self, request: Request) -> Any:
        return self.page(self.rows(), SUBSCRIPTIONS, self.render)

    def act(self, request: Request, **named: Any) -> Response:
        sent = self.body(NewSubscription)
        what, target = sent["what"], _target(sent["what"], sent.get("target", ""))
        if not sent.get("muted"):
            row = watch(actor=request.user, what=what, target=target)
        elif what == PROPOSAL:
            row = mute(actor=request.user, number=target)
        else:
            raise InvalidProposal([Problem(FIELD, -1, "muted", "Only proposals can be muted.")])
        body = self.render([row])[0]
        return self.written(Response(body, status=201), body["self"])


class SubscriptionDetail(Subscribed):
    """One subscription; and ending it."""

    def get(self, request: Request, subscription: int) -> Any:
        row = self.rows().filter(pk=min(subscription, HIGHEST)).first()
        if row is None:
            raise NotFound("You have no such subscription.")
        return self.read(self.render([row])[0])

    def delete(self, request: Request, subscription: int) -> Response:
        end_subscription(actor=request.user, pk=subscription)
        return self.written(Response(status=204))


def _target(what: str, target: str) -> str:
    """Return the id of a record that is named by id or key; the rest is as it was sent. Raises InvalidProposal."""
    if what in (PROPOSAL, EVERYTHING):
        return target
    try:
        return Records(kinds=(what,), max_length=200).clean(target)
    except ValidationError as error:
        raise InvalidProposal([Problem(FIELD, -1, "target", error.messages[0])]) from error


def _subscription(one: Watched, addresses: Addresses) -> dict[str, Any]:
    return {
        "id": one.row.pk,
        "self": addresses.of("api-subscription-detail", one.row.pk),
        "what": one.row.what,
        "target": one.row.target or None,
        "muted": one.row.is_muted,
        "label": one.label or None,
        "page": addresses.request.build_absolute_uri(one.address) if one.address else None,
        "made": _time(one.row.made),
    }


def _time(time: Any) -> str | None:
    return time.isoformat().replace("+00:00", "Z") if time else None
