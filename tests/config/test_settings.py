"""The settings refuse what is unsafe, and an outside service that hangs does not hang a request."""

import os
import socket
import stat
import subprocess
import sys
import time

import pytest

from tests.databases import PROJECT

SAFE = {
    "SECRET_KEY": "a-key-that-is-long-enough-and-only-used-by-this-test",
    "ALLOWED_HOSTS": "register.example.org",
    "DATABASE_URL": "postgres://someone@127.0.0.1:5432/somewhere",
    "CELERY_BROKER_URL": "redis://127.0.0.1:6379/0",
}
# What the surrounding machine happens to set must not decide these tests.
OURS = {
    *SAFE,
    "DEBUG",
    "TRUST_PROXY_HEADER",
    "TRUSTED_PROXIES",
    "CACHE_URL",
    "CORS_ALLOWED_ORIGINS",
    "EMAIL_URL",
    "SITE_URL",
    "MAILS_DIR",
    "DEFAULT_FROM_EMAIL",
    "ALLOW_SQLITE",
    "VAR_DIR",
    "DJANGO_SETTINGS_MODULE",
    "DJANGO_ALLOW_ASYNC_UNSAFE",
}


def run(code: str, tmp_path, *, settings: str | None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of Python in a new process with nothing but these settings."""
    clean = {name: value for name, value in os.environ.items() if name not in OURS}
    if settings:
        clean["DJANGO_SETTINGS_MODULE"] = f"config.settings.{settings}"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env={**clean, "VAR_DIR": str(tmp_path / "var"), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def show(expression: str) -> str:
    return f"from django.conf import settings; print({expression})"


def test_production_starts_with_everything_it_needs(tmp_path):
    done = run(
        show("settings.DEBUG, settings.DEMO_ACCOUNTS_ALLOWED"), tmp_path, settings="production", **SAFE
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("missing", sorted(SAFE))
def test_production_names_what_is_missing(missing, tmp_path):
    given = {name: value for name, value in SAFE.items() if name != missing}
    done = run(show("settings.DEBUG"), tmp_path, settings="production", **given)
    assert done.returncode != 0
    assert f"Production needs {missing}" in done.stderr


@pytest.mark.parametrize(
    ("unsafe", "words"),
    [
        ({"SECRET_KEY": "short"}, "32 characters"),
        ({"ALLOWED_HOSTS": "*"}, "real names"),
        ({"ALLOWED_HOSTS": " "}, "Production needs ALLOWED_HOSTS"),
        ({"DEBUG": "true"}, "refuses DEBUG"),
        ({"DATABASE_URL": "sqlite:///{folder}/register.sqlite3"}, "expects PostgreSQL"),
        ({"TRUST_PROXY_HEADER": "true"}, "Production needs TRUSTED_PROXIES"),
        ({"EMAIL_URL": "smtp://mail.example.org"}, "Production needs SITE_URL"),
    ],
)
def test_production_refuses_what_is_unsafe(unsafe, words, tmp_path):
    unsafe = {name: value.format(folder=tmp_path) for name, value in unsafe.items()}
    done = run(show("settings.DEBUG"), tmp_path, settings="production", **{**SAFE, **unsafe})
    assert done.returncode != 0
    assert words in done.stderr


def test_production_takes_sqlite_when_told_so(tmp_path):
    url = f"sqlite:///{tmp_path}/register.sqlite3"
    done = run(
        show("settings.DATABASES['default']['OPTIONS']['transaction_mode']"),
        tmp_path,
        settings="production",
        **{**SAFE, "DATABASE_URL": url, "ALLOW_SQLITE": "true"},
    )
    assert done.stdout.strip() == "IMMEDIATE", done.stderr


def test_a_server_that_names_no_settings_gets_those_of_production(tmp_path):
    done = run("import config.wsgi", tmp_path, settings=None)
    assert done.returncode != 0
    assert "Production needs SECRET_KEY" in done.stderr


def test_the_deployment_check_has_no_complaint(tmp_path):
    # HSTS for subdomains and preloading bind other sites than this one: not ours to decide.
    code = (
        "import django\n"
        "from django.conf import settings\n"
        "from django.core.management import call_command\n"
        "settings.SILENCED_SYSTEM_CHECKS += ['security.W005', 'security.W021']\n"
        "django.setup()\n"
        "call_command('check', deploy=True, fail_level='WARNING')\n"
    )
    done = run(code, tmp_path, settings="production", **SAFE)
    assert done.returncode == 0, done.stderr


def test_the_local_key_is_made_once_and_for_its_owner_only(tmp_path):
    keys = {run(show("settings.SECRET_KEY"), tmp_path, settings="local").stdout for _ in range(2)}
    (key,) = keys
    assert len(key.strip()) >= 50
    mode = (tmp_path / "var" / "secret_key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert [path.name for path in (tmp_path / "var").iterdir() if path.name.startswith("tmp")] == []


@pytest.mark.parametrize("url", ["mysql://someone@127.0.0.1/somewhere", "sqlite://:memory:"])
def test_other_databases_are_refused_in_words(url, tmp_path):
    done = run(show("settings.DATABASES"), tmp_path, settings="local", DATABASE_URL=url)
    assert done.returncode != 0
    assert "ValueError: DATABASE_URL: " in done.stderr


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("", "reviews.notifications.backends.FileBackend localhost 25 False False"),
        (
            "smtp://mail.example.org",
            "reviews.notifications.backends.SMTPBackend mail.example.org 25 False False",
        ),
        (
            "smtp+tls://me:p%40ss@mail.example.org",
            "reviews.notifications.backends.SMTPBackend mail.example.org 587 True False me p@ss",
        ),
        (
            "smtp+ssl://me:p%40ss@mail.example.org:4650",
            "reviews.notifications.backends.SMTPBackend mail.example.org 4650 False True me p@ss",
        ),
    ],
)
def test_mails_go_to_the_server_that_is_named_and_else_to_files(url, found, tmp_path):
    names = ["BACKEND", "HOST", "PORT", "USE_TLS", "USE_SSL", "HOST_USER", "HOST_PASSWORD"]
    done = run(
        show(f"*(getattr(settings, 'EMAIL_' + name) for name in {names})"),
        tmp_path,
        settings="local",
        EMAIL_URL=url,
    )
    assert done.stdout.strip() == found, done.stderr


@pytest.mark.parametrize(
    "url", ["imap://me:secret@mail", "smtp://", "smtp://me:secret@mail:port", "smtp://mail/secret"]
)
def test_an_address_of_a_mail_server_that_is_none_is_refused_without_repeating_it(url, tmp_path):
    done = run(show("settings.EMAIL_HOST"), tmp_path, settings="local", EMAIL_URL=url)
    assert done.returncode != 0
    assert "ValueError: EMAIL_URL: " in done.stderr
    assert "secret" not in done.stderr.rpartition("ValueError")[2]


def test_a_broker_that_never_answers_does_not_hold_the_caller(tmp_path):
    publish = (
        "from config import app\n"
        "from kombu.exceptions import OperationalError\n"
        "try:\n"
        "    app.send_task('nobody.listens')\n"
        "except OperationalError:\n"
        "    print('gave up')\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        started = time.monotonic()
        done = run(publish, tmp_path, settings="local", CELERY_BROKER_URL=url)
        took = time.monotonic() - started
    assert done.stdout.strip() == "gave up", done.stderr
    assert took < 20  # three seconds and the start of a process; over a minute without the timeouts
