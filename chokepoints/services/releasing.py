"""Releasing: from a changeset to a numbered edition that never changes, or to a row that says loudly why there is none.

    cut_release   a row → verify the ledger → write into a temporary folder → compare with the release before
                  → the release's own verifier → number and name, in one transaction

One row at a time is in the making (a constraint), and only whoever still holds it may publish it. So this may run twice at
once, and be killed anywhere: there is one whole edition in the end, or none and a reason. The register goes on meanwhile.
"""

import contextlib
import datetime as dt
import logging
import os
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from ..exceptions import ReleaseRefused
from ..models import Changeset, Release
from ..models.release import FAILED, HELD_BACK, MAKING, PUBLISHED
from ..releases import FORMAT
from ..releases.edition import SUMS, Written, write_edition
from ..releases.wording import Before, Edition
from ..releases.wrapping import EXTRAS, reason_against, stem_of, write_archive, write_extras
from .contributing import the_register_itself
from .leasing import Lease, LeaseLost
from .recording import record_activity
from .verifying import verify_and_record

log = logging.getLogger(__name__)

PART = ".part"


class _HeldBack(Exception):
    """The edition mustn't come out; carries the reason."""


# --- where things lie


def folder() -> Path:
    """Return the folder that holds all releases."""
    return Path(settings.RELEASES_DIR)


def path_of(release: Release, path: str) -> Path | None:
    """Return where a file of a published release lies: one that it has, its archive, or SHA256SUMS; None for any other."""
    if release.state != PUBLISHED:
        return None
    home = folder() / str(release.number)
    if release.archive and path == release.archive["path"]:
        return home / path
    if path == SUMS or release.file(path):
        return (home if path.startswith(f"{EXTRAS}/") else home / stem_of(release.number)) / path
    return None


# --- cutting


def cut_release(*, despite: str = "", now: dt.datetime | None = None) -> Release:
    """Make a release of the register as it is now, and return its row: published, held back or failed.

    If the last release is of the same changeset and format, that one is returned. `despite` is the reason for which a
    release comes out although it lost many rows; nothing lets one out whose ledger isn't sound. Raises ReleaseRefused if
    nothing has been published yet, or if another release is in the making.
    """
    now = now or timezone.now()
    give_up_abandoned(now=now)
    head = Changeset.objects.order_by("-number").first()
    if head is None:
        raise ReleaseRefused("The register is empty: there is nothing to release yet.")
    last = Release.objects.published().first()
    if last and (last.changeset, last.format) == (head.number, FORMAT):
        return last
    row = _begin(head, despite, now)
    # Read again: another maker may have published between our look and our beginning.
    last = Release.objects.published().first()
    if last and (last.changeset, last.format) == (head.number, FORMAT):
        Release.objects.filter(pk=row.pk, state=MAKING).delete()
        return last
    maker = _Maker(row)
    edition = edition_of(head, last)
    part = folder() / f"{row.pk}{PART}"
    try:
        folder().mkdir(parents=True, exist_ok=True)
        _make(maker, edition, part, last)
    except LeaseLost:
        log.warning(
            "%s took longer than RELEASE_LEASE_SECONDS without a sign of life, and was given up.", row
        )
    except _HeldBack as reason:
        _end(row, HELD_BACK, "release.held_back", str(reason))
    except OSError as error:
        _remove(part)  # first: what tells of the failure needs room as well
        _end(row, FAILED, "release.failed", f"It couldn't be written: {error.strerror or error}.")
    except DatabaseError:
        raise  # the lease runs out, and the next one that looks says so
    except Exception as error:
        log.exception("%s failed.", row)
        _end(
            row,
            FAILED,
            "release.failed",
            f"Something broke on our side ({type(error).__name__}); the log says what.",
        )
    finally:
        _remove(part)
    row.refresh_from_db()
    return row


def edition_of(head: Changeset, last: Release | None) -> Edition:
    """Return which edition follows on a release."""
    before = Before(last.number, last.changeset, last.time) if last else None
    return Edition(last.number + 1 if last else 1, head.number, head.digest, head.time, before)


def edition_of_release(release: Release) -> Edition:
    """Return which edition a published release is."""
    last = release.previous
    before = Before(last.number, last.changeset, last.time) if last else None
    return Edition(release.number, release.changeset, release.digest, release.time, before)


def _begin(head: Changeset, despite: str, now: dt.datetime) -> Release:
    try:
        with transaction.atomic():
            return Release.objects.create(
                changeset=head.number,
                digest=head.digest,
                time=head.time,
                format=FORMAT,
                despite=despite.strip(),
                began=now,
                lease_until=timezone.now() + dt.timedelta(seconds=settings.RELEASE_LEASE_SECONDS),
            )
    except IntegrityError as error:
        raise ReleaseRefused("Another release is being made. Wait until it is done.") from error


class _Maker(Lease):
    """The right to make one release."""

    def __init__(self, row: Release):
        self.row = row
        making = Release.objects.filter(pk=row.pk, state=MAKING)
        super().__init__(making.all, settings.RELEASE_LEASE_SECONDS, every=5)


def _make(maker: _Maker, edition: Edition, part: Path, last: Release | None) -> None:
    report = verify_and_record()
    maker.beat()
    if report.problem:
        raise _HeldBack(f"The register doesn't verify: {report.problem}")
    _remove(part)
    content = part / stem_of(edition.number)
    content.mkdir(parents=True)
    written = write_edition(edition, content, beat=maker.beat)
    if last and (reason := reason_of_loss(written, last)) and not maker.row.despite:
        raise _HeldBack(reason)
    if reason := reason_against(content, maker.beat):
        raise _HeldBack(reason)
    archive = write_archive(edition, content, part, written, maker.beat)
    extras = write_extras(edition, part / EXTRAS, maker.beat)
    _sync(content / "csv", content / "jsonl", content, *([part / EXTRAS] if extras else []), part)
    _publish(maker, edition, part, written, archive, extras)


def reason_of_loss(written: Written, last: Release) -> str:
    """Say which table lost too much since the last release; "" if none did. Retired records count as lost."""
    for table, lost in written.lost.items():
        had = last.counts.get(table, {}).get("rows", 0)
        many = lost > settings.RELEASE_LOST_ROWS_ALLOWED
        if many and lost > had * settings.RELEASE_MAX_LOST_SHARE:
            return (
                f"The table {table} lost {lost} of the {had} rows that it had in release {last.number} (retired ones "
                f"counted), more than {settings.RELEASE_MAX_LOST_SHARE:.0%}. If that is right, cut it --despite that."
            )
    return ""


def _publish(
    maker: _Maker,
    edition: Edition,
    part: Path,
    written: Written,
    archive: dict[str, Any],
    extras: list[dict[str, Any]],
) -> None:
    """Give the edition its number and its name, both or neither.

    The row is changed first and committed last, so a rename that fails takes it back. A maker that is killed between rename
    and commit leaves a folder that no row names; the next release takes it away.
    """
    with transaction.atomic():
        maker.write(
            state=PUBLISHED,
            number=edition.number,
            previous=edition.before.number if edition.before else None,
            made=timezone.now(),
            lease_until=None,
            sums=written.sums,
            files=written.files,
            archive=archive,
            extras=extras,
            counts=written.counts,
            turned=written.turned,
        )
        record_activity(
            "release.published", actor=the_register_itself(), subject=f"release:{edition.number}",
            **({"despite": maker.row.despite} if maker.row.despite else {}),
        )  # fmt: skip
        target = folder() / str(edition.number)
        _remove(target)
        part.rename(target)
        _sync(folder())
    log.info("Release %s is out: changeset %s.", edition.number, edition.changeset)


def _end(row: Release, state: str, verb: str, reason: str) -> None:
    """Say that a release didn't come out: in its row, in the activities that admins are told of, and in the log."""
    with transaction.atomic():
        changed = Release.objects.filter(pk=row.pk, state=MAKING).update(
            state=state, reason=reason, made=timezone.now(), lease_until=None
        )
        if changed:
            subject = f"release-attempt:{row.pk}"
            record_activity(verb, actor=the_register_itself(), subject=subject, reason=reason[:500])
            log.error("The release of changeset %s didn't come out: %s", row.changeset, reason)


def give_up_abandoned(*, now: dt.datetime | None = None) -> None:
    """Say of releases whose maker is lost that they failed, and take away what they left."""
    for row in Release.objects.abandoned(now or timezone.now()):
        _end(row, FAILED, "release.failed", "Whoever made it was lost on the way. The next one begins anew.")
        _remove(folder() / f"{row.pk}{PART}")


# --- writing one again


def write_again(*, number: int, target: Path) -> bool:
    """Write a published release anew into an empty folder, and return whether it has the bytes that it had.

    Raises Release.DoesNotExist for one that there isn't, ReleaseRefused for one of another format, OSError.
    """
    release = Release.objects.published().select_related("previous").get(number=number)
    if release.format != FORMAT:
        raise ReleaseRefused(f"{release} has format {release.format}, and this program writes {FORMAT}.")
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise ReleaseRefused(f"{target} isn't empty.")
    return write_edition(edition_of_release(release), target).sums == release.sums


# --- files


def _sync(*folders: Path) -> None:
    """Bring names to the disk, where the system can do that."""
    for path in folders:
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
