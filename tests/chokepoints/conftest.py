"""A small register for tests of the register."""

import pytest

from tests.builders import Builder


@pytest.fixture
def build(db) -> Builder:
    return Builder()
