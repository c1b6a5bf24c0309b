"""Pages as messages of the Firebase SDK: fixed words, opaque values, a short life."""

import importlib
import json
from datetime import timedelta
from typing import Any

from worker.channels.port import Page, Platform, PushAddress
from worker.channels.words import KIND_CODES, Language, PageKind, words_for

PAYLOAD_VERSION = "1"
LIFE_SECONDS = 300
"""How long a provider keeps a page for a phone that is away.

Source: escalation.md 7.6; the default is four weeks, and we send again anyway.
"""
LARGEST_BYTES = 1_000
"""Without the target. Source: escalation.md 7.5; the SDK lets 10 KB pass, FCM refuses 4,096."""


def message_for(
    address: PushAddress,
    page: Page,
    *,
    critical_alerts: bool = False,
    largest_bytes: int = LARGEST_BYTES,
) -> Any:
    """Build the SDK's message for one installation and refuse one that is too large."""
    messaging: Any = importlib.import_module("firebase_admin.messaging")
    words = words_for(page.kind, Language.EN if page.minimal else page.language)
    message = messaging.Message(
        notification=messaging.Notification(title=words.title, body=words.body),
        data=_data(page),
        **_platform_part(messaging, address.platform, page, critical_alerts=critical_alerts),
    )
    # The token is set after construction: the constructor warns that it is deprecated, and
    # installations that never sent a fid can be reached in no other way.
    message.fid, message.token = address.fid, None if address.fid else address.fcm_token
    if _size(message) > largest_bytes:
        raise ValueError(f"a push may not be larger than {LARGEST_BYTES:,} bytes")
    return message


def _size(message: Any) -> int:
    payload: dict[str, Any] = json.loads(str(message))
    own = {key: part for key, part in payload.items() if key not in {"fid", "token"}}
    return len(json.dumps(own, ensure_ascii=False).encode())


def _platform_part(
    messaging: Any, platform: Platform, page: Page, *, critical_alerts: bool
) -> dict[str, Any]:
    match platform:
        case Platform.ANDROID:
            return {"android": _android(messaging, page)}
        case Platform.IOS:
            return {"apns": _ios(messaging, page, critical_alerts=critical_alerts)}
        case Platform.WEB:
            return {"webpush": messaging.WebpushConfig(headers=_web_headers(page))}


def _data(page: Page) -> dict[str, str]:
    if page.minimal:
        return {"v": PAYLOAD_VERSION, "k": KIND_CODES[page.kind]}
    return {
        "v": PAYLOAD_VERSION,
        "k": KIND_CODES[page.kind],
        "i": page.handle,
        "t": str(page.sent_at),
    }


def _is_loud(page: Page) -> bool:
    return page.kind is not PageKind.ROUTINE


def _android(messaging: Any, page: Page) -> Any:
    loud = _is_loud(page)
    full = {
        "channel_id": "urgent" if loud else "routine",
        "priority": "max" if loud else "default",
        "visibility": "private",
        "default_sound": True,
    }
    notification = messaging.AndroidNotification(
        tag=page.collapse_tag, **({} if page.minimal else full)
    )
    return messaging.AndroidConfig(
        priority="high" if loud else "normal",
        ttl=timedelta(seconds=LIFE_SECONDS),
        notification=notification,
    )


def _ios(messaging: Any, page: Page, *, critical_alerts: bool) -> Any:
    loud = _is_loud(page)
    headers = {
        "apns-push-type": "alert",
        "apns-priority": "10",
        "apns-expiration": str(page.sent_at + LIFE_SECONDS),
        "apns-collapse-id": page.collapse_tag,
    }
    if page.minimal:
        aps = messaging.Aps(sound="default")
    elif critical_alerts and loud:
        sound = messaging.CriticalSound("default", critical=True, volume=1.0)
        aps = messaging.Aps(sound=sound, custom_data={"interruption-level": "critical"})
    else:
        level = "time-sensitive" if loud else "active"
        aps = messaging.Aps(sound="default", custom_data={"interruption-level": level})
    # The words of the notification become aps.alert at FCM.
    payload = messaging.APNSPayload(aps=aps)
    return messaging.APNSConfig(headers=headers, payload=payload)


def _web_headers(page: Page) -> dict[str, str]:
    headers = {"TTL": str(LIFE_SECONDS), "Topic": page.collapse_tag}
    if not page.minimal:
        headers["Urgency"] = "high" if _is_loud(page) else "normal"
    return headers
