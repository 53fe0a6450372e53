"""People name a moment of the register by a changeset's number, a day or a time, and are told what is none."""

import pytest

from chokepoints.exceptions import NoMoment
from chokepoints.models import Changeset
from chokepoints.moments import read_moment
from tests.builders import Builder, golden_register


def test_moments_are_named_by_number_day_and_time(db):
    golden_register(Builder())
    last = Changeset.objects.order_by("number").last()
    assert (read_moment("3").changeset, read_moment("3").day) == (3, last.time.date())
    assert read_moment(last.time.isoformat()).changeset == last.number
    assert read_moment("2026-01-04").changeset == 0
    assert read_moment(" ").changeset == last.number
    for wrong in (
        "99999",
        "0",
        "9" * 40,
        "yesterday",
        "2999-01-01",
        "2026-13-01",
        "2026-01-05T10:00:00",
        "-1",
    ):
        with pytest.raises(NoMoment, match=r"\."):
            read_moment(wrong)
