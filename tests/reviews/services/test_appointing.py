"""Roles are given in the admin site, and whoever's change hears of it, with the other admins and not the one who did it."""

import pytest
from django.contrib.auth.models import Group

from chokepoints.models import Activity
from reviews.models import Notification
from reviews.notifications.messages import message_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def give_roles(signed_in):
    """A function that has the admin give an account some groups, in the admin site."""

    def give_roles(user, *groups: str, **fields):
        ids = list(Group.objects.filter(name__in=groups).values_list("pk", flat=True))
        asked = {"username": user.username, "is_active": "on", "groups": ids} | fields
        asked |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
        return signed_in("admin").post(
            f"/admin/auth/user/{user.pk}/change/", {name: value for name, value in asked.items() if value}
        )

    return give_roles


def test_whoever_becomes_a_reviewer_is_told_so(people, give_roles, tell_all):
    assert give_roles(people.nobody, "Reviewers").status_code == 302
    activity = Activity.objects.get(verb="role.changed")
    assert activity.details == {"was": [], "now": ["Reviewers"]}
    tell_all()
    (row,) = Notification.objects.all()
    assert row.owner == people.nobody and row.level == "now"
    message = message_of(row)
    assert "changed the roles of nobody" in message.heading and message.words == "Now: Reviewers."


def test_saving_an_account_without_another_role_tells_nobody(people, give_roles):
    assert give_roles(people.emma, "Editors", first_name="Emma").status_code == 302
    assert not Activity.objects.filter(verb="role.changed").exists()


def test_who_is_locked_out_hears_nothing_any_more_but_the_other_admins_do(people, give_roles, tell_all):
    people.rita.is_superuser = True
    people.rita.save()
    assert give_roles(people.emma, "Editors", is_active="").status_code == 302
    tell_all()
    assert [row.owner for row in Notification.objects.all()] == [people.rita]
