"""Asking for a new password: the answer is the same whether there is such an account, and the mail is sent by a worker."""

from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.views import PasswordResetView
from django.forms import Form
from django.http import HttpResponse, HttpResponseRedirect

from chokepoints.services.handing_out import hand_out_soon


class PasswordLinkForm(PasswordResetForm):
    """Asks for the address of an account."""

    def save(self, **options: object) -> None:
        """Have a worker send the link to each account with that address."""
        for user in self.get_users(self.cleaned_data["email"]):
            hand_out_soon("reviews.tasks.send_password_link", user.pk)


class PasswordLink(PasswordResetView):
    """The page that asks for the address."""

    form_class = PasswordLinkForm

    def form_valid(self, form: Form) -> HttpResponse:
        form.save()
        return HttpResponseRedirect(self.get_success_url())
