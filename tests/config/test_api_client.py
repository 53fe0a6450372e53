"""A client that a tool makes of the schema serves for the whole story; its maker reads the schema and nothing else."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config.api_schema import schema
from tests.databases import live_server_process, run_manage

PEOPLE = """
import json, uuid
from django.contrib.auth.models import Group, User
from reviews.services.granting import create_token
tokens = {}
for name, group in (("emma", "Editors"), ("rita", "Reviewers"), ("ravi", "Reviewers")):
    user = User.objects.create_user(name)
    user.groups.add(Group.objects.get(name=group))
    asked = {"name": "client", "scopes": ["read", "propose", "review"], "days": 7}
    tokens[name] = create_token(actor=user, made_by=uuid.uuid4(), **asked)[1]
print(json.dumps(tokens))
"""


def make_client(folder: Path) -> None:
    """Make a package `client` of the schema. Its maker must have no complaint."""
    (folder / "schema.json").write_text(json.dumps(schema()))
    tools = Path(sys.executable).parent
    done = subprocess.run(
        [
            tools / "openapi-python-client",
            "generate",
            "--path",
            "schema.json",
            "--output-path",
            "client",
            "--meta",
            "none",
        ],
        cwd=folder,
        env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and "arning" not in done.stdout + done.stderr, done.stdout + done.stderr


@pytest.mark.long
def test_a_client_made_of_the_schema_proposes_reviews_and_reads_back(dataset_database, tmp_path):
    make_client(tmp_path)
    shutil.copy(Path(__file__).with_name("client_story.py"), tmp_path)
    tokens = run_manage(dataset_database, "shell", "-v", "0", "-c", PEOPLE).stdout.splitlines()[-1]
    with live_server_process(dataset_database) as server:
        done = subprocess.run(
            [sys.executable, "client_story.py", server.url, tokens],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == {
        "before": "dependent",
        "after": "reduced",
        "state": "published",
        "outcomes": [None, "published"],
        "quote_of": "A maker supplies them in volume.",
        "again": [422, "idempotency-key-reused"],
        "fields": "微球已批量供货。",
    }
