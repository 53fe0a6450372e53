"""The API does what its schema says, whatever is sent: asked by a program that reads the schema and nothing else.

Each kind of asker has a server and a filled database of its own, with members, proposals in several states, and the data of
2018. A failure names the request; the seed is fixed, so it comes again.
"""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.databases import PROJECT, live_server_process, run_manage

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "ignored_auth",
)  # fmt: skip
SEED = 2018
ASKERS = ("nobody", "emma", "rita")  # anonymous, an editor, a reviewer

TOKENS = """
import json, uuid
from django.contrib.auth.models import User
from reviews.services.granting import create_token
scopes = ["read", "propose", "review"]
asked = {"name": "all", "scopes": scopes, "days": 7}
people = User.objects.filter(username__in=["emma", "rita"])
print(json.dumps({one.username: create_token(actor=one, made_by=uuid.uuid4(), **asked)[1] for one in people}))
"""


@pytest.fixture(scope="module")
def filled(database_templates, dataset_template):
    """A filled database, to be copied for each asker, and the tokens of those who have one."""
    with database_templates.copy_of(dataset_template) as database:
        run_manage(
            database, "load_demo", DJANGO_SETTINGS_MODULE="config.settings.local", SECRET_KEY="for tests only"
        )
        said = run_manage(database, "shell", "-v", "0", "-c", TOKENS).stdout
        yield database, json.loads(said.splitlines()[-1])


@pytest.fixture
def ask_everything(filled, database_templates):
    """A function that lets schemathesis ask all that the schema allows, and what it doesn't, as somebody."""
    original, tokens = filled
    with database_templates.copy_of(original) as database:
        yield partial(_ask_everything, database, tokens)


def _ask_everything(
    database: str, tokens: dict[str, str], asker: str, *options: str
) -> subprocess.CompletedProcess[str]:
    header = ["--header", f"Authorization: Bearer {tokens[asker]}"] if asker in tokens else []
    with live_server_process(database) as server:
        done = subprocess.run(
            [
                *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{server.url}/api/schema/"),
                *("--checks", ",".join(CHECKS), "--seed", str(SEED), "--generation-database", "none"),
                *("--suppress-health-check", "all", "--no-color", *header, *options),
            ],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Internal Server Error" not in server.log
        return done


@pytest.mark.parametrize("asker", ASKERS)
def test_a_minute_of_everything_finds_nothing(asker, ask_everything):
    done = ask_everything(asker, "--phases", "coverage,fuzzing", "--max-time", "60")
    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr[-2_000:]


@pytest.mark.long
@pytest.mark.parametrize("asker", ASKERS)
def test_all_phases_find_nothing(asker, ask_everything):
    done = ask_everything(asker, "--max-time", "600")
    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr[-2_000:]
