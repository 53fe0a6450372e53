"""The site map. The register and the process bring their own addresses; accounts, admin and health are here."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path, re_path

from config import errors, health

handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"

urlpatterns = [
    path("", include("chokepoints.urls")),
    path("", include("reviews.urls")),
    # Not all of django.contrib.auth.urls: a password reset would need mail, and there is none yet.
    path("accounts/login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path("accounts/password_change/", auth.PasswordChangeView.as_view(), name="password_change"),
    path(
        "accounts/password_change/done/", auth.PasswordChangeDoneView.as_view(), name="password_change_done"
    ),
    path("api/v1/", include("config.api_router")),
    re_path(r"^api(?:/|$)", errors.unknown_api_address),  # after all that answers below /api/
    path("admin/", admin.site.urls),
    path("healthz/live", health.live, name="health_live"),
    path("healthz/ready", health.ready, name="health_ready"),
]
