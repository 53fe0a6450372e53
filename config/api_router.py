"""The API's table of contents: /api/v1/. Each room brings its own views."""

from django.urls import path

from chokepoints.api import exports, releases, views
from chokepoints.api.rendering import PATHS
from chokepoints.services.exporting import cancel_export, retry_export

urlpatterns = [path("", views.Root.as_view(), name="api-root")]

for kind, plural in PATHS.items():
    listing, detail = views.views_of(kind)
    urlpatterns += [
        path(f"{plural}/", listing.as_view(), name=f"api-{kind}-list"),
        path(f"{plural}/<str:name>/", detail.as_view(), name=f"api-{kind}-detail"),
    ]

urlpatterns += [
    path("changesets/", views.ChangesetList.as_view(), name="api-changeset-list"),
    path("changesets/<int:number>/", views.ChangesetDetail.as_view(), name="api-changeset-detail"),
]

urlpatterns += [
    path("exports/", exports.ExportList.as_view(), name="api-export-list"),
    path("exports/<uuid:pk>/", exports.ExportDetail.as_view(), name="api-export-detail"),
    path("exports/<uuid:pk>/cancel/", exports.ExportAct.as_view(act=cancel_export), name="api-export-cancel"),
    path("exports/<uuid:pk>/retry/", exports.ExportAct.as_view(act=retry_export), name="api-export-retry"),
    path("exports/<uuid:pk>/file/", exports.ExportFile.as_view(), name="api-export-file"),
]

urlpatterns += [
    path("releases/", releases.ReleaseList.as_view(), name="api-release-list"),
    path("releases/latest/", releases.ReleaseDetail.as_view(), name="api-release-latest"),
    path("releases/<int:number>/", releases.ReleaseDetail.as_view(), name="api-release-detail"),
]
