"""The register in the admin: everything can be looked up, nothing can be changed past the one door.

Each record has a link that begins a proposal instead. Only a contributor's name and affiliation are edited here; they
stand beside the ledger, which names people by id.
"""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from . import models
from .records import KINDS

KIND_OF = {kind.model: kind.name for kind in KINDS.values() if kind.app == "chokepoints"}


class LookOnly(admin.ModelAdmin):
    """A table that the admin shows and never writes; superusers included."""

    actions = None
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class LookOnlyInline(admin.TabularInline):
    """A child table under its record."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        related = [field.name for field in self.model._meta.fields if field.is_relation]
        return super().get_queryset(request).select_related(*related)


class RecordAdmin(LookOnly):
    """A kind of record, with the way to propose a change."""

    ordering = ("pk",)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["propose_a_change"]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        columns = [field.name for field in self.model._meta.fields]
        return ["propose_a_change", *columns]

    @admin.display(description="propose a change")
    def propose_a_change(self, record: Any) -> SafeString:
        """A link to the form in which a change to this record is proposed."""
        operation = "restore" if record.retired else "update"
        query = urlencode({"kind": KIND_OF[self.model.__name__], "operation": operation, "record": record.pk})
        return format_html('<a href="{}?{}">Propose a change</a>', reverse("proposal-new"), query)


class ListingInline(LookOnlyInline):
    model = models.Listing


class BearingInline(LookOnlyInline):
    model = models.Bearing


class BasisInline(LookOnlyInline):
    model = models.EvidenceBasis


class DerivationInline(LookOnlyInline):
    model = models.SourceDerivation
    fk_name = "source"


class SupplyEvidenceInline(LookOnlyInline):
    model = models.SupplyEvidence


class AssessmentEvidenceInline(LookOnlyInline):
    model = models.AssessmentEvidence


@admin.register(models.Chokepoint)
class ChokepointAdmin(RecordAdmin):
    list_display = (
        "name",
        "name_original",
        "sector",
        "dependent_country",
        "revision",
        "retired",
        "propose_a_change",
    )
    list_select_related = ("sector",)
    list_filter = ("retired", "sector", "dependent_country")
    search_fields = ("name", "name_original", "key")
    autocomplete_fields = ("sector", "part_of", "merged_into")
    ordering = ("name", "pk")
    inlines = (ListingInline,)


@admin.register(models.ChokepointList)
class ChokepointListAdmin(RecordAdmin):
    list_display = (
        "name",
        "issuer",
        "dependent_country",
        "issued_on",
        "revision",
        "retired",
        "propose_a_change",
    )
    list_filter = ("retired", "dependent_country")
    search_fields = ("name", "name_original", "issuer", "key")
    autocomplete_fields = ("source", "merged_into")


@admin.register(models.Sector)
class SectorAdmin(RecordAdmin):
    list_display = ("name", "name_original", "parent", "revision", "retired", "propose_a_change")
    list_select_related = ("parent",)
    list_filter = ("retired",)
    search_fields = ("name", "name_original", "key")
    autocomplete_fields = ("parent", "merged_into")


@admin.register(models.Organization)
class OrganizationAdmin(RecordAdmin):
    list_display = ("name", "name_original", "country", "kind", "revision", "retired", "propose_a_change")
    list_filter = ("retired", "kind", "country")
    search_fields = ("name", "name_original", "key")
    autocomplete_fields = ("merged_into",)


@admin.register(models.Supply)
class SupplyAdmin(RecordAdmin):
    list_display = ("chokepoint", "organization", "country", "role", "as_of", "retired", "propose_a_change")
    list_select_related = ("chokepoint", "organization")
    list_filter = ("retired", "role", "country")
    search_fields = ("chokepoint__name", "organization__name")
    autocomplete_fields = ("chokepoint", "organization", "merged_into")
    inlines = (SupplyEvidenceInline,)


@admin.register(models.Source)
class SourceAdmin(RecordAdmin):
    list_display = (
        "key",
        "title",
        "kind",
        "reliability",
        "derivation",
        "standing",
        "retired",
        "propose_a_change",
    )
    list_filter = ("retired", "kind", "reliability", "derivation", "standing")
    search_fields = ("key", "title", "title_original", "publisher")
    autocomplete_fields = ("merged_into",)
    inlines = (DerivationInline,)


@admin.register(models.Evidence)
class EvidenceAdmin(RecordAdmin):
    list_display = ("claim", "source", "nature", "credibility", "revision", "retired", "propose_a_change")
    list_select_related = ("source",)
    list_filter = ("retired", "nature", "stage", "credibility")
    search_fields = ("claim", "quote", "translation", "source__key")
    autocomplete_fields = ("source", "merged_into")
    inlines = (BearingInline, BasisInline)


@admin.register(models.Assessment)
class AssessmentAdmin(RecordAdmin):
    list_display = ("chokepoint", "status", "as_of", "rank", "confidence", "retired", "propose_a_change")
    list_select_related = ("chokepoint",)
    list_filter = ("retired", "status", "rank", "confidence")
    search_fields = ("chokepoint__name", "rationale")
    autocomplete_fields = ("chokepoint", "merged_into")
    inlines = (AssessmentEvidenceInline,)


# --- rows under records


@admin.register(models.Listing)
class ListingAdmin(LookOnly):
    list_display = ("chokepoint", "list", "number", "headline", "named_on")
    list_select_related = ("chokepoint", "list")
    list_filter = ("list",)
    search_fields = ("chokepoint__name", "headline")
    autocomplete_fields = ("chokepoint", "list")


@admin.register(models.Bearing)
class BearingAdmin(LookOnly):
    list_display = ("evidence", "stance", "chokepoint", "list")
    list_select_related = ("evidence", "chokepoint", "list")
    list_filter = ("stance",)
    search_fields = ("evidence__claim", "chokepoint__name", "list__name")
    autocomplete_fields = ("evidence", "chokepoint", "list")


@admin.register(models.EvidenceBasis)
class EvidenceBasisAdmin(LookOnly):
    list_display = ("evidence", "source")
    list_select_related = ("evidence", "source")
    search_fields = ("evidence__claim", "source__key")
    autocomplete_fields = ("evidence", "source")


@admin.register(models.SourceDerivation)
class SourceDerivationAdmin(LookOnly):
    list_display = ("source", "origin")
    list_select_related = ("source", "origin")
    search_fields = ("source__key", "origin__key")
    autocomplete_fields = ("source", "origin")


@admin.register(models.SupplyEvidence)
class SupplyEvidenceAdmin(LookOnly):
    list_display = ("supply", "evidence")
    list_select_related = ("supply__organization", "supply__chokepoint", "evidence")
    search_fields = ("supply__chokepoint__name", "evidence__claim")
    autocomplete_fields = ("supply", "evidence")


@admin.register(models.AssessmentEvidence)
class AssessmentEvidenceAdmin(LookOnly):
    list_display = ("chokepoint", "assessment", "evidence")
    list_select_related = ("assessment__chokepoint", "evidence")
    search_fields = ("assessment__chokepoint__name", "evidence__claim")
    autocomplete_fields = ("assessment", "evidence")

    @admin.display(ordering="assessment__chokepoint__name")
    def chokepoint(self, link: models.AssessmentEvidence) -> str:
        return str(link.assessment.chokepoint)


@admin.register(models.RecordKey)
class RecordKeyAdmin(LookOnly):
    list_display = ("kind", "key", "record")
    list_filter = ("kind",)
    search_fields = ("key",)


# --- the ledger, and rows beside it


@admin.register(models.Changeset)
class ChangesetAdmin(LookOnly):
    list_display = ("number", "time", "origin", "reference", "digest")
    list_filter = ("origin",)
    search_fields = ("number", "reference", "digest")
    date_hierarchy = "time"


@admin.register(models.Revision)
class RevisionAdmin(LookOnly):
    list_display = ("changeset", "position", "kind", "record", "number", "operation")
    list_select_related = ("changeset",)
    list_filter = ("kind", "operation")
    search_fields = ("record", "changeset__number")
    autocomplete_fields = ("changeset",)


@admin.register(models.Opening)
class OpeningAdmin(LookOnly):
    list_display = ("commitment", "short")
    search_fields = ("commitment",)

    @admin.display(description="value")
    def short(self, opening: models.Opening) -> str:
        return str(opening.value)[:120]


@admin.register(models.Activity)
class ActivityAdmin(LookOnly):
    list_display = ("time", "verb", "actor", "subject")
    list_select_related = ("actor",)
    list_filter = ("verb",)
    search_fields = ("subject", "actor__display_name")
    autocomplete_fields = ("actor",)


@admin.register(models.Outbox)
class OutboxAdmin(LookOnly):
    """What people are still to be told; what failed says why, and when it is tried again."""

    list_display = ("activity", "made", "attempts", "due", "error")
    list_select_related = ("activity",)
    list_filter = ("attempts",)
    search_fields = ("activity__subject", "error")


@admin.register(models.Verification)
class VerificationAdmin(LookOnly):
    list_display = ("started", "finished", "head", "problem")
    search_fields = ("head_digest", "problem")
    list_filter = ("started",)


@admin.register(models.Export)
class ExportAdmin(LookOnly):
    list_display = ("made", "requester", "format", "changeset", "state", "rows", "size", "attempt")
    list_select_related = ("requester",)
    list_filter = ("state", "format")
    search_fields = ("requester__username", "file_name", "sha256")


@admin.register(models.Release)
class ReleaseAdmin(LookOnly):
    list_display = ("began", "number", "changeset", "state", "reason", "made")
    list_filter = ("state",)
    search_fields = ("digest", "sums", "reason")
    view_on_site = False


@admin.register(models.Contributor)
class ContributorAdmin(admin.ModelAdmin):
    """Names and affiliations may be put right; identities aren't made or removed by hand."""

    actions = None
    list_display = ("display_name", "affiliation", "id", "user")
    list_select_related = ("user",)
    search_fields = ("display_name", "affiliation")
    list_filter = ("affiliation",)
    fields = ("id", "user", "display_name", "affiliation")
    readonly_fields = ("id", "user")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        """Names go through the same checks as names in the register."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in {"display_name", "affiliation"} and field:
            field.validators.append(check_visible)
        return field


def check_visible(text: str) -> None:
    """Refuse a name with characters that nobody would see."""
    from django.core.exceptions import ValidationError

    from .fields import FieldError, check_name

    try:
        check_name(text, limit=200)
    except FieldError as error:
        raise ValidationError(str(error)) from error
