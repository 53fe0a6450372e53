"""The addresses of the register: what is published, and how it came to be so."""

from django.urls import path

from .views import (
    chokepoints,
    evidence,
    exports,
    gaps,
    history,
    lists,
    organizations,
    overview,
    records,
    sources,
)

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("guide/", overview.guide, name="guide"),
    path("chokepoints/", chokepoints.chokepoint_list, name="chokepoint-list"),
    path("chokepoints/<str:key>/", chokepoints.chokepoint_detail, name="chokepoint-detail"),
    path("lists/", lists.list_index, name="list-index"),
    path("lists/<str:key>/", lists.list_detail, name="list-detail"),
    path("sources/", sources.source_index, name="source-index"),
    path("sources/<str:key>/", sources.source_detail, name="source-detail"),
    path("evidence/", evidence.evidence_index, name="evidence-index"),
    path("evidence/<uuid:record>/", evidence.evidence_detail, name="evidence-detail"),
    path("organizations/", organizations.organization_index, name="organization-index"),
    path("organizations/<str:key>/", organizations.organization_detail, name="organization-detail"),
    path("exports/", exports.ExportList.as_view(), name="export-list"),
    path("exports/new/", exports.ExportNew.as_view(), name="export-new"),
    path("exports/<uuid:pk>/", exports.ExportDetail.as_view(), name="export-detail"),
    path("exports/<uuid:pk>/cancel/", exports.ExportCancel.as_view(), name="export-cancel"),
    path("exports/<uuid:pk>/retry/", exports.ExportRetry.as_view(), name="export-retry"),
    path("exports/<uuid:pk>/file/", exports.ExportFile.as_view(), name="export-file"),
    path("gaps/", gaps.gaps, name="gaps"),
    path("history/", history.history, name="history"),
    path("history/<int:number>/", history.changeset_detail, name="changeset-detail"),
    path("records/<str:kind>/<uuid:record>/", records.record_detail, name="record-detail"),
    path("records/<str:kind>/<uuid:record>/history/", history.record_history, name="record-history"),
]
