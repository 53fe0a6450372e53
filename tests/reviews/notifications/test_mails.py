"""What a mail says and under which headers: the same words in both parts, in three languages, and no way in for users' texts."""

import re
from dataclasses import replace
from email import policy
from email.parser import BytesParser
from html.parser import HTMLParser

import pytest
from django.utils import timezone

from chokepoints.models import Chokepoint
from reviews.models import Mail, Notification, Proposal
from reviews.notifications.addresses import mail_with_id, message_id_of
from reviews.notifications.differences import MOST_FIELDS, MOST_LETTERS, _shortened, difference_of
from reviews.notifications.letters import MOST_IN_DIGEST, NotNeeded
from reviews.notifications.mails import build_mail, subject_line
from reviews.services.discussing import comment_on_proposal
from reviews.services.drafting import revise_proposal
from reviews.services.reviewing import review_proposal
from reviews.services.subscribing import set_choice, watch
from reviews.services.suggesting import suggest_value
from reviews.views.answering import as_drafted

from ..conftest import change, create, reduced

pytestmark = pytest.mark.django_db


def built(mail, language=""):
    """A mail as it arrives: taken apart by a parser that knows nothing of who wrote it."""
    message = build_mail(mail, address="somebody@example.org", language=language).message()
    return BytesParser(policy=policy.default).parsebytes(message.as_bytes(linesep="\r\n"))


def parts(message) -> tuple[str, str]:
    contents = (message.get_body((sort,)).get_content() for sort in ("plain", "html"))
    return tuple(content.replace("\r\n", "\n") for content in contents)


def header(message, name) -> str:
    """A header as readers see it: unfolded."""
    return str(message[name]).strip()


class _Seen(HTMLParser):
    """What an HTML part shows and names."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.words, self.targets = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.targets += [value for name, value in attrs if name in ("href", "src", "action")]

    def handle_data(self, data):
        self.words.append(data)


def mail_of(user) -> Mail:
    return Mail.objects.filter(owner=user).latest("pk")


@pytest.fixture
def asked(addressed, register, propose, tell_all):
    """A proposal of emma's that rita is asked to review, and the mail that asks her."""
    tell_all()
    number = propose(*reduced(register), title="微球: dependency reduced")
    tell_all()
    return Proposal.objects.get(pk=number), mail_of(addressed.rita)


def test_both_parts_say_the_same_with_the_change_in_it_and_chinese_intact(asked):
    proposal, mail = asked
    text, html = parts(built(mail))
    seen = " ".join(_Seen(html).words)
    for words in (
        f"You are asked to review proposal {proposal.pk} by emma",
        "微球: dependency reduced",
        "国产微球已批量供货",
        "A domestic maker delivers in volume; imports are still needed.",
        "You get this because it is your turn: you may review it.",
        "No more mails of requests to you",
        "Mute this proposal",
    ):
        assert words in text and words in seen, words
    addresses = set(re.findall(r"http://\S+", text))
    assert addresses - {"http://127.0.0.1:8000"} == set(_Seen(html).targets)


def test_mails_of_a_proposal_hang_together(asked, addressed, tell_all):
    proposal, first = asked
    comment_on_proposal(actor=addressed.rita, number=proposal.pk, text="Which year?")
    revise_proposal(
        actor=addressed.emma,
        number=proposal.pk,
        title="Another title",
        rationale="Because.",
        changes=[create("organization", name="M", key="m")],
        version=1,
    )
    tell_all()
    second = mail_of(addressed.emma)
    mails = [built(first), built(second)]
    assert len({message["References"] for message in mails}) == 1
    assert {message["In-Reply-To"] for message in mails} == {mails[0]["References"]}
    assert {header(message, "Subject") for message in mails} == {
        f"[Register] 微球: dependency reduced (proposal {proposal.pk})"
    }
    assert mails[0]["Message-ID"] != mails[1]["Message-ID"]


def test_the_headers_end_mails_in_one_click_and_keep_robots_from_answering(asked):
    message = built(asked[1])
    text, _ = parts(message)
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(
        r"<http://127\.0\.0\.1:8000/unsubscribe/[^<>\s]+/>", header(message, "List-Unsubscribe")
    )
    assert header(message, "List-Unsubscribe").strip("<>") in text
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["List-Id"] and message["Date"]
    assert message.get_content_type() == "multipart/alternative"


def test_an_id_is_the_same_each_time_and_known_only_from_the_mail(asked):
    mail = asked[1]
    assert built(mail)["Message-ID"] == built(mail)["Message-ID"] == message_id_of(mail)
    assert mail_with_id(message_id_of(mail)) == mail
    for forged in (
        "",
        None,
        f"<mail-{mail.pk}.{'0' * 20}@127.0.0.1>",
        f"<mail-{10**17}.{'0' * 20}@x>",
        "<mail-x@y>",
    ):
        assert mail_with_id(forged) is None


def test_a_comment_is_told_word_for_word_and_nothing_in_it_is_html_or_a_header(asked, addressed, tell_all):
    proposal, _ = asked
    evil = (
        "<script>alert(1)</script>\n<img src=x onerror=y>\n-- \nSubject: x\n.\n\u202etxt.exe &amp; 真的吗？"
    )
    comment_on_proposal(actor=addressed.rita, number=proposal.pk, text=evil)
    tell_all()
    message = built(mail_of(addressed.emma))
    text, html = parts(message)
    seen = _Seen(html)
    assert not {"script", "img", "form", "iframe", "link"} & set(seen.tags)
    assert "<script>alert(1)</script>" in " ".join(seen.words)
    assert "> <script>alert(1)</script>" in text and "> Subject: x" in text and "真的吗？" in text
    assert "\u202e" not in text + html and "U+202E" in text and "U+202E" in html
    assert message["Subject"] != "x"


@pytest.mark.parametrize(
    "title",
    [
        "one\r\nBcc: all@example.org",
        "one\nBcc: all@example.org",
        "one\u2028Bcc: all@example.org",
        "one\x0bBcc: all@example.org\x85",
        'quotes " and \\ and <tag>',
        "\u202eevil\u2066 title\u200b",
        "=?utf-8?q?=0ABcc:_all@example.org?=",
        "很长的标题" * 40,
    ],
)
def test_no_title_reaches_into_the_headers(asked, title):
    proposal, mail = asked
    proposal.versions.update(title=title)
    message = built(mail)
    subject = header(message, "Subject")
    assert message["Bcc"] is None and message["To"] == "somebody@example.org"
    assert "\n" not in subject and "\r" not in subject
    assert not set("\u202e\u2066\u200b\u2028\x0b") & set(subject)
    assert len(subject) <= 180
    text, html = parts(message)
    assert not set("\u202e\u2066\u2028") & set(text + html)


def test_a_subject_is_one_line():
    assert subject_line("a\r\n\tb  c") == "[Register] a b c"


@pytest.mark.parametrize(
    ("language", "heading", "why"),
    [
        ("", "You are asked to review proposal", "You get this because it is your turn: you may review it."),
        ("de", "Sie sind gebeten, Vorschlag", "weil Sie an der Reihe sind: Sie dürfen ihn prüfen."),
        ("zh-hans", "请您评审 emma 的提案", "您收到此通知，是因为轮到您处理：您可以评审它。"),
    ],
)
def test_a_mail_is_in_its_readers_language(asked, language, heading, why):
    message = built(asked[1], language)
    text, html = parts(message)
    assert heading in text and why in text and heading in html and why in html
    assert f'<html lang="{language or "en"}">' in html
    assert "国产微球已批量供货" in text  # the register's own words stay as they are


def test_each_reader_has_a_language_of_their_own(asked, addressed, settings):
    from django.core import mail as outbox

    from reviews.notifications.delivery import send_mails
    from reviews.services.subscribing import set_language

    set_language(actor=addressed.rita, language="de")
    set_language(actor=addressed.ravi, language="zh-hans")
    send_mails()
    bodies = {message.to[0]: message.body for message in outbox.outbox}
    assert "Sie erhalten dies" in bodies["rita@example.org"]
    assert "您收到此通知" in bodies["ravi@example.org"]
    assert "You get this" in bodies["rosa@example.org"]


def test_what_changed_is_marked_and_what_stays_is_cut_short(addressed, register, propose):
    before = Chokepoint.objects.get(pk=register.chokepoint).scope
    long = "Beads of one size. " * 30
    number = propose(
        change("chokepoint", register.chokepoint, aliases=["Mikrokugeln"], scope=f"{before} {long}")
    )
    difference = difference_of(Proposal.objects.get(pk=number).present_version())
    (block,) = difference.blocks
    assert (block.operation, block.kind, difference.left_out) == ("Change", "chokepoint", 0)
    rows = {row.label.lower(): row.lines for row in block.rows}
    assert (("insert", "Mikrokugeln"),) in rows["aliases"]
    scope = next(lines for label, lines in rows.items() if label != "aliases")
    assert ("insert", long.strip()) in [(sort, text.strip()) for sort, text in scope[0]]


def test_a_new_version_is_told_by_what_is_new_in_it(asked, addressed, tell_all, register):
    proposal, _ = asked
    watch(actor=addressed.nobody, what="proposal", target=proposal.pk)
    set_choice(actor=addressed.nobody, event="revised", scope="watched", level="now")
    before = proposal.present_version()
    changes = as_drafted(before)
    rationale = "A domestic maker delivers in volume; imports are still needed everywhere."
    changes[2] = replace(changes[2], fields={**changes[2].fields, "rationale": rationale})
    revise_proposal(
        actor=addressed.emma,
        number=proposal.pk,
        version=1,
        title=before.title,
        rationale=before.rationale,
        changes=changes,
    )
    tell_all()
    text, html = parts(built(mail_of(addressed.nobody)))
    assert "What is new in version 2" in text
    assert "Altered: assessment" in text and "{+" in text and "[-so-] is taken out" in text
    assert "国产微球" not in text  # that stayed as it was
    assert "everywhere</ins>" in html or "everywhere" in html


def test_a_suggestion_is_told_with_what_is_suggested(asked, addressed, tell_all):
    proposal, _ = asked
    change = proposal.present_version().changes.get(kind="assessment")
    suggest_value(
        actor=addressed.rita,
        number=proposal.pk,
        version=1,
        record=str(change.record),
        field="as_of",
        value="2024-06",
        words="It says June.",
    )
    tell_all()
    text, _ = parts(built(mail_of(addressed.emma)))
    assert "What is suggested" in text and "> It says June." in text
    assert "    - 2024-05" in text and "    + 2024-06" in text


def test_a_long_text_keeps_only_what_stands_beside_its_change():
    pieces = [
        ("equal", "a" * 500),
        ("delete", "old"),
        ("insert", "new"),
        ("equal", "b" * 500),
        ("insert", "x" * 9000),
    ]
    line = _shortened(pieces)
    assert line[0] == ("equal", " … " + "a" * 60)
    assert line[1:3] == (("delete", "old"), ("insert", "new"))
    assert line[3] == ("equal", "b" * 60 + " … " + "b" * 60)
    assert sum(len(text) for _, text in line) < MOST_LETTERS + 10


def test_the_change_is_bounded_and_says_what_it_leaves_out(asked, addressed, propose, register):
    number = propose(
        *(
            create("organization", name=f"Maker {n}", key=f"maker-{n}", note="long " * 900)
            for n in range(MOST_FIELDS)
        ),
        title="Many makers",
    )
    row = Notification.objects.get(own_mail=asked[1])
    Notification.objects.filter(pk=row.pk).update(proposal=number, activity=None)
    mail = Mail.objects.get(pk=asked[1].pk)
    message = built(mail)
    text, html = parts(message)
    assert "more fields are on the page of the proposal." in text
    assert len(html) < 2 * MOST_FIELDS * MOST_LETTERS


def test_what_became_invisible_is_not_told(asked):
    proposal, mail = asked
    Proposal.objects.filter(pk=proposal.pk).update(state="draft")
    with pytest.raises(NotNeeded):
        build_mail(mail, address="somebody@example.org")


# --- digests


def digest_of(user, rows) -> Mail:
    mail = Mail.objects.create(owner=user, kind="daily", period="2026-11-27", due=timezone.now())
    Notification.objects.filter(pk__in=[row.pk for row in rows]).update(mail=mail, digest="daily")
    return mail


def test_a_digest_counts_all_and_shows_the_most_important_twenty(asked, addressed, notify):
    proposal, _ = asked
    news = [notify(addressed.rita, level="daily") for _ in range(30)]
    mine = [notify(addressed.rita, level="daily", verb="export.ready", scope="mine") for _ in range(2)]
    request = Notification.objects.get(owner=addressed.rita, sort="request")
    text, html = parts(built(digest_of(addressed.rita, [*news, *mine, request])))
    assert text.startswith("Nov. 27, 2026: 33 notifications")
    assert "1 × You are asked to act" in text and "30 × A release is published" in text
    assert text.count("\n* ") == MOST_IN_DIGEST
    headings = re.findall(r"^\* (.*)$", text, re.MULTILINE)
    assert headings[0] == f"You are asked to review proposal {proposal.pk} by emma"
    assert headings[1:3] == ["Your export is ready to be fetched"] * 2
    assert "The 20 most important of 33 are above; all are in your inbox." in text
    assert "http://127.0.0.1:8000/inbox/" in text
    assert html.count("<li><a ") == MOST_IN_DIGEST


def test_what_was_read_or_is_hidden_meanwhile_is_not_in_a_digest(addressed, notify):
    rows = [
        notify(addressed.emma, level="daily", read=timezone.now()),
        notify(addressed.emma, level="daily", verb="release.failed", scope="admin"),
        notify(addressed.emma, level="daily"),
    ]
    mail = digest_of(addressed.emma, rows)
    text, _ = parts(built(mail))
    assert "1 notification\n" in text
    Notification.objects.update(read=timezone.now())
    with pytest.raises(NotNeeded):
        built(mail)


def test_a_digest_is_dated_in_its_readers_way(addressed, notify):
    mail = digest_of(addressed.emma, [notify(addressed.emma, level="daily")])
    assert parts(built(mail, "de"))[0].startswith("27. November 2026: 1 Benachrichtigung")
    assert parts(built(mail, "zh-hans"))[0].startswith("2026年11月27日: 1 条通知")


def test_no_page_and_no_mail_hold_each_others_language(asked, addressed, tell_all, signed_in):
    built(asked[1], "de")
    watch(actor=addressed.rita, what="everything")
    review_proposal(
        actor=addressed.rita, number=asked[0].pk, version=1, verdict="request_changes", comment="No."
    )
    assert "Sie" not in signed_in("rita").get("/proposals/").content.decode()
