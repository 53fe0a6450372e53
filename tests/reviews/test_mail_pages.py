"""The mails of a local register: shown, harmless, and nowhere else."""

import os
import re

import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.utils import timezone

from reviews.notifications.backends import FileBackend
from reviews.notifications.filing import drop_old_mails

pytestmark = pytest.mark.django_db


@pytest.fixture
def filed(settings, tmp_path):
    """A function that writes a mail as the embedded default does; the pages are on."""
    settings.MAILS_SHOWN, settings.EMAIL_FILE_PATH = True, str(tmp_path / "mails")

    def filed(number=1, *, text="Words 国产", html="<head></head><p>Words</p>", subject="A subject"):
        message = EmailMultiAlternatives(
            subject,
            text,
            "register@example.org",
            ["emma@example.org"],
            headers={"Message-ID": f"<mail-{number}.x@y>"},
        )
        message.attach_alternative(html, "text/html")
        FileBackend().send_messages([message])
        return f"mail-{number}.x@y"

    return filed


def test_the_list_leads_to_each_mail_with_text_html_and_headers(filed):
    name = filed(subject="主题 <b>")
    client = Client()
    page = client.get("/mails/").content.decode()
    assert f"/mails/{name}/" in page and "主题 &lt;b&gt;" in page and "emma@example.org" in page
    detail = client.get(f"/mails/{name}/")
    assert "Words 国产" in detail.content.decode() and "Message-ID" in detail.content.decode()
    assert "<p>Words</p>" in client.get(f"/mails/{name}/html/").content.decode()
    assert '<a href="/mails/">Mails</a>' in client.get("/").content.decode()


def test_mails_of_one_subject_are_told_apart_by_what_they_tell(filed):
    """Those about one proposal have one subject, so that readers' programs keep them in one thread."""
    subject = "[Register] Microspheres (proposal 5)"
    filed(1, subject=subject, text="\nRita <b> approved proposal 5\nand so on\n")
    filed(2, subject=subject, text="Proposal 5 was published\n")
    filed(3, subject="[Register] Nov. 27, 2026: 3 notifications", text="Nov. 27, 2026: 3 notifications\n")
    filed(4, subject="Nothing", text=" \n")
    page = Client().get("/mails/").content.decode()
    links = re.findall(r'<a href="/mails/mail-\d[^>]*>([^<]*)</a>', page)
    assert set(links) == {
        "Rita &lt;b&gt; approved proposal 5", "Proposal 5 was published", "Nov. 27, 2026: 3 notifications", "Nothing",
    }  # fmt: skip
    assert page.count(subject) == 2 and page.count("3 notifications") == 1


def test_the_html_of_a_mail_may_run_and_load_nothing(filed):
    name = filed(html="<head></head><script>alert(1)</script>")
    client = Client()
    detail = client.get(f"/mails/{name}/")
    assert "<script>alert" not in detail.content.decode()
    assert "frame-src 'self'" in detail["Content-Security-Policy"]
    html = client.get(f"/mails/{name}/html/")
    policy = html["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src" not in policy and "sandbox" in policy
    assert "allow-scripts" not in policy and "allow-same-origin" not in policy
    assert html["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("path", ["/mails/", "/mails/mail-1.x@y/", "/mails/mail-1.x@y/html/"])
def test_only_local_registers_show_mails(filed, settings, path):
    filed()
    assert Client().get(path).status_code == 200
    settings.MAILS_SHOWN = False
    assert Client().get(path).status_code == 404
    assert "/mails/" not in Client().get("/").content.decode()


@pytest.mark.parametrize("name", ["nothing", "..", "%2e%2e", "..%2f..%2fsecret_key", "a%00b"])
def test_no_name_leads_out_of_the_folder(filed, settings, name, tmp_path):
    filed()
    (tmp_path / "secret_key").write_text("secret")
    for path in (f"/mails/{name}/", f"/mails/{name}/html/"):
        answer = Client().get(path)
        assert answer.status_code == 404 and answer.content != b"secret"


def test_a_file_that_is_no_mail_breaks_no_page(filed, tmp_path):
    filed()
    (tmp_path / "mails" / "odd.eml").write_bytes(b"\xff\x00 no mail at all")
    (tmp_path / "mails" / "empty.eml").write_bytes(b"")
    assert Client().get("/mails/").status_code == 200
    assert Client().get("/mails/odd/").status_code == 200


def test_without_any_mail_the_page_says_so(settings, tmp_path):
    settings.MAILS_SHOWN, settings.EMAIL_FILE_PATH = True, str(tmp_path / "none yet")
    assert "No mail was written yet." in Client().get("/mails/").content.decode()


def test_old_files_go(filed, settings, tmp_path):
    filed(1)
    filed(2)
    old = tmp_path / "mails" / "mail-1.x@y.eml"
    os.utime(old, (0, 0))
    assert drop_old_mails(now=timezone.now()) == 1
    assert [path.name for path in (tmp_path / "mails").iterdir()] == ["mail-2.x@y.eml"]
