"""What the body of a request may hold: members with their types, and no others. What they may say is the services' to judge."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rest_framework import serializers

from chokepoints.api.problems import ApiProblem
from chokepoints.fields import FieldError, check_uuid
from chokepoints.models.revision import OPERATIONS

from ..forms.fields import PROPOSABLE
from ..services.writing import MOST_CHANGES
from ..workflow import REJECTION_REASONS, VERDICTS

MOST_NAMED = 100  # wrong places that one refusal names

# What a proposal's answer holds and nobody writes: it follows from moves.
READ_ONLY = {
    *("number", "self", "page", "state", "notice", "authors", "author", "approvers", "approvals", "reviews"),
    *("changeset", "drafted", "opened", "ended", "effects", "checks", "conflicts", "memory", "attention"),
    *("moves", "links", "digest", "fingerprint", "how", "editor", "position", "current", "base", "merged"),
    *("references", "suggestions", "split_from", "parts", "claim", "hold", "waiting_since", "revision"),
}

Error = dict[str, Any]


class Body(serializers.Serializer):
    """An object with these members and no others."""

    default_error_messages = {"invalid": "This is an object with members."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        errors: dict[str, Any] = {}
        if isinstance(data, Mapping):
            known = ", ".join(sorted(self.fields))
            for name in [name for name in data if name not in self.fields][:MOST_NAMED]:
                errors[name] = [_not_a_member(name, known)]
        try:
            clean = super().to_internal_value(data)
        except serializers.ValidationError as error:
            errors = {**error.detail, **errors}
        if errors:
            raise serializers.ValidationError(errors)
        return clean


def _not_a_member(name: str, known: str) -> str:
    if name in READ_ONLY:
        return f"“{name}” can't be written: it follows from what is done."
    return f"There is no member “{name[:60]}” here. There are: {known or 'none'}."


# --- members by type; JSON's types are not changed into each other


class Words(serializers.CharField):
    """A text, of any length: the services say what fits."""

    def __init__(self, **options: Any):
        super().__init__(**({"allow_blank": True, "trim_whitespace": False} | options))

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("This is a text.")
        return super().to_internal_value(data)


class Number(serializers.IntegerField):
    """A whole number."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            raise serializers.ValidationError("This is a whole number.")
        return super().to_internal_value(data)


class Truth(serializers.BooleanField):
    """True or false."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError("This is true or false.")
        return data


class OneOf(serializers.ChoiceField):
    """A value of a closed vocabulary."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in self.choices:
            raise serializers.ValidationError(f"This is one of: {', '.join(self.choices)}.")
        return data


class RecordId(Words):
    """The id of a record, as a proposal's changes have it."""

    def to_internal_value(self, data: Any) -> str:
        try:
            return check_uuid(super().to_internal_value(data))
        except FieldError as error:
            raise serializers.ValidationError(str(error)) from error


class Day(serializers.DateField):
    """A day."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", data):
            raise serializers.ValidationError("This is a day such as 2026-11-24.")
        return super().to_internal_value(data)


class Anything(serializers.Field):
    """Any JSON value; which it may be depends on the record's field."""

    def to_internal_value(self, data: Any) -> Any:
        return data


def whole_number(**options: Any) -> Number:
    return Number(min_value=1, max_value=2**53 - 1, **options)


def version_seen() -> Number:
    """Return the member by which a request says which version it is about; If-Match says it as well."""
    return whole_number(required=False)


# --- proposals


class ChangeBody(Body):
    """One operation on one record."""

    record = OneOf(PROPOSABLE)
    operation = OneOf(list(OPERATIONS))
    ref = Words(required=False)
    id = Words(required=False)
    base_revision = whole_number(required=False)
    fields = serializers.DictField(child=Anything(allow_null=True), required=False)
    cites = serializers.DictField(child=serializers.ListField(child=Words(), max_length=500), required=False)


class NewProposal(Body):
    """A proposal as its author writes it."""

    title = Words()
    rationale = Words(required=False)
    changes = ChangeBody(many=True, max_length=MOST_CHANGES)
    submit = Truth(required=False)
    what_is_new = Words(required=False)
    batch = Words(required=False)


class NewVersion(Body):
    """What is to be different in the next version; what is left out stays."""

    version = version_seen()
    title = Words(required=False)
    rationale = Words(required=False)
    changes = ChangeBody(many=True, max_length=MOST_CHANGES, required=False)
    what_is_new = Words(required=False)


# --- moves


class Nothing(Body):
    """A move that needs no words."""


class VersionSeen(Body):
    version = version_seen()


class Submission(VersionSeen):
    what_is_new = Words(required=False)


class Verdict(VersionSeen):
    """A verdict. With `approve`, the changes of these records are approved and split off, and the verdict is on the rest."""

    verdict = OneOf(list(VERDICTS))
    comment = Words(required=False)
    reason = OneOf(list(REJECTION_REASONS), required=False)
    about = serializers.ListField(child=RecordId(), max_length=MOST_CHANGES, required=False)
    approve = serializers.ListField(child=RecordId(), max_length=MOST_CHANGES, min_length=1, required=False)


class ResolutionBody(Body):
    """What holds where one change is in conflict."""

    id = RecordId()
    seen = Number(min_value=0, max_value=2**53 - 1, required=False)
    units = serializers.DictField(child=Anything(), required=False)
    fields = serializers.DictField(child=Anything(allow_null=True), required=False)
    drop = Truth(required=False)


class Resolutions(VersionSeen):
    resolutions = ResolutionBody(many=True, max_length=MOST_CHANGES)


class NewSuggestion(VersionSeen):
    """Another value for one field of one change."""

    id = RecordId()
    field = Words()
    value = Anything(allow_null=True)
    words = Words(required=False)
    approve = Truth(required=False)


class Division(VersionSeen):
    records = serializers.ListField(child=RecordId(), max_length=MOST_CHANGES)


class NewComment(Body):
    """A remark on a proposal, on the change of a record, or on one field of that."""

    text = Words()
    id = RecordId(required=False)
    field = Words(required=False)


class Settled(Body):
    resolved = Truth(required=False)


class Holding(Body):
    """Until when a proposal is set aside, and why."""

    reason = Words()
    until = Day(required=False)
    awaited = whole_number(required=False)


class Name(Body):
    """A member, by user name."""

    name = Words()


class Reason(Body):
    reason = Words()


# --- reading one


def read_body(kind: type[Body], data: Any) -> dict[str, Any]:
    """Return the clean members of a body. Raises ApiProblem (400) that names each wrong place by its pointer."""
    if not isinstance(data, Mapping):
        raise wrong([{"pointer": "", "message": "The body is a JSON object."}])
    body = kind(data=dict(data))
    if not body.is_valid():
        raise wrong(list(errors_in(body.errors))[:MOST_NAMED])
    return body.validated_data


def wrong(errors: list[Error]) -> ApiProblem:
    """Return the 400 for a body with errors."""
    words = "; ".join(f"{error['pointer'] or 'body'}: {error['message']}" for error in errors[:5])
    return ApiProblem(400, words, errors=errors, code="invalid")


def errors_in(detail: Any, pointer: str = "") -> Iterator[Error]:
    """Yield what a serializer found wrong, each with the pointer (RFC 6901) of its place in the body."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from errors_in(
                inner, pointer if name == "non_field_errors" else f"{pointer}/{escaped(name)}"
            )
    elif isinstance(detail, list) and any(isinstance(inner, Mapping | list) for inner in detail):
        for position, inner in enumerate(detail):
            yield from errors_in(inner, f"{pointer}/{position}")
    else:
        for message in detail if isinstance(detail, list) else [detail]:
            yield {"pointer": pointer, "message": str(message)}


def escaped(name: Any) -> str:
    """Return a name as a pointer has it. A very long one is cut, since an answer is no place for it."""
    return str(name)[:100].replace("~", "~0").replace("/", "~1")
