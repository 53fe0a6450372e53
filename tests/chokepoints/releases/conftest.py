"""Releases go into a folder of the test's own, and nobody waits for the disk."""

import os

import pytest


@pytest.fixture(autouse=True)
def releases_folder(settings, tmp_path, monkeypatch):
    settings.RELEASES_DIR = tmp_path / "releases"
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    return settings.RELEASES_DIR
