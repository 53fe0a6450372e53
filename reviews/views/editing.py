"""Stub."""

from django.views import View


class ProposalNew(View):
    pass


class ProposalEdit(View):
    pass


class ProposalChange(View):
    pass
