"""Hooking: webhooks, made, changed, tried out and ended by their owners. Each is its owner's alone; an admin may switch it off.

None of it decides about the register, so no register lock: the account's own row keeps two of its requests apart.
"""

import datetime as dt
import uuid
from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from chokepoints.exceptions import FIELD, Problem
from chokepoints.fields import FieldError, check_name
from chokepoints.services.contributing import contributor_for
from chokepoints.services.handing_out import hand_out_soon
from chokepoints.services.recording import record_activity

from ..exceptions import InvalidProposal, NotAllowed, NotFound, WrongState
from ..models import Webhook, WebhookDelivery
from ..models.webhook import DELIVERED, FAILED, SENDING, WAITING
from ..notifications.events import EVENTS
from ..notifications.offering import events_seen_by
from ..notifications.webhooks import TASK, TEST
from ..notifications.webhooks.addresses import AddressRefused, check_address
from ..notifications.webhooks.signing import new_secret
from .limiting import limit_of
from .writing import HEAD

LONGEST_NAME = 60
NO_SUCH = "You have no such webhook."


def create_webhook(
    *, actor: Any, name: Any, url: Any, events: Collection[str], with_own: bool = False
) -> Webhook:
    """Make a webhook for oneself and return it; its secret is to be shown once.

    Raises NotAllowed and InvalidProposal (its problems name `name`, `url` or `events`).
    """
    _check_present(actor)
    fields = _clean(actor, name=name, url=url, events=events) | {"with_own": bool(with_own)}
    with transaction.atomic():
        get_user_model().objects.select_for_update().get(pk=actor.pk)
        most = limit_of("webhooks")
        if Webhook.objects.of(actor).count() >= most:
            words = f"You have {most} webhooks, as many as you may. Delete one that you no longer use."
            raise InvalidProposal([_problem("name", words)])
        _check_free(actor, fields["name"])
        webhook = Webhook.objects.create(owner=actor, secret=new_secret(), **fields)
        _record("webhook.created", actor, webhook)
    return webhook


def change_webhook(
    *,
    actor: Any,
    pk: int,
    name: Any = None,
    url: Any = None,
    events: Collection[str] | None = None,
    with_own: bool | None = None,
) -> Webhook:
    """Change what is given of one's own webhook; what waits goes to its new address.

    Raises NotAllowed, NotFound and InvalidProposal.
    """
    given = {"name": name, "url": url, "events": events}
    fields = _clean(actor, **{field: value for field, value in given.items() if value is not None})
    fields |= {} if with_own is None else {"with_own": bool(with_own)}
    with transaction.atomic():
        webhook = _locked(actor, pk)
        if fields.get("name", webhook.name) != webhook.name:
            _check_free(actor, fields["name"])
        changed = [field for field, value in fields.items() if getattr(webhook, field) != value]
        if changed:
            _write(webhook, **{field: fields[field] for field in changed})
            _record("webhook.changed", actor, webhook, fields=changed)
    return webhook


def rotate_secret(*, actor: Any, pk: int) -> Webhook:
    """Give one's webhook another secret at once; the one before signs too for WEBHOOK_OLD_SECRET_HOURS.

    Raises NotAllowed and NotFound.
    """
    with transaction.atomic():
        webhook = _locked(actor, pk)
        until = timezone.now() + dt.timedelta(hours=settings.WEBHOOK_OLD_SECRET_HOURS)
        _write(webhook, secret=new_secret(), old_secret=webhook.secret, old_until=until)
        _record("webhook.secret_rotated", actor, webhook)
    return webhook


def switch_on(*, actor: Any, pk: int) -> Webhook:
    """Switch one's webhook on; its failures are forgotten, and what waits goes out. Raises NotAllowed and NotFound."""
    with transaction.atomic():
        webhook = _locked(actor, pk)
        if not webhook.is_on:
            _write(webhook, is_on=True, off_why="", failures=0)
            _record("webhook.switched_on", actor, webhook)
            _deliver_soon(webhook)
    return webhook


def switch_off(*, actor: Any, pk: int) -> Webhook:
    """Switch off one's own webhook, or anybody's as an admin. Raises NotAllowed and NotFound."""
    with transaction.atomic():
        webhook = _locked(actor, pk, or_as_admin=True)
        if webhook.is_on:
            why = "" if webhook.owner_id == actor.pk else "An admin switched it off."
            _write(webhook, is_on=False, off_why=why)
            _record("webhook.switched_off", actor, webhook, reason=why)
    return webhook


def switch_off_by_itself(*, pk: int, why: str) -> None:
    """Switch a webhook off that takes nothing any more, and tell its owner. Twice is once."""
    with transaction.atomic():
        webhook = Webhook.objects.select_for_update().filter(pk=pk, is_on=True).first()
        if webhook is not None:
            _write(webhook, is_on=False, off_why=why[:300])
            record_activity("webhook.switched_off", actor=None, subject=f"webhook:{pk}", reason=why[:300])


def delete_webhook(*, actor: Any, pk: int) -> Webhook:
    """Delete one's own webhook with all that was to be told to it. Raises NotAllowed and NotFound."""
    with transaction.atomic():
        webhook = _locked(actor, pk)
        _record("webhook.deleted", actor, webhook)
        Webhook.objects.filter(pk=webhook.pk).delete()
    return webhook


def send_test(*, actor: Any, pk: int) -> WebhookDelivery:
    """Send a test to one's own webhook, on or off: it is tried once, and counts for nothing.

    Raises NotAllowed, NotFound, and WrongState while another one is under way.
    """
    with transaction.atomic():
        webhook = _locked(actor, pk)
        tests = webhook.deliveries.filter(event=TEST, activity=None)
        if tests.filter(state__in=(WAITING, SENDING)).exists():
            raise WrongState("A test is under way already. Look at what comes of it first.")
        test = WebhookDelivery.objects.create(
            webhook=webhook, event=TEST, subject=f"webhook:{webhook.pk}", due=timezone.now()
        )
        _deliver_soon(webhook)
    return test


def resend(*, actor: Any, pk: int, message: uuid.UUID) -> WebhookDelivery:
    """Send a message to one's own webhook again, under the id that it had, whether it arrived or was given up.

    What is about the same subject and came later waits for it. Raises NotAllowed, NotFound and WrongState.
    """
    with transaction.atomic():
        webhook = _locked(actor, pk)
        delivery = webhook.deliveries.select_for_update().filter(message=message).first()
        if delivery is None:
            raise NotFound("There is no such message to this webhook.")
        if not webhook.is_on and delivery.activity_id:
            raise WrongState("This webhook is switched off. Switch it on first.")
        if delivery.state not in (DELIVERED, FAILED):
            raise WrongState("It is under way, and tried again by itself.")
        fields = {"state": WAITING, "due": timezone.now(), "tries": 0, "ended": None}
        WebhookDelivery.objects.filter(pk=delivery.pk).update(**fields)
        _deliver_soon(webhook)
    delivery.refresh_from_db()
    return delivery


# --- what they share


def _check_present(actor: Any) -> None:
    if not (actor.is_authenticated and actor.is_active):
        raise NotAllowed("Webhooks are for members who are signed in.")


def _locked(actor: Any, pk: int, *, or_as_admin: bool = False) -> Webhook:
    """Return one's own webhook, locked until the transaction ends. Raises NotAllowed and NotFound."""
    _check_present(actor)
    rows = Webhook.objects.select_for_update()
    if not (or_as_admin and actor.is_superuser):
        rows = rows.filter(owner=actor)
    webhook = rows.filter(pk=min(int(pk), 2**62)).first()
    if webhook is None:
        raise NotFound(NO_SUCH)
    return webhook


def _clean(actor: Any, **given: Any) -> dict[str, Any]:
    """Return what was given, clean. Raises InvalidProposal with everything that is wrong."""
    fields: dict[str, Any] = {}
    problems = []
    cleaners = {
        "name": _clean_name,
        "url": _clean_url,
        "events": lambda value: _clean_events(value, actor),
    }
    for name, value in given.items():
        try:
            fields[name] = cleaners[name](value)
        except (FieldError, AddressRefused) as error:
            problems.append(_problem(name, str(error)))
    if problems:
        raise InvalidProposal(problems)
    return fields


def _clean_name(value: Any) -> str:
    name = check_name(value, limit=LONGEST_NAME)
    if not name:
        raise FieldError("Say what the webhook is for, such as the program that is told.")
    return name


def _clean_url(value: Any) -> str:
    url = value.strip() if isinstance(value, str) else ""
    if not url:
        raise FieldError("Give the address that is told, such as https://example.org/hook.")
    check_address(url)
    return url


def _clean_events(value: Any, actor: Any) -> list[str]:
    chosen = (
        {each for each in value if isinstance(each, str)} if isinstance(value, list | tuple | set) else set()
    )
    if not chosen or not chosen <= set(EVENTS):
        raise FieldError("Choose what it is told of, one thing at least.")
    if hidden := chosen - events_seen_by(actor).keys():
        raise FieldError(f"Only admins may be told of {', '.join(sorted(hidden))}. Leave that out.")
    return [event for event in EVENTS if event in chosen]


def _check_free(actor: Any, name: str) -> None:
    if Webhook.objects.of(actor).filter(name=name).exists():
        raise InvalidProposal([_problem("name", "You have a webhook of this name already.")])


def _write(webhook: Webhook, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(webhook, name, value)
    webhook.save(update_fields=list(fields))


def _deliver_soon(webhook: Webhook) -> None:
    """Have a worker deliver once this is committed; if the broker is down, the sweep does."""
    transaction.on_commit(lambda: hand_out_soon(TASK, webhook.pk))


def _record(verb: str, actor: Any, webhook: Webhook, **details: Any) -> None:
    """Write down what was done. Its address isn't in it: that may hold what only its owner should know."""
    record_activity(verb, actor=contributor_for(actor), subject=f"webhook:{webhook.pk}", **details)


def _problem(field: str, words: str) -> Problem:
    return Problem(FIELD, HEAD, field, words)
