"""A colleague's spreadsheet becomes draft proposals, each row with its reasons; what is doubtful is asked."""

import io
import zipfile

import pytest

from chokepoints.imports.mapping import TAKE, ColumnPlan, load_plan
from chokepoints.models import Changeset
from reviews.exceptions import ImportRefused, NotAllowed, NotFound, WrongState
from reviews.models import ImportMapping, ImportRun, Proposal
from reviews.models.import_run import SUBMITTING
from reviews.services.bringing import (
    answer_questions,
    ask_for_drafts,
    ask_for_submission,
    choose_meanings,
    forget_run,
    run_of,
    save_plan,
    upload_file,
)
from reviews.services.carrying import run_import
from reviews.services.drafting import MOST_CHANGES
from tests.reviews.bringing_in import bring, changes, columns, nothing_changes, outcomes, said


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.IMPORTS_DIR = tmp_path / "imports"
    return settings.IMPORTS_DIR


def organizations(**more):
    return columns(
        provider_id=ColumnPlan("identifier", scheme="eto"),
        provider_name="name",
        alias="aliases",
        country="country",
        **more,
    )


SUPPLIES = {
    "fixed": {
        "role": "foreign-supplier",
        "share_market": "world",
        "share_measure": "revenue",
        "share_counted": "place",
    },
}


def supplies(**more):
    return columns(
        provider_id="organization",
        provider_name="organization_key",
        provided_id="chokepoint",
        share="share_exact",
        year="share_year",
        **more,
    )


def test_aliases_on_several_rows_of_one_id_become_one_record(people):
    run = bring(
        people.emma,
        "provider_id,provider_name,alias,country\nP1,Nikon,尼康,JP\nP1,Nikon,ニコン,JPN\nP1,Nikon,,\nP2,ASML,阿斯麦,Netherlands\n",
        "organization",
        organizations(),
    )
    assert outcomes(run) == ["new", "new", "new", "new"]
    assert changes(run) == [
        ("Nikon", {"key": "nikon", "name": "Nikon", "aliases": ["ニコン", "尼康"], "country": "JP",
                   "identifiers": [{"scheme": "eto", "value": "P1"}]}),
        ("ASML", {"key": "asml", "name": "ASML", "aliases": ["阿斯麦"], "country": "NL",
                  "identifiers": [{"scheme": "eto", "value": "P2"}]}),
    ]  # fmt: skip
    assert "“JPN” (code of three letters) is read as JP." in said(run, 3)
    assert "Together with row 2" in said(run, 3)


def test_rows_of_one_record_that_disagree_are_both_refused(people):
    run = bring(
        people.emma,
        "provider_id,provider_name,alias,country\nP1,Nikon,,JP\nP1,Nikon,,KR\n",
        "organization",
        organizations(),
    )
    assert outcomes(run) == ["refused", "refused"] and changes(run) == []
    assert "Rows 2 and 3 are about the same record and disagree" in said(run, 2)


def test_shares_of_a_supply_chain_file(people, build, register):
    nikon = build.organization("nikon", name="Nikon", identifiers=[{"scheme": "eto", "value": "P1"}])
    canon = build.organization("canon", name="Canon", identifiers=[{"scheme": "eto", "value": "P2"}])
    build.update("organization", canon, name="Canon Tokki")
    build.update("organization", canon, aliases=["Canon"])
    run = bring(
        people.emma,
        "provider_id,provider_name,provided_id,share,year\r\n"
        "P1,Nikon,microspheres,52%,2022\r\n"
        "P2,Canon Components,microspheres,50,2022\r\n"
        "P9,Nobody,microspheres,3,2022\r\n"
        "P1,Nikon,lithography,1,2022\r\n"
        "P1,Canon,microspheres,1,2021\r\n"
        "nikon,Nikon,microspheres,<5,2020\r\n"
        "nikon,Nikon,microspheres,101,2019\r\n"
        "JP,,microspheres,0.5,2022\r\n",
        "supply",
        supplies(),
        **SUPPLIES,
    )
    # One supply speaks of chokepoint, organization and role; the rows of Nikon are about one.
    assert "“52%” is read as 52 percent" in said(run, 2)
    assert "The file calls “P2” “Canon Components”; it is “Canon Tokki”" in said(run, 3)
    assert "sum to 102 percent" in said(run, 3) or outcomes(run)[0] == "left-out"
    assert "There is no organization “P9”" in said(run, 4)
    assert "There is no chokepoint “lithography”" in said(run, 5)
    assert "“Canon” beside it is the name of another organization" in said(run, 6)
    assert "isn't a share" in said(run, 7) and "at most 100 percent" in said(run, 8)
    assert "There is no organization “JP”" in said(run, 9)
    assert outcomes(run) == ["left-out", "new", *["refused"] * 6]
    assert nikon


def test_percent_sums_over_the_whole_are_said_with_their_rows(people, build, register):
    for number, name in enumerate(("Nikon", "Canon", "Zeiss"), 1):
        build.organization(name.lower(), name=name, identifiers=[{"scheme": "eto", "value": f"P{number}"}])
    run = bring(
        people.emma,
        "provider_id,provider_name,provided_id,share,year\nP1,Nikon,microspheres,52%,2022\nP2,Canon,microspheres,50,2022\nP3,Zeiss,microspheres,0.0,2022\n",
        "supply",
        supplies(),
        **SUPPLIES,
    )
    assert outcomes(run) == ["new"] * 3
    words = "The shares of Microspheres with the same base sum to 102 percent: rows 2, 3, 4."
    assert all(words in said(run, number) for number in (2, 3, 4))
    shares = [fields["share"] for _, fields in changes(run)]
    assert [(share["low"], share["high"], share["year"]) for share in shares] == [
        ("52", "52", 2022), ("50", "50", 2022), ("0", "0", 2022)
    ]  # fmt: skip


def test_an_empty_cell_a_zero_unknown_and_none_are_four_different_things(people, build, register):
    share = {"low": "40", "high": "40", "market": "world", "measure": "revenue", "counted": "place"}
    names = ["a", "b", "c", "d", "e"]
    for name in names:
        record = build.organization(f"firm-{name}", name=f"Firm {name}")
        build.supply(
            chokepoint=register.chokepoint, organization=record, **({} if name == "e" else {"share": share})
        )
    rows = "".join(
        f"firm-{name},microspheres,{cell}\n"
        for name, cell in zip(names, ("", "0.0", "unknown", "none", "未知"), strict=True)
    )
    plan = columns(firm="organization", what="chokepoint", share="share_exact")
    run = bring(people.emma, f"firm,what,share\n{rows}", "supply", plan, **SUPPLIES)
    assert outcomes(run) == ["same", "changed", "same", "changed", "changed"]
    assert [fields for _, fields in changes(run)] == [
        {"share": share | {"low": "0", "high": "0"}},
        {"share": share | {"low": "0", "high": "0"}},
        {"note": "Not known: Market share."},
    ]
    assert "That stays" in said(run, 4) and "“none” is read as 0 percent" in said(run, 5)
    plan["share"].empty = TAKE
    run = bring(people.emma, f"firm,what,share\n{rows}", "supply", plan, **SUPPLIES)
    assert changes(run)[0][1] == {"share": None}


def test_names_that_are_nearly_those_of_records_are_asked_and_answered(people, build):
    nikon = build.organization("nikon", name="Nikon Corporation", aliases=["尼康"])
    data = "name,country\nNikon Corp.,JP\n尼康,JP\nNikkon Corporation,JP\nZeiss,DE\nnikon  corporation,JP\n"
    run = bring(people.emma, data, "organization", columns(name="name", country="country"))
    assert outcomes(run)[0] == "asked" and outcomes(run)[2:4] == ["asked", "new"]
    assert [question["text"] for question in run.questions] == ["Nikon Corp.", "Nikkon Corporation"]
    assert run.questions[0]["candidates"] == [{"record": nikon, "label": "Nikon Corporation", "near": 95}]
    first, second = (question["key"] for question in run.questions)
    for hostile in ("no-such-key", "\x00", "\ud800", "x" * 300, ""):
        with pytest.raises(ImportRefused):
            answer_questions(actor=people.emma, number=run.pk, answers={first: hostile})
    run = answer_questions(actor=people.emma, number=run.pk, answers={first: "nikon", second: "skip"})
    assert outcomes(run)[2] == "left-out" and run.questions == []


def test_a_name_beside_that_of_two_records_is_asked(people, build):
    build.organization("acme-de", name="Acme")
    build.organization("acme-us", name="ACME", country="US")
    run = bring(
        people.emma, "name,country\nacme,DE\n", "organization", columns(name="name", country="country")
    )
    (question,) = run.questions
    assert len(question["candidates"]) == 2 and question["may_be_new"]


def test_a_former_key_leads_on_and_changes_nothing(people, build):
    firm = build.organization("old-name", name="Firm")
    build.update("organization", firm, key="new-name")
    run = bring(people.emma, "key,name\nold-name,Firm\n", "organization", columns(key="key", name="name"))
    assert outcomes(run) == ["same"] and "former key" in said(run, 2)


def test_the_second_run_proposes_nothing(people, build, register):
    data = "provider_id,provider_name,alias,country\nP1,Nikon,尼康,JP\nP2,ASML,,NL\n"
    run = bring(people.emma, data, "organization", organizations(), name="ETO")
    ask_for_drafts(
        actor=people.emma, number=run.pk, title="Firms", rationale="They are real.", grouping="record"
    )
    again = bring(people.emma, data, "organization", organizations())
    assert outcomes(again) == ["proposed", "proposed"] and changes(again) == []
    with pytest.raises(ImportRefused, match="nothing to propose"):
        ask_for_drafts(
            actor=people.emma, number=again.pk, title="Firms", rationale="They are.", grouping="record"
        )


def test_only_what_differs_from_the_revision_of_the_file_is_proposed(people, build):
    firm = build.organization("firm", name="Firm", website="https://old.example")
    build.update("organization", firm, website="https://new.example")
    data = f"id,revision,name,website\n{firm},1,Firm renamed,https://old.example\n"
    run = bring(
        people.emma,
        data,
        "organization",
        columns(id="id", revision="revision", name="name", website="website"),
    )
    assert changes(run) == [("Firm", {"name": "Firm renamed"})]
    assert "made from revision 1; the register is at 2" in said(run, 2)
    ask_for_drafts(actor=people.emma, number=run.pk, title="T", rationale="R", grouping="record")
    (proposal,) = Proposal.objects.all()
    assert proposal.present_version().changes.get().base_revision == 1
    run = bring(
        people.emma,
        data.replace(",1,", ",9,"),
        "organization",
        columns(id="id", revision="revision", name="name"),
    )
    assert "no revision 9" in said(run, 2)


def test_years_that_go_backwards_are_said(people, build, register):
    supply = build.supply(chokepoint=register.chokepoint, as_of="2023")
    source = build.source("report")
    run = bring(people.emma, f"id,as_of\n{supply},2019\n", "supply", columns(id="id", as_of="as_of"))
    assert outcomes(run) == ["changed"] and "Goes back from 2023 to 2019" in said(run, 2)
    bearing = '"[{""chokepoint"":""microspheres"",""stance"":""supports""}]"'
    data = f"source,claim,nature,bears_on,about_from,about_to\nreport,Backwards,observation,{bearing},2022,2019\n"
    run = bring(people.emma, data)
    assert outcomes(run) == ["refused"] and "ends before it begins" in said(run, 2)
    assert source


def test_what_one_file_brings_anew_is_filed_together(people, build, register):
    data = b'{"key": "zeiss", "name": "Zeiss", "country": "DE"}\n{"key": "leica", "name": "Leica", "country": "DEU"}\n'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as pack:
        pack.writestr("organizations.jsonl", data)
        pack.writestr(
            "supplies.csv",
            "organization,chokepoint,role\nzeiss,microspheres,foreign supplier\n"
            "leica,microspheres,foreign-supplier\nleica,nothing,foreign-supplier\n",
        )
    run = bring(people.emma, out.getvalue(), file_name="both.zip")
    assert outcomes(run) == ["new", "new", "new", "new", "refused"]
    run = ask_for_drafts(
        actor=people.emma, number=run.pk, title="Optics", rationale="A list.", grouping="record"
    )
    proposals = list(Proposal.objects.order_by("number"))
    assert [proposal.batch for proposal in proposals] == [run.batch] * 2 and run.state == "drafted"
    assert [[change.kind for change in p.present_version().changes.all()] for p in proposals] == [
        ["organization", "supply"]
    ] * 2
    run = ask_for_submission(actor=people.emma, number=run.pk)
    assert [p.state for p in Proposal.objects.all()] == ["open", "open"] and run.refusals == {}


@pytest.mark.parametrize("grouping, expected", [("record", 4), ("sector", 2), ("together", 1), ("source", 1)])
def test_changes_are_grouped_as_was_asked(people, build, register, grouping, expected):
    other = build.chokepoint("lithography")
    assert other
    data = "key,chokepoint,role,country\n" + "".join(
        f"x,{chokepoint},foreign-supplier,{country}\n"
        for chokepoint in ("microspheres", "lithography")
        for country in ("JP", "DE")
    )
    run = bring(people.emma, data, "supply", columns(chokepoint="chokepoint", role="role", country="country"))
    ask_for_drafts(actor=people.emma, number=run.pk, title="T", rationale="R", grouping=grouping)
    assert Proposal.objects.count() == expected


def test_no_proposal_is_drafted_when_one_cannot_be(people, build, monkeypatch):
    from reviews.services import filing

    run = bring(
        people.emma,
        "name,country\nZeiss,DE\nLeica,DE\n",
        "organization",
        columns(name="name", country="country"),
    )
    line = run.lines.get(number=3)
    line.change["fields"]["country"] = "XX"
    line.save()
    with nothing_changes():
        run = ask_for_drafts(actor=people.emma, number=run.pk, title="T", rationale="R", grouping="record")
    assert run.state == "checked" and "nothing was drafted" in run.reason and not run.job
    assert filing.MOST_CHANGES == MOST_CHANGES


def test_an_import_is_its_owners_alone_and_only_editors_have_one(people):
    run = bring(
        people.emma, "name,country\nZeiss,DE\n", "organization", columns(name="name", country="country")
    )
    for actor in (people.erik, people.admin, people.rita):
        with pytest.raises((NotFound, NotAllowed)):
            ask_for_drafts(actor=actor, number=run.pk, title="T", rationale="R", grouping="record")
        with pytest.raises(NotFound):
            run_of(actor, run.pk)
        with pytest.raises(NotFound):
            forget_run(actor=actor, number=run.pk)
    with pytest.raises(NotAllowed):
        upload_file(actor=people.nobody, data=b"a\n1\n", file_name="x.csv")


def test_an_import_isnt_thrown_away_while_its_drafts_are_handed_in(people):
    run = bring(
        people.emma, "name,country\nZeiss,DE\n", "organization", columns(name="name", country="country")
    )
    ask_for_drafts(actor=people.emma, number=run.pk, title="T", rationale="R", grouping="record")
    ImportRun.objects.update(job=SUBMITTING)
    with nothing_changes(), pytest.raises(ImportRefused, match="being handed in"):
        forget_run(actor=people.emma, number=run.pk)
    assert ImportRun.objects.exists()
    ImportRun.objects.update(job="")
    forget_run(actor=people.emma, number=run.pk)
    assert not ImportRun.objects.exists()


def test_a_file_that_cannot_be_read_says_why_and_changes_nothing(people, folder):
    with nothing_changes():
        run = upload_file(actor=people.emma, data=b"a,b\n1,\xff\n", file_name="../../x.csv")
        assert run.state == "failed" and "isn't UTF-8" in run.reason and run.file_name == "x.csv"
        with pytest.raises(WrongState):
            save_plan(actor=people.emma, number=run.pk, plan={})
        forget_run(actor=people.emma, number=run.pk)
    assert list(folder.iterdir()) == [] and not ImportRun.objects.exists()


def test_drafts_hold_no_published_rows_whoever_brings_them(people, build):
    people.admin.groups.set(people.emma.groups.all())
    before = Changeset.objects.count()
    run = bring(
        people.admin, "name,country\nZeiss,DE\n", "organization", columns(name="name", country="country")
    )
    ask_for_drafts(actor=people.admin, number=run.pk, title="T", rationale="R", grouping="record")
    assert Changeset.objects.count() == before and Proposal.objects.get().state == "draft"


# --- the meaning guard


LAST_YEAR = "firm,what,share,minor_share,country\n" + "".join(
    f"firm-{n},microspheres,{share},{minor},JP\n"
    for n, (share, minor) in enumerate(
        [("12%", ""), ("", "true"), ("", "true"), ("30%", ""), ("0.0", ""), ("5%", "")]
    )
)


@pytest.fixture
def remembered(people, build, register):
    for number in range(7):
        build.organization(f"firm-{number}", name=f"Firm {number}")
    plan = columns(firm="organization", what="chokepoint", share="share_exact", country=ColumnPlan())
    run = bring(people.emma, LAST_YEAR, "supply", plan, name="Shares", **SUPPLIES)
    assert outcomes(run) == ["new"] * 6
    ask_for_drafts(
        actor=people.emma, number=run.pk, title="Shares", rationale="A data set.", grouping="together"
    )
    return ImportMapping.objects.get(name="Shares")


def this_year(people, mapping, data):
    run = upload_file(actor=people.emma, data=data.encode(), file_name="this-year.csv", mapping=mapping)
    return save_plan(actor=people.emma, number=run.pk, plan=load_plan(run.plan), name="Shares")


def test_nothing_stops_a_file_that_means_what_it_meant(people, remembered):
    run = this_year(people, remembered, LAST_YEAR)
    assert run.state == "checked" and run.alarms == [] and set(outcomes(run)) == {"proposed"}


def test_a_dropped_column_that_turns_blanks_into_another_meaning_stops_the_import(people, remembered):
    data = "\n".join(",".join(row.split(",")[:3] + row.split(",")[4:]) for row in LAST_YEAR.splitlines())
    run = this_year(people, remembered, data)
    assert run.state == "mapped" and outcomes(run) == []
    missing, blanks = run.alarms
    assert (missing["sort"], missing["column"]) == ("missing", "minor_share")
    assert "said something in “minor_share”" in missing["words"] and missing["examples"] == ["true: 2 times"]
    assert (blanks["sort"], blanks["column"], blanks["other"]) == ("blanks", "share", "minor_share")
    assert "the 2 empty cells of “share”" in blanks["words"] and blanks["examples"] == ["row 3", "row 4"]
    with pytest.raises(ImportRefused):  # one choice for each
        choose_meanings(actor=people.emma, number=run.pk, choices={missing["key"]: "without"})
    with pytest.raises(WrongState):
        ask_for_drafts(actor=people.emma, number=run.pk, title="T", rationale="R", grouping="record")
    run = choose_meanings(
        actor=people.emma, number=run.pk, choices={missing["key"]: "without", blanks["key"]: "skip"}
    )
    assert run.state == "checked" and outcomes(run)[1:3] == ["left-out", "left-out"]
    assert [(one["choice"], one["by"]) for one in run.choices] == [("without", "emma"), ("skip", "emma")]


def test_a_renamed_column_is_recognised_and_carries_its_meaning_on(people, remembered):
    run = this_year(people, remembered, LAST_YEAR.replace("share,minor_share", "market_share,minor_share"))
    (alarm,) = [alarm for alarm in run.alarms if alarm["column"] == "share"]
    assert (alarm["sort"], alarm["other"]) == ("renamed", "market_share")
    choices = {one["key"]: one["choices"][0][0] for one in run.alarms}
    run = choose_meanings(actor=people.emma, number=run.pk, choices=choices)
    assert run.state == "checked" and set(outcomes(run)) == {"proposed"}


def test_new_words_numbers_without_their_sign_and_new_blanks_stop_it_too(people, remembered):
    run = this_year(
        people, remembered, LAST_YEAR.replace("true", "yes").replace("%", "").replace("firm-5", "")
    )
    assert [(alarm["sort"], alarm["column"]) for alarm in run.alarms] == [
        ("blanks", "firm"), ("signs", "share"), ("words", "minor_share")
    ]  # fmt: skip
    assert "“yes” 2 times" in run.alarms[2]["words"] and "Gone: “true”" in run.alarms[2]["words"]


def test_a_new_name_for_the_mapping_is_no_way_around_the_guard(people, remembered):
    data = LAST_YEAR.replace("true", "yes")
    run = upload_file(actor=people.emma, data=data.encode(), file_name="x.csv", mapping=remembered)
    run = save_plan(actor=people.emma, number=run.pk, plan=load_plan(run.plan), name="Another name")
    assert run.state == "mapped" and [alarm["sort"] for alarm in run.alarms] == ["words"]


def test_tables_of_one_name_in_a_zip_stay_apart_and_long_names_are_cut(people):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as pack:
        for folder, key in (("a", "x"), ("b", "y")):
            pack.writestr(f"{folder}/organizations.csv", f"key,name,country\n{key},Firm {key},JP\n")
        pack.writestr("organizations " + "n" * 5_000 + ".csv", "key,name,country\nz,Firm z,JP\n")
    run = bring(people.emma, out.getvalue(), file_name="x" * 300 + ".zip")
    assert outcomes(run) == ["new"] * 3
    assert [len(table["name"]) for table in run.tables] == [13, 15, 100]


def test_who_isnt_an_editor_any_more_gets_a_sentence_and_no_drafts(people, settings):
    run = bring(
        people.emma, "name,country\nZeiss,DE\n", "organization", columns(name="name", country="country")
    )
    settings.IMPORT_AT_ONCE_ROWS = 0
    ask_for_drafts(actor=people.emma, number=run.pk, title="T", rationale="R", grouping="record")
    people.emma.groups.clear()
    run_import(run.pk)
    run.refresh_from_db()
    assert "members of the group Editors" in run.reason and not Proposal.objects.exists()
