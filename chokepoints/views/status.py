"""The status page: is the register whole, and is what should be made being made? Open to everybody."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from .. import selectors
from ..models import Changeset, Release


@require_safe
@never_cache
def status(request: HttpRequest) -> HttpResponse:
    """The head of the ledger, the last verification, the last release, and what didn't come out since. Admins see why."""
    context = {
        "head": Changeset.objects.order_by("-number").first(),
        "verification": selectors.last_verification(),
        "release": Release.objects.published().first(),
        "attempts": selectors.release_attempts(),
    }
    return render(request, "chokepoints/status.html", context)
