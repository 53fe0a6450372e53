"""The one page for a new assessment: judgement, evidence and source, in one proposal."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views import View

from chokepoints.models import Assessment, Chokepoint, RecordKey

from ..exceptions import ReviewError
from ..forms.assessing import AssessmentPage
from .answering import UNPROCESSABLE
from .editing import ask_what_is_new, hand_in
from .keeping import KeepsTyping, Typed


class AssessmentNew(KeepsTyping, View):
    """Proposes a new assessment of a chokepoint. Looking at the page writes nothing."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        chokepoint, typed = _chokepoint(key), Typed(request)
        if chokepoint.key != key:  # what was typed under the former key goes on under this one
            return redirect(typed.move(reverse("assessment-new", args=[chokepoint.key])))
        page = AssessmentPage(chokepoint, typed.data)
        typed.show(*page.forms)
        return self._show(request, page, typed)

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        chokepoint, typed = _chokepoint(key), Typed(request)
        page = AssessmentPage(chokepoint, request.POST)
        if not page.is_valid():
            return self._show(request, page, typed, status=UNPROCESSABLE)
        changes = page.changes()
        submit = "submit" in request.POST
        try:
            proposal = hand_in(
                actor=request.user,
                title=page.title(),
                rationale=page.rationale(),
                changes=changes,
                submit=submit,
                what_is_new=page.head.answer(),
            )
        except ReviewError as refusal:
            elsewhere = page.add_problems(getattr(refusal, "problems", []), changes)
            if not hasattr(refusal, "problems"):
                elsewhere = [refusal.message]
            more = ask_what_is_new(refusal, page.head)
            return self._show(request, page, typed, elsewhere=elsewhere, status=refusal.status, **more)
        typed.saved()
        messages.success(
            request, "Submitted for review." if submit else "Saved as a draft. Nobody else sees it yet."
        )
        return redirect("proposal-detail", proposal.number)

    def _show(
        self,
        request: HttpRequest,
        page: AssessmentPage,
        typed: Typed,
        elsewhere: Any = (),
        status: int = 200,
        **more: Any,
    ) -> HttpResponse:
        typed.title = f"Assess {page.chokepoint}"
        today = timezone.now().date()
        current = Chokepoint.objects.with_status(today).get(pk=page.chokepoint.pk)
        context = {
            "page": page,
            "chokepoint": page.chokepoint,
            "current": current,
            "standing": Assessment.objects.filter(pk=current.current_assessment_id).first(),
            "elsewhere": elsewhere,
            "refused": status != 200,
            "typed": typed,
            **more,
        }
        return render(request, "reviews/assessment_new.html", context, status=status)


def _chokepoint(key: str) -> Chokepoint:
    """Return the chokepoint with a key, present or former."""
    record = (
        RecordKey.objects.filter(kind="chokepoint", key=key.replace("\0", ""))
        .values_list("record", flat=True)
        .first()
    )
    chokepoint = Chokepoint.objects.filter(pk=record, retired=False).first() if record else None
    if chokepoint is None:
        raise Http404("There is no such chokepoint.")
    return chokepoint
