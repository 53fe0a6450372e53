"""Exports go into a folder of the test's own."""

import pytest

from tests.chokepoints.exports.registers import rich_register


@pytest.fixture(autouse=True)
def exports_folder(settings, tmp_path):
    settings.EXPORTS_DIR = tmp_path / "exports"
    return settings.EXPORTS_DIR


@pytest.fixture
def register(db):
    return rich_register()
