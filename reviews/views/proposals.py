"""Stub."""

from django.views import View


class ProposalList(View):
    pass


class ProposalDetail(View):
    pass
