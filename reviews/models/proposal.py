"""Proposals: an editor's reasoned set of changes, in numbered versions."""

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse

from chokepoints.models import Contributor
from chokepoints.models.revision import OPERATIONS, RESTORE, RETIRE

from ..exceptions import NotFound, StaleVersion
from ..workflow import ENDED, STATES, WAYS


class ProposalQuerySet(models.QuerySet):
    """Proposals in the words of the pages, and who may see which."""

    def visible_to(self, contributor: Contributor | None) -> "ProposalQuerySet":
        """Drafts are their authors' alone; everything else is public."""
        if contributor is None:
            return self.exclude(state="draft")
        own_drafts = Proposal.objects.filter(state="draft", authors=contributor).values("pk")
        return self.filter(~Q(state="draft") | Q(pk__in=own_drafts))

    def pending(self) -> "ProposalQuerySet":
        """Those that may still be published."""
        return self.exclude(state__in=[*ENDED, "draft"])

    def about(self, record: uuid.UUID) -> "ProposalQuerySet":
        """Those whose present version changes a record or names it in what it proposes."""
        return self.filter(
            versions__number=models.F("version"), versions__changes__concerns__record=record
        ).distinct()

    def named(self) -> "ProposalQuerySet":
        """With the title of the present version as `title`, and the authors at hand."""
        present = Version.objects.filter(proposal=models.OuterRef("pk"), number=models.OuterRef("version"))
        return self.annotate(title=models.Subquery(present.values("title")[:1])).prefetch_related("authors")

    def by_author(self, contributor: Contributor) -> "ProposalQuerySet":
        return self.filter(authors=contributor)


class Proposal(models.Model):
    """A set of changes with a reason, on its way into the register or out of the way.

    `number` is its public name; `version` the number of its present version; `changeset` the number of the changeset
    that published it; `batch` names what was filed together. `what_is_new` answers a decision that the register remembers.

    From `effects` on stands what it needed when it was last weighed, for lists; whoever decides weighs again.
    """

    number = models.BigAutoField(primary_key=True)
    state = models.CharField(max_length=20, choices=list(STATES.items()), default="draft", db_index=True)
    version = models.PositiveIntegerField(default=1)
    authors = models.ManyToManyField(Contributor, through="reviews.Authorship", related_name="proposals")
    drafted = models.DateTimeField(auto_now_add=True)
    opened = models.DateTimeField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True)
    changeset = models.PositiveBigIntegerField(null=True, blank=True, unique=True)
    conflicts = models.JSONField(
        default=list, blank=True, help_text="Why it couldn't be published, if it is conflicting."
    )
    what_is_new = models.TextField(blank=True)
    split_from = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="parts")
    batch = models.CharField(max_length=100, blank=True, db_index=True)
    waiting_since = models.DateTimeField(
        null=True, blank=True, db_index=True, help_text="Since when it waits for whoever is to act now."
    )
    escalated = models.DateTimeField(
        null=True, blank=True, help_text="When admins were told that it waits too long."
    )
    effects = models.JSONField(default=list, blank=True)
    approvals_needed = models.PositiveSmallIntegerField(default=1)
    approvals_standing = models.PositiveSmallIntegerField(default=0)
    approvers = models.ManyToManyField(
        Contributor, related_name="+", blank=True, help_text="Whose approvals cover all of it."
    )
    obstacles = models.JSONField(default=list, blank=True)
    weighed_in = models.PositiveBigIntegerField(default=0)
    weighed_on = models.DateField(null=True, blank=True)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=list(STATES)), name="proposal_state_is_in_vocabulary"
            ),
            models.CheckConstraint(
                condition=Q(state="published", changeset__isnull=False)
                | (~Q(state="published") & Q(changeset__isnull=True)),
                name="published_proposals_name_their_changeset",
            ),
        ]

    def __str__(self) -> str:
        return f"proposal {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("proposal-detail", args=[self.number])

    def present_version(self) -> "Version":
        """Return the version that is to be judged now."""
        for _ in range(3):
            version = self.versions.filter(number=self.version).first()
            if version is not None:
                return version
            # A draft keeps its last version alone, and was saved since this row was read.
            self.refresh_from_db(fields=["version"])
        raise StaleVersion("This draft is being saved elsewhere at this moment. Look at it again.")

    def refresh_from_db(self, *arguments: Any, **options: Any) -> None:
        """Read the row again. Raises NotFound for a draft that was discarded meanwhile."""
        try:
            super().refresh_from_db(*arguments, **options)
        except Proposal.DoesNotExist as error:
            raise NotFound(f"There is no proposal {self.pk}: the draft was discarded.") from error


class Authorship(models.Model):
    """Somebody wrote a part of a proposal. Whoever edits becomes an author; the first one proposed it."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="authorships")
    contributor = models.ForeignKey(Contributor, models.PROTECT, related_name="authorships")
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["proposal", "contributor"], name="one_authorship_per_person")
        ]

    def __str__(self) -> str:
        return f"{self.contributor} wrote a part of {self.proposal}"


class Version(models.Model):
    """One version of a proposal: what was proposed, and who made it, by writing or otherwise (`how`).

    Only a draft's version is rewritten. `fingerprint` is equal for versions that propose the same (likeness.py).
    """

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    rationale = models.TextField(blank=True)
    editor = models.ForeignKey(Contributor, models.PROTECT, related_name="versions")
    made = models.DateTimeField(auto_now=True)
    how = models.CharField(max_length=20, choices=list(WAYS.items()), default="written")
    fingerprint = models.CharField(max_length=64, blank=True, db_index=True)

    class Meta:
        ordering = ["proposal", "number"]
        constraints = [models.UniqueConstraint(fields=["proposal", "number"], name="versions_are_numbered")]

    def __str__(self) -> str:
        return f"version {self.number} of proposal {self.proposal_id}"


class Change(models.Model):
    """One operation on one record, made of field changes.

    `fields` maps field names to proposed values; `base_revision` is the record's revision that the author saw, and with it
    the ledger has every value that they saw. `cites` maps field names to evidence ids.
    """

    version = models.ForeignKey(Version, models.CASCADE, related_name="changes")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=40)
    record = models.UUIDField()
    operation = models.CharField(max_length=20, choices=list(OPERATIONS.items()))
    base_revision = models.PositiveIntegerField(default=0)
    fields = models.JSONField(default=dict, blank=True)
    cites = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["version", "position"]
        indexes = [models.Index(fields=["record"], name="changes_of_a_record")]
        constraints = [
            models.UniqueConstraint(fields=["version", "record"], name="one_change_per_version_and_record")
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.kind} {self.record}"

    @property
    def changed(self) -> set[str]:
        """The fields that would be another way, as revisions name them: a retirement is one of them."""
        return {*self.fields, *({"retired"} if self.operation in (RETIRE, RESTORE) else ())}


class Concern(models.Model):
    """A record that a change is about: its own, and those that its fields name. Written with the change."""

    change = models.ForeignKey(Change, models.CASCADE, related_name="concerns")
    record = models.UUIDField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["change", "record"], name="one_concern_per_change_and_record")
        ]

    def __str__(self) -> str:
        return f"{self.change} is about {self.record}"


class Mark(models.Model):
    """Something by which a version is known again: the digest of what it says about what (likeness.py).

    `leading` marks are what the version is there for; the others come with it.
    """

    version = models.ForeignKey(Version, models.CASCADE, related_name="marks")
    text = models.CharField(max_length=64, db_index=True)
    leading = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "text"], name="one_mark_per_version_and_text")
        ]

    def __str__(self) -> str:
        return f"{self.version} says {self.text[:8]}"
