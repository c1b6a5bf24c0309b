"""What a push holds, for every kind of phone, as the provider sees it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from worker.channels.fcm import FcmChannel
from worker.channels.fcm_message import LARGEST_BYTES, message_for
from worker.channels.port import Page, Platform, PushAddress
from worker.channels.words import Language, PageKind
from worker.emulator.allow import LARGEST_DATA_BYTES
from worker.fcm_emulator import Emulator

MakePage = Callable[..., Page]
OpenPush = Callable[..., FcmChannel]
TAG = "collapse-tag-of-22-cha"
HANDLE = "handle-of-22-characte_"
SENT_AT = 1_790_000_000


@pytest.fixture
def page(make_page: MakePage) -> Page:
    link = f"https://clinic.example/a/{HANDLE}"
    return make_page(handle=HANDLE, collapse_tag=TAG, link=link, sent_at=SENT_AT)


async def seen(
    push: FcmChannel, emulator: Emulator, address: PushAddress, page: Page
) -> Mapping[str, Any]:
    """Send a page and return the message the provider got."""
    since = emulator.phones.last
    await push.send(address, page, key="delivery-1")
    (call,) = emulator.phones.calls(address.target, since=since)
    return call.message


def on(platform: Platform, phone: PushAddress) -> PushAddress:
    return PushAddress(fid=phone.fid, platform=platform)


async def test_an_android_phone_gets_a_loud_short_lived_private_page(
    push: FcmChannel, emulator: Emulator, phone: PushAddress, page: Page
) -> None:
    message = await seen(push, emulator, on(Platform.ANDROID, phone), page)

    assert message == {
        "fid": phone.fid,
        "notification": {
            "title": "Care team alert",
            "body": "An urgent item needs your attention. Open the app.",
        },
        "data": {"v": "1", "k": "u", "i": HANDLE, "t": str(SENT_AT)},
        "android": {
            "priority": "high",
            "ttl": "300s",
            "notification": {
                "channel_id": "urgent",
                "notification_priority": "PRIORITY_MAX",
                "visibility": "PRIVATE",
                "default_sound": True,
                "tag": TAG,
            },
        },
    }


async def test_an_iphone_gets_a_time_sensitive_alert(
    push: FcmChannel, emulator: Emulator, phone: PushAddress, page: Page
) -> None:
    message = await seen(push, emulator, on(Platform.IOS, phone), page)

    assert "android" not in message
    assert message["apns"] == {
        "headers": {
            "apns-push-type": "alert",
            "apns-priority": "10",
            "apns-expiration": str(SENT_AT + 300),
            "apns-collapse-id": TAG,
        },
        "payload": {"aps": {"sound": "default", "interruption-level": "time-sensitive"}},
    }


async def test_an_iphone_with_the_entitlement_gets_a_critical_alert(
    open_push: OpenPush, emulator: Emulator, phone: PushAddress, page: Page
) -> None:
    push = open_push(critical_alerts=True)

    message = await seen(push, emulator, on(Platform.IOS, phone), page)

    assert message["apns"]["payload"]["aps"] == {
        "sound": {"name": "default", "critical": 1, "volume": 1.0},
        "interruption-level": "critical",
    }
    assert emulator.phones.violations() == []


async def test_a_browser_gets_urgency_life_and_topic(
    push: FcmChannel, emulator: Emulator, phone: PushAddress, page: Page
) -> None:
    message = await seen(push, emulator, on(Platform.WEB, phone), page)

    assert message["webpush"] == {"headers": {"Urgency": "high", "TTL": "300", "Topic": TAG}}


@pytest.mark.parametrize(
    ("platform", "kept"),
    [
        (
            Platform.ANDROID,
            {"android": {"priority": "high", "ttl": "300s", "notification": {"tag": TAG}}},
        ),
        (Platform.WEB, {"webpush": {"headers": {"TTL": "300", "Topic": TAG}}}),
    ],
)
async def test_the_minimal_page_keeps_its_tag_and_life_and_little_else(
    push: FcmChannel,
    emulator: Emulator,
    phone: PushAddress,
    make_page: MakePage,
    *,
    platform: Platform,
    kept: dict[str, Any],
) -> None:
    page = make_page(collapse_tag=TAG, minimal=True, language=Language.ES)

    message = await seen(push, emulator, on(platform, phone), page)

    assert message == {
        "fid": phone.fid,
        "notification": {
            "title": "Care team alert",
            "body": "An urgent item needs your attention. Open the app.",
        },
        "data": {"v": "1", "k": "u"},
        **kept,
    }


async def test_a_routine_page_does_not_claim_urgency(
    push: FcmChannel, emulator: Emulator, phone: PushAddress, make_page: MakePage
) -> None:
    message = await seen(push, emulator, phone, make_page(PageKind.ROUTINE))

    assert message["data"]["k"] == "r"
    assert message["android"]["priority"] == "normal"
    assert message["android"]["notification"]["channel_id"] == "routine"


async def test_a_test_page_takes_the_same_road_as_an_urgent_one(
    push: FcmChannel, emulator: Emulator, phone: PushAddress, make_page: MakePage
) -> None:
    urgent = await seen(push, emulator, phone, make_page(collapse_tag=TAG))
    test = await seen(push, emulator, phone, make_page(PageKind.TEST, collapse_tag=TAG))

    assert test["android"] == urgent["android"]
    assert test["data"]["k"] == "t"


@pytest.mark.parametrize("minimal", [False, True], ids=["full", "minimal"])
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", PageKind)
@pytest.mark.parametrize("platform", Platform)
async def test_no_page_holds_a_key_or_a_word_outside_the_allow_list(
    push: FcmChannel,
    emulator: Emulator,
    phone: PushAddress,
    make_page: MakePage,
    *,
    platform: Platform,
    kind: PageKind,
    language: Language,
    minimal: bool,
) -> None:
    page = make_page(kind, language=language, minimal=minimal)

    message = await seen(push, emulator, on(platform, phone), page)

    (call,) = emulator.phones.pushes(phone.target)
    assert call.violations == []
    data = message["data"]
    assert sum(len(k) + len(v) for k, v in data.items()) <= LARGEST_DATA_BYTES
    assert len(json.dumps(message).encode()) <= LARGEST_BYTES


async def test_words_follow_the_language_of_the_reader(
    push: FcmChannel, emulator: Emulator, phone: PushAddress, make_page: MakePage
) -> None:
    message = await seen(push, emulator, phone, make_page(language=Language.ES))

    assert message["notification"] == {
        "title": "Aviso al equipo",
        "body": "Un asunto urgente requiere su atención. Abra la aplicación.",
    }


async def test_the_fid_is_used_when_present_and_the_token_is_not_sent(
    push: FcmChannel, emulator: Emulator, phone: PushAddress, page: Page
) -> None:
    address = PushAddress(fid=phone.fid, fcm_token="legacy-token")

    message = await seen(push, emulator, address, page)

    assert message["fid"] == phone.fid
    assert "token" not in message


async def test_an_old_app_is_reached_by_its_token_without_a_warning(
    push: FcmChannel, emulator: Emulator, phone: PushAddress, page: Page
) -> None:
    address = PushAddress(fcm_token=f"legacy-{phone.fid}")

    message = await seen(push, emulator, address, page)

    assert message["token"] == f"legacy-{phone.fid}"
    assert "fid" not in message


async def test_a_long_token_does_not_count_as_payload(
    push: FcmChannel, emulator: Emulator, page: Page
) -> None:
    address = PushAddress(fcm_token="t" * 2_000)

    message = await seen(push, emulator, address, page)

    assert message["token"] == "t" * 2_000


def test_a_message_that_grew_beyond_the_limit_is_refused_before_it_is_sent(
    page: Page, phone: PushAddress
) -> None:
    size = len(str(message_for(phone, page)).encode())

    assert size <= LARGEST_BYTES
    with pytest.raises(ValueError, match="1,000 bytes"):
        message_for(phone, page, largest_bytes=size // 2)


async def test_a_re_send_carries_the_same_tag_as_the_first(
    push: FcmChannel, emulator: Emulator, phone: PushAddress, page: Page
) -> None:
    for attempt in range(3):
        await push.send(phone, page, key=f"delivery-1.{attempt}")

    tags = {
        call.message["android"]["notification"]["tag"]
        for call in emulator.phones.pushes(phone.target)
    }
    assert tags == {TAG}
