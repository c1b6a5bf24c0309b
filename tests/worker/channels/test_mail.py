"""What a mail holds, and how it travels."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from worker.channels.mail import MailChannel
from worker.channels.port import MailAddress, OutcomeKind, Page
from worker.channels.relay import Encryption, Relay, parse_relay
from worker.channels.words import Language, PageKind, words_for
from worker.fcm_emulator import Mailbox, loopback_mailbox

MakePage = Callable[..., Page]
BO = MailAddress(mail="bo@clinic.example")
SENDER = "alerts@clinic.example"


@pytest.fixture
def mail(mailbox: Mailbox) -> MailChannel:
    relay = parse_relay(f"smtp://localhost:{mailbox.port}")
    return MailChannel(relay, sender=SENDER, secret=b"s" * 32)


async def test_a_mail_is_fixed_words_and_a_link(
    mail: MailChannel, mailbox: Mailbox, make_page: MakePage
) -> None:
    page = make_page(sent_at=1_790_000_000)

    outcome = await mail.send(BO, page, key="delivery-1.1")

    (received,) = mailbox.mails(BO.mail)
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert received.sender == SENDER
    assert received.body == (f"An urgent item needs your attention. Open the app.\n\n{page.link}\n")
    assert received.headers == {
        "to": "bo@clinic.example",
        "from": SENDER,
        "subject": "Care team alert",
        "date": "Mon, 21 Sep 2026 14:13:20 -0000",
        "message-id": outcome.provider_id,
        "auto-submitted": "auto-generated",
        "content-type": 'text/plain; charset="utf-8"',
        "content-transfer-encoding": "7bit",
        "mime-version": "1.0",
    }


@pytest.mark.parametrize("minimal", [False, True])
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", PageKind)
async def test_no_mail_holds_a_header_or_a_word_outside_the_allow_list(
    mail: MailChannel,
    mailbox: Mailbox,
    make_page: MakePage,
    *,
    kind: PageKind,
    language: Language,
    minimal: bool,
) -> None:
    await mail.send(BO, make_page(kind, language=language, minimal=minimal), key="d")

    (received,) = mailbox.mails(BO.mail)
    assert received.violations == []
    assert received.headers["subject"] == words_for(kind, language).title


async def test_the_message_id_is_the_attempts_own_and_tells_nothing(
    mail: MailChannel, mailbox: Mailbox, make_page: MakePage
) -> None:
    for key in ("delivery-1.1", "delivery-1.1", "delivery-1.2"):
        await mail.send(BO, make_page(), key=key)

    first, again, second = (m.headers["message-id"] for m in mailbox.mails())
    assert first == again
    assert first != second
    assert "delivery" not in first


async def test_every_mail_has_one_recipient(
    mail: MailChannel, mailbox: Mailbox, make_page: MakePage
) -> None:
    cy = MailAddress(mail="cy@clinic.example")

    await mail.send(BO, make_page(), key="d1")
    await mail.send(cy, make_page(), key="d2")

    assert [m.headers["to"] for m in mailbox.mails()] == [BO.mail, cy.mail]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "bo",
        "bo@",
        "@clinic.example",
        "bo@clinic.example\r\nBcc: eve@evil.example",
        "bo@clinic.example>\r\nDATA",
        "bo <bo@clinic.example>",
        "bö@clinic.example",
        "bo@clinic.example,eve@evil.example",
    ],
)
async def test_an_address_that_is_none_reaches_no_relay(
    mail: MailChannel, mailbox: Mailbox, make_page: MakePage, address: str
) -> None:
    outcome = await mail.send(MailAddress(mail=address), make_page(), key="d")

    assert outcome.kind is OutcomeKind.INVALID_ENDPOINT
    assert mailbox.mails() == []


async def test_starttls_protects_the_mail_where_the_certificate_is_trusted(
    server_tls: ssl.SSLContext, certificate: Path, make_page: MakePage
) -> None:
    async with loopback_mailbox(tls=server_tls) as mailbox:
        relay = parse_relay(f"smtp+starttls://user:word@localhost:{mailbox.port}")
        trust = ssl.create_default_context(cafile=str(certificate))
        mail = MailChannel(relay, sender=SENDER, secret=b"s", tls=trust)

        outcome = await mail.send(BO, make_page(), key="d")

    assert outcome.kind is OutcomeKind.ACCEPTED
    assert [m.was_encrypted for m in mailbox.mails()] == [True]


async def test_a_certificate_nobody_vouches_for_is_a_fault_of_configuration(
    server_tls: ssl.SSLContext, make_page: MakePage
) -> None:
    async with loopback_mailbox(tls=server_tls) as mailbox:
        relay = parse_relay(f"smtp+starttls://localhost:{mailbox.port}")
        mail = MailChannel(relay, sender=SENDER, secret=b"s")

        outcome = await mail.send(BO, make_page(), key="d")

    assert (outcome.kind, outcome.code) == (OutcomeKind.CONFIG, "tls.refused")
    assert mailbox.mails() == []


async def test_a_relay_that_does_not_offer_starttls_gets_no_mail(
    mailbox: Mailbox, make_page: MakePage
) -> None:
    relay = parse_relay(f"smtp+starttls://localhost:{mailbox.port}")
    mail = MailChannel(relay, sender=SENDER, secret=b"s")

    outcome = await mail.send(BO, make_page(), key="d")

    assert outcome.kind is OutcomeKind.CONFIG
    assert mailbox.mails() == []


async def test_implicit_tls_against_a_plain_relay_gets_no_mail(
    mailbox: Mailbox, make_page: MakePage
) -> None:
    relay = Relay(host="localhost", port=mailbox.port, encryption=Encryption.IMPLICIT)
    mail = MailChannel(relay, sender=SENDER, secret=b"s", send_seconds=1)

    outcome = await mail.send(BO, make_page(), key="d")

    assert outcome.kind in {OutcomeKind.CONFIG, OutcomeKind.TRANSIENT}
    assert mailbox.mails() == []
