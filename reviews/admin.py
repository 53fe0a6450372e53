"""The process in the admin: to look at. Policies alone have a form, and what it says is published through the one door."""

from typing import Any

from django import forms
from django.contrib import admin
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
from .models import Authorship, Change, Policy, Proposal, Review, Version
from .services.governing import change_policy


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


@admin.register(Policy)
class PolicyAdmin(admin.ModelAdmin):
    """Policies: no adding, no deleting, and saving is publishing."""

    form = PolicyForm
    list_display = ("__str__", "approvals", "evidence", "revision", "history")
    search_fields = ("key",)
    list_filter = ("retired",)
    fields = ("key", "approvals", "evidence", "reason")
    readonly_fields = ("key",)
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.is_active and request.user.is_superuser

    @admin.display(description="history")
    def history(self, policy: Policy) -> SafeString:
        return format_html('<a href="{}">history</a>', reverse("record-history", args=["policy", policy.pk]))

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Policy:
        """Return the row unsaved: the tables are written by publishing alone."""
        return form.save(commit=False)

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

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Answer what publishing refuses with its words."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except ReviewError as refusal:
            self.message_user(request, str(refusal), level="ERROR")
            return super().changeform_view(_as_get(request), *args, **kwargs)


def _as_get(request: HttpRequest) -> HttpRequest:
    request.method = "GET"
    return request
