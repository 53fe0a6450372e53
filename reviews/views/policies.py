"""Stub."""

from django.views import View


class PolicyList(View):
    pass
