"""How often: per account, or per address for who isn't signed in; reading and writing apart; wrong tokens by address.

A rate counts over a sliding window: the present one's count, and as much of the last one's as still lies within. Counters
are increased before they are compared, in one step that the cache makes atomic, so requests at the same moment are never
admitted on one count. What is refused isn't counted, so who waits as long as Retry-After says gets in.
"""

import ipaddress
import logging
from typing import Any

from django.core.cache import caches
from rest_framework.permissions import SAFE_METHODS
from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle

log = logging.getLogger(__name__)

CACHE = "throttle"
NOBODY = "unknown"  # where a server behind a socket names no address


class Throttle(SimpleRateThrottle):
    """Grants what REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] says, by `user_read`, `anonymous_write` and the like.

    A rate that is None or missing sets no bounds. If the counters can't be reached, requests pass and the log says so.
    """

    def __init__(self) -> None:
        self._wait: float | None = None

    def allow_request(self, request: Any, view: Any) -> bool:
        """Count a request and tell whether it is within the rate."""
        sort = "read" if request.method in SAFE_METHODS else "write"
        if request.user and request.user.is_authenticated:
            return self.admit(f"user_{sort}", str(request.user.pk))
        return self.admit(f"anonymous_{sort}", address_of(request))

    def wait(self) -> float | None:
        return self._wait

    def admit(self, rate: str, who: str) -> bool:
        """Count one more by `who` and tell whether it is within a rate."""
        limit, window = self.parse_rate(api_settings.DEFAULT_THROTTLE_RATES.get(rate))
        if limit is None:
            return True
        now = self.timer()
        slot, passed = divmod(now, window)
        key, before = (f"{rate}:{who}:{number:.0f}" for number in (slot, slot - 1))
        try:
            self._wait = _admit(key, before, limit, passed / window, window)
        except Exception:  # whatever a cache raises when it can't be reached
            log.warning("The counters can't be reached; a request passed uncounted.", exc_info=True)
            self._wait = None
        return self._wait is None

    def exhausted(self, rate: str, who: str) -> bool:
        """Tell whether `who` has used a rate up, without counting."""
        limit, window = self.parse_rate(api_settings.DEFAULT_THROTTLE_RATES.get(rate))
        if limit is None:
            return False
        slot, passed = divmod(self.timer(), window)
        key, before = (f"{rate}:{who}:{number:.0f}" for number in (slot, slot - 1))
        try:
            counts = caches[CACHE].get_many([key, before])
        except Exception:
            log.warning("The counters can't be reached; a request passed uncounted.", exc_info=True)
            return False
        count, last = counts.get(key, 0), counts.get(before, 0)
        if count + last * (1 - passed / window) + 1 <= limit:
            return False
        self._wait = _wait(count, last, limit, passed / window, window)
        return True


def _admit(key: str, before: str, limit: int, passed: float, window: int) -> float | None:
    """Count one under `key` and return None, or return how long to wait. `passed` is the part of the window gone by."""
    cache = caches[CACHE]
    cache.add(key, 0, timeout=2 * window + 1)
    count, last = cache.incr(key), cache.get(before, 0)
    if count + last * (1 - passed) <= limit:
        return None
    cache.decr(key)
    return _wait(count - 1, last, limit, passed, window)


def _wait(count: int, last: int, limit: int, passed: float, window: int) -> float:
    """Return after how many seconds one more is within the limit, if nothing else comes (pure)."""
    if count + 1 <= limit:  # once enough of the last window has gone by
        return max(0.0, 1 - (limit - count - 1) / last - passed) * window
    # Only in the next window, of which this one will be the last.
    return (1 - passed + max(0.0, 1 - (limit - 1) / count if count else 0.0)) * window


def address_of(request: Any) -> str:
    """Return the address that a request is counted under.

    That is the connection's own, unless NUM_PROXIES says how many proxies of ours stand before the site: then the entry
    of X-Forwarded-For that the outermost of them wrote. Whatever a client put before it isn't read. IPv6 counts by /64,
    since whoever has one address there has all of them.
    """
    given = [request.META.get("REMOTE_ADDR", "")]
    proxies = api_settings.NUM_PROXIES or 0
    if proxies:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        given.insert(0, forwarded[-min(proxies, len(forwarded))])
    for text in given:
        if found := _network(text):
            return found
    return NOBODY


def _network(text: str) -> str | None:
    text = text.strip()
    if text.startswith("["):  # [2001:db8::1]:443
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:  # 192.0.2.1:443
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False).network_address)
