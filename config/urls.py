"""The site map. The register and the process bring their own addresses; accounts, admin and health are here."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path, re_path

from config import api_schema, errors, health
from reviews.views.passwords import PasswordLink

handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"

urlpatterns = [
    path("", include("chokepoints.urls")),
    path("", include("reviews.urls")),
    path("accounts/login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path("accounts/password_change/", auth.PasswordChangeView.as_view(), name="password_change"),
    path(
        "accounts/password_change/done/", auth.PasswordChangeDoneView.as_view(), name="password_change_done"
    ),
    path("accounts/password_reset/", PasswordLink.as_view(), name="password_reset"),
    path("accounts/password_reset/done/", auth.PasswordResetDoneView.as_view(), name="password_reset_done"),
    path(
        "accounts/reset/<uidb64>/<token>/",
        auth.PasswordResetConfirmView.as_view(),
        name="password_reset_confirm",
    ),
    path("accounts/reset/done/", auth.PasswordResetCompleteView.as_view(), name="password_reset_complete"),
    path("api/v1/", include("config.api_router")),
    path("api/schema/", api_schema.SchemaView.as_view(), name="api-schema"),
    path("api/docs/", api_schema.docs, name="api-docs"),
    re_path(r"^api(?:/|$)", errors.unknown_api_address),  # after all that answers below /api/
    path("admin/", admin.site.urls),
    path("healthz/live", health.live, name="health_live"),
    path("healthz/ready", health.ready, name="health_ready"),
]
