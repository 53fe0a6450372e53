"""Two addresses for whoever watches over the server: is it alive, and is it ready to serve?

`live` touches nothing, so that a slow database never gets a healthy process killed. `ready` asks the database and
looks for migrations that are still to be applied. The broker is not asked: pages work without it.
"""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

PLAIN = "text/plain; charset=utf-8"


@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type=PLAIN)


@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """The database answers and has every migration that the code expects; otherwise 503 and the reason."""
    reason = _why_not_ready()
    return HttpResponse(reason or "ok", status=503 if reason else 200, content_type=PLAIN)


def _why_not_ready() -> str:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        # No details: the address is public, and the log has them.
        return "The database does not answer."
    if missing:
        return f"{len(missing)} migrations are still to be applied (manage.py migrate)."
    return ""
