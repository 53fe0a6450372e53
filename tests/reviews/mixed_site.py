"""How the people of the mixed race talk: to the site over HTTP, as browsers do, and to each other by a board."""

import http.client
import re
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.reviews.typing_in import form_on

PATIENCE = 120  # seconds for one answer
TOKEN = (
    "a" * 32
)  # a cookie and a header that say the same are all that the site's check against forgery asks for
STATE = re.compile(r'class="state state-([a-z_]+)"')
NUMBER = re.compile(r"/proposals/(\d+)/")
PENDING = ("draft", "open", "changes_requested", "conflicting", "on_hold")


@dataclass(frozen=True)
class Answer:
    """What the site answered; `location` is where it sends us, `number` the proposal that this is about."""

    status: int
    content: bytes
    location: str
    number: int | None

    @property
    def page(self) -> str:
        return self.content.decode(errors="replace")

    @property
    def state(self) -> str | None:
        """Where the proposal of this page stands."""
        found = STATE.search(self.page)
        return found[1] if found else None


@dataclass
class Log:
    """What one person did: acts that are done, how often each was answered how, what went wrong, how long it took."""

    acts: list[dict[str, Any]] = field(default_factory=list)
    answers: list[tuple[str, int]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    seconds: list[tuple[float, str]] = field(default_factory=list)


class Browser:
    """One person's browser. What is no answer, or one that the server failed, is written down as a failure of the race."""

    def __init__(self, name: str, session: str, site: str, log: Log):
        self.name, self.log, self.address = name, log, urlsplit(site)
        self.headers = {
            "Cookie": f"sessionid={session}; csrftoken={TOKEN}",
            "X-CSRFToken": TOKEN,
            "Content-Type": "application/x-www-form-urlencoded",
            "Connection": "close",
        }

    def send(self, method: str, path: str, data: Any = None) -> Answer:
        """Send one request. Raises OSError if there is no answer."""
        connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=PATIENCE)
        began = time.monotonic()
        try:
            connection.request(method, path, data and urlencode(data, doseq=True), self.headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
            self.log.seconds.append((time.monotonic() - began, f"{method} {path}"))
        location = response.headers.get("Location", "")
        if response.status >= 500 or "/accounts/login/" in location:
            self.log.failures.append(
                f"{self.name}: {method} {path} was answered {response.status} {location}"
            )
        number = NUMBER.search(location or path)
        return Answer(response.status, content, location, int(number[1]) if number else None)

    def get(self, path: str) -> Answer | None:
        """Return a page, or None if it isn't shown to us."""
        answer = self.send("GET", path)
        return answer if answer.status == 200 else None

    def form(self, path: str, having: str = "base_revision") -> SimpleNamespace | None:
        """Return a page's form, with its fields as a browser would send them back, or None if there is no such page."""
        page = self.get(path)
        if page is None:
            return None
        fields = form_on(page, having)
        base = int(fields.get("base_revision", ["0"])[0])
        return SimpleNamespace(path=path, fields=fields, base=base, page=page.page)


class Board:
    """How proposals stand, as far as anybody was told; which kinds of act were done by anybody; what is retired."""

    def __init__(self, manager: Any):
        self.pending, self.done, self.retired = manager.dict(), manager.dict(), manager.dict()
        self.lock = manager.Lock()

    def known(self) -> dict[int, dict[str, Any]]:
        """Return all proposals that are pending, by number."""
        return self.pending.copy()

    def tell(self, act: str) -> None:
        """Say that somebody did this."""
        self.done[act] = True

    def has_seen(self, acts: set[str]) -> bool:
        """Tell whether all of these were done by somebody."""
        return acts <= set(self.done.keys())

    def note(self, number: int, **news: Any) -> None:
        """Take news of a proposal, unless they are older than what is known."""
        with self.lock:
            known = self.pending.get(number, {"version": 0})
            if news.get("version", known["version"]) < known["version"] or "author" not in known | news:
                return  # older news, or of one that has ended
            known |= news
            if known["state"] in PENDING:
                self.pending[number] = known
            else:
                self.pending.pop(number, None)
