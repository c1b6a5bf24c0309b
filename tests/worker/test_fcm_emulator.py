"""The emulator refuses what may not leave, plays its scripts and shows what arrived."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from worker.emulator.account import is_grant, is_live, new_token
from worker.fcm_emulator import Emulator, Fault, Mailbox, Step, loopback_mailbox

TAG = "collapse-tag-of-22-cha"
HANDLE = "handle-of-22-characte_"
SEND = "/v1/projects/afterglow-demo/messages:send"
FID = "phone-of-dr-bo"


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with loopback_mailbox() as running:
        yield running


@pytest.fixture
async def emulator(mailbox: Mailbox) -> AsyncIterator[Emulator]:
    async with Emulator(mailbox=mailbox, app_url="http://localhost:8000") as running:
        yield running


@pytest.fixture
async def browser(emulator: Emulator) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=emulator.url) as client:
        yield client


@pytest.fixture
def bearer() -> dict[str, str]:
    return {"authorization": f"Bearer {new_token(60)}"}


def message(**changes: Any) -> dict[str, Any]:
    """Build a message that is allowed, but for the changes."""
    return {
        "fid": FID,
        "notification": {
            "title": "Care team alert",
            "body": "An urgent item needs your attention. Open the app.",
        },
        "data": {"v": "1", "k": "u", "i": HANDLE, "t": "1790000000"},
        "android": {"priority": "high", "ttl": "300s", "notification": {"tag": TAG}},
        **changes,
    }


async def send(
    browser: httpx.AsyncClient, bearer: dict[str, str], **changes: Any
) -> httpx.Response:
    return await browser.post(SEND, json={"message": message(**changes)}, headers=bearer)


async def test_an_allowed_push_is_answered_with_a_name_and_logged(
    browser: httpx.AsyncClient, bearer: dict[str, str]
) -> None:
    before = time.time()

    response = await send(browser, bearer)

    (call,) = (await browser.get("/log")).json()["calls"]
    assert response.json()["name"].startswith("projects/")
    assert before <= call["at"] <= time.time()
    assert call["fid"] == FID
    assert call["delivered"] is True
    assert call["message"] == message()


WORDS = message()["notification"]
FORBIDDEN: list[tuple[dict[str, Any], str]] = [
    ({"topic": "all"}, "topic"),
    ({"fcm_options": {"analytics_label": "ketamine"}}, "fcm_options.analytics_label"),
    ({"data": {"v": "1", "k": "u", "patient": "ana"}}, "data.patient"),
    ({"data": {"v": "1", "k": "suicide"}}, "data.k"),
    ({"data": {"v": "1", "k": "u", "i": "ana"}}, "data.i"),
    ({"data": "free text"}, "data"),
    ({"data": {"v": ["1"]}}, "data.v"),
    ({"notification": {**WORDS, "body": "Ana wrote: I can't go on"}}, "notification"),
    ({"notification": {**WORDS, "title": "Care team test"}}, "notification"),
    ({"notification": {**WORDS, "image": "http://x/y.png"}}, "notification.image"),
    ({"notification": None}, "notification"),
    ({"android": {"collapse_key": "ana"}}, "android.collapse_key"),
    ({"android": {"ttl": "2419200s"}}, "android.ttl"),
    ({"android": {"notification": {"tag": "patient-ana"}}}, "android.notification.tag"),
    ({"apns": {"headers": {"apns-thread-id": "ana"}}}, "apns.headers.apns-thread-id"),
    (
        {"apns": {"payload": {"aps": {"content-available": 1}}}},
        "apns.payload.aps.content-available",
    ),
    ({"apns": {"payload": {"aps": {"badge": 3}}}}, "apns.payload.aps.badge"),
    ({"webpush": {"fcm_options": {"link": "https://x"}}}, "webpush.fcm_options.link"),
]


@pytest.mark.parametrize(("changes", "key"), FORBIDDEN, ids=[key for _, key in FORBIDDEN])
async def test_a_key_or_word_outside_the_allow_list_is_refused_and_recorded(
    browser: httpx.AsyncClient,
    bearer: dict[str, str],
    emulator: Emulator,
    *,
    changes: dict[str, Any],
    key: str,
) -> None:
    response = await send(browser, bearer, **changes)

    (call,) = emulator.phones.violations()
    assert response.status_code == 400
    assert response.json()["error"]["status"] == "INVALID_ARGUMENT"
    assert key in call.violations
    assert emulator.phones.pushes() == []


async def test_data_beyond_two_hundred_bytes_is_refused(
    browser: httpx.AsyncClient, bearer: dict[str, str], emulator: Emulator
) -> None:
    response = await send(browser, bearer, data={"v": "1", "x" * 300: "y"})

    assert response.status_code == 400
    assert "data: too large" in emulator.phones.violations()[0].violations


async def test_a_planted_text_is_found_wherever_it_hides(
    browser: httpx.AsyncClient, bearer: dict[str, str], emulator: Emulator
) -> None:
    emulator.seeded = ("ZZCANARY-7",)

    await send(browser, bearer, fid="phone-ZZCANARY-7")

    assert emulator.phones.violations()[0].violations == ["seeded text"]


@pytest.mark.parametrize(
    "authorization",
    ["", "Basic x", "Bearer stolen", f"Bearer {new_token(-1)}", "Bearer emulated.soon.x"],
    ids=["none", "other scheme", "foreign", "expired", "malformed"],
)
async def test_a_send_without_a_live_token_is_unauthenticated(
    browser: httpx.AsyncClient, emulator: Emulator, authorization: str
) -> None:
    response = await send(browser, {"authorization": authorization})

    assert response.status_code == 401
    assert emulator.phones.calls() == []


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"[]", b'{"message": {}}', b'{"message": {}, "topic": 1}']
)
async def test_a_body_that_is_no_message_is_an_invalid_argument(
    browser: httpx.AsyncClient, bearer: dict[str, str], body: bytes
) -> None:
    response = await browser.post(SEND, content=body, headers=bearer)

    assert response.status_code == 400


async def test_a_dry_run_is_validated_and_reaches_nobody(
    browser: httpx.AsyncClient, bearer: dict[str, str], emulator: Emulator
) -> None:
    body = {"message": message(), "validate_only": True}

    response = await browser.post(SEND, json=body, headers=bearer)

    assert response.status_code == 200
    assert [c.validate_only for c in emulator.phones.calls()] == [True]
    assert emulator.phones.pushes() == []


@pytest.mark.parametrize(
    "body", [b"", b"grant_type=password", b"grant_type=x&assertion=a.b.c", b"\xff\xfe"]
)
async def test_a_token_is_given_for_a_signed_grant_only(
    browser: httpx.AsyncClient, body: bytes
) -> None:
    response = await browser.post("/token", content=body)

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_grant"
    assert not is_grant(body)


def test_a_token_outlives_a_restart_but_not_its_life() -> None:
    assert is_live(f"Bearer {new_token(60)}")
    assert not is_live(f"Bearer {new_token(-60)}")


async def test_a_script_is_played_in_order_and_then_ends(
    browser: httpx.AsyncClient, bearer: dict[str, str]
) -> None:
    steps = [{"do": "throttled", "retry_after": "9"}, {"do": "unavailable", "times": 2}]
    put = await browser.put(f"/scripts/{FID}", json=steps)

    responses = [await send(browser, bearer) for _ in range(5)]

    assert put.status_code == 204
    assert [r.status_code for r in responses] == [429, 503, 503, 200, 200]
    assert responses[0].headers["retry-after"] == "9"


async def test_a_script_for_everyone_gives_way_to_a_phones_own(
    browser: httpx.AsyncClient, bearer: dict[str, str]
) -> None:
    await browser.put("/scripts/*", json=[{"do": "internal", "times": None}])
    await browser.put(f"/scripts/{FID}", json=[{"do": "unregistered"}])

    own = await send(browser, bearer)
    others = await send(browser, bearer, fid="another")

    assert own.json()["error"]["details"][0]["errorCode"] == "UNREGISTERED"
    assert others.status_code == 500


async def test_an_empty_script_ends_the_faults(
    browser: httpx.AsyncClient, bearer: dict[str, str]
) -> None:
    await browser.put(f"/scripts/{FID}", json=[{"do": "unregistered", "times": None}])
    await browser.put(f"/scripts/{FID}", json=[])

    assert (await send(browser, bearer)).status_code == 200


@pytest.mark.parametrize(
    "script", ['[{"do": "explode"}]', '{"do": "ok"}', '[{"do": "ok", "tiems": 2}]', "["]
)
async def test_a_script_with_a_mistake_is_refused_with_its_place(
    browser: httpx.AsyncClient, script: str
) -> None:
    response = await browser.put(f"/scripts/{FID}", content=script)

    assert response.status_code == 400
    assert response.json()["detail"]


async def test_the_token_endpoint_has_a_script_of_its_own(browser: httpx.AsyncClient) -> None:
    await browser.put("/token/script", json=[{"do": "unavailable"}])

    response = await browser.post("/token", content=b"")

    assert response.status_code == 503


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.TRUNCATED])
async def test_a_broken_connection_really_breaks(
    browser: httpx.AsyncClient, bearer: dict[str, str], emulator: Emulator, fault: Fault
) -> None:
    emulator.script(FID, Step(do=fault))

    with pytest.raises(httpx.TransportError):
        await send(browser, bearer)


async def test_a_push_may_arrive_though_its_answer_does_not(
    browser: httpx.AsyncClient, bearer: dict[str, str], emulator: Emulator
) -> None:
    emulator.script(FID, Step(do=Fault.RESET, delivers=True))

    with pytest.raises(httpx.TransportError):
        await send(browser, bearer)

    assert len(emulator.phones.pushes(FID)) == 1


async def test_waiting_ends_as_soon_as_the_push_arrives(
    browser: httpx.AsyncClient, bearer: dict[str, str]
) -> None:
    waiting = asyncio.create_task(browser.get("/wait", params={"fid": FID, "timeout": "20"}))
    began = time.monotonic()

    await send(browser, bearer, fid="another")
    await send(browser, bearer)
    pushes = (await waiting).json()["pushes"]

    assert [push["fid"] for push in pushes] == [FID]
    assert time.monotonic() - began < 10


async def test_waiting_past_the_newest_push_sees_only_later_ones(
    browser: httpx.AsyncClient, bearer: dict[str, str]
) -> None:
    await send(browser, bearer)
    last = (await browser.get("/log")).json()["last"]

    seen = await browser.get("/wait", params={"fid": FID, "since": last, "timeout": "0.05"})

    assert seen.json() == {"last": last, "pushes": []}


async def test_the_log_is_filtered_by_phone_and_number_and_forgotten(
    browser: httpx.AsyncClient, bearer: dict[str, str]
) -> None:
    for fid in ("one", "two", "one"):
        await send(browser, bearer, fid=fid)

    ones = (await browser.get("/log", params={"fid": "one"})).json()["calls"]
    later = (await browser.get("/log", params={"since": "2"})).json()["calls"]
    await browser.delete("/log")
    left = (await browser.get("/log")).json()

    assert [c["n"] for c in ones] == [1, 3]
    assert [c["n"] for c in later] == [3]
    assert left == {"last": 3, "calls": []}


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil"])
async def test_a_name_rebound_to_loopback_is_turned_away(
    browser: httpx.AsyncClient, host: str
) -> None:
    response = await browser.get("/log", headers={"host": host})

    assert response.status_code == 421


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("POST", "/log", 404),
        ("GET", SEND, 404),
        ("GET", "/log?since=soon", 400),
        ("GET", "/wait?timeout=long", 400),
        ("GET", "/health", 200),
    ],
)
async def test_a_request_for_nothing_is_answered_plainly(
    browser: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    response = await browser.request(method, path)

    assert response.status_code == status


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"POST /token HTTP/1.1\r\ncontent-length: -1\r\n\r\n", b"400"),
        (b"POST /token HTTP/1.1\r\ncontent-length: 99999999\r\n\r\n", b"413"),
        (b"POST /token HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 20_000 + b"\r\n\r\n", b"431"),
    ],
    ids=["nonsense", "negative", "huge", "chunked", "long header"],
)
async def test_bytes_that_are_no_request_do_not_hurt(
    emulator: Emulator, raw: bytes, status: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(emulator.url.split(":")[-1]))
    writer.write(raw)

    line = await reader.readline()

    assert line.split()[1] == status
    writer.close()
    await writer.wait_closed()
