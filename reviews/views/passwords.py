"""Asking for a new password: the answer is the same whether there is such an account, and the mail is sent by a worker.

Whoever knows an address can have mails sent to it, so an account gets a link once in a while and not once a click.
"""

import logging
from typing import Any

from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.views import PasswordResetView
from django.core.cache import caches
from django.forms import Form
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.crypto import salted_hmac

from chokepoints.services.handing_out import hand_out_soon

log = logging.getLogger(__name__)

CACHE = "throttle"
PAUSE = 300  # seconds between two links to one account, as long as its password is the same


class PasswordLinkForm(PasswordResetForm):
    """Asks for the address of an account."""

    def save(self, **options: object) -> None:
        """Have a worker send the link to each account with that address that had none lately."""
        for user in self.get_users(self.cleaned_data["email"]):
            if _is_first(user):
                hand_out_soon("reviews.tasks.send_password_link", user.pk)


class PasswordLink(PasswordResetView):
    """The page that asks for the address."""

    form_class = PasswordLinkForm

    def form_valid(self, form: Form) -> HttpResponse:
        form.save()
        return HttpResponseRedirect(self.get_success_url())


def _is_first(user: Any) -> bool:
    """Tell whether an account had no link lately. If the counters can't be reached, it gets one."""
    key = salted_hmac("reviews.password_link", f"{user.pk}:{user.password}").hexdigest()
    try:
        return caches[CACHE].add(f"password-link:{key}", 1, PAUSE)
    except Exception as error:
        log.warning("The counters can't be reached: %s", error)
        return True
