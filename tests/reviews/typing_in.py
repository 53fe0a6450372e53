"""What a browser would send for a form: the values that its page shows, with newlines as browsers send them."""

from html.parser import HTMLParser

FIELDS = ("input", "textarea", "select")


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, list[str]]] = []
        self._area: str | None = None
        self._text = ""
        self._select: str | None = None
        self._options: list[tuple[str, bool]] = []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "form":
            self.forms.append({})
        elif not self.forms:
            return
        elif tag == "input" and values.get("name"):
            is_box = values.get("type") in {"checkbox", "radio"}
            if not is_box or "checked" in values:
                self._add(values["name"], values.get("value", "on" if is_box else ""))
        elif tag == "textarea":
            self._area, self._text = values["name"], ""
        elif tag == "select":
            self._select, self._options = values["name"], []
        elif tag == "option" and self._select:
            self._options.append((values.get("value", ""), "selected" in values))

    def handle_data(self, text):
        if self._area:
            self._text += text

    def handle_endtag(self, tag):
        if tag == "textarea" and self._area:
            text = (
                self._text.removeprefix("\r\n").removeprefix("\n") if self._text[:1] in "\r\n" else self._text
            )
            text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
            self._add(self._area, text)
            self._area = None
        elif tag == "select" and self._select:
            chosen = [value for value, selected in self._options if selected] or [self._options[0][0]]
            self._add(self._select, chosen[0])
            self._select = None

    def _add(self, name, value):
        self.forms[-1].setdefault(name, []).append(value)


def form_on(response, having: str) -> dict[str, list[str]]:
    """Return what the form that has a field of this name would send, untouched."""
    parser = _Forms()
    parser.feed(response.content.decode())
    return next(form for form in parser.forms if having in form)
