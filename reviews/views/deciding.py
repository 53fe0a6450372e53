"""Stub."""

from django.views import View


class ProposalWithdraw(View):
    pass


class ProposalSubmit(View):
    pass


class ReviewNew(View):
    pass
