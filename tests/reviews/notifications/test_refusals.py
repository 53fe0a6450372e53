"""What it means when a mail isn't taken: the address, this mail, or the server; for good or for now."""

import smtplib

import pytest

from reviews.notifications.refusals import BOUNCED, LATER, REFUSED, TROUBLE, NoAddress, refusal_of


def at_address(code, words):
    return smtplib.SMTPRecipientsRefused({"somebody@example.org": (code, words.encode())})


@pytest.mark.parametrize(
    ("error", "sort"),
    [
        (at_address(550, "5.1.1 No such user"), BOUNCED),
        (at_address(550, "No such user"), BOUNCED),
        (at_address(550, "5.2.1 Switched off"), BOUNCED),
        (at_address(553, "5.1.3 Not an address"), BOUNCED),
        (at_address(556, "Takes no mail"), BOUNCED),
        # A full mailbox may be emptied, and our being unwelcome says nothing about the address.
        (at_address(552, "5.2.2 Over quota"), LATER),
        (at_address(552, "Over quota"), LATER),
        (at_address(550, "5.7.1 Relaying denied"), LATER),
        (at_address(554, "Relay access denied"), LATER),
        (at_address(450, "4.2.0 Greylisted"), LATER),
        (at_address(421, "4.3.2 Going down"), TROUBLE),
        (smtplib.SMTPDataError(451, b"4.3.0 Try again"), LATER),
        (smtplib.SMTPDataError(554, b"5.7.1 Looks like spam"), REFUSED),
        (smtplib.SMTPDataError(550, b"5.1.1 No such user after all"), BOUNCED),
        (smtplib.SMTPDataError(421, b"Going down"), TROUBLE),
        (smtplib.SMTPSenderRefused(550, b"Who are you", "register@example.org"), TROUBLE),
        (smtplib.SMTPAuthenticationError(535, b"Wrong password"), TROUBLE),
        (smtplib.SMTPServerDisconnected("gone"), TROUBLE),
        (ConnectionRefusedError("nobody there"), TROUBLE),
        (TimeoutError("silent"), TROUBLE),
        (NoAddress("Invalid address"), BOUNCED),
        (ValueError("a fault of ours"), LATER),
        (KeyError("a fault of ours"), LATER),
    ],
)
def test_each_answer_means_one_thing(error, sort):
    assert refusal_of(error).sort == sort


def test_the_words_of_a_server_are_one_line_and_hold_nothing_that_a_database_refuses():
    assert refusal_of(at_address(550, "5.1.1 No\r\n such\0 user")).words == "550 5.1.1 No such user"
