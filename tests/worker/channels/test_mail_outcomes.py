"""One row of the table of SMTP answers after another, against a relay that plays them."""

import asyncio
import socket
import time
from collections.abc import Callable

import pytest

from worker.channels.mail import MailChannel
from worker.channels.port import Channel, MailAddress, OutcomeKind, Page, PushAddress
from worker.channels.relay import Encryption, Relay, parse_relay
from worker.fcm_emulator import Mailbox
from worker.mailbox import EVERYONE, Stage, Step

MakePage = Callable[..., Page]
BO = MailAddress(mail="bo@clinic.example")
CY = MailAddress(mail="cy@clinic.example")

ROWS = [
    (Step(at=Stage.RECIPIENT, code=450), OutcomeKind.TRANSIENT),
    (Step(at=Stage.RECIPIENT, code=452), OutcomeKind.TRANSIENT),
    (Step(at=Stage.SENDER, code=421), OutcomeKind.TRANSIENT),
    (Step(at=Stage.CONNECT, code=421), OutcomeKind.TRANSIENT),
    (Step(at=Stage.STORED, code=451), OutcomeKind.TRANSIENT),
    (Step(at=Stage.CONNECT, drops=True), OutcomeKind.TRANSIENT),
    (Step(at=Stage.SENDER, drops=True), OutcomeKind.TRANSIENT),
    (Step(at=Stage.RECIPIENT, drops=True), OutcomeKind.TRANSIENT),
    (Step(at=Stage.STORED, drops=True), OutcomeKind.UNKNOWN),
    (Step(at=Stage.CONNECT), OutcomeKind.TRANSIENT),
    (Step(at=Stage.RECIPIENT), OutcomeKind.TRANSIENT),
    (Step(at=Stage.STORED), OutcomeKind.UNKNOWN),
    (Step(at=Stage.RECIPIENT, code=550), OutcomeKind.INVALID_ENDPOINT),
    (Step(at=Stage.RECIPIENT, code=551), OutcomeKind.INVALID_ENDPOINT),
    (Step(at=Stage.RECIPIENT, code=553), OutcomeKind.INVALID_ENDPOINT),
    (Step(at=Stage.RECIPIENT, code=552), OutcomeKind.PERMANENT),
    (Step(at=Stage.SENDER, code=550), OutcomeKind.PERMANENT),
    (Step(at=Stage.DATA, code=554), OutcomeKind.PERMANENT),
    (Step(at=Stage.STORED, code=550), OutcomeKind.PERMANENT),
    (Step(at=Stage.SENDER, code=530), OutcomeKind.CONFIG),
    (Step(at=Stage.CONNECT, code=554), OutcomeKind.CONFIG),
]


def label(step: Step) -> str:
    return f"{step.at}-{step.code or ('drops' if step.drops else 'silent')}"


@pytest.fixture
def mail(mailbox: Mailbox) -> MailChannel:
    relay = parse_relay(f"smtp://localhost:{mailbox.port}")
    return MailChannel(relay, sender="alerts@clinic.example", secret=b"s" * 32, send_seconds=0.5)


@pytest.mark.parametrize(("step", "kind"), ROWS, ids=[label(step) for step, _ in ROWS])
async def test_an_answer_of_the_relay_is_classified_and_not_retried(
    mail: MailChannel, mailbox: Mailbox, make_page: MakePage, *, step: Step, kind: OutcomeKind
) -> None:
    mailbox.put_script(EVERYONE, [step])

    outcome = await mail.send(BO, make_page(), key="delivery-1.1")

    assert outcome.kind is kind
    assert mailbox.mails() == []


async def test_the_code_is_kept_and_the_relays_words_are_not(
    mail: MailChannel, mailbox: Mailbox, make_page: MakePage
) -> None:
    mailbox.put_script(BO.mail, [Step(at=Stage.RECIPIENT, code=550)])

    outcome = await mail.send(BO, make_page(), key="d")

    assert outcome.code == "smtp.550"


@pytest.mark.parametrize(
    ("code", "kind"),
    [(535, OutcomeKind.CONFIG), (534, OutcomeKind.CONFIG), (454, OutcomeKind.TRANSIENT)],
)
async def test_a_refused_login_is_a_fault_of_configuration_unless_it_is_temporary(
    mailbox: Mailbox, make_page: MakePage, *, code: int, kind: OutcomeKind
) -> None:
    mailbox.put_script(EVERYONE, [Step(at=Stage.LOGIN, code=code, times=None)])
    relay = parse_relay(f"smtp://user:wrong@localhost:{mailbox.port}")
    mail = MailChannel(relay, sender="alerts@clinic.example", secret=b"s")

    outcome = await mail.send(BO, make_page(), key="d")

    assert (outcome.kind, outcome.code) == (kind, f"smtp.{code}")


async def test_a_relay_that_is_not_there_is_transient(make_page: MakePage) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    relay = Relay(host="127.0.0.1", port=port, encryption=Encryption.NONE)
    mail = MailChannel(relay, sender="alerts@clinic.example", secret=b"s")

    outcome = await mail.send(BO, make_page(), key="d")

    assert (outcome.kind, outcome.code) == (OutcomeKind.TRANSIENT, "connect")


async def test_the_whole_mail_is_bounded_even_when_every_answer_dawdles(
    mail: MailChannel, mailbox: Mailbox, make_page: MakePage
) -> None:
    mailbox.put_script(EVERYONE, [Step(at=Stage.STORED)])
    began = time.monotonic()

    outcome = await mail.send(BO, make_page(), key="d")

    assert outcome.kind is OutcomeKind.UNKNOWN
    assert time.monotonic() - began < 5


async def test_one_silent_mailbox_does_not_delay_the_others(
    mail: MailChannel, mailbox: Mailbox, make_page: MakePage
) -> None:
    mailbox.put_script(BO.mail, [Step(at=Stage.RECIPIENT)])
    silent = asyncio.create_task(mail.send(BO, make_page(), key="d1"))

    outcome = await mail.send(CY, make_page(), key="d2")

    assert outcome.kind is OutcomeKind.ACCEPTED
    assert not silent.done()
    assert (await silent).kind is OutcomeKind.TRANSIENT


async def test_a_page_for_a_phone_is_refused_without_a_connection(
    mail: Channel, make_page: MakePage
) -> None:
    outcome = await mail.send(PushAddress(fid="phone"), make_page(), key="d")

    assert outcome.kind is OutcomeKind.PERMANENT


@pytest.mark.parametrize(
    ("code", "usable"), [(None, True), (550, False), (450, None)], ids=["taken", "dead", "later"]
)
async def test_a_check_asks_about_the_mailbox_and_sends_nothing(
    mail: MailChannel, mailbox: Mailbox, *, code: int | None, usable: bool | None
) -> None:
    if code is not None:
        mailbox.put_script(BO.mail, [Step(at=Stage.RECIPIENT, code=code)])

    health = await mail.check(BO)

    assert health.usable is usable
    assert mailbox.mails() == []


async def test_a_check_of_a_phone_by_mail_is_unusable(mail: MailChannel) -> None:
    health = await mail.check(PushAddress(fid="phone"))

    assert health.usable is False


async def test_closing_a_channel_leaves_it_usable(mail: MailChannel, make_page: MakePage) -> None:
    await mail.close()

    outcome = await mail.send(BO, make_page(), key="d")

    assert outcome.kind is OutcomeKind.ACCEPTED
