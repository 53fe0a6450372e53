"""The authorization matrix: every visitor × every route and method below /api/ (authorization_table.py)."""

import datetime as dt
import json
import re
import uuid

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.utils import timezone

from reviews.models import Token
from reviews.services.discussing import comment_on_proposal
from reviews.services.drafting import DraftChange, draft_proposal, submit_proposal
from reviews.services.granting import create_token
from tests.builders import Builder

from .authorization_table import BODIES, IN, PARTS, RECORD, TABLE, VISITORS

CHOKEPOINT = {"key": "a-part", "name": "A part", "dependent_country": "CN"}
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


def routes(patterns=None, before=""):
    """Every route of the site map below /api/, as it is written there."""
    for pattern in get_resolver("config.urls").url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif re.match(r"\^?api\b", route):
            yield route


def address(route):
    """An address of a route."""
    for part, instead in PARTS.items():
        route = route.replace(part, instead)
    assert not set(route) & set("<>^$"), (
        f"authorization_table.PARTS doesn't say what stands for a part of {route}"
    )
    return f"/{route}"


def test_every_route_is_in_the_table_and_nothing_else():
    assert sorted(set(routes())) == sorted(TABLE)
    assert all(set(row) == set(VISITORS) for methods in TABLE.values() for row in methods.values())


def client(token=None, **more):
    header = {"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}
    return Client(raise_request_exception=False, enforce_csrf_checks=True, **header, **more)


@pytest.fixture
def visitors(db):
    """One client for each sort of visitor."""

    def person(name, *groups, **fields):
        user = User.objects.create_user(name, **fields)
        user.groups.set(Group.objects.filter(name__in=groups))
        return user

    def token(user, *scopes):
        scopes = scopes or ("read", "propose", "review")
        return create_token(actor=user, name="n", scopes=scopes, days=7, made_by=uuid.uuid4())

    _proposal_of(person("erik", "Editors"))
    emma, gone = person("emma", "Editors"), person("gone", "Editors", "Reviewers")
    admin = person("admin", is_staff=True, is_superuser=True)
    expired, expired_text = token(emma)
    past = timezone.now() - dt.timedelta(days=9)
    Token.objects.filter(pk=expired.pk).update(made=past, expires=past + dt.timedelta(days=7))
    gone_text = token(gone)[1]
    User.objects.filter(pk=gone.pk).update(is_active=False)
    secret = "c" * 32
    browser, no_csrf = client(HTTP_X_CSRFTOKEN=secret), client()
    for each in (browser, no_csrf):
        each.force_login(emma)
        each.cookies["csrftoken"] = secret
    return {
        "anonymous": client(),
        "editor": client(token(emma)[1]),
        "reviewer": client(token(person("rita", "Reviewers"))[1]),
        "admin": client(token(admin)[1]),
        "browser": browser,
        "deactivated": client(gone_text),
        "expired": client(expired_text),
        "narrow": client(token(emma, "read")[1]),
        "no_csrf": no_csrf,
    }


def _proposal_of(erik):
    """Make proposal 1, open, with a remark, of somebody who isn't among the visitors."""
    sector = Builder().sector()
    change = DraftChange("chokepoint", RECORD, "create", {**CHOKEPOINT, "sector": sector})
    proposal = draft_proposal(actor=erik, title="Title", rationale="Reason", changes=[change])
    submit_proposal(actor=erik, number=proposal.number, version=1)
    comment = comment_on_proposal(actor=erik, number=proposal.number, text="Words")
    assert (proposal.number, comment.pk) == (1, 1)


def test_every_visitor_is_let_in_where_the_table_says_so_and_nowhere_else(visitors):
    assert tuple(visitors) == VISITORS
    wrong = []
    for route, taken in TABLE.items():
        for method in METHODS:
            body = json.dumps(BODIES.get(route, {}).get(method, {}))
            for name, visitor in visitors.items():
                answer = visitor.generic(method, address(route), body, content_type="application/json")
                if said := _not_as_said(answer, taken.get(method), name):
                    wrong.append(f"{name} {method} {route}: {said}")
    assert not wrong, "\n".join(wrong)


def _not_as_said(answer, row, name):
    """Say in what an answer differs from the table; "" if in nothing."""
    status = answer.status_code
    if row is None:
        # A method that isn't taken: so everybody is told whose credentials aren't refused before.
        expected = (
            {405} if name in ("anonymous", "editor", "reviewer", "admin", "browser") else {401, 403, 405}
        )
        return "" if status in expected else f"{status} instead of 405"
    if status >= 500 or status == 405:
        return f"{status}"
    if row[name] == IN:
        return f"{status}, kept out" if status in (401, 403) else ""
    if status != row[name]:
        return f"{status} instead of {row[name]}"
    if answer["Content-Type"] != "application/problem+json" and answer.content:
        return f"a {answer['Content-Type']}"
    return "a 401 without WWW-Authenticate" if status == 401 and "WWW-Authenticate" not in answer else ""
