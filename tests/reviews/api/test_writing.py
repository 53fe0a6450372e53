"""Writing proposals: the example of the write door, its references, its versions, and what each refusal says."""

import uuid

import pytest

from reviews.models import Proposal
from tests.reviews.api.conftest import ROOT, counts, example
from tests.reviews.conftest import change

pytestmark = pytest.mark.django_db


@pytest.fixture
def emma(program, register):
    return program("emma")


def propose(client, **more) -> dict:
    answer = client.send("", example(**more))
    assert answer.status_code == 201, answer.json()
    return answer.json()


def pointers(answer) -> set[str]:
    return {error["pointer"] for error in answer.json()["errors"]}


# --- a new proposal


def test_the_example_is_handed_in_with_local_keys_resolved_and_chinese_untouched(emma, register, people):
    answer = emma.send("", example(submit=True, batch="May 2024"))
    body = answer.json()
    assert answer.status_code == 201
    assert answer["Location"] == body["self"] == f"http://testserver{ROOT}{body['number']}/"
    assert answer["ETag"] == emma.read(body["self"])["ETag"]
    assert emma.read(body["self"]).json() == body
    assert (body["state"], body["version"], body["batch"]) == ("open", 1, "May 2024")
    assert body["rationale"] == "国产微球已批量供货: a domestic maker delivers."
    source, evidence, assessment, chokepoint = body["changes"]
    assert evidence["fields"]["source"] == source["id"]
    assert evidence["fields"]["quote"] == "国产微球已批量供货"
    assert evidence["fields"]["bears_on"] == [
        {"chokepoint": register.chokepoint, "stance": "shows-reduction"}
    ]
    assert assessment["fields"]["evidence"] == [evidence["id"]]
    assert (chokepoint["id"], chokepoint["cites"]) == (register.chokepoint, {"summary": [evidence["id"]]})
    assert (chokepoint["base"], chokepoint["current"]) == ({"summary": None}, {"summary": None})
    assert chokepoint["merged"] == chokepoint["fields"]
    assert body["references"][register.chokepoint]["key"] == "microspheres"
    assert body["effects"] == ["status"]
    assert body["approvals"] == {"needed": 2, "standing": 0, "by": [], "lapsed": []}
    assert [check["check"] for check in body["checks"] if not check["passed"]] == ["approvals"]
    assert {turn["person"]["name"] for turn in body["attention"]} == {"rita", "ravi", "rosa", "both"}


def test_without_submit_it_is_a_draft_that_only_its_author_finds(emma, program):
    number = propose(emma)["number"]
    assert Proposal.objects.get(pk=number).state == "draft"
    for name in (None, "erik", "rita", "admin"):
        assert program(name).read(f"{number}/").status_code == 404
        assert program(name).read("?count=true").json()["count"] == 0
        assert program(name).read(f"{number}/versions/").status_code == 404
        assert program(name).read(f"{number}/comments/").status_code == 404
    assert emma.read("?state=draft").json()["results"][0]["number"] == number


def test_a_refused_submit_leaves_no_draft_behind(emma):
    before = counts()
    unsupported = example(submit=True)
    unsupported["changes"][1]["fields"]["nature"] = "opinion"
    answer = emma.send("", unsupported)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["change"], error["field"], error["pointer"]) == (
        2,
        "evidence",
        "/changes/2/fields/evidence",
    )
    assert counts() == before


def test_records_are_named_by_id_or_key_and_local_keys_in_any_order(emma, register):
    body = example()
    body["changes"].reverse()
    body["changes"][0]["id"] = register.chokepoint
    body["changes"][2]["fields"]["bears_on"][0]["chokepoint"] = register.chokepoint.upper()
    first = emma.send("", body).json()
    assert first["changes"][2]["fields"]["bears_on"][0]["chokepoint"] == register.chokepoint
    assert first["changes"][2]["fields"]["source"] == first["changes"][3]["id"]


def test_a_local_key_means_a_record_in_reference_fields_only(emma):
    body = example()
    body["changes"][1]["fields"]["claim"] = "ref:s1"
    assert emma.send("", body).json()["changes"][1]["fields"]["claim"] == "ref:s1"


def test_a_base_revision_may_be_old_but_must_have_been(emma, register, build):
    build.update("chokepoint", register.chokepoint, scope="Spacers.")
    assert emma.send("", example(submit=True)).status_code == 201  # merged three ways
    never = example()
    never["changes"][3]["base_revision"] = 7
    answer = emma.send("", never)
    assert (answer.status_code, pointers(answer)) == (400, {"/changes/3"})
    without = example()
    del without["changes"][3]["base_revision"]
    answer = emma.send("", without)
    assert (answer.status_code, pointers(answer)) == (428, {"/changes/3/base_revision"})


def test_every_wrong_place_is_named_at_once(emma):
    body = example(state="published", author="me", extra=1)
    body["changes"][0] |= {"ref": "s 1", "digest": "x"}
    body["changes"][3]["operation"] = "delete"
    answer = emma.send("", body)
    assert answer.status_code == 400
    assert pointers(answer) == {"/state", "/author", "/extra", "/changes/0/digest", "/changes/3/operation"}
    words = {error["pointer"]: error["message"] for error in answer.json()["errors"]}
    assert "follows from what is done" in words["/state"]
    assert "There is no member “extra”" in words["/extra"]
    # And what can be told only once all members have their types.
    body = example()
    body["changes"][0]["fields"] |= {"colour": "red"}
    body["changes"][1]["fields"] |= {"source": "ref:nobody", "rests_on": ["microspheres"]}
    body["changes"][2]["ref"] = "e1"
    body["changes"][3] |= {"id": "no-such", "cites": {"summary": ["ref:s1"], "size": []}}
    answer = emma.send("", body)
    assert pointers(answer) == {
        *(
            "/changes/0/fields/colour",
            "/changes/1/fields/source",
            "/changes/1/fields/rests_on/0",
            "/changes/2/ref",
        ),
        *("/changes/3/id", "/changes/3/cites/summary/0", "/changes/3/cites/size"),
    }
    found = {error["pointer"]: error for error in answer.json()["errors"]}
    assert found["/changes/1/fields/source"] | {"message": ""} == {
        "pointer": "/changes/1/fields/source", "change": 1, "ref": "e1", "field": "source", "message": "",
    }  # fmt: skip


def test_what_a_field_refuses_is_named_with_change_and_field(emma):
    body = example()
    body["changes"][0]["fields"] |= {"url": "javascript:alert(1)", "key": "Not A Key"}
    body["changes"][2]["fields"]["as_of"] = "2024-02-30"
    answer = emma.send("", body)
    assert {(error["change"], error["field"]) for error in answer.json()["errors"]} == {
        (0, "url"), (0, "key"), (2, "as_of"),
    }  # fmt: skip
    assert "/changes/0/fields/url" in pointers(answer)


def test_what_is_proposed_already_or_was_rejected_is_shown_and_says_how_to_go_on(emma, program):
    first = emma.send("", example(submit=True)).json()
    again = example(submit=True)
    answer = program("erik").send("", again)
    assert (answer.status_code, answer.json()["code"]) == (409, "already-proposed")
    assert answer.json()["proposal"]["self"] == first["self"]
    rejected = {"version": 1, "verdict": "reject", "reason": "not-carried", "comment": "It doesn't say so."}
    assert program("rita").send(f"{first['number']}/reviews/", rejected).status_code == 201
    before = counts()
    answer = program("erik").send("", again)
    assert (answer.status_code, answer.json()["code"]) == (409, "remembered-decision")
    (decision,) = answer.json()["memory"]["rejected"]
    assert (decision["number"], decision["reason"]) == (first["number"], "not-carried")
    assert decision["comment"] == "It doesn't say so."
    assert answer.json()["go_on"]["member"] == "what_is_new"
    assert counts() == before
    going_on = program("erik").send("", again | {"what_is_new": "The maker's annual report."})
    assert going_on.status_code == 201
    assert going_on.json()["memory"]["rejected"][0]["number"] == first["number"]


def test_who_is_no_editor_writes_nothing(program, register):
    before = counts()
    for name in (None, "rita", "nobody", "admin"):
        assert program(name).send("", example()).status_code in {401, 403}
    assert counts() == before


# --- versions


def test_a_patch_makes_the_next_version_of_what_is_given_and_keeps_new_records(emma):
    first = propose(emma, submit=True)
    address = first["self"]
    etag = emma.read(address)["ETag"]
    renamed = emma.patch_to(address, {"title": "Microspheres"}, If_Match=etag)
    assert (renamed.status_code, renamed.json()["version"]) == (200, 2)
    assert [one["fields"] for one in renamed.json()["changes"]] == [one["fields"] for one in first["changes"]]
    assert renamed["ETag"] == emma.read(address)["ETag"] != etag
    # New records keep their ids when they are sent again with them.
    sent = example()["changes"][:3]
    for one, before in zip(sent, first["changes"], strict=False):
        one["id"] = before["id"]
    answer = emma.patch_to(address, {"version": 2, "changes": sent})
    assert [one["id"] for one in answer.json()["changes"]] == [one["id"] for one in first["changes"][:3]]
    assert answer.json()["version"] == 3
    listed = emma.read(f"{address}versions/").json()["results"]
    assert [one["number"] for one in listed] == [1, 2, 3]
    second = emma.read(listed[1]["self"]).json()
    assert (second["title"], len(second["changes"])) == ("Microspheres", 4)
    assert emma.read(f"{address}versions/9/").status_code == 404


def test_a_patch_needs_the_version_that_was_seen(emma):
    address = propose(emma)["self"]
    before = counts()
    etag = emma.read(address)["ETag"]
    other = etag.replace('"', "")
    cases = {
        (428, "version-missing"): [{}, {"If_Match": "*"}],
        (412, "stale-version"): [
            {"If_Match": '"1-7-0123456789abcdef01234567"'},
            {"If_Match": '"nonsense"'},
            {"If_Match": f'"{int(other.split("-")[0]) + 1}{other[other.index("-") :]}"'},
            {"If_Match": f"W/{etag}"},
        ],
    }
    for (status, code), several in cases.items():
        for headers in several:
            answer = emma.patch_to(address, {"title": "T"}, **headers)
            assert (answer.status_code, answer.json()["code"]) == (status, code), headers
    answer = emma.patch_to(address, {"title": "T", "version": 7})
    assert (answer.status_code, answer.json()["code"]) == (409, "stale-version")
    answer = emma.patch_to(address, {"title": "T", "version": 7}, If_Match=etag)
    assert (answer.status_code, pointers(answer)) == (400, {"/version"})
    assert counts() == before
    # Of two who saw the same version, the second is told.
    assert emma.patch_to(address, {"title": "One"}, If_Match=etag).status_code == 200
    assert emma.patch_to(address, {"title": "Two"}, If_Match=etag).status_code == 412
    assert emma.read(address).json()["title"] == "One"


def test_an_etag_of_the_version_fits_whatever_was_said_meanwhile(emma, program):
    address = propose(emma, submit=True)["self"]
    etag = emma.read(address)["ETag"]
    assert program("rita").send(f"{address}suggestions/", {
        "version": 1, "id": emma.read(address).json()["changes"][3]["id"], "field": "summary", "value": "Beads.",
    }).status_code == 201  # fmt: skip
    assert emma.read(address, If_None_Match=etag).status_code == 200
    assert emma.patch_to(address, {"title": "Two"}, If_Match=etag).status_code == 200


def test_a_move_without_a_version_heeds_if_match_all_the_same(emma, program):
    address = propose(emma, submit=True)["self"]
    etag = emma.read(address)["ETag"]
    emma.patch_to(address, {"title": "Two"}, If_Match=etag)
    answer = emma.send(f"{address}withdraw/", If_Match=etag)
    assert (answer.status_code, answer.json()["code"]) == (412, "stale-version")
    assert (
        emma.send(f"{address}withdraw/", If_Match=emma.read(address)["ETag"]).json()["state"] == "withdrawn"
    )


# --- the smaller acts


def test_a_suggestion_is_taken_and_the_approval_given_in_advance_stands(emma, program):
    first = propose(emma, submit=True)
    address, summary = first["self"], first["changes"][3]["id"]
    said = {
        "version": 1,
        "id": summary,
        "field": "summary",
        "value": "Beads.",
        "approve": True,
        "words": "Shorter.",
    }
    suggested = program("rita").send(f"{address}suggestions/", said)
    assert suggested.status_code == 201
    assert (suggested.json()["value"], suggested.json()["is_approved_in_advance"]) == ("Beads.", True)
    (offer,) = [move for move in emma.read(address).json()["moves"] if move["move"] == "take"]
    taken = emma.send(offer["url"], {"version": 1})
    assert (taken.status_code, taken.json()["outcome"]) == (201, None)
    assert taken["Location"] == f"{address}versions/2/"
    shown = taken.json()["proposal"]
    assert (shown["how"], shown["approvals"]["standing"]) == ("suggested", 1)
    assert shown["changes"][3]["fields"] == {"summary": "Beads."}
    assert shown["suggestions"][0]["state"] == "taken"
    stale = program("ravi").send(f"{address}reviews/", {"version": 1, "verdict": "approve"})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale-version")
    assert program("ravi").send(f"{address}reviews/", {"verdict": "approve"}).status_code == 428


def test_evidence_yes_judgement_no_is_one_request(emma, program):
    first = propose(emma, submit=True)
    evidence = [one["id"] for one in first["changes"][:2]]
    said = {
        "version": 1,
        "verdict": "reject",
        "reason": "not-carried",
        "comment": "Not yet.",
        "approve": evidence,
    }
    answer = program("rita").send(f"{first['self']}reviews/", said)
    body = answer.json()
    assert (answer.status_code, body["outcome"]) == (201, "published")
    assert body["part"]["state"] == "published"
    assert answer["Location"] == body["part"]["self"]
    assert body["proposal"]["state"] == "rejected"
    assert (
        emma.read(f"/api/v1/changesets/{body['changeset']}/").json()["reference"]
        == f"proposal:{body['part']['number']}"
    )


def test_remarks_are_made_listed_settled_and_hidden_ones_say_why(emma, program, people):
    from reviews.services.discussing import hide_comment

    first = propose(emma, submit=True)
    address, record = first["self"], first["changes"][3]["id"]
    made = program("rita").send(
        f"{address}comments/", {"text": "@emma, 看原文。", "id": record, "field": "summary"}
    )
    assert made.status_code == 201
    assert (made.json()["text"], made.json()["field"]) == ("@emma, 看原文。", "summary")
    number = made.json()["comment"]
    settle = f"{address}comments/{number}/resolve/"
    assert emma.send(settle).json()["resolved_by"]["name"] == "emma"
    assert emma.send(settle, {"resolved": False}).json()["resolved"] is None
    assert program("erik").send(settle).status_code == 403
    assert emma.send(f"{address}comments/{number + 1}/resolve/").status_code == 404
    hide_comment(actor=people.admin, comment=number, reason="Personal.")
    (shown,) = program().read(f"{address}comments/").json()["results"]
    assert (shown["text"], shown["hidden"]) == (None, "Personal.")


def test_a_conflict_is_shown_by_unit_and_resolved_by_unit(emma, program, register, build):
    one = example(submit=True)
    one["changes"] = one["changes"][3:]
    one["changes"][0] |= {"fields": {"summary": "Made at home."}, "cites": {}}
    number = emma.send("", one).json()["number"]
    build.update("chokepoint", register.chokepoint, summary="Imported, all of it.")
    review = program("rita").send(f"{number}/reviews/", {"version": 1, "verdict": "approve"})
    assert (review.status_code, review.json()["outcome"]) == (201, "conflicting")
    assert [(one["sort"], one["field"]) for one in review.json()["conflicts"]] == [("field", "summary")]
    (found,) = program().read(f"{number}/conflicts/").json()["conflicts"]
    assert found["units"] == [
        {
            "unit": "summary", "base": {"summary": None}, "current": {"summary": "Imported, all of it."},
            "proposed": {"summary": "Made at home."},
        }
    ]  # fmt: skip
    said = {
        "id": found["id"],
        "seen": found["seen"],
        "units": {"summary": {"summary": "Some of it is imported."}},
    }
    for wrong, status in (
        ({"units": {"summary": 5}}, 400),
        ({"units": {"scope": "current"}}, 400),
        ({"units": {}}, 400),
        ({"seen": 1}, 409),
    ):
        answer = emma.send(f"{number}/resolve/", {"version": 1, "resolutions": [said | wrong]})
        assert answer.status_code == status, (wrong, answer.json())
    answer = emma.send(f"{number}/resolve/", {"version": 1, "resolutions": [said]})
    assert answer.status_code == 201
    assert answer.json()["proposal"]["state"] == "open"
    assert answer.json()["proposal"]["changes"][0]["fields"] == {"summary": "Some of it is imported."}
    assert (
        program("rita").send(f"{number}/reviews/", {"version": 2, "verdict": "approve"}).json()["outcome"]
        == "published"
    )


def test_nobody_chooses_the_id_of_a_new_record(register, emma):
    body = example()
    body["changes"][0]["id"] = str(uuid.uuid4())
    assert pointers(emma.send("", body)) == {"/changes/0/id"}
    body["changes"][0]["id"] = register.source
    assert pointers(emma.send("", body)) == {"/changes/0/id"}
    first = propose(emma)
    kept = {
        "record": "organization",
        "operation": "create",
        "id": first["changes"][0]["id"],
        "fields": {"key": "x"},
    }
    answer = emma.patch_to(first["self"], {"version": 1, "changes": [kept]})
    assert pointers(answer) == {"/changes/0/id"}  # of another kind


def test_retiring_names_its_revision_too(emma, register):
    retire = change("assessment", register.assessment, "retire")
    one = {"record": "assessment", "operation": "retire", "id": register.assessment}
    body = {"title": "Retire", "rationale": "Why.", "changes": [one]}
    assert emma.send("", body).status_code == 428
    one["base_revision"] = retire.base_revision
    answer = emma.send("", body)
    assert answer.status_code == 201
    assert answer.json()["changes"][0]["operation"] == "retire"
