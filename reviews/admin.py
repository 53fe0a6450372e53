"""The process in the admin: to look at. What has a form goes through its service: policies, which are published through
the one door, limits, and the reason that stands in place of a hidden comment."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chokepoints.admin import LookOnly, LookOnlyInline
from chokepoints.fields import FieldError

from .exceptions import ReviewError
from .forms.proposals import Words
from .kinds import POLICY
from .limits import LIMITS
from .models import (
    Authorship,
    Change,
    Comment,
    Limit,
    Mail,
    NotificationSettings,
    Policy,
    Proposal,
    Review,
    Token,
    Version,
    Webhook,
    WebhookDelivery,
)
from .services.appointing import note_roles, roles_of
from .services.discussing import hide_comment
from .services.governing import change_policy
from .services.granting import revoke_token
from .services.hooking import switch_off
from .services.limiting import set_limit
from .services.mailing import send_again


class AuthorshipInline(LookOnlyInline):
    model = Authorship


class VersionInline(LookOnlyInline):
    model = Version
    fields = ("number", "title", "editor", "made")
    readonly_fields = fields


class ReviewInline(LookOnlyInline):
    model = Review
    fields = ("version", "reviewer", "verdict", "comment", "given")
    readonly_fields = fields


class ChangeInline(LookOnlyInline):
    model = Change


@admin.register(Proposal)
class ProposalAdmin(LookOnly):
    """Proposals with their versions and reviews. Drafts are private, from admins too."""

    list_display = ("number", "title", "state", "version", "opened", "ended", "page")
    list_filter = ("state", "opened")
    search_fields = ("versions__title", "authors__display_name")
    inlines = (AuthorshipInline, VersionInline, ReviewInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Proposal]:
        return super().get_queryset(request).exclude(state="draft").prefetch_related("versions")

    @admin.display(description="title")
    def title(self, proposal: Proposal) -> str:
        return next((one.title for one in proposal.versions.all() if one.number == proposal.version), "")

    @admin.display(description="page")
    def page(self, proposal: Proposal) -> SafeString:
        return format_html('<a href="{}">look at it</a>', proposal.get_absolute_url())


class _OfProposals(LookOnly):
    """Base of what belongs to a proposal: hides what belongs to drafts."""

    path = "proposal"

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).exclude(**{f"{self.path}__state": "draft"})


@admin.register(Version)
class VersionAdmin(_OfProposals):
    list_display = ("proposal", "number", "title", "editor", "made")
    list_select_related = ("proposal", "editor")
    list_filter = ("made",)
    search_fields = ("title", "rationale")
    inlines = (ChangeInline,)


@admin.register(Change)
class ChangeAdmin(_OfProposals):
    path = "version__proposal"
    list_display = ("version", "position", "operation", "kind", "record", "base_revision")
    list_select_related = ("version",)
    list_filter = ("kind", "operation")
    search_fields = ("record", "version__title")


@admin.register(Authorship)
class AuthorshipAdmin(_OfProposals):
    list_display = ("proposal", "contributor", "position")
    list_select_related = ("proposal", "contributor")
    search_fields = ("contributor__display_name",)


@admin.register(Review)
class ReviewAdmin(_OfProposals):
    list_display = ("proposal", "version", "reviewer", "verdict", "given")
    list_select_related = ("proposal", "reviewer")
    list_filter = ("verdict", "given")
    search_fields = ("comment", "reviewer__display_name")


class PolicyForm(forms.ModelForm):
    """What an effect needs, and why that changes."""

    reason = Words(
        label="Reason", limit=20_000, lines=True, help_text="Stands in the ledger beside the change."
    )

    class Meta:
        model = Policy
        fields = ("approvals", "evidence")

    def clean_reason(self) -> str:
        if not self.cleaned_data["reason"]:
            raise ValidationError("Say why the policy changes.")
        return self.cleaned_data["reason"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("approvals", "evidence"):
            try:
                if name in cleaned:
                    POLICY.fields[name].clean(cleaned[name])
            except FieldError as error:
                self.add_error(name, str(error))
        if not self.errors and not {"approvals", "evidence"} & set(self.changed_data):
            raise ValidationError("This changes nothing.")
        return cleaned


class ServiceAdmin(admin.ModelAdmin):
    """A table with a form for superusers that is saved by its service; nothing is deleted."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.is_active and request.user.is_superuser

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """Return the row unsaved: its service writes."""
        return form.save(commit=False)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Answer what the service refuses with its words."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except ReviewError as refusal:
            self.message_user(request, str(refusal), level="ERROR")
            return super().changeform_view(_as_get(request), *args, **kwargs)


@admin.register(Policy)
class PolicyAdmin(ServiceAdmin):
    """Policies: no adding, no deleting, and saving is publishing."""

    form = PolicyForm
    list_display = ("__str__", "approvals", "evidence", "revision", "history")
    search_fields = ("key",)
    list_filter = ("retired",)
    fields = ("key", "approvals", "evidence", "reason")
    readonly_fields = ("key",)

    @admin.display(description="history")
    def history(self, policy: Policy) -> SafeString:
        return format_html('<a href="{}">history</a>', reverse("record-history", args=["policy", policy.pk]))

    def save_model(self, request: HttpRequest, obj: Policy, form: PolicyForm, change: bool) -> None:
        """Publish what the form says."""
        cleaned = form.cleaned_data
        change_policy(
            actor=request.user,
            key=obj.key,
            approvals=cleaned["approvals"],
            evidence=cleaned["evidence"],
            reason=cleaned["reason"],
        )


class CommentForm(forms.ModelForm):
    """The reason that everybody reads in place of a text."""

    hidden = Words(
        label="Hidden because",
        limit=500,
        lines=True,
        required=False,
        help_text="Everybody reads this in place of the text. Leave it empty to show the text.",
    )

    class Meta:
        model = Comment
        fields = ("hidden",)


@admin.register(Comment)
class CommentAdmin(ServiceAdmin):
    """Comments: an admin hides a text behind a visible reason, and can show it again."""

    form = CommentForm
    list_display = ("__str__", "author", "made", "hidden")
    list_select_related = ("author",)
    list_filter = ("made",)
    search_fields = ("text", "author__display_name")
    fields = ("page", "author", "text", "hidden")
    readonly_fields = ("page", "author", "text")

    @admin.display(description="page")
    def page(self, comment: Comment) -> SafeString:
        address = f"{comment.proposal.get_absolute_url()}#comment-{comment.pk}"
        return format_html('<a href="{}">look at it</a>', address)

    def save_model(self, request: HttpRequest, obj: Comment, form: CommentForm, change: bool) -> None:
        hide_comment(actor=request.user, comment=obj.pk, reason=form.cleaned_data["hidden"])


class LimitForm(forms.ModelForm):
    """One limit, within its bounds."""

    class Meta:
        model = Limit
        fields = ("key", "value")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        limit, value = LIMITS.get(cleaned.get("key", self.instance.key)), cleaned.get("value")
        if limit and value is not None and not limit.low <= value <= limit.high:
            self.add_error("value", f"From {limit.low} to {limit.high} {limit.unit}.")
        return cleaned


@admin.register(Limit)
class LimitAdmin(ServiceAdmin):
    """Limits that differ from the program's own (limits.py)."""

    form = LimitForm
    list_display = ("words", "value", "unit", "default")
    fields = ("key", "value")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Limit | None = None) -> tuple[str, ...]:
        return ("key",) if obj else ()

    @admin.display(description="limit")
    def words(self, limit: Limit) -> str:
        return limit.get_key_display()

    @admin.display(description="unit")
    def unit(self, limit: Limit) -> str:
        return LIMITS[limit.key].unit

    @admin.display(description="if nobody sets it")
    def default(self, limit: Limit) -> int:
        return LIMITS[limit.key].default

    def save_model(self, request: HttpRequest, obj: Limit, form: LimitForm, change: bool) -> None:
        set_limit(actor=request.user, key=obj.key, value=form.cleaned_data["value"])
        obj.pk = Limit.objects.values_list("pk", flat=True).get(key=obj.key)


@admin.register(Token)
class TokenAdmin(LookOnly):
    """Personal tokens: who has which, never what they are. Admins revoke them."""

    list_display = ("name", "user", "scopes", "made", "expires", "last_used", "revoked")
    list_select_related = ("user",)
    list_filter = ("expires", "revoked")
    search_fields = ("name", "user__username")
    fields = ("user", "name", "key", "scopes", "made", "expires", "last_used", "revoked")
    actions = ("revoke",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_superuser

    @admin.action(description="Revoke the chosen tokens", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Token]) -> None:
        """Revoke each through its service."""
        numbers = list(queryset.values_list("pk", flat=True))
        for pk in numbers:
            revoke_token(actor=request.user, pk=pk)
        self.message_user(request, f"{len(numbers)} revoked.")


admin.site.unregister(get_user_model())


@admin.register(get_user_model())
class AccountAdmin(UserAdmin):
    """Accounts as Django keeps them; whoever's roles change hears of it."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        request.roles_before = roles_of(get_user_model().objects.get(pk=obj.pk)) if change else []
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        note_roles(actor=request.user, user=form.instance, before=request.roles_before)


@admin.register(Mail)
class MailAdmin(LookOnly):
    """Mails: to whom, what became of each, and why. Admins have those sent again that were refused."""

    list_display = ("id", "owner", "kind", "period", "state", "tries", "due", "address", "error")
    list_select_related = ("owner",)
    list_filter = ("state", "kind", "made")
    search_fields = ("owner__username", "address", "error")
    fields = (
        *("owner", "kind", "notification", "period", "state", "attempt", "tries", "due", "lease_until"),
        *("address", "error", "made", "ended"),
    )
    actions = ("send_again",)

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_superuser

    @admin.action(description="Send the chosen ones again that were refused", permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Mail]) -> None:
        again = send_again(actor=request.user, numbers=list(queryset.values_list("pk", flat=True)))
        self.message_user(request, f"{again} will be sent again.")


@admin.register(NotificationSettings)
class NotificationSettingsAdmin(LookOnly):
    """How members are told things, and which addresses refuse mail."""

    list_display = ("owner", "requests", "language", "paused_until", "bounced_address", "bounced_why")
    list_select_related = ("owner",)
    list_filter = ("requests", "language")
    search_fields = ("owner__username", "bounced_address")


@admin.register(Webhook)
class WebhookAdmin(LookOnly):
    """Webhooks: whose there are and at which hosts; never their secrets, nor addresses, which may hold some. Admins switch
    them off."""

    list_display = ("name", "owner", "host", "is_on", "failures", "made")
    list_select_related = ("owner",)
    list_filter = ("is_on",)
    search_fields = ("name", "owner__username")
    fields = ("owner", "name", "host", "events", "with_own", "is_on", "off_why", "failures", "made")
    readonly_fields = ("host",)
    actions = ("switch_off",)

    def has_switch_off_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_superuser

    @admin.display(description="host")
    def host(self, webhook: Webhook) -> str:
        return webhook.host

    @admin.action(description="Switch the chosen webhooks off", permissions=["switch_off"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        """Switch each off through its service, which tells its owner."""
        numbers = list(queryset.values_list("pk", flat=True))
        for pk in numbers:
            switch_off(actor=request.user, pk=pk)
        self.message_user(request, f"{len(numbers)} switched off.")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(LookOnly):
    """Deliveries: what is owed to webhooks and what became of it."""

    list_display = ("event", "webhook", "subject", "state", "status", "tries", "due", "last_tried")
    list_select_related = ("webhook",)
    list_filter = ("state", "event")
    search_fields = ("webhook__name", "webhook__owner__username")
    fields = ("webhook", "message_id", "event", "subject", "state", "status", "error", "tries", "due", "made")
    readonly_fields = ("message_id",)

    @admin.display(description="message")
    def message_id(self, delivery: WebhookDelivery) -> str:
        return delivery.message_id


def _as_get(request: HttpRequest) -> HttpRequest:
    request.method = "GET"
    return request
