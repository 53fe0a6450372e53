"""Reading the register: lists and single records of every kind, and the changesets that made them."""

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from django.urls import NoReverseMatch, reverse
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ..exceptions import NoMoment
from ..models import Changeset
from ..moments import Moment, read_moment
from ..projection import model_of
from ..records import KINDS, Kind
from ..selectors import register_head
from . import chokepoints as about
from .asking import check_parameters, names_in
from .changesets import changesets_since, render_changesets
from .conditional import NOT_AT_ALL, etag_of, is_for_programs, mark, not_modified
from .filtering import places_at
from .known import Known, known_now, look_at, record_then
from .offering import filterset_for
from .ordering import listing_of
from .paging import PAGING, Page, page_body, page_of, page_then
from .problems import ApiProblem, quoted, wrong_parameter
from .rendering import PATHS, Rendering, expandable, members_of

EVERYWHERE = ("at", "format")


class Negotiation(DefaultContentNegotiation):
    """JSON for whoever takes it; a `?format=` that isn't there is a 400 that says so."""

    def filter_renderers(self, renderers: Any, format: str) -> Any:
        found = [renderer for renderer in renderers if renderer.format == format]
        if not found:
            known = ", ".join(renderer.format for renderer in renderers)
            raise wrong_parameter("format", f"There is no format {quoted(format)}. There is: {known}.")
        return found


class RegisterView(APIView):
    """Base of all reads of the register: open to everybody, conditional, at a moment."""

    permission_classes = (AllowAny,)
    content_negotiation_class = Negotiation
    # Whether answers name people. Names aren't in the ledger, so no changeset tells when one changes.
    names_people = False

    def parameters(self) -> list[str]:
        """Return the query parameters that mean something here."""
        return list(EVERYWHERE)

    def body(self, request: Request, moment: Moment, **named: Any) -> Any:
        """Return the answer at a moment. `named` is what the address names. Raises ApiProblem."""
        raise NotImplementedError(f"{type(self).__name__} must say what it answers.")

    def get(self, request: Request, **named: Any) -> Any:
        """Answer with the body at the moment asked for, or 304 where the client has it."""
        check_parameters(request.query_params, self.parameters())
        moment = _moment_in(request)
        make = partial(self._steady_body, request, moment, **named)
        if not is_for_programs(request):
            return Response(make(), headers={"Cache-Control": NOT_AT_ALL})
        made = [make()] if self.names_people else []
        etag = etag_of(moment, request, *made)
        return mark(not_modified(request, etag) or Response((made or [make()])[0]), moment, etag)

    def _steady_body(self, request: Request, moment: Moment, **named: Any) -> Any:
        """Return the answer at a moment, even if a changeset is published while it is put together."""
        body = self.body(request, moment, **named)
        if moment.is_now and register_head() not in (moment.changeset, None):
            return self.body(request, replace(moment, is_now=False), **named)  # now the ledger tells
        return body


def _moment_in(request: Request) -> Moment:
    """Return the moment that `?at=` names. Raises ApiProblem: 404 for a changeset that isn't there, else 400."""
    try:
        return read_moment(request.query_params.get("at"))
    except NoMoment as error:
        if error.is_missing:
            raise ApiProblem(404, str(error)) from error
        raise wrong_parameter("at", str(error)) from error


def address_of(request: Request, name: str) -> str | None:
    """Return the whole address of what has such a name in the site map, or None if nothing has."""
    with suppress(NoReverseMatch):
        return request.build_absolute_uri(reverse(name))
    return None


class RecordView(RegisterView):
    """Base of list and detail of one kind."""

    kind_name = ""

    @property
    def kind(self) -> Kind:
        return KINDS[self.kind_name]

    @property
    def is_of_chokepoints(self) -> bool:
        return self.kind_name == "chokepoint"

    def parameters(self) -> list[str]:
        return ["fields", *(["expand"] if self.expandable() else []), *EVERYWHERE]

    def members(self) -> list[str]:
        """Return the names that `fields` takes."""
        return [*members_of(self.kind), *(about.STATUS_MEMBERS if self.is_of_chokepoints else ())]

    def expandable(self) -> list[str]:
        """Return the names that `expand` takes."""
        return [*expandable(self.kind), *(("current_assessment",) if self.is_of_chokepoints else ())]

    def rendering(self, request: Request, moment: Moment) -> Rendering:
        """Return how records are to be shown. Raises ApiProblem (400) for members and references that there aren't."""
        only = names_in(request.query_params, "fields", self.members())
        expand = names_in(request.query_params, "expand", self.expandable()) or frozenset()
        if only and (hidden := sorted(expand - only)):
            raise wrong_parameter("expand", f"“{hidden[0]}” is to be expanded, but not among “fields”.")
        return Rendering(
            look=look_at(moment),
            address=lambda path: request.build_absolute_uri(f"/api/v1/{path}"),
            only=only,
            expand=expand,
        )

    def shown(self, rendering: Rendering, records: list[Known], moment: Moment) -> list[dict[str, Any]]:
        """Return records as they are to be shown."""
        bodies = rendering.render(records)
        if self.is_of_chokepoints:
            about.add_statuses(bodies, records, moment, rendering)
        return bodies


class RecordList(RecordView):
    """The records of one kind."""

    def parameters(self) -> list[str]:
        return [*filterset_for(self.kind_name).base_filters, *PAGING, *super().parameters()]

    def body(self, request: Request, moment: Moment) -> dict[str, Any]:
        rendering = self.rendering(request, moment)
        page = self._page(request, moment, rendering)
        return page_body(request, page, self.shown(rendering, page.rows, moment))

    def _page(self, request: Request, moment: Moment, rendering: Rendering) -> Page:
        """Return the page of records that was asked for."""
        query = request.query_params
        filters = checked(filterset_for(self.kind_name)(query, queryset=model_of(self.kind).objects.all()))
        if moment.is_now:
            page = page_of(filters.qs, listing_of(self.kind), query)
            page.rows = known_now(self.kind, page.rows)
        else:
            page = page_then(partial(places_at, self.kind, moment, filters), listing_of(self.kind), query)
            found = rendering.look(self.kind_name, [place.record for place in page.rows])
            page.rows = [found[place.record] for place in page.rows]
        return page


def checked(filters: Any) -> Any:
    """Return filters whose values are clean. Raises ApiProblem (400) that names each parameter that is wrong."""
    if not filters.is_valid():
        errors = [
            {"parameter": name, "message": " ".join(map(str, messages))}
            for name, messages in filters.form.errors.items()
        ]
        raise ApiProblem(400, " ".join(f"{e['parameter']}: {e['message']}" for e in errors), errors=errors)
    return filters


class RecordDetail(RecordView):
    """One record, by id or key; a former key leads on."""

    def members(self) -> list[str]:
        return [*super().members(), *(about.DETAIL_MEMBERS if self.is_of_chokepoints else ())]

    def rendering(self, request: Request, moment: Moment) -> Rendering:
        rendering = super().rendering(request, moment)
        if self.is_of_chokepoints:
            rendering.expand |= {"current_assessment"}
        return rendering

    def body(self, request: Request, moment: Moment, name: str) -> dict[str, Any]:
        rendering = self.rendering(request, moment)
        one = record_then(self.kind_name, name, rendering.look)
        if one is None:
            when = "" if moment.is_now else f" as of changeset {moment.changeset}"
            raise ApiProblem(404, f"There is no {self.kind_name} with the id or key {quoted(name)}{when}.")
        (body,) = self.shown(rendering, [one], moment)
        if self.is_of_chokepoints:
            body |= about.around(one, moment, rendering)
            if rendering.shows("links"):
                body["links"] = _links(request, one, rendering)
        return body


def _links(request: Request, chokepoint: Known, rendering: Rendering) -> dict[str, str]:
    """Return where to read on about a chokepoint: its page, and the lists of what is about it."""
    page = reverse("record-detail", args=["chokepoint", chokepoint.record])
    links = {"page": request.build_absolute_uri(page)}
    for path in ("assessments", "evidence", "supplies"):
        links[path] = rendering.address(f"{path}/?chokepoint={chokepoint.record}")
    if proposals := address_of(request, "api-proposal-list"):
        links["proposals"] = f"{proposals}?record={chokepoint.record}"
    return links


class ChangesetList(RegisterView):
    """Changesets in order, oldest first, each with the whole states that it made: enough to mirror the register."""

    names_people = True

    def parameters(self) -> list[str]:
        return ["since", "page_size", *EVERYWHERE]

    def body(self, request: Request, moment: Moment) -> dict[str, Any]:
        return changesets_since(request, moment)


class ChangesetDetail(RegisterView):
    """One changeset with the whole states that it made."""

    names_people = True

    def body(self, request: Request, moment: Moment, number: int) -> dict[str, Any]:
        changeset = Changeset.objects.filter(number=number, number__lte=moment.changeset).first()
        if changeset is None:
            raise ApiProblem(
                404, f"There is no changeset {quoted(str(number))}. The last one is {moment.changeset}."
            )
        return render_changesets([changeset], request)[0]


class Root(RegisterView):
    """Where everything is, and how far the register has come."""

    def body(self, request: Request, moment: Moment) -> dict[str, Any]:
        names = {path: f"api-{kind}-list" for kind, path in PATHS.items()}
        names |= {
            "changesets": "api-changeset-list",
            "proposals": "api-proposal-list",
            "exports": "api-export-list",
            "releases": "api-release-list",
            "notifications": "api-notification-list",
            "subscriptions": "api-subscription-list",
        }
        names |= {"schema": "api-schema", "documentation": "api-docs"}
        addresses = {what: address_of(request, name) for what, name in names.items()}
        return {"head": moment.changeset} | {what: found for what, found in addresses.items() if found}


def views_of(kind: str) -> tuple[type[RecordList], type[RecordDetail]]:
    """Return list and detail view of a kind."""
    name, plural = KINDS[kind].model, KINDS[kind].plural
    listing = {"kind_name": kind, "__doc__": f"The register's {plural}: filtered, in pages, at any moment."}
    detail = {"kind_name": kind, "__doc__": f"One {kind}, by id or key; a former key leads on."}
    return type(f"{name}List", (RecordList,), listing), type(f"{name}Detail", (RecordDetail,), detail)
