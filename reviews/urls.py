"""The addresses of the process: what is proposed, who decides, and what each person has to do."""

from django.urls import path

from .views import assessing, deciding, desks, editing, lookups, policies, proposals

urlpatterns = [
    path("proposals/", proposals.ProposalList.as_view(), name="proposal-list"),
    path("proposals/new/", editing.ProposalNew.as_view(), name="proposal-new"),
    path("proposals/<int:number>/", proposals.ProposalDetail.as_view(), name="proposal-detail"),
    path("proposals/<int:number>/edit/", editing.ProposalEdit.as_view(), name="proposal-edit"),
    path("proposals/<int:number>/changes/new/", editing.ProposalAdd.as_view(), name="proposal-add"),
    path(
        "proposals/<int:number>/changes/<uuid:record>/",
        editing.ProposalChange.as_view(),
        name="proposal-change",
    ),
    path("proposals/<int:number>/withdraw/", deciding.ProposalWithdraw.as_view(), name="proposal-withdraw"),
    path("proposals/<int:number>/submit/", deciding.ProposalSubmit.as_view(), name="proposal-submit"),
    path("proposals/<int:number>/reviews/", deciding.ReviewNew.as_view(), name="review-new"),
    path("chokepoints/<str:key>/assess/", assessing.AssessmentNew.as_view(), name="assessment-new"),
    path("queue/", desks.Queue.as_view(), name="queue"),
    path("desk/", desks.Desk.as_view(), name="desk"),
    path(
        "records/<str:kind>/<uuid:record>/proposals/",
        desks.RecordProposals.as_view(),
        name="record-proposals",
    ),
    path("lookup/<str:kind>/", lookups.Lookup.as_view(), name="lookup"),
    path("policies/", policies.PolicyList.as_view(), name="policy-list"),
]
