"""One POST to a real receiver: to the place that was checked, in time, without redirects, its answer unread."""

import ipaddress
import socket
import subprocess
import time
import uuid

import pytest
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from reviews.notifications.webhooks import addresses, sending, signing
from reviews.notifications.webhooks.sending import post

from .receiver import Receiver, babble, drip, drop, gush, hang, later, redirect

BODY = '{"type":"proposal.published","data":{"title":"微球"}}'.encode()


@pytest.fixture(autouse=True)
def this_machine_is_open(settings):
    settings.WEBHOOK_ALLOWED_NETWORKS = [ipaddress.ip_network("127.0.0.1/32")]


def resolve_to(monkeypatch, *answers):
    """Let the resolver answer so, one answer a question, the last from then on; return what it was asked."""
    waiting, asked = list(answers), []

    def look_up(host, port, *_args, **_options):
        asked.append(host)
        found = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", look_up)
    return asked


def test_a_message_arrives_as_it_was_signed():
    secret = signing.new_secret()
    message = uuid.uuid4()
    with Receiver() as receiver:
        headers = signing.headers_of(message, int(time.time()), BODY, [secret])
        answer = post(f"{receiver.url}?a=1&b=%E4", headers, BODY, seconds=5)
    assert answer.is_taken and answer.status == 200 and answer.wrong == ""
    [came] = receiver.requests
    assert (came.method, came.path, came.body) == ("POST", "/hook?a=1&b=%E4", BODY)
    assert came.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert came.headers["content-type"] == "application/json"
    assert came.headers["webhook-id"] == f"msg_{message.hex}"
    assert Verifier(secret).verify(came.body, came.headers)["data"]["title"] == "微球"
    for wrong in ({"webhook-id": "msg_0"}, {"webhook-timestamp": str(int(time.time()) - 1)}):
        with pytest.raises(WebhookVerificationError):
            Verifier(secret).verify(came.body, came.headers | wrong)


def test_two_secrets_make_two_signatures_and_either_verifies():
    old, new = signing.new_secret(), signing.new_secret()
    headers = signing.headers_of(uuid.uuid4(), int(time.time()), BODY, [new, old])
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (old, new):
        Verifier(secret).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(signing.new_secret()).verify(BODY, headers)


def test_what_was_checked_is_what_is_connected_to(monkeypatch):
    with Receiver() as receiver:
        asked = resolve_to(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
        answer = post(f"http://rebinding.example.org:{receiver.port}/hook", {}, BODY, seconds=5)
    assert answer.is_taken and asked == ["rebinding.example.org"]
    assert receiver.requests[0].headers["host"] == f"rebinding.example.org:{receiver.port}"


def test_a_name_that_leads_inside_by_now_is_not_connected_to(monkeypatch, settings):
    with Receiver() as receiver:
        resolve_to(monkeypatch, ["127.0.0.1"])
        settings.WEBHOOK_ALLOWED_NETWORKS = []
        answer = post(f"http://rebinding.example.org:{receiver.port}/hook", {}, BODY, seconds=5)
    assert answer.status is None and answer.wrong == addresses.UNREACHABLE and not receiver.requests


def test_a_redirect_is_a_failure_and_is_not_followed():
    with Receiver() as aim, Receiver([redirect(aim.url, each) for each in (301, 302, 307, 308)]) as receiver:
        answers = [post(receiver.url, {}, BODY, seconds=5) for _ in range(4)]
    assert [each.status for each in answers] == [301, 302, 307, 308]
    assert all("redirect" in each.wrong and "not followed" in each.wrong for each in answers)
    assert not aim.requests


@pytest.mark.parametrize(
    ("does", "status", "words"),
    [
        (500, 500, "It answered 500 Internal Server Error."),
        (404, 404, "It answered 404 Not Found."),
        (299, 299, ""),
        (599, 599, "It answered 599."),
        (drop, None, "The connection couldn't be made, or broke before an answer came."),
        (babble, None, "What answered doesn't speak HTTP."),
        (gush, None, "The head of its answer is too large."),
    ],
)
def test_what_is_answered_is_known_by_its_status_and_in_our_words_alone(does, status, words):
    with Receiver([does]) as receiver:
        answer = post(receiver.url, {}, BODY, seconds=5)
    assert (answer.status, answer.wrong) == (status, words)


@pytest.mark.parametrize("does", [hang, drip])
def test_a_slow_receiver_is_left_at_the_deadline_however_busy_it_keeps_us(does):
    with Receiver([does]) as receiver:
        began = time.monotonic()
        answer = post(receiver.url, {}, BODY, seconds=0.4)
    assert answer.wrong == "No answer within 0.4 seconds." and time.monotonic() - began < 3


def test_a_port_where_nobody_listens_is_said_to_refuse():
    with Receiver() as receiver:
        url = receiver.url
    assert post(url, {}, BODY, seconds=5).wrong == "The connection was refused."


def test_the_proxies_of_the_environment_are_not_asked(monkeypatch):
    with Receiver() as proxy, Receiver() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert post(receiver.url, {}, BODY, seconds=5).is_taken
    assert len(receiver.requests) == 1 and not proxy.requests


def test_a_receiver_may_ask_to_be_left_alone_but_not_for_ever():
    with Receiver([later(90), later(90, 503), later(10**6), later(90, 500)]) as receiver:
        assert [post(receiver.url, {}, BODY, seconds=5).wait for _ in range(4)] == [90, 90, 86_400, 0]


@pytest.fixture
def certificate(tmp_path):
    """A certificate for hooks.example.org that signs itself, with its key in one file."""
    key, own, both = (tmp_path / name for name in ("key.pem", "own.pem", "both.pem"))
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=hooks"),
            *("-addext", "subjectAltName=DNS:hooks.example.org", "-keyout", str(key), "-out", str(own)),
        ],
        check=True,
        capture_output=True,
    )
    both.write_bytes(key.read_bytes() + own.read_bytes())
    return both


def test_over_tls_the_host_that_was_given_must_be_the_one_that_the_certificate_names(
    certificate, monkeypatch
):
    resolve_to(monkeypatch, ["127.0.0.1"])
    with Receiver(certificate=certificate) as receiver:
        right, wrong = (f"https://{name}.example.org:{receiver.port}/hook" for name in ("hooks", "other"))
        unknown = post(right, {}, BODY, seconds=5)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        known, another = post(right, {}, BODY, seconds=5), post(wrong, {}, BODY, seconds=5)
        plain = post(right.replace("https", "http"), {}, BODY, seconds=5)
    assert unknown.wrong == another.wrong == "Its certificate isn't valid for this host."
    assert known.is_taken and len(receiver.requests) == 1
    assert plain.wrong and plain.status is None


def test_of_several_places_the_next_is_tried(monkeypatch, settings):
    settings.WEBHOOK_ALLOWED_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    with Receiver() as receiver:
        resolve_to(monkeypatch, ["127.0.0.9", "127.0.0.1"])
        assert post(f"http://two.example.org:{receiver.port}/", {}, BODY, seconds=5).is_taken
    assert len(receiver.requests) == 1


def test_a_family_that_this_machine_has_not_costs_only_the_addresses_of_that_family(monkeypatch):
    make = socket.socket

    def without_ipv6(family=socket.AF_INET, *more, **named):
        if family == socket.AF_INET6:
            raise OSError("Address family not supported by protocol")
        return make(family, *more, **named)

    with Receiver() as receiver:
        places = [
            (socket.AF_INET6, ("2606:4700::1", receiver.port, 0, 0)),
            (socket.AF_INET, ("127.0.0.1", receiver.port)),
        ]
        monkeypatch.setattr(sending, "places_of", lambda address, *, seconds: places)
        monkeypatch.setattr(sending.socket, "socket", without_ipv6)
        assert post(f"http://example.org:{receiver.port}/hook", {}, BODY, seconds=5).is_taken
