"""Stub."""

from django.views import View


class Lookup(View):
    pass
