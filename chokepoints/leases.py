"""When a lease is over: the right to do one attempt at something, which a row keeps until `lease_until`."""

import datetime as dt

from django.db.models import Q


def lapsed(now: dt.datetime, seconds: float) -> Q:
    """Return the rows whose lease, of `seconds` at most, is over.

    One that ends later than any lease taken now was taken by a clock that was ahead: who waited for its end would wait for as
    long as the clock had jumped. Twice the length is left for clocks that differ a little.
    """
    return Q(lease_until__lt=now) | Q(lease_until__gt=now + dt.timedelta(seconds=2 * seconds))
