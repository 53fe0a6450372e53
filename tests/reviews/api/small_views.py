"""The smallest views that show who is let in, and the site with them in it."""

from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from config.urls import *  # noqa: F403
from config.urls import urlpatterns as site


class Small(APIView):
    """Open to read; writing needs a scope each, deleting none."""

    scopes = {"GET": "read", "POST": "propose", "PUT": "review"}

    def get(self, request):
        return Response(who(request))

    def post(self, request):
        return Response(
            {**who(request), "sent": request.data}, status=201, headers={"Location": "/api/v1/small/1/"}
        )

    def put(self, request):
        return Response(who(request))

    def delete(self, request):
        return Response(status=204)


class Closed(Small):
    """For members only."""

    members_only = True


class Echo(APIView):
    """Answers with what it is given as an address."""

    def get(self, request):
        return Response({"<b>key</b>": request.query_params.get("text"), "number": 1.5, "nothing": None})


def who(request):
    return {"user": request.user.get_username(), "with_token": request.auth is not None}


urlpatterns = [
    path("api/v1/small/", Small.as_view()),
    path("api/v1/closed/", Closed.as_view()),
    path("api/v1/echo/", Echo.as_view()),
    *site,
]
