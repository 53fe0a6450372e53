"""A register with everything that an export has to carry, and exports of it without a worker."""

import json
from typing import Any

from django.contrib.auth import get_user_model

from chokepoints.models import Export
from chokepoints.services import exporting, writing
from tests.builders import Builder, golden_register
from tests.recording import lay_register

HOSTILE = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "-12.5",
    "@SUM(A1)",
    "'quoted",
    "''=x",
    "\t=tab",
    "  =blank first",
    "＝全角",
    'a "quote", a comma',
    "lines\r\nof\nseveral\rsorts",
    "<r><t>x</t></r>",
    "_x000D_ and _x0041_",
    "\uf9d0\ufa19 e\u0301 \u3000",
    "a;=b",
    "\ufffe\uffff",
]


def rich_register() -> dict[str, Any]:
    """Publish the golden register, and evidence whose quotes are everything that spreadsheets stumble over."""
    build = Builder()
    return lay_register(_publish, build) | {"build": build}


def _publish(build: Builder) -> dict[str, str]:
    ids = golden_register(build)
    build.several(
        *(
            build.change(
                "evidence",
                "create",
                source=ids["source"],
                claim=f"Statement {number}",
                quote=text,
                quote_language="zh",
                nature="observation",
                bears_on=[{"chokepoint": ids["chokepoint"], "stance": "context"}],
            )
            for number, text in enumerate(HOSTILE)
            if text.strip()
        )
    )
    build.list("other-list", name="-5 lists", issuer="=SUM(1)")
    return ids


def member(name: str = "ada", **more: Any) -> Any:
    """Return an account."""
    user, _ = get_user_model().objects.get_or_create(username=name, defaults=more)
    return user


def export(kinds: list[str], format: str, **asked: Any) -> Export:
    """Ask for an export, write it, and return its row, which must be ready."""
    row = exporting.request_export(
        actor=asked.pop("actor", None) or member(), kinds=kinds, format=format, **asked
    )
    writing.run_export(row.pk)
    row.refresh_from_db()
    assert row.state == "ready", row.reason
    return row


def content(row: Export) -> bytes:
    """Return the bytes of a ready export."""
    return (writing.folder() / row.stored_as).read_bytes()


def json_rows(row: Export) -> list[dict[str, Any]]:
    """Return the rows of an export of one table in JSON Lines."""
    return [json.loads(line) for line in content(row).decode().splitlines()]
