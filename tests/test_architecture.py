"""Which way the house leans: `reviews` stands on `chokepoints`, in imports and in tables."""

import ast
import subprocess
from pathlib import Path

import pytest
from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

ROOT = Path(__file__).resolve().parents[1]
FIXED = {"manage.py", "config", "chokepoints", "reviews", "templates", "requirements", "tests"}
USUAL = {
    "docs", "data", "benchmarks", ".ci", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "DATA_LICENSE",
    "SECURITY.md", "Makefile", "pyproject.toml", ".gitignore", ".gitattributes", ".editorconfig",
}  # fmt: skip
PURE = [
    "chokepoints/canonical.py",
    "chokepoints/comparison.py",
    "chokepoints/corroboration.py",
    "chokepoints/dates.py",
    "chokepoints/fields.py",
    "chokepoints/imports/cells.py",
    "chokepoints/imports/changing.py",
    "chokepoints/imports/files.py",
    "chokepoints/imports/folding.py",
    "chokepoints/imports/gathering.py",
    "chokepoints/imports/grouping.py",
    "chokepoints/imports/identifying.py",
    "chokepoints/imports/mapping.py",
    "chokepoints/imports/matching.py",
    "chokepoints/imports/meaning.py",
    "chokepoints/imports/outcomes.py",
    "chokepoints/imports/rowwise.py",
    "chokepoints/imports/sums.py",
    "chokepoints/imports/tables.py",
    "chokepoints/imports/targets.py",
    "chokepoints/imports/vetting.py",
    "chokepoints/imports/wishing.py",
    "chokepoints/records.py",
    "chokepoints/sealing.py",
    "chokepoints/status.py",
    "chokepoints/vocabularies.py",
    "reviews/attention.py",
    "reviews/comparing.py",
    "reviews/kinds.py",
    "reviews/likeness.py",
    "reviews/limits.py",
    "reviews/merging.py",
    "reviews/notifications/refusals.py",
    "reviews/policies.py",
    "reviews/sentences.py",
    "reviews/tokens.py",
    "reviews/workflow.py",
]


def imported_by(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


@pytest.mark.parametrize("path", sorted((ROOT / "chokepoints").rglob("*.py")), ids=lambda path: path.name)
def test_the_register_knows_nothing_of_the_process_or_the_wiring(path):
    assert not {name for name in imported_by(path) if name.split(".")[0] in {"reviews", "config"}}


@pytest.mark.parametrize("path", PURE)
def test_pure_modules_know_no_database(path):
    assert not {name for name in imported_by(ROOT / path) if name.split(".")[0] == "django"}


def test_no_migration_of_the_register_depends_on_the_process():
    loader = MigrationLoader(None, ignore_no_migrations=True)
    for (app, name), migration in loader.disk_migrations.items():
        if app == "chokepoints":
            assert not [needed for needed in migration.dependencies if needed[0] == "reviews"], name


def test_no_table_of_the_register_points_into_the_process():
    for model in apps.get_app_config("chokepoints").get_models():
        for field in model._meta.get_fields():
            if field.concrete and field.is_relation:
                assert field.related_model._meta.app_label != "reviews", field


def test_no_migration_is_missing():
    loader = MigrationLoader(None, ignore_no_migrations=True)
    found = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps)).changes(
        graph=loader.graph
    )
    assert not found


def test_the_top_level_is_what_was_agreed():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    top = {line.split("/")[0] for line in tracked.splitlines()}
    assert top <= FIXED | USUAL
