"""Links to the next and the previous page that keep the filters."""

from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest


def page_links(request: HttpRequest, page: Page) -> dict[str, Any]:
    """Return what components/pager.html takes."""

    def link(number: int) -> str:
        query = request.GET.copy()
        query["page"] = str(number)
        return f"?{query.urlencode()}"

    return {
        "page": page,
        "shown": len(page.object_list),
        "total": page.paginator.count,
        "next_url": link(page.next_page_number()) if page.has_next() else "",
        "previous_url": link(page.previous_page_number()) if page.has_previous() else "",
    }
