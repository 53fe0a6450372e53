"""What is public is documented, and what the documents name is there."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from chokepoints.activities import VERBS
from chokepoints.records import KINDS

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
OURS = {name: app for name, app in get_commands().items() if app in {"chokepoints", "reviews"}}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_between_documents_leads_somewhere(document):
    for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), f"{document.name} links {target}"


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_command_says_what_it_does(name):
    assert len(load_command_class(OURS[name], name).help) > 20


def test_every_field_of_a_record_has_a_label_and_every_activity_its_words():
    for kind in KINDS.values():
        for field in kind.fields.values():
            assert field.label, f"{kind.name}.{field.name}"
    assert all(words and "." in verb for verb, words in VERBS.items())


def test_every_variable_that_the_settings_read_is_documented():
    settings = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "config/settings").glob("*.py"))
    names = set(re.findall(r"""\b(?:env(?:\.\w+)?|_required)\(\s*"([A-Z_]+)\"""", settings))
    documented = set(re.findall(r"`([A-Z_]+)`", (ROOT / "docs/operating.md").read_text(encoding="utf-8")))
    assert len(names) > 15
    assert names <= documented


def test_the_glossary_has_every_kind_of_record():
    words = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    for kind in KINDS:
        assert f"\n| {kind} |" in words, kind
