"""One row of the table of FCM's answers after another, through the real SDK."""

import asyncio
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from worker.channels.fcm import FcmChannel
from worker.channels.fcm_outcome import LONGEST_WAIT, retry_after
from worker.channels.port import Channel, MailAddress, OutcomeKind, Page, PushAddress
from worker.fcm_emulator import Emulator, Fault, Step

MakePage = Callable[..., Page]
OpenPush = Callable[..., FcmChannel]
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

ROWS = [
    (Fault.INTERNAL, OutcomeKind.TRANSIENT, "http.500"),
    (Fault.UNAVAILABLE, OutcomeKind.TRANSIENT, "http.503"),
    (Fault.THROTTLED, OutcomeKind.THROTTLED, "QUOTA_EXCEEDED"),
    (Fault.RESET, OutcomeKind.UNKNOWN, "connection.lost"),
    (Fault.TRUNCATED, OutcomeKind.UNKNOWN, "connection.lost"),
    (Fault.GARBAGE, OutcomeKind.UNKNOWN, "answer.garbage"),
    (Fault.HTML, OutcomeKind.UNKNOWN, "answer.garbage"),
    (Fault.WRONG_JSON, OutcomeKind.UNKNOWN, "answer.garbage"),
    (Fault.UNAUTHENTICATED, OutcomeKind.CONFIG, "UNAUTHENTICATED"),
    (Fault.THIRD_PARTY_AUTH, OutcomeKind.CONFIG, "UNAUTHENTICATED"),
    (Fault.PERMISSION_DENIED, OutcomeKind.CONFIG, "PERMISSION_DENIED"),
    (Fault.UNREGISTERED, OutcomeKind.INVALID_ENDPOINT, "UNREGISTERED"),
    (Fault.INVALID_ARGUMENT, OutcomeKind.PERMANENT, "INVALID_ARGUMENT"),
]


@pytest.mark.parametrize(("fault", "kind", "code"), ROWS, ids=[row[0] for row in ROWS])
async def test_an_answer_is_classified_after_exactly_one_request(
    push: FcmChannel,
    emulator: Emulator,
    phone: PushAddress,
    make_page: MakePage,
    *,
    fault: Fault,
    kind: OutcomeKind,
    code: str,
) -> None:
    emulator.script(phone.target, Step(do=fault, times=None))

    outcome = await push.send(phone, make_page(), key="delivery-1")

    assert (outcome.kind, outcome.code) == (kind, code)
    assert len(emulator.phones.calls(phone.target)) == 1


async def test_a_push_that_arrives_is_accepted_with_the_providers_id(
    push: FcmChannel, emulator: Emulator, phone: PushAddress, make_page: MakePage
) -> None:
    outcome = await push.send(phone, make_page(), key="delivery-1")

    assert outcome.kind is OutcomeKind.ACCEPTED
    assert outcome.provider_id is not None
    assert outcome.provider_id.startswith("projects/")
    assert len(emulator.phones.pushes(phone.target)) == 1


@pytest.mark.parametrize(
    ("header", "seconds"), [("120", 120), (None, 60), ("5", 5)], ids=["120", "absent", "5"]
)
async def test_throttling_waits_as_long_as_told_or_a_minute(
    push: FcmChannel,
    emulator: Emulator,
    phone: PushAddress,
    make_page: MakePage,
    *,
    header: str | None,
    seconds: int,
) -> None:
    emulator.script(phone.target, Step(do=Fault.THROTTLED, retry_after=header))

    outcome = await push.send(phone, make_page(), key="delivery-1")

    assert outcome.retry_after == timedelta(seconds=seconds)


async def test_a_server_error_passes_its_retry_after_on(
    push: FcmChannel, emulator: Emulator, phone: PushAddress, make_page: MakePage
) -> None:
    emulator.script(phone.target, Step(do=Fault.UNAVAILABLE, retry_after="7"))

    outcome = await push.send(phone, make_page(), key="delivery-1")

    assert outcome.kind is OutcomeKind.TRANSIENT
    assert outcome.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("0", timedelta(0)),
        ("120", timedelta(minutes=2)),
        ("99999999999999", LONGEST_WAIT),
        ("Sun, 01 Mar 2026 12:05:00 GMT", timedelta(minutes=5)),
        ("Sun, 01 Mar 2026 11:00:00 GMT", timedelta(0)),
        ("Mon, 01 Mar 2032 12:00:00 GMT", LONGEST_WAIT),
        ("soon", None),
        ("-5", None),
        ("١٢", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date_and_bounded(
    value: str, wait: timedelta | None
) -> None:
    assert retry_after({"retry-after": value}, NOW) == wait


async def test_a_provider_that_never_answers_is_unknown_within_the_bound(
    open_push: OpenPush, emulator: Emulator, phone: PushAddress, make_page: MakePage
) -> None:
    push = open_push(http_seconds=60, send_seconds=0.5)
    await push.warm_up()
    emulator.script(phone.target, Step(do=Fault.HANG, delivers=True))
    began = time.monotonic()

    outcome = await push.send(phone, make_page(), key="delivery-1")

    assert (outcome.kind, outcome.code) == (OutcomeKind.UNKNOWN, "timeout")
    assert time.monotonic() - began < 5
    assert len(emulator.phones.pushes(phone.target)) == 1


async def test_the_http_timeout_ends_a_silent_exchange_as_unknown(
    open_push: OpenPush, emulator: Emulator, phone: PushAddress, make_page: MakePage
) -> None:
    push = open_push(http_seconds=0.3)
    emulator.script(phone.target, Step(do=Fault.HANG))

    outcome = await push.send(phone, make_page(), key="delivery-1")

    assert (outcome.kind, outcome.code) == (OutcomeKind.UNKNOWN, "timeout")


async def test_one_silent_phone_does_not_delay_the_others(
    push: FcmChannel,
    emulator: Emulator,
    phone: PushAddress,
    other_phone: PushAddress,
    make_page: MakePage,
) -> None:
    emulator.script(phone.target, Step(do=Fault.HANG))
    silent = asyncio.create_task(push.send(phone, make_page(), key="delivery-1"))

    others = [await push.send(other_phone, make_page(), key=f"delivery-{n}") for n in range(5)]

    assert {o.kind for o in others} == {OutcomeKind.ACCEPTED}
    assert not silent.done()
    assert (await silent).kind is OutcomeKind.UNKNOWN


async def test_a_refused_connection_is_transient_as_nothing_was_sent(
    open_push: OpenPush, phone: PushAddress, make_page: MakePage
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    push = open_push(base_url=f"http://127.0.0.1:{port}")

    outcome = await push.send(phone, make_page(), key="delivery-1")

    assert (outcome.kind, outcome.code) == (OutcomeKind.TRANSIENT, "connect")


async def test_a_foreign_address_of_the_service_is_a_fault_of_configuration(
    open_push: OpenPush, emulator: Emulator, phone: PushAddress, make_page: MakePage
) -> None:
    push = open_push(base_url=f"{emulator.url}/no/such/api")

    outcome = await push.send(phone, make_page(), key="delivery-1")

    assert (outcome.kind, outcome.code) == (OutcomeKind.CONFIG, "http.404")


async def test_a_minimal_page_refused_again_and_dry_means_the_phone_is_at_fault(
    push: FcmChannel, emulator: Emulator, phone: PushAddress, make_page: MakePage
) -> None:
    emulator.script(phone.target, Step(do=Fault.INVALID_ARGUMENT, times=None))

    outcome = await push.send(phone, make_page(minimal=True), key="delivery-1.2")

    assert outcome.kind is OutcomeKind.INVALID_ENDPOINT
    assert [c.validate_only for c in emulator.phones.calls(phone.target)] == [False, True]


async def test_a_minimal_page_refused_once_but_valid_dry_is_permanent(
    push: FcmChannel, emulator: Emulator, phone: PushAddress, make_page: MakePage
) -> None:
    emulator.script(phone.target, Step(do=Fault.INVALID_ARGUMENT))

    outcome = await push.send(phone, make_page(minimal=True), key="delivery-1.2")

    assert outcome.kind is OutcomeKind.PERMANENT
    assert emulator.phones.pushes(phone.target) == []


async def test_a_dry_run_that_never_answers_leaves_the_refusal_as_it_was(
    open_push: OpenPush, emulator: Emulator, phone: PushAddress, make_page: MakePage
) -> None:
    push = open_push(send_seconds=0.5)
    await push.warm_up()
    emulator.script(phone.target, Step(do=Fault.INVALID_ARGUMENT), Step(do=Fault.HANG))

    outcome = await push.send(phone, make_page(minimal=True), key="delivery-1.2")

    assert outcome.kind is OutcomeKind.PERMANENT


async def test_one_foreign_sender_is_the_phones_fault_two_are_ours(
    open_push: OpenPush,
    emulator: Emulator,
    phone: PushAddress,
    other_phone: PushAddress,
    make_page: MakePage,
) -> None:
    push = open_push()
    for target in (phone.target, other_phone.target):
        emulator.script(target, Step(do=Fault.SENDER_ID_MISMATCH, times=None))

    first = await push.send(phone, make_page(), key="delivery-1")
    again = await push.send(phone, make_page(), key="delivery-2")
    second = await push.send(other_phone, make_page(), key="delivery-3")

    assert first.kind is OutcomeKind.INVALID_ENDPOINT
    assert again.kind is OutcomeKind.INVALID_ENDPOINT
    assert second.kind is OutcomeKind.CONFIG


async def test_foreign_senders_more_than_ten_minutes_apart_are_the_phones_fault(
    open_push: OpenPush,
    emulator: Emulator,
    phone: PushAddress,
    other_phone: PushAddress,
    make_page: MakePage,
) -> None:
    now = [1_000.0]
    push = open_push(clock=lambda: now[0])
    for target in (phone.target, other_phone.target):
        emulator.script(target, Step(do=Fault.SENDER_ID_MISMATCH, times=None))

    await push.send(phone, make_page(), key="delivery-1")
    now[0] += 601
    later = await push.send(other_phone, make_page(), key="delivery-2")

    assert later.kind is OutcomeKind.INVALID_ENDPOINT


async def test_a_page_for_a_mailbox_is_refused_without_a_call(
    push: Channel, emulator: Emulator, make_page: MakePage
) -> None:
    before = emulator.phones.last

    outcome = await push.send(MailAddress(mail="bo@clinic.example"), make_page(), key="d")

    assert outcome.kind is OutcomeKind.PERMANENT
    assert emulator.phones.last == before


async def test_an_address_the_sdk_cannot_encode_is_permanent_and_does_not_raise(
    push: FcmChannel, make_page: MakePage
) -> None:
    unfit = PushAddress(fid=cast("str", 5))

    outcome = await push.send(unfit, make_page(), key="delivery-1")

    assert (outcome.kind, outcome.code) == (OutcomeKind.PERMANENT, "message.unfit")


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"{}", b'{"type":"service_account","project_id":"x"}', None]
)
async def test_unreadable_credentials_are_a_fault_of_configuration(
    open_push: OpenPush,
    tmp_path: Path,
    phone: PushAddress,
    make_page: MakePage,
    content: bytes | None,
) -> None:
    path = tmp_path / "account.json"
    if content is not None:
        path.write_bytes(content)

    outcome = await open_push(account=path).send(phone, make_page(), key="delivery-1")

    assert (outcome.kind, outcome.code) == (OutcomeKind.CONFIG, "credentials.unreadable")


@pytest.mark.parametrize(
    ("fault", "usable"),
    [
        (Fault.OK, True),
        (Fault.UNREGISTERED, False),
        (Fault.INVALID_ARGUMENT, False),
        (Fault.UNAVAILABLE, None),
        (Fault.PERMISSION_DENIED, None),
        (Fault.RESET, None),
    ],
)
async def test_a_check_reaches_nobody_and_says_whether_the_phone_works(
    push: FcmChannel, emulator: Emulator, phone: PushAddress, *, fault: Fault, usable: bool | None
) -> None:
    emulator.script(phone.target, Step(do=fault, times=None))

    health = await push.check(phone)

    assert health.usable is usable
    assert emulator.phones.pushes(phone.target) == []
    assert all(call.validate_only for call in emulator.phones.calls(phone.target))


async def test_a_check_of_a_mailbox_by_push_is_unusable(push: FcmChannel) -> None:
    health = await push.check(MailAddress(mail="bo@clinic.example"))

    assert health.usable is False
