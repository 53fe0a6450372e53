"""Stub."""

from django.views import View


class Queue(View):
    pass


class Desk(View):
    pass


class RecordProposals(View):
    pass
