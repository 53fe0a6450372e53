"""Reading the register: lists and single records of every kind, and the changesets that made them."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from django.http import HttpResponseNotModified, QueryDict
from django.urls import NoReverseMatch, reverse
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ..models import Changeset
from ..projection import model_of
from ..records import KINDS, Kind
from . import chokepoints as about
from .changesets import ChangesetPage, render_changesets
from .conditional import etag_of, mark, not_modified
from .filtering import filterset_for, places_at
from .moments import Moment, known_now, look_at, read_moment, record_then
from .paging import PAGING, Cursor, check_parameters, page_of, page_then
from .problems import ApiProblem, unknown, wrong_parameter
from .rendering import PATHS, Known, Rendering, expandable, members_of

PRESENTED = ("fields", "expand", "at", "format")
DETAIL_MEMBERS = ("current", "corroboration", "counts", "links")  # of a chokepoint


class Negotiation(DefaultContentNegotiation):
    """JSON for whoever takes it; a `?format=` that isn't there is a 400 that says so."""

    def filter_renderers(self, renderers: Any, format: str) -> Any:
        found = [renderer for renderer in renderers if renderer.format == format]
        if not found:
            known = ", ".join(renderer.format for renderer in renderers)
            raise wrong_parameter("format", f"There is no format “{format[:60]}”. There is: {known}.")
        return found


class RegisterView(APIView):
    """Base of all reads of the register: open to everybody, conditional, at a moment."""

    authentication_classes: tuple = ()
    permission_classes: tuple = ()
    content_negotiation_class = Negotiation

    def answer(self, request: Request, make: Callable[[Moment], Any]) -> Any:
        """Answer with what `make` returns at the moment asked for, or 304 where the client has it."""
        check_parameters(request.query_params, self.parameters())
        moment = read_moment(request.query_params.get("at"))
        etag = etag_of(moment, request._request)
        response: Any = not_modified(request._request, etag)
        if response is None:
            response = Response(make(moment))
            if (
                request.headers.get("If-None-Match", "").strip() == "*"
            ):  # whatever there is, if there is anything
                response = HttpResponseNotModified()
        return mark(response, moment, etag)

    def parameters(self) -> list[str]:
        """Return the query parameters that mean something here."""
        raise NotImplementedError


def address_of(request: Request, *names: str) -> dict[str, str]:
    """Return the whole addresses of what has such a name in the site map, by what follows "api-" in it."""
    found = {}
    for name in names:
        with suppress(NoReverseMatch):
            found[name] = request.build_absolute_uri(reverse(f"api-{name}"))
    return found


class RecordView(RegisterView):
    """Base of list and detail of one kind."""

    kind_name = ""

    @property
    def kind(self) -> Kind:
        return KINDS[self.kind_name]

    def members(self) -> list[str]:
        """Return the names that `fields` takes."""
        more = about.STATUS_MEMBERS if self.kind_name == "chokepoint" else ()
        return [*members_of(self.kind), *more]

    def expandable(self) -> list[str]:
        """Return the names that `expand` takes."""
        more = ("current_assessment",) if self.kind_name == "chokepoint" else ()
        return [*expandable(self.kind), *more]

    def rendering(self, request: Request, moment: Moment) -> Rendering:
        """Return how records are to be shown. Raises ApiProblem (400) for members and references that there aren't."""
        query = request.query_params
        return Rendering(
            look=look_at(moment),
            address=lambda path: request.build_absolute_uri(f"/api/v1/{path}"),
            only=_names(query, "fields", self.members()),
            expand=_names(query, "expand", self.expandable()) or frozenset(),
        )

    def shown(self, rendering: Rendering, records: list[Known], moment: Moment) -> list[dict[str, Any]]:
        bodies = rendering.render(records)
        if self.kind_name == "chokepoint":
            about.add_statuses(bodies, records, moment, rendering)
        return bodies


def _names(query: QueryDict, parameter: str, known: list[str]) -> frozenset[str] | None:
    if not query.get(parameter):
        return None
    names = query[parameter].split(",")
    for name in names:
        if name not in known:
            raise unknown(name, known, f"member for “{parameter}”", parameter=parameter)
    return frozenset(names)


class RecordList(RecordView):
    """The records of one kind."""

    def get(self, request: Request) -> Any:
        return self.answer(request, lambda moment: self._page(request, moment))

    def parameters(self) -> list[str]:
        return [*filterset_for(self.kind_name).base_filters, *PAGING, *PRESENTED]

    def _page(self, request: Request, moment: Moment) -> dict[str, Any]:
        rendering = self.rendering(request, moment)
        rows = model_of(self.kind).objects.all()
        filters = _checked(filterset_for(self.kind_name), request.query_params, rows)
        default = "key" if self.kind.has_key else "id"
        asked = (request.query_params, orderings(self.kind), default)
        if moment.is_now:
            page = page_of(filters.qs, *asked)
            page.rows = known_now(self.kind, page.rows)
        else:
            page = page_then(partial(places_at, self.kind, moment, filters), self.kind, *asked)
            found = rendering.look(self.kind_name, [place.record for place in page.rows])
            page.rows = [found[place.record] for place in page.rows]
        ordering = request.query_params.get("ordering") or default
        body: dict[str, Any] = {
            "next": _link(request, page.next, ordering),
            "previous": _link(request, page.previous, ordering),
            "results": self.shown(rendering, page.rows, moment),
        }
        return body if page.count is None else {"count": page.count} | body


def _checked(filterset: Any, query: QueryDict, rows: Any) -> Any:
    """Return the filters with clean values. Raises ApiProblem (400) that names each parameter that is wrong."""
    filters = filterset(query, queryset=rows)
    if not filters.is_valid():
        errors = [
            {"parameter": name, "message": " ".join(map(str, messages))}
            for name, messages in filters.form.errors.items()
        ]
        raise ApiProblem(400, " ".join(f"{e['parameter']}: {e['message']}" for e in errors), errors=errors)
    return filters


def orderings(kind: Kind) -> dict[str, str]:
    """Return the names that `ordering` takes for a kind, with the columns that they stand for."""
    names = {"id": "pk", "changed_in": "changed_in_id", "created_in": "created_in_id"}
    # No `claim`: cursors carry the values, and an address has room for a title, not for paragraphs.
    columns = (
        "key",
        "name",
        "title",
        "as_of",
        "published_on",
        "observed_on",
        "issued_on",
        "country",
        "status",
    )
    return names | {name: name for name in columns if name in kind.fields}


def _link(request: Request, cursor: Cursor | None, ordering: str) -> str | None:
    if cursor is None:
        return None
    query = request.query_params.copy()
    query["cursor"] = cursor.text(ordering)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


class RecordDetail(RecordView):
    """One record, by id or key; a former key leads on."""

    def get(self, request: Request, name: str) -> Any:
        return self.answer(request, lambda moment: self._record(request, name, moment))

    def parameters(self) -> list[str]:
        return list(PRESENTED)

    def members(self) -> list[str]:
        return [*super().members(), *(DETAIL_MEMBERS if self.kind_name == "chokepoint" else ())]

    def _record(self, request: Request, name: str, moment: Moment) -> dict[str, Any]:
        rendering = self.rendering(request, moment)
        one = record_then(self.kind_name, name, moment)
        if one is None:
            when = "" if moment.is_now else f" as of changeset {moment.changeset}"
            raise ApiProblem(404, f"There is no {self.kind_name} with the id or key “{name[:60]}”{when}.")
        (body,) = self.shown(rendering, [one], moment)
        if self.kind_name == "chokepoint":
            body |= about.around(one, moment, rendering)
            if rendering.shows("links"):
                body["links"] = self._links(request, one, rendering)
        return body

    def _links(self, request: Request, one: Known, rendering: Rendering) -> dict[str, str]:
        """Return where to read on about a chokepoint."""
        around = {
            path: f"{path}/?chokepoint={one.record}" for path in ("assessments", "evidence", "supplies")
        }
        page = reverse("record-detail", args=["chokepoint", one.record])
        found = {"page": request.build_absolute_uri(page)}
        found |= {name: rendering.address(path) for name, path in around.items()}
        for name, address in address_of(request, "proposal-list").items():
            found[name.removesuffix("-list") + "s"] = f"{address}?record={one.record}"
        return found


class ChangesetList(RegisterView):
    """Changesets in order, oldest first, each with the whole states that it made: enough to mirror the register."""

    def get(self, request: Request) -> Any:
        return self.answer(request, lambda moment: ChangesetPage(request, moment).body())

    def parameters(self) -> list[str]:
        return ["since", "page_size", "at", "format"]


class ChangesetDetail(RegisterView):
    """One changeset with the whole states that it made."""

    def get(self, request: Request, number: int) -> Any:
        return self.answer(request, lambda moment: self._changeset(request, number, moment))

    def parameters(self) -> list[str]:
        return ["at", "format"]

    def _changeset(self, request: Request, number: int, moment: Moment) -> dict[str, Any]:
        changeset = Changeset.objects.filter(number=number, number__lte=moment.changeset).first()
        if changeset is None:
            raise ApiProblem(404, f"There is no changeset {number}. The last one is {moment.changeset}.")
        return render_changesets([changeset], request)[0]


class Root(RegisterView):
    """Where everything is, and how far the register has come."""

    def get(self, request: Request) -> Any:
        return self.answer(request, lambda moment: self._index(request, moment))

    def parameters(self) -> list[str]:
        return ["at", "format"]

    def _index(self, request: Request, moment: Moment) -> dict[str, Any]:
        lists = {PATHS[kind]: f"{kind}-list" for kind in PATHS}
        lists |= {"changesets": "changeset-list", "proposals": "proposal-list", "exports": "export-list"}
        lists |= {"releases": "release-list"}
        lists |= {"schema": "schema", "documentation": "docs"}
        found = address_of(request, *lists.values())
        return {"head": moment.changeset} | {
            name: found[listed] for name, listed in lists.items() if listed in found
        }


def views_of(kind: str) -> tuple[type[RecordList], type[RecordDetail]]:
    """Return list and detail view of a kind."""
    name = KINDS[kind].model
    listing = type(
        f"{name}List", (RecordList,), {"kind_name": kind, "__doc__": f"The records of kind {kind}."}
    )
    detail = type(f"{name}Detail", (RecordDetail,), {"kind_name": kind, "__doc__": f"One {kind}."})
    return listing, detail
