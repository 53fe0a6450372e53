"""A new password: a link by mail to whoever has lost the old one, in their language, sent by a worker.

The page that asks for it answers alike whoever asks, and at once: it tells nobody whose addresses are known here.
"""

import logging
from email.utils import make_msgid
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from ..services.subscribing import settings_of
from .addresses import absolute, site_host
from .letters import Letter, Link
from .mails import foot_words, subject_line

log = logging.getLogger(__name__)


def send_password_link(account: int) -> bool:
    """Mail somebody the link under which they set a new password; return whether the server took it.

    Nothing waits for it: whoever gets none asks again.
    """
    user = get_user_model().objects.filter(pk=account, is_active=True).first()
    if user is None or not user.email or not user.has_usable_password():
        return False
    try:
        return bool(build_password_mail(user).send())
    except Exception as error:  # a server that is down, an address that is none
        log.warning("The password link for account %s wasn't sent: %s", account, error)
        return False


def build_password_mail(user: Any) -> EmailMultiAlternatives:
    """Return the mail with the link, which is good for once and for PASSWORD_RESET_TIMEOUT."""
    with translation.override(settings_of(user).language or settings.LANGUAGE_CODE):
        name = urlsafe_base64_encode(force_bytes(user.pk))
        path = reverse("password_reset_confirm", args=[name, default_token_generator.make_token(user)])
        heading = _("Set a new password")
        letter = Letter(
            subject=heading,
            heading=heading,
            title=_("Somebody, probably you, asked for a new password for the account %(name)s.")
            % {"name": user.get_username()},
            action=Link(heading, absolute(path)),
            why=_(
                "You get this because it is the address of that account. If you didn't ask, there is nothing to do: "
                "the password stays."
            ),
            unsubscribe="",
            foot=[],
        )
        context = {"letter": letter, "language": translation.get_language(), "foot_words": foot_words()}
        message = EmailMultiAlternatives(
            subject=subject_line(letter.subject),
            body=render_to_string("emails/letter.txt", context).strip() + "\n",
            to=[user.email],
            headers={
                "Message-ID": make_msgid(domain=site_host()),
                "Auto-Submitted": "auto-generated",
                "X-Auto-Response-Suppress": "All",
            },
        )
        message.attach_alternative(render_to_string("emails/letter.html", context), "text/html")
    return message
