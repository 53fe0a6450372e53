"""Tokens as texts."""

import re

import pytest

from reviews import tokens


def test_no_two_tokens_are_alike_and_each_has_the_form():
    made = [tokens.new_token() for _ in range(500)]
    assert len(set(made)) == 500
    assert all(re.fullmatch(r"cpr_[0-9A-Za-z]{46}", one) and tokens.looks_like_token(one) for one in made)
    assert len({tokens.key_of(one) for one in made}) == 500


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cpr_",
        "1",
        "emma@example.org",
        "cpr_" + "a" * 46,
        "cpr_" + "é" * 46,
        "\0" * 50,
        "\ud800" * 50,
        "中" * 50,
        "a" * 100_000,
    ],
)
def test_nothing_else_has_the_form(text):
    assert not tokens.looks_like_token(text)


def test_a_changed_character_doesnt_pass_the_checksum():
    token = tokens.new_token()
    for place in range(len(token)):
        other = "a" if token[place] != "a" else "b"
        assert not tokens.looks_like_token(token[:place] + other + token[place + 1 :])


def test_what_is_kept_doesnt_hold_the_secret():
    token = tokens.new_token()
    assert len(tokens.key_of(token)) == 8
    assert token not in tokens.digest_of(token) and len(tokens.digest_of(token)) == 64
