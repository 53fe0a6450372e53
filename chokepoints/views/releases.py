"""Releases: all of them, one of them, its files under permanent addresses. Open to everybody."""

import base64
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from .. import selectors
from ..models import Changeset, Release
from ..releases.edition import SUMS
from ..releases.tables import tables
from ..releases.wording import description
from ..releases.wrapping import EXTRAS, stem_of
from ..services import releasing
from .pages import page_of

PER_PAGE = 20
ARCHIVE = "chokepoint-register.zip"  # what the archive of the latest release is called, whichever that is
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl; charset=utf-8",
    "json": "application/json",
    "md": "text/markdown; charset=utf-8",
    "zip": "application/zip",
    "parquet": "application/vnd.apache.parquet",
    "py": "text/x-python; charset=utf-8",
    "cff": "application/yaml; charset=utf-8",
}
# What each file is, for the page; tables have a list of their own.
WORDS = {
    "ledger.jsonl": "every changeset up to this one",
    "delta.jsonl": "what changed since the release before, row by row",
    "RELEASE_NOTES.md": "statuses, rows and changesets since the release before",
    "datapackage.json": "every column of the CSV tables described",
    "CITATION.cff": "how to cite it, for programs",
    "release.json": "which release this is",
    "README.md": "what is in it",
    "verify_release.py": "checks all of it, without us",
    SUMS: "digests of all files",
}


@require_safe
def release_list(request: HttpRequest) -> HttpResponse:
    """All releases, the newest first; admins see what didn't come out as well."""
    page = page_of(request, Release.objects.published().select_related("previous"), PER_PAGE)
    attempts = selectors.release_attempts() if request.user.is_staff else []
    context = {"page": page, "attempts": attempts, "archive": ARCHIVE}
    return render(request, "chokepoints/release_list.html", context)


@require_safe
def release_detail(request: HttpRequest, number: int) -> HttpResponse:
    """One release: what changed, its files, how to verify and to cite it, the changesets since the one before."""
    release = _published(number)
    changesets = Changeset.objects.filter(number__gt=release.after, number__lte=release.changeset)
    page = page_of(request, changesets.order_by("-number"), PER_PAGE)
    newest = Release.objects.published().first()
    parquet = {one["path"] for one in release.extras}
    context = {
        "release": release,
        "newest": newest,
        "lines": [_line_of(release, table, parquet) for table in tables() if table.name in release.counts],
        "files": [
            _file(release, path) | {"words": words} for path, words in WORDS.items() if _has(release, path)
        ],
        "current": _file(release, "csv/chokepoints_current.csv"),
        "archive": release.archive | {"url": _file_url(release, release.archive["path"])},
        "stem": stem_of(release.number),
        "page": page,
        "changesets": selectors.changeset_lines(page.object_list),
        "citation": f"{description(releasing.edition_of_release(release))} {request.build_absolute_uri(request.path)}",
    }
    return render(request, "chokepoints/release_detail.html", context)


@require_safe
def latest(request: HttpRequest, path: str = "") -> HttpResponse:
    """Lead to the newest release, or to a file of it."""
    release = Release.objects.published().first()
    if release is None:
        raise Http404("There is no release yet.")
    if not path:
        return redirect(release)
    path = release.archive["path"] if path == ARCHIVE else path
    if releasing.path_of(release, path) is None:
        raise Http404("The newest release has no such file.")
    return redirect(_file_url(release, path))


@require_safe
def release_file(request: HttpRequest, number: int, path: str) -> HttpResponse | FileResponse:
    """A file of a release. It never changes, so whoever has it needn't ask again."""
    release = _published(number)
    place = releasing.path_of(release, path)
    if place is None or not place.is_file():
        raise Http404("The release has no such file.")
    digest = _digest_of(release, path)
    etag = f'"{digest}"'
    if etag in request.headers.get("If-None-Match", ""):
        answer: HttpResponse | FileResponse = HttpResponseNotModified()
    else:
        media_type = MEDIA_TYPES.get(path.rpartition(".")[2], "text/plain; charset=utf-8")
        # Always as a download: nothing in it is to be shown as a page of this site.
        name = path.rpartition("/")[2]
        answer = FileResponse(place.open("rb"), as_attachment=True, filename=name, content_type=media_type)
        answer["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(digest)).decode()}:"
    answer["ETag"] = etag
    answer["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


def _published(number: int) -> Release:
    return get_object_or_404(Release.objects.published().select_related("previous"), number=number)


def _has(release: Release, path: str) -> bool:
    return path == SUMS or release.file(path) is not None


def _file_url(release: Release, path: str) -> str:
    return reverse("release-file", args=[release.number, path])


def _file(release: Release, path: str) -> dict[str, Any]:
    known = release.file(path) or {"path": path, "sha256": release.sums}
    return known | {"url": _file_url(release, path)}


def _digest_of(release: Release, path: str) -> str:
    if path == release.archive["path"]:
        return release.archive["sha256"]
    return (release.file(path) or {"sha256": release.sums})["sha256"]


def _line_of(release: Release, table: Any, parquet: set[str]) -> dict[str, Any]:
    """Return what the page says of one table."""
    extra = f"{EXTRAS}/{table.name}.parquet"
    return {
        "table": table,
        "counts": release.counts[table.name],
        "csv": _file_url(release, f"csv/{table.name}.csv"),
        "jsonl": _file_url(release, f"jsonl/{table.name}.jsonl"),
        "parquet": _file_url(release, extra) if extra in parquet else "",
    }
