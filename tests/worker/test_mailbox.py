"""The loopback mailbox takes mail from any client and shows what it held."""

import asyncio
import json
import smtplib
from collections.abc import AsyncIterator, Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from worker.emulator.allow import mail_violations
from worker.fcm_emulator import Mailbox, loopback_mailbox
from worker.mailbox import EVERYONE, Stage, Step

HANDLE = "handle-of-22-characte_"
FIXED = f"An urgent item needs your attention. Open the app.\n\nhttp://localhost/a/{HANDLE}\n"


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with Mailbox() as running:
        yield running


def letter(body: str = "hello\n", **headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@x.example", "bo@x.example", "Greetings"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(body)
    return mail


def bodies_in(folder: Path) -> list[str]:
    return [json.loads(path.read_bytes())["body"] for path in folder.iterdir()]


async def post(box: Mailbox, mail: EmailMessage, *recipients: str) -> None:
    """Send with the standard library's client, which is not ours."""

    def blocking() -> None:
        with smtplib.SMTP("localhost", box.port, timeout=10) as client:
            client.send_message(mail, to_addrs=list(recipients) or None)

    await asyncio.to_thread(blocking)


async def talk(box: Mailbox, *lines: str) -> list[str]:
    """Say lines of SMTP and return the first line of each answer, the greeting first."""
    reader, writer = await asyncio.open_connection("127.0.0.1", box.port)
    answers = [(await reader.readline()).decode().rstrip()]
    for line in lines:
        writer.write(line.encode() + b"\r\n")
        answers.append((await reader.readline()).decode().rstrip())
    writer.close()
    await writer.wait_closed()
    return answers


async def test_a_mail_is_kept_with_its_headers_and_body(mailbox: Mailbox) -> None:
    await post(mailbox, letter("first\n\nthird line\n", X_Note="yes"))

    (mail,) = mailbox.mails()
    assert (mail.sender, mail.recipient) == ("a@x.example", "bo@x.example")
    assert mail.headers["subject"] == "Greetings"
    assert mail.headers["x-note"] == "yes"
    assert mail.body == "first\n\nthird line\n"


async def test_a_line_that_begins_with_a_point_arrives_whole(mailbox: Mailbox) -> None:
    await post(mailbox, letter(".\n..two\n.three\n"))

    assert mailbox.mails()[0].body == ".\n..two\n.three\n"


async def test_letters_outside_ascii_arrive(mailbox: Mailbox) -> None:
    await post(mailbox, letter("atención\n", Comment="ñ"))

    assert mailbox.mails()[0].body == "atención\n"


async def test_a_mail_to_two_people_is_two_mails(mailbox: Mailbox) -> None:
    await post(mailbox, letter(), "bo@x.example", "cy@x.example")

    assert [m.recipient for m in mailbox.mails()] == ["bo@x.example", "cy@x.example"]
    assert [m.n for m in mailbox.mails("cy@x.example")] == [2]


async def test_waiting_ends_when_the_mail_arrives(mailbox: Mailbox) -> None:
    waiting = asyncio.create_task(mailbox.wait("bo@x.example", timeout_seconds=20))

    await post(mailbox, letter())

    assert len(await waiting) == 1


async def test_waiting_for_nothing_ends_empty(mailbox: Mailbox) -> None:
    await post(mailbox, letter())

    late = await mailbox.wait("bo@x.example", since=mailbox.last, timeout_seconds=0.05)

    assert late == []


async def test_forgotten_mails_do_not_reset_the_numbers(mailbox: Mailbox) -> None:
    await post(mailbox, letter())
    mailbox.clear()
    await post(mailbox, letter())

    assert [m.n for m in mailbox.mails()] == [2]


async def test_every_mail_is_written_to_the_folder(tmp_path: Path) -> None:
    async with Mailbox(directory=tmp_path) as box:
        await post(box, letter())
        await post(box, letter())

    assert bodies_in(tmp_path) == ["hello\n", "hello\n"]


async def test_the_conversation_is_plain_smtp(mailbox: Mailbox) -> None:
    answers = await talk(
        mailbox,
        "HELP",
        "NOOP",
        "DATA",
        "STARTTLS",
        "AUTH PLAIN",
        "MAIL FROM:<a@x.example>",
        "RCPT TO:<bo@x.example>",
        "RSET",
        "DATA",
        "QUIT",
    )

    codes = [answer[:3] for answer in answers]
    assert codes == ["220", "502", "250", "503", "502", "501", "250", "250", "250", "503", "221"]


@pytest.mark.parametrize(
    ("stage", "error"),
    [
        (Stage.CONNECT, smtplib.SMTPConnectError),
        (Stage.HELLO, smtplib.SMTPHeloError),
        (Stage.SENDER, smtplib.SMTPSenderRefused),
        (Stage.RECIPIENT, smtplib.SMTPRecipientsRefused),
        (Stage.DATA, smtplib.SMTPDataError),
        (Stage.STORED, smtplib.SMTPDataError),
    ],
)
async def test_a_script_speaks_at_its_stage_once(
    mailbox: Mailbox, stage: Stage, error: type[Exception]
) -> None:
    # HELO is tried after EHLO, so two refusals make one failure there.
    times = 2 if stage is Stage.HELLO else 1
    mailbox.put_script(EVERYONE, [Step(at=stage, code=550, times=times)])

    with pytest.raises(error):
        await post(mailbox, letter())
    await post(mailbox, letter())

    assert len(mailbox.mails()) == 1


async def test_a_script_for_one_address_leaves_the_others_alone(mailbox: Mailbox) -> None:
    mailbox.put_script("bo@x.example", [Step(at=Stage.RECIPIENT, code=550, times=None)])

    await post(mailbox, letter(), "bo@x.example", "cy@x.example")

    assert [m.recipient for m in mailbox.mails()] == ["cy@x.example"]


async def test_a_dropped_connection_is_dropped(mailbox: Mailbox) -> None:
    mailbox.put_script(EVERYONE, [Step(at=Stage.SENDER, drops=True)])

    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        await post(mailbox, letter())


async def test_it_closes_while_a_client_is_left_hanging() -> None:
    async with Mailbox() as box:
        box.put_script(EVERYONE, [Step(at=Stage.CONNECT)])
        reader, writer = await asyncio.open_connection("127.0.0.1", box.port)

    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda h, b: (h, b), []),
        (lambda h, b: ({**h, "subject": "Ana feels worse"}, b), ["subject", "body"]),
        (lambda h, b: ({**h, "x-patient": "ana"}, b), ["x-patient"]),
        (lambda h, b: ({**h, "message-id": "<ana-42@x.example>"}, b), ["message-id"]),
        (lambda h, b: (h, b + "She wrote: I can't go on\n"), ["body"]),
        (lambda h, b: (h, b.replace("urgent", "suicidal")), ["body"]),
        (lambda h, b: (h, b.replace("/a/", "/patients/ana/a/")), ["body"]),
    ],
    ids=["fixed", "subject", "header", "message id", "more text", "other words", "telling link"],
)
def test_the_allow_list_names_what_a_mail_may_not_hold(
    change: Callable[[dict[str, str], str], tuple[dict[str, str], str]], found: list[str]
) -> None:
    headers = {"subject": "Care team alert", "auto-submitted": "auto-generated"}

    assert mail_violations(*change(headers, FIXED)) == found


async def test_the_judged_mailbox_records_what_it_finds() -> None:
    async with loopback_mailbox() as box:
        await post(box, letter("free text\n"))

    assert "body" in box.mails()[0].violations


async def test_a_header_that_was_folded_is_judged_as_it_was_written() -> None:
    mail = letter(FIXED, Message_ID=f"<{'0' * 64}@localhost>")
    assert b"Message-ID:\n <0" in mail.as_bytes()  # a host name without a dot is folded

    async with loopback_mailbox() as box:
        await post(box, mail)

    assert box.mails()[0].headers["message-id"] == f"<{'0' * 64}@localhost>"
    assert "message-id" not in box.mails()[0].violations
