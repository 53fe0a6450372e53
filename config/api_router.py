"""The API's table of contents: /api/v1/. Each room brings its own views."""

from django.urls import include, path

from chokepoints.api import releases, views
from chokepoints.api.rendering import PATHS

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
    path("", include("reviews.api.urls")),
]

urlpatterns += [
    path("releases/", releases.ReleaseList.as_view(), name="api-release-list"),
    path("releases/latest/", releases.ReleaseDetail.as_view(), name="api-release-latest"),
    path("releases/<int:number>/", releases.ReleaseDetail.as_view(), name="api-release-detail"),
]
