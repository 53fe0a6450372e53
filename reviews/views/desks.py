"""Everybody's desk, and the proposals about one record."""

import datetime as dt
import uuid

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views import View

from chokepoints.projection import model_of
from chokepoints.records import KINDS

from ..forms.fields import PROPOSABLE
from ..forms.references import name_of_row
from ..selectors import desk_of, proposals_about
from ..selectors.desk import MOST, SHOWN
from ..services.keeping import kept_forms_of
from ..services.limiting import limit_of
from ..services.roles import is_editor, is_reviewer
from .answering import contributor_of


class Desk(LoginRequiredMixin, View):
    """What is somebody's own: drafts, what waits for them, what they said, what became of their proposals."""

    def get(self, request: HttpRequest) -> HttpResponse:
        context = {
            "desk": desk_of(request.user),
            "kept_forms": kept_forms_of(request.user),
            "contributor": contributor_of(request.user),
            "is_editor": is_editor(request.user),
            "may_remind": is_reviewer(request.user),
            "most": MOST,
            "shown": SHOWN,
            "old_before": timezone.now() - dt.timedelta(days=limit_of("old")),
        }
        return render(request, "reviews/desk.html", context)


class RecordProposals(View):
    """The pending proposals about a record: a fragment for its page, and a page of its own without JavaScript."""

    def get(self, request: HttpRequest, kind: str, record: uuid.UUID) -> HttpResponse:
        if kind not in PROPOSABLE:
            raise Http404("There is no such kind of record.")
        row = model_of(KINDS[kind]).objects.filter(pk=record).first()
        if row is None:
            raise Http404(f"There is no such {kind}.")
        context = {"kind": kind, "record": row, "proposals": proposals_about(record).named()[:50]}
        if request.htmx:
            return render(request, "reviews/_record_proposals.html", context)
        return render(request, "reviews/record_proposals.html", context | {"name": name_of_row(kind, row)})
