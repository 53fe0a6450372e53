"""The whole story by programs alone: proposed with evidence, approved by two, published, read back; then a conflict, resolved."""

import pytest
from django.core.management import call_command

from reviews.demo import make_accounts
from tests.reviews.api.conftest import Program, example

pytestmark = pytest.mark.django_db
STATUS = "status"


@pytest.fixture
def people():
    call_command("load_dataset", verbosity=0)
    return {name: Program(user) for name, user in make_accounts().items()} | {"anybody": Program()}


def approve(program: Program, proposal: str) -> dict:
    """Approve the version that is there, and return what it led to."""
    version = program.read(proposal).json()["version"]
    answer = program.send(
        f"{proposal}reviews/",
        {"version": version, "verdict": "approve"},
        Idempotency_Key=f"{proposal} {version}",
    )
    assert answer.status_code == 201, answer.json()
    return answer.json()


def test_a_reduction_is_proposed_reviewed_published_and_a_conflict_resolved(people, capsys):
    anybody, emma, erik, rita, ravi = (people[name] for name in ("anybody", "emma", "erik", "rita", "ravi"))
    found = anybody.read("/api/v1/chokepoints/?search=microsphere").json()["results"]
    (chokepoint,) = found
    before = chokepoint[STATUS]
    assert before in {"critical", "dependent"}

    # Proposed: what the register holds is named by key, what is new by local keys.
    body = example(chokepoint["key"], submit=True)
    body["changes"][3] |= {"id": chokepoint["key"], "base_revision": chokepoint["revision"]}
    answer = emma.send("", body, Idempotency_Key="microspheres 2024")
    assert answer.status_code == 201, answer.json()
    proposal = answer["Location"]
    assert anybody.read(f"?record=chokepoint:{chokepoint['key']}").json()["results"][0]["self"] == proposal
    assert emma.send(f"{proposal}reviews/", {"version": 1, "verdict": "approve"}).status_code == 403

    # Decided by two; a request that comes twice counts once.
    assert approve(rita, proposal)["outcome"] is None
    assert approve(rita, proposal)["outcome"] is None
    assert anybody.read(chokepoint["self"]).json()[STATUS] == before
    done = approve(ravi, proposal)
    assert done["outcome"] == "published"

    # Read back: the status, the statement it rests on, byte for byte, and who decided.
    now = anybody.read(chokepoint["self"]).json()
    assert (now[STATUS], now["summary"]) == ("reduced", "Small beads, made at home by now.")
    (evidence,) = now["current_assessment"]["evidence"]
    assert anybody.read(evidence["self"]).json()["quote"] == "国产微球已批量供货"
    changeset = anybody.read(f"/api/v1/changesets/{done['changeset']}/").json()
    assert [one["reviewer"]["name"] for one in changeset["reviews"]] == ["Rita Example", "Ravi Example"]
    assert changeset["rationale"] == body["rationale"]
    assert len(changeset["revisions"]) == 4

    # Two write the same text; the second meets the first and says what holds.
    numbers = []
    for program, summary in ((emma, "Made at home since 2024."), (erik, "Delivered since May 2024.")):
        fields = {"summary": summary}
        one = {"record": "chokepoint", "operation": "update", "id": chokepoint["key"], "fields": fields}
        one["base_revision"] = now["revision"]
        sent = {"title": summary, "rationale": "Shorter.", "submit": True, "changes": [one]}
        numbers.append(program.send("", sent).json()["self"])
    assert approve(rita, numbers[0])["outcome"] == "published"
    met = approve(rita, numbers[1])
    assert (met["outcome"], met["conflicts"][0]["field"]) == ("conflicting", "summary")
    assert "resolve" in {move["move"] for move in erik.read(numbers[1]).json()["moves"]}
    (conflict,) = erik.read(f"{numbers[1]}conflicts/").json()["conflicts"]
    (unit,) = conflict["units"]
    assert unit["current"] == {"summary": "Made at home since 2024."}
    both = {"summary": {"summary": "Made at home and delivered since May 2024."}}
    said = {"resolutions": [{"id": conflict["id"], "seen": conflict["seen"], "units": both}]}
    etag = erik.read(numbers[1])["ETag"]
    resolved = erik.send(f"{numbers[1]}resolve/", said, If_Match=etag)
    assert resolved.status_code == 201, resolved.json()
    assert erik.send(f"{numbers[1]}resolve/", said, If_Match=etag).status_code == 412
    assert approve(ravi, numbers[1])["outcome"] == "published"
    last = anybody.read(chokepoint["self"]).json()
    assert last["summary"] == "Made at home and delivered since May 2024."
    call_command("verify_register")
    assert "problem" not in capsys.readouterr().err.lower()
