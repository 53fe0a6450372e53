"""Keeping what is typed: own rows only, two tabs apart, limits in number, size and age, and nothing that breaks it."""

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from reviews.exceptions import NotAllowed, StaleVersion
from reviews.models import KeptForm, Limit
from reviews.services import keeping
from reviews.services.drafting import draft_proposal, revise_proposal
from reviews.services.keeping import (
    CantBeKept,
    discard_kept_form,
    drop_old_kept_forms,
    forget_form,
    keep_form,
    kept_form,
    kept_forms_of,
    move_kept_forms,
    saved_elsewhere,
)

pytestmark = pytest.mark.django_db

PATH = "/proposals/new/?kind=sector&operation=create"
TAB = uuid.UUID("11111111-1111-4111-8111-111111111111")
OTHER_TAB = uuid.UUID("22222222-2222-4222-8222-222222222222")


@pytest.fixture
def keep(people):
    """A function that keeps emma's form as her tab would, and returns the row."""

    def keep(*fields, actor=None, path=PATH, tab=TAB, count=0, title="New sector"):
        return keep_form(
            actor=actor or people.emma, path=path, tab=tab, count=count, title=title, fields=fields
        )

    return keep


def test_a_form_is_kept_and_counts_on(keep):
    first = keep(("name", "显示"))
    second = keep(("name", "显示材料"), ("rationale", "一\r\n二"), count=first.count)
    row = KeptForm.objects.get()
    assert (first.count, second.count, row.count) == (1, 2, 2)
    assert row.fields == second.fields == [["name", "显示材料"], ["rationale", "一\r\n二"]]
    assert row.saved == second.saved


@pytest.mark.parametrize("count", [0, 1, 3, 999_999_999])
def test_a_tab_that_saw_another_count_overwrites_nothing(keep, count):
    keep(("name", "first"))
    keep(("name", "second"), count=1)
    with pytest.raises(StaleVersion):
        keep(("name", "from a copy of the tab"), count=count)
    assert KeptForm.objects.get().fields == [["name", "second"]]


def test_keeping_the_same_again_changes_nothing_whatever_the_count(keep):
    row = keep(("name", "same"))
    again = keep(("name", "same"), count=77)
    assert (again.pk, again.count, again.saved) == (row.pk, 1, row.saved)


def test_two_tabs_have_a_row_each(keep):
    keep(("name", "one"))
    keep(("name", "two"), tab=OTHER_TAB)
    assert {row.fields[0][1] for row in KeptForm.objects.all()} == {"one", "two"}


def test_a_row_that_was_begun_at_the_same_moment_is_not_overwritten(keep, people, monkeypatch):
    keep(("name", "theirs"))
    monkeypatch.setattr(KeptForm.objects, "filter", lambda **_: KeptForm.objects.none())
    with pytest.raises(StaleVersion):
        keep(("name", "mine"))
    monkeypatch.undo()
    assert KeptForm.objects.get().fields == [["name", "theirs"]]


def test_a_discarded_form_is_kept_anew_when_its_tab_goes_on(keep, people):
    row = keep(("name", "a"))
    discard_kept_form(actor=people.emma, number=row.pk)
    assert keep(("name", "b"), count=1).count == 2


@pytest.mark.parametrize("name", ["rita", "nobody", "admin"])
def test_only_editors_keep_forms(keep, people, name):
    with pytest.raises(NotAllowed):
        keep(("name", "a"), actor=getattr(people, name))


def test_only_the_own_user_reads_and_discards(keep, people):
    row = keep(("name", "a"))
    assert kept_form(people.erik, row.pk) is None
    assert kept_forms_of(people.erik) == []
    discard_kept_form(actor=people.erik, number=row.pk)
    assert kept_form(people.emma, row.pk) == row


def test_the_same_page_and_tab_of_two_people_are_apart(keep, people):
    keep(("name", "emma's"))
    keep(("name", "erik's"), actor=people.erik)
    assert kept_form(people.erik, kept_forms_of(people.erik)[0].number).fields == [["name", "erik's"]]


def test_tokens_buttons_passwords_and_bookkeeping_are_not_kept(keep):
    row = keep(
        ("csrfmiddlewaretoken", "x"),
        ("submit", "1"),
        ("draft", "1"),
        ("kept", "x"),
        ("kept-count", "1"),
        ("new_Password1", "secret"),
        ("name", "a"),
    )
    assert row.fields == [["name", "a"]]


def test_what_no_database_holds_is_replaced_and_the_rest_kept(keep):
    row = keep(("name", "a\0b"), ("na\ud800me", "𠮷 \udfff 野"), title="T\0\ud800" + "x" * 300)
    row.refresh_from_db()
    assert row.fields == [["name", "a\ufffdb"], ["na\ufffdme", "𠮷 \ufffd 野"]]
    assert row.title == "T\ufffd\ufffd" + "x" * 197


@pytest.mark.parametrize("length, fits", [(199_996, True), (199_997, False), (66_665, True)])
def test_a_form_of_more_than_200_kb_is_refused(keep, length, fits):
    letter = "x" if length > 100_000 else "北"  # three bytes
    if fits:
        assert keep(("name", letter * length)).pk
    else:
        with pytest.raises(CantBeKept):
            keep(("name", letter * length))
        assert not KeptForm.objects.exists()


@pytest.mark.parametrize("pair", [("name", ["deep", ["deeper"]]), ("name", None), (1, "a"), ("name", {})])
def test_what_is_no_form_is_refused(keep, pair):
    with pytest.raises(CantBeKept):
        keep(pair)


def test_a_path_that_no_column_holds_is_refused(keep):
    with pytest.raises(CantBeKept):
        keep(("name", "a"), path="/" + "x" * 500)


def test_of_more_than_fifty_the_oldest_go(keep, people, monkeypatch):
    monkeypatch.setattr(keeping, "MOST_FORMS", 3)
    keep(("name", "erik's"), actor=people.erik)
    for number in range(1, 6):
        keep(("name", str(number)), tab=uuid.UUID(int=number))
        KeptForm.objects.filter(tab=uuid.UUID(int=number)).update(
            saved=timezone.now() - dt.timedelta(hours=10 - number)
        )
    assert sorted(row.fields[0][1] for row in KeptForm.objects.filter(user=people.emma)) == ["3", "4", "5"]
    assert KeptForm.objects.filter(user=people.erik).count() == 1


@pytest.mark.parametrize("days, left", [(None, 1), (10, 0), (60, 2)])
def test_what_is_older_than_the_limit_is_dropped(keep, people, days, left):
    now = timezone.now()
    for age, tab in ((20, TAB), (40, OTHER_TAB)):
        keep(("name", "a"), tab=tab)
        KeptForm.objects.filter(tab=tab).update(saved=now - dt.timedelta(days=age))
    if days:
        Limit.objects.create(key="kept", value=days)
    assert drop_old_kept_forms(now=now) == 2 - left
    assert KeptForm.objects.count() == left


def test_a_saved_form_is_forgotten_but_not_what_another_tab_wrote_meanwhile(keep, people):
    keep(("name", "a"))
    keep(("name", "b"), count=1)
    forget_form(actor=people.emma, path=PATH, tab=TAB, count=1)
    assert KeptForm.objects.count() == 1
    forget_form(actor=people.emma, path=PATH, tab=TAB, count=2)
    assert not KeptForm.objects.exists()


def test_kept_forms_are_listed_newest_first_with_the_way_on(keep, people):
    old = keep(("name", "a"), title="Old")
    KeptForm.objects.filter(pk=old.pk).update(saved=timezone.now() - dt.timedelta(days=1))
    new = keep(("name", "b"), path="/proposals/5/edit/", title="New")
    listed = kept_forms_of(people.emma)
    assert [(kept.title, kept.path) for kept in listed] == [("New", "/proposals/5/edit/"), ("Old", PATH)]
    assert [kept.go_on for kept in listed] == [f"/proposals/5/edit/?kept={new.pk}", f"{PATH}&kept={old.pk}"]
    assert [kept.number for kept in kept_forms_of(people.emma, PATH)] == [old.pk]


def test_moving_takes_rows_along_but_never_onto_another(keep, people):
    keep(("name", "stays"))
    keep(("name", "moves"), tab=OTHER_TAB)
    keep(("name", "was there"), path="/to/")
    move_kept_forms(actor=people.emma, path=PATH, to="/to/")
    assert {(row.path, row.fields[0][1]) for row in KeptForm.objects.all()} == {
        (PATH, "stays"),
        ("/to/", "moves"),
        ("/to/", "was there"),
    }


def test_a_draft_that_was_saved_elsewhere_is_said_to_its_author_only(people):
    draft = draft_proposal(actor=people.emma, title="A", rationale="B", changes=[])
    number = draft.number
    assert saved_elsewhere(people.emma, number, 1) == ""
    revise_proposal(actor=people.emma, number=number, version=1, title="A2", rationale="B", changes=[])
    assert "as version 2" in saved_elsewhere(people.emma, number, 1)
    assert saved_elsewhere(people.emma, number, 2) == ""
    assert saved_elsewhere(people.emma, number, 0) == ""  # the form names no version
    assert saved_elsewhere(people.erik, number, 1) == ""
    assert saved_elsewhere(people.emma, 10**30, 1) == ""
