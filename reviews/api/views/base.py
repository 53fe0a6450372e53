"""What the addresses of the process share: who may come in, conditional answers, and requests that may come twice."""

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Max, QuerySet
from django.http import HttpResponseNotModified
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import http_date
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chokepoints.api.asking import check_parameters
from chokepoints.api.ordering import Listing
from chokepoints.api.paging import page_body, page_of
from chokepoints.api.problems import ApiProblem
from chokepoints.api.views import Negotiation
from chokepoints.models import Activity, Changeset, Contributor
from chokepoints.services.locking import register_lock

from ...exceptions import NotFound, ReviewError
from ...models import Proposal
from ...selectors.members import contributor_of
from ...services.admitting import check_version, locked_proposal
from ...services.repeating import Answer, fingerprint_of, once
from ..bodies import Body, read_body
from ..changes import Places
from ..conditional import etag_of, is_held, version_in
from ..refusals import problem_of
from ..rendering import Addresses, render_proposal

# By method: the scope that a token needs, or several of which any will do.
Scopes = Mapping[str, str | tuple[str, ...]]

READ, PROPOSE, REVIEW = "read", "propose", "review"
# What authors and reviewers both do takes the scope of either: nobody needs the other role's for it.
TAKE_PART = (PROPOSE, REVIEW)


class ProcessView(APIView):
    """Base of all addresses of the process. Everybody reads what they may see, members write.

    `scopes` says which scope of a token each method takes, or which of several.
    """

    content_negotiation_class = Negotiation
    scopes: ClassVar[Scopes] = {"GET": READ}

    places: Places | None = None
    is_by_if_match = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        check_parameters(
            request.query_params, self.parameters() if request.method in {"GET", "HEAD"} else ["format"]
        )

    def parameters(self) -> list[str]:
        """Return the query parameters that a read takes."""
        return ["format"]

    @property
    def addresses(self) -> Addresses:
        return Addresses(self.request)

    def handle_exception(self, error: Exception) -> Response:
        """Answer what a service refuses with its problem."""
        if isinstance(error, ReviewError):
            error = problem_of(error, self.addresses, places=self.places, by_if_match=self.is_by_if_match)
        return super().handle_exception(error)

    # --- reading

    def asker(self) -> Contributor | None:
        """Return the contributor who asks, if it is one."""
        return contributor_of(self.request.user)

    def proposal(self, number: int) -> Proposal:
        """Return a proposal that the asker may see. Raises NotFound for any other."""
        found = Proposal.objects.visible_to(self.asker()).filter(pk=number).first()
        if found is None:
            raise NotFound(f"There is no proposal {str(number)[:20]}.")
        return found

    def read(self, body: Any, *, proposal: Proposal | None = None) -> Any:
        """Answer a read with a body, or with 304 where the asker has it."""
        return self._mark(self._conditional(body, proposal), proposal)

    def _conditional(self, body: Any, proposal: Proposal | None) -> Any:
        etag = etag_of(
            body, number=proposal.number if proposal else 0, version=proposal.version if proposal else 0
        )
        if is_held(self.request.headers.get("If-None-Match"), etag):
            answer: Any = HttpResponseNotModified()
        else:
            answer = Response(body)
        answer["ETag"] = etag
        return answer

    def _mark(self, answer: Any, proposal: Proposal | None) -> Any:
        answer["Last-Modified"] = http_date(_last_change(proposal).timestamp())
        answer["Cache-Control"] = "private, no-cache"
        answer["X-Robots-Tag"] = "noindex"
        patch_vary_headers(answer, ["Accept", "Authorization", "Cookie"])
        return answer

    def page(
        self, rows: QuerySet, listing: Listing, render: Callable[[Sequence[Any]], list[dict[str, Any]]]
    ) -> Any:
        """Answer with a page of rows."""
        page = page_of(rows, listing, self.request.query_params)
        return self.read(page_body(self.request, page, render(page.rows)))

    # --- writing

    def body(self, kind: type[Body]) -> dict[str, Any]:
        """Return the clean members of the body that was sent. Raises ApiProblem (400)."""
        return read_body(kind, self.request.data)

    def version_seen(self, number: int, said: int | None) -> int:
        """Return the version that the asker saw, by If-Match or by the body's `version`.

        Raises ApiProblem: 428 for neither, 412 for an If-Match of something else, 400 where the two differ.
        """
        version = version_in(self.request.headers.get("If-Match"), number)
        self.is_by_if_match = version is not None
        if version is None and said is None:
            words = "Say which version you saw: with its ETag in If-Match, or in the member `version`."
            raise ApiProblem(428, words, code="version-missing")
        if None not in (version, said) and version != said:
            words = f"If-Match names version {version}, but the body version {said}."
            raise ApiProblem(400, words, errors=[{"pointer": "/version", "message": words}], code="invalid")
        return said if version is None else version

    def answer(self, number: int, status: int = 200, *, location: str = "", around: Any = None) -> Response:
        """Answer a write with the proposal as it stands now, as a read would show it; `around` makes the body of it."""
        proposal = self.proposal(number)
        body = render_proposal(proposal, self.request.user, self.addresses)
        response = Response(around(proposal, body) if around else body, status=status)
        response["ETag"] = etag_of(body, number=number, version=proposal.version)
        return self.written(response, location)

    def written(self, response: Response, location: str = "") -> Response:
        """Put the headers of a write on an answer."""
        response["Cache-Control"] = "no-store"
        if location:
            response["Location"] = location
        patch_vary_headers(response, ["Accept", "Authorization", "Cookie"])
        return response


def _last_change(proposal: Proposal | None) -> dt.datetime:
    """Return when an answer may have changed last: by an act, by a changeset, or because a new day began."""
    acts = (
        Activity.objects.filter(subject=f"proposal:{proposal.number}") if proposal else Activity.objects.all()
    )
    head = Changeset.objects.order_by("-number").values_list("time", flat=True).first()
    now = timezone.now()
    midnight = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    times = [acts.aggregate(last=Max("time"))["last"], head, midnight]
    return max(time for time in times if time)


class Act(ProcessView):
    """Base of what is posted. `act` does it; with an Idempotency-Key it is done once, however often it is sent.

    `told_once` has members of its answer that aren't kept, for they are secrets, and what stands in their place when the
    answer is given again.
    """

    scopes: ClassVar[Scopes] = {"GET": READ, "POST": PROPOSE}
    told_once: ClassVar[Mapping[str, Any]] = {}

    def act(self, request: Request, **named: Any) -> Response:
        raise NotImplementedError(f"{type(self).__name__} must say what it does.")

    def post(self, request: Request, **named: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return self.act(request, **named)
        # Of what was read, not of the bytes: they are gone by now, and a body that can't be read uses up no key.
        body = json.dumps(request.data, sort_keys=True).encode()
        answer = once(
            user=request.user,
            key=key,
            fingerprint=fingerprint_of("POST", request.get_full_path(), body),
            run=lambda: self._run(request, named),
        )
        return _response(answer)

    def _run(self, request: Request, named: Mapping[str, Any]) -> Answer:
        """Do it, and return its answer to be kept; what is refused is taken back, and its refusal kept."""
        try:
            with transaction.atomic():
                response = self.act(request, **named)
        except Exception as error:
            response = self.handle_exception(error)
        headers = {name: value for name, value in response.headers.items() if name != "Content-Type"}
        if getattr(response, "content_type", None):
            headers["Content-Type"] = response.content_type
        body = JSONRenderer().render(response.data).decode() if response.data is not None else ""
        instead = {name: value for name, value in self.told_once.items() if name in (response.data or {})}
        kept = JSONRenderer().render(response.data | instead).decode() if instead else None
        return Answer(response.status_code, headers, body, kept=kept)


def _response(answer: Answer) -> Response:
    headers = dict(answer.headers)
    content_type = headers.pop("Content-Type", None)
    data = json.loads(answer.body) if answer.body else None
    if answer.is_repeated:
        headers["Idempotency-Replayed"] = "true"
    return Response(data, status=answer.status, headers=headers, content_type=content_type)


class Move(Act):
    """Base of one move with one proposal: `form` is the body that it takes, `make` calls its service.

    `is_versioned` moves need the version that was seen; the others heed an If-Match if there is one.
    """

    form: ClassVar[type[Body]]
    is_versioned = False
    status = 200

    def make(self, number: int, members: dict[str, Any]) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must call its service.")

    def act(self, request: Request, number: int = 0, **named: Any) -> Response:
        self.proposal(number)  # who may not see it learns nothing else about it
        members = self.body(self.form) | named
        if self.is_versioned:
            members["version"] = self.version_seen(number, members.get("version"))
            return self.done(number, self.make(number, members))
        version = version_in(request.headers.get("If-Match"), number)
        self.is_by_if_match = version is not None
        if version is None:
            return self.done(number, self.make(number, members))
        with register_lock():
            check_version(locked_proposal(number, request.user), version)
            return self.done(number, self.make(number, members))

    def done(self, number: int, result: Any) -> Response:
        """Return the answer once it is done."""
        return self.answer(number, self.status)
