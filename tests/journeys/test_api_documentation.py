"""Every example of docs/api.md does what it says, as it stands there, for somebody who copies it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.databases import live_server_process, run_manage

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "api.md"
EXAMPLES = re.findall(r"^```(sh|python) (\w+)\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.M | re.S)
JOBS = ("notebook", "mirror", "propose", "review", "notify")

PEOPLE = """
import json, uuid
from django.contrib.auth.models import Group, User
from reviews.services.granting import create_token
tokens = {}
for name, groups in (("emma", ["Editors"]), ("rita", ["Reviewers"]), ("ravi", ["Reviewers"])):
    user = User.objects.create_user(name)
    user.groups.set(Group.objects.filter(name__in=groups))
    asked = {"name": "examples", "scopes": ["read", "propose", "review"], "days": 7}
    tokens[name] = create_token(actor=user, made_by=uuid.uuid4(), **asked)[1]
print(json.dumps(tokens))
"""

# Tells everybody of what happened, as the worker does.
TELL = """
from chokepoints.models import Outbox
from reviews.notifications.fanning_out import fan_out
for pk in list(Outbox.objects.order_by("pk").values_list("pk", flat=True)):
    fan_out(pk)
"""


def run(language: str, text: str, folder: Path, register: str, token: str) -> str:
    """Run an example as somebody would, and return what it printed."""
    command = ["bash", "-euo", "pipefail", "-c", text] if language == "sh" else [sys.executable, "-c", text]
    environment = {**os.environ, "REGISTER": register, "TOKEN": token, "PYTHONUTF8": "1"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{text}\n\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_each_job_has_an_example_in_each_language():
    assert {(language, job) for language, job, _ in EXAMPLES} == {
        (language, job) for job in JOBS for language in ("sh", "python")
    }


@pytest.mark.curl
@pytest.mark.database
def test_the_examples_do_what_they_say(dataset_database, tmp_path):
    tokens = json.loads(
        run_manage(dataset_database, "shell", "-v", "0", "-c", PEOPLE).stdout.splitlines()[-1]
    )
    printed: dict[tuple[str, str], str] = {}
    with live_server_process(dataset_database) as server:

        def read(path: str):
            return json.load(urlopen(f"{server.url}/api/v1/{path}"))

        def run_all(job: str, person: str) -> None:
            for language, of, text in EXAMPLES:
                if of == job:
                    said = run(language, text, tmp_path, server.url, tokens[person])
                    printed[job, language] = printed.get((job, language), "") + said

        for job in JOBS[:3]:
            run_all(job, "emma")
        run_all("review", "rita")
        run_manage(dataset_database, "shell", "-c", TELL)
        run_all("notify", "emma")
        run_all("review", "ravi")

        assert "35 chokepoints, 5 of them critical" in printed["notebook", "python"]
        assert "全世界只有日本一兩家公司可以提供" in printed["notebook", "sh"]
        assert (
            "rita commented on proposal 1 – You get this because the proposal is yours."
            in printed["notify", "python"]
        )
        assert "2 subscriptions" in printed["notify", "python"]  # microspheres, and the mute
        head = read("")["head"]
        assert "35 chokepoints at changeset 2" in printed["mirror", "python"]
        assert "at changeset 2" in printed["mirror", "sh"]
        assert head == 4  # two proposals were published since
        microspheres = read("chokepoints/microspheres/")
        assert (microspheres["status"], microspheres["status_as_of"]) == ("reduced", "2024-05")
        assert microspheres["current_assessment"]["evidence"][0]["name"].startswith(
            "An example maker supplies"
        )
        assert read("chokepoints/lidar/")["scope"] == "Sensors for vehicles; not for surveying."
        assert {one["state"] for one in read("proposals/")["results"]} == {"published"}
        assert read("proposals/1/comments/")["results"][0]["text"] == "The quote is on page 12."
