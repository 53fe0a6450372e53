"""The pages of the process: the story as people click it, and every refusal answered with the same page."""

import uuid

import pytest
from django.urls import reverse

from chokepoints.models import Assessment, Changeset, Chokepoint, Source
from reviews.exceptions import NotFound
from reviews.models import Policy, Proposal, Review
from reviews.services.drafting import draft_proposal, withdraw_proposal
from reviews.services.governing import change_policy
from reviews.services.reviewing import review_proposal
from tests.reviews.conftest import change, create, reduced
from tests.reviews.typing_in import form_on

pytestmark = pytest.mark.django_db


def key_of(register):
    return Chokepoint.objects.get(pk=register.chokepoint).key


def target(kind, operation, record=""):
    return f"{reverse('proposal-new')}?kind={kind}&operation={operation}&record={record}"


def update_form(client, register, **typed):
    address = target("chokepoint", "update", register.chokepoint)
    return address, form_on(client.get(address), having="title") | {name: [v] for name, v in typed.items()}


def counts():
    return Proposal.objects.count(), Review.objects.count()


# --- the story


def assessment_form(client, register, **typed):
    address = reverse("assessment-new", args=[key_of(register)])
    filled = {
        "assessment-status": "reduced",
        "assessment-as_of": "2024-05",
        "assessment-rationale": "A domestic maker delivers in volume; imports are still needed.",
        "evidence-claim": "A domestic maker delivers.",
        "evidence-quote": "国产微球\n已批量供货",
        "evidence-quote_language": "zh",
        "bearing-stance": "shows-reduction",
        "source-title": "Delivery of beads",
        "source-kind": "press-release",
        "source-derivation": "original",
        "source-published_on": "2024-04",
        "submit": "1",
    }
    return address, form_on(client.get(address), having="assessment-rationale") | {
        k: [v] for k, v in (filled | typed).items()
    }


def test_one_page_proposes_judgement_evidence_and_source(register, signed_in, people):
    emma = signed_in("emma")
    answer = emma.post(*assessment_form(emma, register))
    proposal = Proposal.objects.get()
    assert answer.status_code == 302
    assert answer.url == proposal.get_absolute_url()
    assert proposal.state == "open"
    version = proposal.present_version()
    assert version.title.endswith(": reduced")
    source, evidence, assessment = version.changes.all()
    assert evidence.fields["source"] == str(source.record)
    assert assessment.fields["evidence"] == [str(evidence.record)]
    assert evidence.fields["quote"] == "国产微球\n已批量供货"
    assert source.fields["key"] == "delivery-of-beads-2024-04"
    page = signed_in().get(answer.url).content.decode()
    assert "国产微球" in page
    assert "noindex" in page
    assert "2 more approvals" in page

    for name in ("rita", "ravi"):
        reviewer = signed_in(name)
        sent = form_on(reviewer.get(proposal.get_absolute_url()), having="comment")
        assert (
            reviewer.post(
                reverse("review-new", args=[proposal.number]), sent | {"verdict": "approve"}
            ).status_code
            == 302
        )
    proposal.refresh_from_db()
    assert proposal.state == "published"
    assert Assessment.objects.get(pk=assessment.record).status == "reduced"
    assert Source.objects.filter(key="delivery-of-beads-2024-04").exists()
    assert (
        reverse("changeset-detail", args=[proposal.changeset])
        in signed_in().get(proposal.get_absolute_url()).content.decode()
    )


def test_an_assessment_can_rest_on_evidence_that_is_there(register, signed_in):
    emma = signed_in("emma")
    nothing = dict.fromkeys(
        ("evidence-claim", "evidence-quote", "evidence-quote_language", "bearing-stance"), ""
    )
    nothing |= dict.fromkeys(("source-title", "source-kind", "source-derivation", "source-published_on"), "")
    address, typed = assessment_form(emma, register, **nothing, **{"assessment-status": "dependent"})
    answer = emma.post(address, typed | {"assessment-evidence": ["", register.evidence]})
    assert answer.status_code == 302
    assert [one.kind for one in Proposal.objects.get().present_version().changes.all()] == ["assessment"]


def test_what_an_assessment_lacks_stands_beside_its_field_and_nothing_is_written(register, signed_in):
    emma = signed_in("emma")
    address, typed = assessment_form(
        emma, register, **{"assessment-as_of": "May 2024", "source-url": "ftp://x"}
    )
    answer = emma.post(address, typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "May 2024" in page
    assert "ftp://x" in page
    assert "已批量供货" in page
    assert 'aria-invalid="true"' in page
    assert counts() == (0, 0)


def test_a_submission_that_policy_refuses_leaves_no_draft(register, signed_in):
    emma = signed_in("emma")
    answer = emma.post(*assessment_form(emma, register, **{"bearing-stance": "supports"}))
    assert answer.status_code == 422
    assert "stance that carries the status" in answer.content.decode()
    assert counts() == (0, 0)


def test_the_same_can_be_kept_as_a_draft(register, signed_in):
    emma = signed_in("emma")
    address, typed = assessment_form(emma, register, **{"bearing-stance": "supports"})
    del typed["submit"]
    assert emma.post(address, typed).status_code == 302
    assert Proposal.objects.get().state == "draft"


def test_a_change_goes_from_form_to_draft_to_review(register, signed_in):
    emma = signed_in("emma")
    address, typed = update_form(emma, register, summary="Small beads.", rationale="It lacks one.")
    answer = emma.post(address, typed)
    proposal = Proposal.objects.get()
    assert answer.url == reverse("proposal-edit", args=[proposal.number])
    edit = form_on(emma.get(answer.url), having="rationale")
    assert emma.post(answer.url, edit | {"submit": "1"}).url == proposal.get_absolute_url()
    proposal.refresh_from_db()
    assert proposal.state == "open"
    assert proposal.present_version().changes.get().fields == {"summary": "Small beads."}


def test_looking_at_forms_writes_nothing(register, signed_in):
    emma = signed_in("emma")
    for kind in (
        "list",
        "sector",
        "chokepoint",
        "organization",
        "supply",
        "source",
        "evidence",
        "assessment",
    ):
        assert emma.get(target(kind, "create")).status_code == 200
    for operation in ("update", "retire", "restore"):
        assert emma.get(target("source", operation, register.source)).status_code == 200
    assert counts() == (0, 0)


def test_changes_are_added_edited_and_removed(register, signed_in, people):
    number = draft_proposal(
        actor=people.emma, title="A", rationale="B", changes=[create("source", title="Known as ref one")]
    ).number
    emma = signed_in("emma")
    address = reverse("proposal-add", args=[number]) + "?kind=evidence&operation=create"
    page = emma.get(address)
    assert "ref:1" in page.content.decode()
    answer = emma.post(address, form_on(page, having="claim") | {"claim": "It says so.", "source": "ref:1"})
    assert answer.status_code == 302
    source, evidence = Proposal.objects.get().present_version().changes.all()
    assert evidence.fields["source"] == str(source.record)
    address = reverse("proposal-change", args=[number, evidence.record])
    page = emma.get(address)
    assert form_on(page, having="claim")["source"] == ["ref:1"]
    assert emma.post(address, form_on(page, having="claim") | {"claim": "It says more."}).status_code == 302
    assert Proposal.objects.get().present_version().changes.all()[1].fields["claim"] == "It says more."
    edit = reverse("proposal-edit", args=[number])
    emma.post(edit, form_on(emma.get(edit), having="rationale") | {"remove": str(evidence.record)})
    assert Proposal.objects.get().present_version().changes.count() == 1


def test_a_conflict_is_resolved_by_editing_on_what_is_published_now(
    register, signed_in, people, propose, build
):
    number = propose(change("chokepoint", register.chokepoint, summary="Mine."))
    build.update("chokepoint", register.chokepoint, summary="Theirs.")
    assert (
        review_proposal(actor=people.rita, number=number, version=1, verdict="approve").outcome
        == "conflicting"
    )
    emma = signed_in("emma")
    page = emma.get(reverse("proposal-detail", args=[number])).content.decode()
    assert "Theirs." in page
    assert "Mine." in page
    address = reverse("proposal-change", args=[number, register.chokepoint])
    typed = form_on(emma.get(address), having="summary")
    assert typed["summary"] == ["Mine."]
    assert emma.post(address, typed | {"summary": "Both."}).status_code == 302
    assert Proposal.objects.get(pk=number).state == "open"
    assert (
        review_proposal(actor=people.rita, number=number, version=2, verdict="approve").outcome == "published"
    )


# --- who may


@pytest.mark.parametrize("name", ["proposal-new", "queue", "desk"])
def test_visitors_are_asked_to_sign_in(signed_in, name):
    address = reverse(name)
    for answer in (signed_in().get(address), signed_in().post(address)):
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("login"))


def test_a_visitors_review_leads_to_signing_in_and_is_there_to_be_sent_again(signed_in, register, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    address = reverse("review-new", args=[number])
    answer = signed_in().post(address, {"verdict": "approve"})
    assert answer.status_code == 403
    assert reverse("login") in answer.content.decode() and f'action="{address}"' in answer.content.decode()
    assert form_on(answer, having="verdict")["verdict"] == ["approve"]
    assert counts() == (1, 0)


@pytest.mark.parametrize("name", ["rita", "nobody", "admin"])
def test_only_editors_get_forms(signed_in, register, name):
    for address in (
        target("chokepoint", "update", register.chokepoint),
        reverse("assessment-new", args=[key_of(register)]),
    ):
        assert signed_in(name).get(address).status_code == 403
        assert signed_in(name).post(address, {"title": "x"}).status_code == 403


def test_only_reviewers_have_a_queue(signed_in):
    assert signed_in("emma").get(reverse("queue")).status_code == 403
    assert signed_in("rita").get(reverse("queue")).status_code == 200


@pytest.mark.parametrize("name", [None, "erik", "rita", "admin"])
def test_anothers_draft_is_as_if_it_were_not_there(signed_in, people, name):
    number = draft_proposal(actor=people.emma, title="A", rationale="B", changes=[]).number
    client = signed_in(name)
    assert client.get(reverse("proposal-detail", args=[number])).status_code == 404
    if name:
        for page in ("proposal-submit", "proposal-withdraw", "review-new"):
            assert (
                client.post(reverse(page, args=[number]), {"version": "1", "verdict": "approve"}).status_code
                == 404
            )
    if name == "erik":
        assert client.get(reverse("proposal-edit", args=[number])).status_code == 404
    assert counts() == (1, 0)


def test_nobody_reviews_their_own_and_is_told_so(signed_in, people, register, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="New."), actor=people.both)
    answer = signed_in("both").post(
        reverse("review-new", args=[number]),
        {"version": "1", "verdict": "approve", "comment": "I wrote this."},
    )
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "wrote any part of" in page
    assert "I wrote this." in page
    assert counts() == (1, 0)


def test_an_editor_cannot_review(signed_in, register, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    answer = signed_in("erik").post(
        reverse("review-new", args=[number]), {"version": "1", "verdict": "approve"}
    )
    assert answer.status_code == 403
    assert signed_in("erik").get(reverse("proposal-edit", args=[number])).status_code == 403


def test_verdicts_but_approval_need_words_beside_the_field(signed_in, register, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    answer = signed_in("rita").post(
        reverse("review-new", args=[number]), {"version": "1", "verdict": "reject"}
    )
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert counts() == (1, 0)


def test_an_ended_proposal_is_not_reviewed_again(signed_in, people, register, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    review_proposal(
        actor=people.rita, number=number, version=1, verdict="reject", comment="No.", reason="other"
    )
    answer = signed_in("ravi").post(
        reverse("review-new", args=[number]), {"version": "1", "verdict": "approve"}
    )
    assert answer.status_code == 409
    assert counts() == (1, 1)


# --- stale and forged


@pytest.mark.parametrize("version", ["0", "2", "99999999999999999999", "-1", "", "x", "１"])
def test_a_review_of_another_version_is_refused_and_its_words_kept(signed_in, register, propose, version):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    answer = signed_in("rita").post(
        reverse("review-new", args=[number]),
        {"version": version, "verdict": "request_changes", "comment": "Say why."},
    )
    assert answer.status_code == 409
    assert "Say why." in answer.content.decode()
    assert counts() == (1, 0)


@pytest.mark.parametrize("version", ["0", "7", "99999999999999999999", "x", ""])
def test_an_edit_of_another_version_is_refused_and_its_words_kept(signed_in, register, propose, version):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    answer = signed_in("emma").post(
        reverse("proposal-edit", args=[number]),
        {"version": version, "title": "Typed title", "rationale": "Typed reason"},
    )
    assert answer.status_code == 409
    assert "Typed reason" in answer.content.decode()
    assert Proposal.objects.get().version == 1


def test_a_draft_that_was_rewritten_elsewhere_is_not_overwritten_unseen(signed_in, people):
    number = draft_proposal(actor=people.emma, title="A", rationale="B", changes=[]).number
    emma, edit = signed_in("emma"), reverse("proposal-edit", args=[number])
    seen = form_on(emma.get(edit), having="rationale")
    assert emma.post(edit, seen | {"title": "First"}).status_code == 302
    answer = emma.post(edit, seen | {"title": "Second"})
    assert answer.status_code == 409
    assert "Second" in answer.content.decode()
    assert Proposal.objects.get().present_version().title == "First"


@pytest.mark.parametrize("revision", ["0", "2", "-1", "99999999999999999999", "x", "", "1 OR 1"])
def test_a_forged_base_revision_is_refused_and_what_was_typed_kept(signed_in, register, revision):
    emma = signed_in("emma")
    address, typed = update_form(
        emma, register, summary="Typed summary.", rationale="Why.", base_revision=revision
    )
    answer = emma.post(address, typed)
    assert answer.status_code == 422
    assert "Typed summary." in answer.content.decode()
    assert counts() == (0, 0)


@pytest.mark.parametrize(
    "query",
    [
        "kind=policy&operation=update&record=x",
        "kind=nonsense&operation=create",
        "kind=source&operation=merge&record=x",
        "kind=source&operation=update",
        "kind=source&operation=update&record=no-such-key",
        "kind=source&operation=update&record=%00",
        "kind=source&operation=update&record=%ED%A0%80",
        "kind=source&operation=update&record=00000000-0000-4000-8000-000000000000",
        "kind=source",
    ],
)
def test_an_unknown_target_is_answered_with_the_page_that_asks_for_one(signed_in, register, query):
    emma = signed_in("emma")
    address = f"{reverse('proposal-new')}?{query}"
    for answer in (emma.get(address), emma.post(address, {"title": "x"})):
        assert answer.status_code == 400
        assert "Which record" in answer.content.decode()
    assert counts() == (0, 0)


# --- whatever is typed

NASTY = [
    "a\0b", "%ED%A0%80", "\ufffd" * 9, "x" * 30_000, "\u202e reversed", "<script>alert(1)</script>", "{{ 7|add:7 }}",
    "٣", "😀" * 200,
]  # fmt: skip


@pytest.mark.parametrize("typed", NASTY)
def test_nothing_that_is_typed_breaks_the_generic_form(signed_in, register, typed):
    emma = signed_in("emma")
    for kind in ("list", "chokepoint", "organization", "supply", "source", "evidence", "assessment"):
        address = target(kind, "create")
        filled = {
            name: [typed]
            for name in form_on(emma.get(address), having="title")
            if name != "csrfmiddlewaretoken"
        }
        for answer in (emma.post(address, filled), emma.post(address, filled | {"submit": "1"})):
            assert answer.status_code in (302, 422), (kind, answer.status_code)
            assert b"<script>alert(1)" not in answer.content


@pytest.mark.parametrize("typed", NASTY)
def test_nothing_that_is_typed_breaks_the_assessment_page(signed_in, register, typed):
    emma = signed_in("emma")
    address, filled = assessment_form(emma, register)
    answer = emma.post(address, {name: [typed] for name in filled})
    assert answer.status_code == 422
    assert counts() == (0, 0)


def test_half_a_surrogate_pair_in_a_form_does_no_harm(signed_in, register):
    emma = signed_in("emma")
    for address in (target("sector", "create"), reverse("assessment-new", args=[key_of(register)])):
        body = (
            "title=%ED%A0%80&name=%ED%A0%80&key=a&rationale=%ED%A0%80&submit=1&assessment-rationale=%ED%A0%80"
        )
        answer = emma.post(address, body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code in (302, 422)


def test_ten_megabytes_are_refused_with_a_page(signed_in, register):
    emma = signed_in("emma")
    for address in (target("sector", "create"), reverse("assessment-new", args=[key_of(register)])):
        assert emma.post(address, {"rationale": "x" * 10_000_000}).status_code in (400, 413)
    assert counts() == (0, 0)


def test_empty_posts_are_answered_in_words(signed_in, register, people, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    emma, rita = signed_in("emma"), signed_in("rita")
    assert emma.post(target("sector", "create"), {}).status_code == 422
    assert emma.post(target("chokepoint", "update", register.chokepoint), {}).status_code == 422
    assert emma.post(reverse("assessment-new", args=[key_of(register)]), {}).status_code == 422
    assert emma.post(reverse("proposal-edit", args=[number]), {}).status_code == 422
    assert rita.post(reverse("review-new", args=[number]), {}).status_code == 422
    assert counts() == (1, 0)


def test_wrong_numbers_and_keys_lead_to_no_page(signed_in, register, propose):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    emma = signed_in("emma")
    for address in (
        "/proposals/999/", "/proposals/999999999999999999999999/", "/proposals/999/edit/",
        f"/proposals/{number}/changes/{uuid.uuid4()}/", "/chokepoints/none/assess/", "/chokepoints/%00/assess/",
        f"/records/chokepoint/{uuid.uuid4()}/proposals/", f"/records/nonsense/{uuid.uuid4()}/proposals/", "/lookup/policy/?q=a",
    ):  # fmt: skip
        assert emma.get(address).status_code == 404, address
    for address in ("/proposals/999/submit/", "/proposals/999/withdraw/", "/proposals/999/reviews/"):
        assert emma.post(address).status_code == 404, address
        assert emma.get(address).status_code in (404, 405), address


def test_a_no_change_proposal_is_refused(signed_in, register):
    emma = signed_in("emma")
    address, typed = update_form(emma, register, rationale="Why not.")
    assert emma.post(address, typed | {"submit": "1"}).status_code == 422
    assert counts() == (0, 0)


# --- reading


def test_lists_and_fragments_answer_everybody(signed_in, people, register, propose):
    propose(change("chokepoint", register.chokepoint, summary="New."), title="Say what it is")
    for query in (
        "",
        "?state=open",
        f"?record={register.chokepoint}",
        f"?author={people.emma.contributor.pk}",
    ):
        assert "Say what it is" in signed_in().get(reverse("proposal-list") + query).content.decode()
    for query in ("?state=x", "?record=x", "?author=%00", "?page=x", "?page=99999999999999999999"):
        assert signed_in().get(reverse("proposal-list") + query).status_code == 200
    address = reverse("record-proposals", args=["chokepoint", register.chokepoint])
    assert "<html" in signed_in().get(address).content.decode()
    fragment = signed_in().get(address, headers={"hx-request": "true"}).content.decode()
    assert "Say what it is" in fragment
    assert "<html" not in fragment
    assert "Say what it is" in signed_in("rita").get(reverse("queue")).content.decode()
    assert "Say what it is" in signed_in("emma").get(reverse("desk")).content.decode()
    assert signed_in().get(reverse("policy-list")).status_code == 200


@pytest.mark.parametrize(
    "kind", ["chokepoint", "source", "evidence", "assessment", "supply", "list", "sector", "organization"]
)
@pytest.mark.parametrize("typed", ["a", "微", "%00", "%", "'", "x" * 60_000])
def test_lookups_answer_whatever_is_typed(signed_in, register, kind, typed):
    answer = signed_in().get(reverse("lookup", args=[kind]), {"q": typed})
    assert answer.status_code == 200
    assert len(answer.json()["records"]) <= 20


def test_retirement_is_proposed_with_the_same_form(signed_in, register, build):
    spare = build.source(key="spare")
    emma = signed_in("emma")
    address = target("source", "retire", spare)
    answer = emma.post(
        address, form_on(emma.get(address), having="title") | {"rationale": "Twice there.", "submit": "1"}
    )
    assert answer.status_code == 302
    page = signed_in("rita").get(answer.url).content.decode()
    assert "stays in the history" in page


def test_the_page_of_a_proposal_does_not_ask_once_a_change(
    signed_in, register, propose, django_assert_max_num_queries
):
    number = propose(*reduced(register))
    rita = signed_in("rita")
    with django_assert_max_num_queries(70):
        rita.get(reverse("proposal-detail", args=[number]))


# --- the admin


@pytest.mark.parametrize("table", ["proposal", "version", "change", "authorship", "review", "policy"])
def test_the_admin_shows_the_process_and_adds_nothing(signed_in, people, register, propose, table):
    number = propose(change("chokepoint", register.chokepoint, summary="New."))
    review_proposal(
        actor=people.rita, number=number, version=1, verdict="request_changes", comment="Say why."
    )
    admin = signed_in("admin")
    assert admin.get(f"/admin/reviews/{table}/?q=a").status_code == 200
    assert admin.post(f"/admin/reviews/{table}/add/", {}).status_code == 403


def test_the_admin_shows_no_drafts(signed_in, people):
    number = draft_proposal(actor=people.emma, title="A", rationale="B", changes=[]).number
    assert signed_in("admin").get(f"/admin/reviews/proposal/{number}/change/").status_code == 302


def test_a_policy_is_edited_in_the_admin_and_published_through_the_door(signed_in, people):
    change_policy(actor=people.admin, key="content", approvals=1, evidence=0, reason="To begin with.")
    policy = Policy.objects.get(key="content")
    address = f"/admin/reviews/policy/{policy.pk}/change/"
    admin = signed_in("admin")
    head = Changeset.objects.count()
    assert admin.get(address).status_code == 200
    assert (
        "Say why" in admin.post(address, {"approvals": "2", "evidence": "0", "reason": " "}).content.decode()
    )
    assert admin.post(address, {"approvals": "99", "evidence": "0", "reason": "More."}).status_code == 200
    assert Changeset.objects.count() == head
    assert admin.post(address, {"approvals": "2", "evidence": "0", "reason": "More eyes."}).status_code == 302
    policy.refresh_from_db()
    assert (policy.approvals, policy.revision, Changeset.objects.count()) == (2, 2, head + 1)
    assert admin.post(f"/admin/reviews/policy/{policy.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_reviewer_reads_the_cited_quotes_on_the_proposal_itself(signed_in, build, register, propose):
    evidence = build.evidence(
        chokepoint=register.chokepoint,
        stance="shows-reduction",
        quote="国产微球已批量供货",
        quote_language="zh",
        translation="Domestic microspheres are delivered in volume.",
        translator="person",
    )
    number = propose(*reduced(register, evidence=[evidence])[2:])
    page = signed_in("rita").get(reverse("proposal-detail", args=[number])).content.decode()
    assert "国产微球已批量供货" in page
    assert "Domestic microspheres are delivered in volume." in page


@pytest.mark.parametrize("kind", ["supply", "evidence"])
def test_a_form_asked_for_on_a_chokepoint_names_it_already(signed_in, register, kind):
    address = f"{reverse('proposal-new')}?kind={kind}&operation=create&chokepoint=microspheres"
    page = signed_in("emma").get(address)
    assert page.status_code == 200
    assert 'value="microspheres"' in page.content.decode()


def test_a_draft_discarded_while_its_page_is_being_handled_is_a_page_that_says_so(
    people, register, signed_in, monkeypatch
):
    proposal = draft_proposal(
        actor=people.emma,
        title="Draft",
        rationale="Why",
        changes=[change("chokepoint", register.chokepoint, summary="New.")],
    )
    opened = Proposal.objects.get(pk=proposal.pk)
    Proposal.objects.filter(pk=proposal.pk).delete()
    with pytest.raises(NotFound):
        opened.present_version()
    monkeypatch.setattr("reviews.views.editing.own_proposal", lambda number, user: opened)
    assert signed_in("emma").get(f"/proposals/{proposal.pk}/edit/").status_code == 404


def test_what_is_only_proposed_is_in_no_feed_whatever_becomes_of_it(client, people, register, propose):
    numbers = [
        propose(change("chokepoint", register.chokepoint, summary=f"Whispered {n}."), title=f"Whispered {n}")
        for n in range(4)
    ]
    draft_proposal(actor=people.emma, title="Whispered in a draft", rationale="Whispered.", changes=[])
    withdraw_proposal(actor=people.emma, number=numbers[1])
    review_proposal(
        actor=people.rita, number=numbers[2], version=1, verdict="reject", reason="other", comment="No."
    )
    review_proposal(actor=people.rita, number=numbers[3], version=1, verdict="approve")
    text = client.get("/history/feed.atom").content.decode()
    assert "Whispered 3" in text and "Approved by rita" in text
    for address in (
        "/history/feed.atom",
        f"/chokepoints/{key_of(register)}/feed.atom",
        "/sectors/materials/feed.atom",
    ):
        text = client.get(address).content.decode()
        assert "Whispered 3" in text
        assert not [
            words for words in ("Whispered 0", "Whispered 1", "Whispered 2", "draft") if words in text
        ]
