"""Stub."""

from django.views import View


class AssessmentNew(View):
    pass
