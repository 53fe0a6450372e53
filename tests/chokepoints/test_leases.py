"""When the lease of a job is over."""

import datetime as dt

import pytest
from django.utils import timezone

from chokepoints.leases import lapsed
from chokepoints.models import Export

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("ends_in", "is_over"),
    [(-1, True), (1, False), (60, False), (110, False), (130, True), (86_400 * 365, True)],
)
def test_a_lease_is_over_at_its_end_or_if_no_clock_that_is_right_took_it(django_user_model, ends_in, is_over):
    now = timezone.now()
    Export.objects.create(
        requester=django_user_model.objects.create(username="emma"),
        format="csv",
        tables=[],
        changeset=1,
        day=now.date(),
        tries_left=1,
        state="running",
        lease_until=now + dt.timedelta(seconds=ends_in),
    )
    assert Export.objects.filter(lapsed(now, 60)).exists() == is_over
