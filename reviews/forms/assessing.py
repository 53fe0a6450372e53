"""The commonest act on one page: a new judgement of a chokepoint, with new evidence and its source if need be.

What comes out are up to three changes that refer to each other by ids fixed here.
"""

import uuid
from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.text import slugify

from chokepoints.exceptions import Problem
from chokepoints.models import RecordKey
from chokepoints.records import KINDS
from chokepoints.vocabularies import STANCES

from ..services.drafting import DraftChange
from .fields import ReferenceField
from .proposals import HeadForm
from .records import RecordForm, new_record_form
from .references import Siblings

ASSESSMENT_FIELDS = (
    "status",
    "as_of",
    "import_share",
    "rationale",
    "evidence",
    "confidence",
    "ways_out",
    "note",
)
EVIDENCE_FIELDS = (
    "claim", "quote", "quote_language", "translation", "translator", "locator",
    "said_by", "nature", "stage", "observed_on", "about_from", "about_to", "credibility",
)  # fmt: skip
SOURCE_FIELDS = (
    "key", "kind", "title", "title_original", "publisher", "author", "language", "published_on", "url",
    "derivation", "derived_from", "reliability", "seen",
)  # fmt: skip


class StanceForm(forms.Form):
    """What the new evidence says about this chokepoint, and which published source it is from, if it is from one."""

    use_required_attribute = False

    stance = forms.ChoiceField(
        label="Stance towards this chokepoint",
        required=False,
        choices=[("", "not said"), *STANCES.items()],
        error_messages={"invalid_choice": "Choose one of these stances."},
    )

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        field = ReferenceField(KINDS["evidence"].fields["source"], Siblings(), label="Source in the register")
        field.help_text = (
            "Key or the page's address. Leave it empty for a new source, and describe that below."
        )
        field.required = False
        self.fields["source"] = field


class AssessmentPage:
    """The forms of the page, bound together. `changes()` gives what they propose."""

    def __init__(self, chokepoint: Any, data: Any = None):
        self.chokepoint = chokepoint
        self.ids = {kind: str(uuid.uuid4()) for kind in ("assessment", "evidence", "source")}
        self.head = HeadForm(data)
        self.assessment = self._form(
            "assessment", ASSESSMENT_FIELDS, data, {"chokepoint": str(chokepoint.pk)}
        )
        self.evidence = self._form("evidence", EVIDENCE_FIELDS, data, {"nature": "observation"})
        self.source = self._form("source", SOURCE_FIELDS, data, {})
        self.stance = StanceForm(data, prefix="bearing")
        example = f"“{chokepoint}: reduced”"
        self.head.fields[
            "title"
        ].help_text = f"Left empty, it becomes {example}, or whichever status you choose."
        self.head.fields["title"].required = self.head.fields["rationale"].required = False
        self.head.fields[
            "rationale"
        ].help_text = "For the reviewers. Left empty, it is the assessment's rationale."
        self.source.fields["key"].required = False
        self.source.fields["key"].help_text = "Used in its address. Left empty, it is made of title and date."
        self.assessment.fields["evidence"].label = "Evidence in the register"
        self.assessment.fields["evidence"].help_text = "What bears on this chokepoint already."

    def _form(self, kind: str, names: Iterable[str], data: Any, drafted: dict[str, Any]) -> RecordForm:
        return new_record_form(
            KINDS[kind], self.ids[kind], only=names, with_cites=False, data=data, prefix=kind, drafted=drafted
        )

    @property
    def forms(self) -> tuple[forms.Form, ...]:
        return self.head, self.assessment, self.stance, self.evidence, self.source

    @property
    def brings_evidence(self) -> bool:
        """Whether new evidence was described; a preset nature alone is none."""
        source = self.stance.data.get(self.stance.add_prefix("source"), "")
        return self.evidence.is_filled(besides=["nature"]) or bool(source.strip()) or self.brings_source

    @property
    def brings_source(self) -> bool:
        """Whether a new source was described."""
        return self.source.is_filled()

    @property
    def opens_source(self) -> bool:
        """Whether the page shows the fields of a new source from the start: where something stands in them."""
        return self.source.is_bound and (self.brings_source or bool(self.source.errors))

    def is_valid(self) -> bool:
        valid = all([form.is_valid() for form in self.forms])  # noqa: C419 - every form says what is wrong with it
        if valid and self.brings_source and self.stance.cleaned_data.get("source"):
            self.stance.add_error(
                "source", "Either name a source in the register or describe a new one, not both."
            )
            return False
        if valid and not self.assessment.is_filled() and not self.brings_evidence:
            self.assessment.add_error(
                "status", "Choose a status, or say at least something: there is nothing to save yet."
            )
            return False
        return valid

    def title(self) -> str:
        status = self.assessment.cleaned_data.get("status") or "new assessment"
        return self.head.cleaned_data["title"] or f"{str(self.chokepoint)[:170]}: {status}"

    def rationale(self) -> str:
        return self.head.cleaned_data["rationale"] or self.assessment.cleaned_data.get("rationale") or ""

    def changes(self) -> list[DraftChange]:
        """Return the changes, the new records in the order in which they build on each other."""
        changes = []
        cited = list(self.assessment.cleaned_data.get("evidence") or [])
        source = self.stance.cleaned_data.get("source")
        if self.brings_source:
            source = self.ids["source"]
            changes.append(self.source.change({"standing": "in-force", "key": self._source_key()}))
        if self.brings_evidence:
            cited.append(self.ids["evidence"])
            bearing = {"chokepoint": str(self.chokepoint.pk), "stance": self.stance.cleaned_data["stance"]}
            more: dict[str, Any] = {"source": source} if source else {}
            if bearing["stance"]:
                more["bears_on"] = [bearing]
            changes.append(self.evidence.change(more))
        judgement = {"chokepoint": str(self.chokepoint.pk), "rank": "normal"}
        if cited:
            judgement["evidence"] = sorted(set(cited))
        return [*changes, self.assessment.change(judgement)]

    def _source_key(self) -> str | None:
        """Return the key that was typed, or one made of title and date that no other source has."""
        cleaned = self.source.cleaned_data
        if cleaned.get("key"):
            return cleaned["key"]
        stem = slugify(
            f"{(cleaned.get('title') or '')[:60]} {cleaned.get('published_on') or ''}".replace("_", " ")
        ).strip("-")
        if not stem:
            return None
        key, number = stem, 2
        while RecordKey.objects.filter(kind="source", key=key).exists():
            key, number = f"{stem}-{number}", number + 1
        return key

    def add_problems(self, problems: list[Problem], changes: list[DraftChange]) -> list[str]:
        """Put problems beside the fields that they are about and return the words of the others."""
        elsewhere = []
        by_kind = {"assessment": self.assessment, "evidence": self.evidence, "source": self.source}
        for problem in problems:
            if problem.change < 0:
                elsewhere += self.head.add_problems([problem])
                continue
            kind = changes[problem.change].kind if problem.change < len(changes) else ""
            if kind == "evidence" and problem.field in {"source", "bears_on"}:
                self.stance.add_error(
                    {"source": "source", "bears_on": "stance"}[problem.field], problem.message
                )
            elif kind in by_kind:
                elsewhere += by_kind[kind].add_problems([problem])
            else:
                elsewhere.append(problem.message)
        return elsewhere
