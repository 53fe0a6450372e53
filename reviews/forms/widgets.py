"""How a value stands on a page and comes back from it. All widgets work without JavaScript.

Widgets that can come back empty send a hidden empty value along, so that "nothing chosen" is not mistaken for a field
that a hand-made request left out.
"""

from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.template.loader import render_to_string
from django.utils.html import format_html


class Checkboxes(forms.CheckboxSelectMultiple):
    """Checkboxes that say that they were shown."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> str:
        boxes = super().render(name, [item for item in value or [] if item], attrs, renderer)
        return format_html('<input type="hidden" name="{}" value="">{}', name, boxes)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return [item for item in super().value_from_datadict(data, files, name) or [] if item]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data


class Tick(forms.CheckboxInput):
    """One checkbox that says that it was shown."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> str:
        box = super().render(name, value, attrs, renderer)
        return format_html('<input type="hidden" name="{}" value="">{}', name, box)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> bool:
        return bool(data.get(name))

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data


class Lookup(forms.TextInput):
    """A record, typed or pasted; with JavaScript its choices come from the register while somebody types."""

    def __init__(self, lookup_url: str, attrs: Any = None):
        super().__init__(
            {"data-lookup": lookup_url, "autocomplete": "off", "spellcheck": "false"} | (attrs or {})
        )

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> str:
        attrs = attrs or {}
        datalist = f"{attrs.get('id', name)}_records"
        box = super().render(name, value, attrs | {"list": datalist}, renderer)
        return format_html('{}<datalist id="{}"></datalist>', box, datalist)


class Parts(forms.Widget):
    """A value of several inputs, drawn by a template and read as a dict of what was filled in."""

    template = "reviews/widgets/share.html"
    use_fieldset = True
    parts: tuple[str, ...] = ()

    def __init__(self, parts: tuple[str, ...], choices: dict[str, Any], attrs: Any = None):
        super().__init__(attrs)
        self.parts, self.choices = parts, choices

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> str:
        value = value if isinstance(value, dict) else {}
        return render_to_string(
            self.template,
            {"name": name, "id": (attrs or {}).get("id", name), "value": value, "choices": self.choices},
        )

    def id_for_label(self, id_: str, index: str | None = None) -> str:
        return ""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> dict[str, str]:
        typed = {part: data.get(f"{name}-{part}", "") for part in self.parts}
        return {part: text for part, text in typed.items() if text.strip()}

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return all(f"{name}-{part}" not in data for part in self.parts)


class Rows(forms.Widget):
    """Rows of inputs, the last ones empty. Rows without their first part count as not there."""

    template = "reviews/widgets/rows.html"
    use_fieldset = True
    EMPTY = 3
    MOST = 500

    def __init__(self, columns: tuple[dict[str, Any], ...], attrs: Any = None):
        super().__init__(attrs)
        self.columns = columns

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> str:
        rows = list(value or [])[: self.MOST]
        rows += [{} for _ in range(self.EMPTY)]
        id_ = (attrs or {}).get("id", name)
        cells = [
            [
                {
                    **column,
                    "html_name": f"{name}-{number}-{column['name']}",
                    "html_id": f"{id_}_{number}_{column['name']}",
                    "value": row.get(column["name"], ""),
                    "label": f"{column['label']}, row {number + 1}",
                }
                for column in self.columns
            ]
            for number, row in enumerate(rows)
        ]
        context = {"name": name, "id": id_, "columns": self.columns, "rows": cells, "count": len(rows)}
        return render_to_string(self.template, context)

    def id_for_label(self, id_: str, index: str | None = None) -> str:
        return ""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, str]]:
        typed = str(data.get(f"{name}-count", ""))
        count = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 0
        rows = []
        for number in range(min(count, self.MOST + self.EMPTY)):
            row = {c["name"]: data.get(f"{name}-{number}-{c['name']}", "") for c in self.columns}
            if any(text.strip() for text in row.values()):
                rows.append(row)
        return rows

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-count" not in data


class Picks(forms.Widget):
    """A set of records: checkboxes for those at hand, a box for others, one a line."""

    template = "reviews/widgets/picks.html"
    use_fieldset = True

    def __init__(self, at_hand: list[dict[str, Any]], kind: str, lookup_url: str, attrs: Any = None):
        super().__init__(attrs)
        self.at_hand, self.kind, self.lookup_url = at_hand, kind, lookup_url

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> str:
        value = value if isinstance(value, dict) else {}
        ticked = set(value.get("ticked", ()))
        context = {
            "name": name,
            "id": (attrs or {}).get("id", name),
            "kind": self.kind,
            "lookup_url": self.lookup_url,
            "at_hand": [item | {"checked": item["record"] in ticked} for item in self.at_hand],
            "typed": value.get("typed", ""),
            "attributes": flatatt({k: v for k, v in (attrs or {}).items() if k.startswith("aria-")}),
        }
        return render_to_string(self.template, context)

    def id_for_label(self, id_: str, index: str | None = None) -> str:
        return ""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> dict[str, Any]:
        ticked = data.getlist(name) if hasattr(data, "getlist") else data.get(name, [])
        return {"ticked": [item for item in ticked if item], "typed": data.get(f"{name}-typed", "")}

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data and f"{name}-typed" not in data
