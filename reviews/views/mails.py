"""The mails of a local register, which go to files: a page to read them. There is none where MAILS_SHOWN isn't set."""

from typing import Any

from csp.decorators import csp, csp_update
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.clickjacking import xframe_options_sameorigin

from ..notifications.filing import FiledMail, filed_names, read_filed
from .paging import page_links

PER_PAGE = 50
# What the HTML of a mail may do: look like itself. No scripts, nothing from anywhere, no forms; links open elsewhere.
MAIL_POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "frame-ancestors": ["'self'"],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}


class _Shown(View):
    """Base of pages that only local registers have."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.MAILS_SHOWN:
            raise Http404("Mails are shown only on a local register.")
        return super().dispatch(request, *args, **kwargs)


class MailList(_Shown):
    """The mails in files, newest first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        page = Paginator(filed_names(), PER_PAGE).get_page(request.GET.get("page"))
        mails = [mail for name in page.object_list if (mail := read_filed(name))]
        return render(request, "reviews/mail_list.html", {"mails": mails, **page_links(request, page)})


@method_decorator(csp_update({"frame-src": ["'self'"]}), name="dispatch")
class MailDetail(_Shown):
    """One mail: its text, its HTML in a frame of its own, its headers."""

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        return render(request, "reviews/mail_detail.html", {"mail": _found(name)})


@method_decorator(csp(MAIL_POLICY), name="dispatch")
@method_decorator(xframe_options_sameorigin, name="dispatch")
class MailHtml(_Shown):
    """The HTML of one mail, under a policy of its own."""

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        html = _found(name).html.replace("<head>", '<head><base target="_blank">', 1)
        return HttpResponse(html)


def _found(name: str) -> FiledMail:
    mail = read_filed(name)
    if mail is None:
        raise Http404("There is no such mail.")
    return mail
