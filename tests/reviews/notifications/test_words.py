"""Every sentence that people are told is there in each language, with the same parts to fill in, and compiled."""

import ast
import gettext
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import to_locale

from reviews import attention
from reviews.notifications.events import EVENTS, TURNS

ROOT = Path(__file__).resolve().parents[3]
SOURCES = sorted((ROOT / "reviews/notifications").glob("*.py"))
LOCALES = [to_locale(code) for code, _ in settings.LANGUAGES if code != "en"]
MARKED = {"_": 1, "gettext": 1, "gettext_lazy": 1, "ngettext": 2}


def used() -> set[str]:
    """Every text that the sources mark for translation."""
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKED:
                texts = node.args[: MARKED[node.func.id]]
                assert all(isinstance(text, ast.Constant) for text in texts), ast.unparse(node)
                found |= {text.value for text in texts}
    return found


def written(locale: str) -> dict[str, list[str]]:
    """A catalog's entries: text → translations, more than one where there are plurals."""
    entries: dict[str, list[str]] = {}
    keys: list[str] = []
    last: list[str] = []
    for line in [*(folder(locale) / "django.po").read_text(encoding="utf-8").splitlines(), ""]:
        word, _, rest = line.partition(" ")
        if line.startswith('"'):
            last[-1] += ast.literal_eval(line)
        elif word in ("msgid", "msgid_plural"):
            keys = [] if word == "msgid" else keys
            last = keys
            keys.append(ast.literal_eval(rest))
            entries.setdefault(keys[0], [])
        elif word.startswith("msgstr"):
            last = entries[keys[0]]
            last.append(ast.literal_eval(rest))
            for plural in keys[1:]:
                entries[plural] = last
    return entries


def folder(locale: str) -> Path:
    return ROOT / "reviews/locale" / locale / "LC_MESSAGES"


def blanks(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s", text))


@pytest.mark.parametrize("locale", LOCALES)
def test_every_sentence_is_translated_and_no_translation_is_left_over(locale):
    entries = written(locale)
    entries.pop("")
    assert used() - entries.keys() == set()
    assert entries.keys() - used() == set()
    assert [text for text, words in entries.items() if not all(words)] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_translations_have_the_same_parts_to_fill_in(locale):
    for text, words in written(locale).items():
        for each in words if text else ():
            assert blanks(each) == blanks(text), text


@pytest.mark.parametrize("locale", LOCALES)
def test_what_is_compiled_is_what_is_written(locale):
    """`manage.py compilemessages` wasn't forgotten (see CONTRIBUTING.md)."""
    with (folder(locale) / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    entries = written(locale)
    keys = {key if isinstance(key, str) else key[0] for key in compiled._catalog}
    assert keys <= entries.keys()
    for key, words in compiled._catalog.items():
        text, number = key if isinstance(key, tuple) else (key, 0)
        assert not text or entries[text][number] == words, text
    plurals = {
        text
        for text, words in entries.items()
        if any(other != text and entries[other] is words for other in entries)
    }
    assert entries.keys() - plurals <= keys


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
def test_every_event_has_its_sentence_in_every_language(language):
    with translation.override(language):
        for event in EVENTS.values():
            for sentence in event.verbs.values():
                words = str(sentence) % {"actor": "Emma", "subject": "17"}
                assert "%" not in words


def test_every_reason_of_the_attention_set_can_be_said_to_somebody():
    reasons = {value for name, value in vars(attention).items() if name.isupper() and isinstance(value, str)}
    assert reasons == TURNS.keys()
