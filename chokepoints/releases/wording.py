"""What the texts in a release say (pure): notes, citation, read-me. Words that people typed are made plain first."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..canonical import canonical_time
from ..exports.citing import LICENCE
from ..exports.json_cells import json_text
from . import FORMAT


@dataclass(frozen=True)
class Before:
    """The release before."""

    number: int
    changeset: int
    time: datetime


@dataclass(frozen=True)
class Edition:
    """Which release it is: all that its bytes depend on, beside the ledger up to its changeset."""

    number: int
    changeset: int
    digest: str
    time: datetime
    before: Before | None = None

    @property
    def day(self) -> str:
        """The UTC day of the changeset, which is the day of the statuses."""
        return day_of(self.time)


@dataclass(frozen=True)
class Step:
    """One changeset as the notes tell of it."""

    number: int
    time: datetime
    summary: str
    how: str
    records: Mapping[str, int]  # by what was done to them


def day_of(time: datetime) -> str:
    """Return the UTC day of a time."""
    return time.astimezone(UTC).date().isoformat()


# Characters that nobody would see, or that reorder what one sees. A list of its own: categories grow with Unicode.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ufe00-\ufe0f\U000e0000-\U000e0fff]"
)
_MARKDOWN = re.compile(r"[\\`*_{}\[\]<>#|~!&@]|(?<=:)//")


def plain(text: str) -> str:
    """Return words that people typed as one line of Markdown that means nothing but themselves."""
    line = re.sub(r"[ \t\r\n]+", " ", text).strip()
    named = _HIDDEN.sub(lambda found: f"(U+{ord(found[0]):04X})", line)
    return _MARKDOWN.sub(lambda found: f"&#{ord(found[0][0])};{found[0][1:]}", named)


def notes(
    edition: Edition,
    counts: Mapping[str, Mapping[str, int]],
    turned: Iterable[Mapping[str, Any]],
    steps: Iterable[Step],
) -> Iterator[str]:
    """Yield the lines of RELEASE_NOTES.md."""
    before = edition.before
    yield f"# Release {edition.number}\n"
    yield f"\nThe register as of changeset {edition.changeset} of {edition.day}, sha256 `{edition.digest}`.\n"
    if before:
        yield f"Release {before.number} was as of changeset {before.changeset} of {day_of(before.time)}.\n"
    yield "\n## Statuses\n\n"
    lines = [f"- {plain(one['name'])} (`{one['key']}`): {_turn(one)}\n" for one in turned]
    yield from lines or ["None changed.\n"]
    yield "\n## Rows\n\n| table | rows | added | changed | removed |\n| --- | --: | --: | --: | --: |\n"
    for table, of in counts.items():
        yield f"| {table} | {of['rows']} | {of['added']} | {of['changed']} | {of['removed']} |\n"
    yield "\n## Changesets\n\n"
    for step in steps:
        records = ", ".join(f"{number} {words}" for words, number in step.records.items())
        yield f"- {step.number} ({day_of(step.time)}): {plain(step.summary)} ({step.how}; {records})\n"


def _turn(one: Mapping[str, Any]) -> str:
    """Say how a status changed; the words stand on pages, too."""
    if one["before"] is None:
        return f"new, {one['now']}"
    if one["now"] is None:
        return f"no longer in force, was {one['before']}"
    return f"{one['before']} → {one['now']}"


def citation_file(edition: Edition) -> str:
    """Return CITATION.cff (https://citation-file-format.github.io/). Texts are written as JSON, which is YAML as well."""
    lines = [
        "cff-version: 1.2.0",
        'message: "If you use these data, please cite them as below."',
        "type: dataset",
        'title: "The chokepoint register"',
        "authors:",
        '  - name: "The chokepoint register contributors"',
        f'version: "{edition.number}"',
        f'date-released: "{edition.day}"',
        "license: CC-BY-4.0",
        "identifiers:",
        "  - type: other",
        f'    value: "sha256:{edition.digest}"',
        f'    description: "Digest of changeset {edition.changeset}, the last one in this release"',
    ]
    return "\n".join(lines) + "\n"


def description(edition: Edition) -> str:
    """Return the sentence that cites the release."""
    return (
        f"The chokepoint register, release {edition.number}, as of changeset {edition.changeset} of {edition.day} "
        f"(sha256 {edition.digest[:16]}…)."
    )


def about(edition: Edition) -> dict[str, Any]:
    """Return release.json."""
    before = edition.before
    return {
        "changeset": edition.changeset,
        "day": edition.day,
        "digest": edition.digest,
        "format": FORMAT,
        "number": edition.number,
        "previous": {"changeset": before.changeset, "number": before.number} if before else None,
        "time": canonical_time(edition.time),
    }


def read_me(edition: Edition) -> str:
    """Return README.md."""
    delta = (
        f"- `delta.jsonl`: what was added, changed and removed in each table since release {edition.before.number}\n"
        if edition.before
        else ""
    )
    return f"""# The chokepoint register, release {edition.number}

{description(edition)}

- `csv/` and `jsonl/`: the same tables twice; `datapackage.json` describes each column. A set is a table of its own, named
  for its owner: `sources_derived_from`. `chokepoints_current` has one row for each chokepoint in force
- `ledger.jsonl`: every changeset up to this one, sealed each to the one before
{delta}- `RELEASE_NOTES.md`: what happened since the release before
- `SHA256SUMS`: digests of all files (`sha256sum -c SHA256SUMS`)
- `verify_release.py`: checks the digests, replays the ledger, rebuilds the tables and compares. It needs Python 3.9 or
  newer and nothing else: `python3 -I verify_release.py`. Whoever altered the files may have altered it, too: take it from
  a place that you trust, and give it a head that you know: `--head {edition.changeset}:DIGEST`

Dates are as precise as they are known: `2018`, `2018-05` or `2018-05-30`. An empty cell is “nothing known”. In CSV a text that a
spreadsheet would run as a formula has an apostrophe before it; take one leading apostrophe away to have the original. JSON
Lines hold texts as they are. Statuses are those of {edition.day}.

{LICENCE}
"""


def package(edition: Edition, resources: list[dict[str, Any]], licences: list[dict[str, str]]) -> str:
    """Return datapackage.json."""
    return (
        json_text(
            {
                "profile": "tabular-data-package",
                "name": f"chokepoint-register-release-{edition.number}",
                "title": f"The chokepoint register, release {edition.number}",
                "description": description(edition),
                "version": f"{edition.number}.0.0",
                "created": canonical_time(edition.time),
                "licenses": licences,
                "sources": [{"title": f"The chokepoint register, changeset {edition.changeset}"}],
                "resources": resources,
            }
        )
        + "\n"
    )
