"""Atom documents (RFC 4287): permanent ids, and texts that no XML reader stumbles over."""

import datetime as dt
import re
import uuid
from typing import Any

from django.utils.feedgenerator import Atom1Feed, rfc3339_date
from django.utils.xmlutils import SimplerXMLGenerator

# Ids are made from digests and random ids, so they are the same under whichever name and address the register is
# reached, and differ between two registers. This namespace may never change.
NAMESPACE = uuid.UUID("b5f0f6a4-5d0e-4c55-9a3e-2f6a1c7d8e90")
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
RIGHTS = "Register data: CC BY 4.0; quotations belong to their authors."

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def permanent_id(sort: str, *parts: Any) -> str:
    """Return the id of a feed or an entry, the same for ever for the same parts."""
    return uuid.uuid5(NAMESPACE, " ".join(map(str, (sort, *parts)))).urn


class _Writer(SimplerXMLGenerator):
    """Writes U+FFFD for what XML 1.0 can't hold, wherever it stands."""

    def characters(self, content: str) -> None:
        super().characters(_NO_XML.sub("\ufffd", content))

    def startElement(self, name: str, attrs: Any) -> None:
        super().startElement(name, {key: _NO_XML.sub("\ufffd", value) for key, value in attrs.items()})


class AtomFeed(Atom1Feed):
    """Django's Atom with several authors to an entry, its content as HTML, and links to the next page (RFC 5005).

    Takes besides `links`, from relation to address, and `since`: when it changed last if nothing is in it. Items
    take `authors`, a list of names, and `content`.
    """

    def write(self, outfile: Any, encoding: str) -> None:
        writer = _Writer(outfile, encoding, short_empty_elements=True)
        writer.startDocument()
        writer.startElement("feed", self.root_attributes())
        self.add_root_elements(writer)
        self.write_items(writer)
        writer.endElement("feed")

    def latest_post_date(self) -> dt.datetime:
        return max((item["updateddate"] for item in self.items), default=self.feed["since"])

    def add_root_elements(self, handler: Any) -> None:
        super().add_root_elements(handler)
        for relation, address in (self.feed["links"] | {"license": LICENCE}).items():
            handler.addQuickElement("link", "", {"rel": relation, "href": address})

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        handler.addQuickElement("title", item["title"])
        handler.addQuickElement("link", "", {"rel": "alternate", "type": "text/html", "href": item["link"]})
        handler.addQuickElement("id", item["unique_id"])
        handler.addQuickElement("published", rfc3339_date(item["updateddate"]))
        handler.addQuickElement("updated", rfc3339_date(item["updateddate"]))
        for name in item["authors"]:
            handler.startElement("author", {})
            handler.addQuickElement("name", name)
            handler.endElement("author")
        handler.addQuickElement("content", item["content"], {"type": "html"})
