"""What a payload or a mail may hold, written down apart from the code that builds them."""

import re
from collections.abc import Iterator, Mapping

from worker.channels.words import WORDS, is_fixed

OPAQUE = r"[A-Za-z0-9_-]{22}"
LARGEST_DATA_BYTES = 200
"""Source: escalation.md 7.6, security.md T9."""

ALLOWED: dict[str, str] = {
    "fid": r"[A-Za-z0-9:_.-]{1,300}",
    "token": r"[A-Za-z0-9:_.-]{1,4096}",
    "data.v": r"1",
    "data.k": r"[urt]",
    "data.i": OPAQUE,
    "data.t": r"[0-9]{10}",
    "android.priority": r"high|normal",
    "android.ttl": r"300s",
    "android.notification.channel_id": r"urgent|routine",
    "android.notification.notification_priority": r"PRIORITY_(MAX|DEFAULT)",
    "android.notification.visibility": r"PRIVATE",
    "android.notification.default_sound": r"True",
    "android.notification.tag": OPAQUE,
    "apns.headers.apns-push-type": r"alert",
    "apns.headers.apns-priority": r"10",
    "apns.headers.apns-expiration": r"[0-9]{10}",
    "apns.headers.apns-collapse-id": OPAQUE,
    "apns.payload.aps.sound": r"default",
    "apns.payload.aps.sound.name": r"default",
    "apns.payload.aps.sound.critical": r"1",
    "apns.payload.aps.sound.volume": r"1(\.0)?",
    "apns.payload.aps.interruption-level": r"time-sensitive|active|critical",
    "webpush.headers.Urgency": r"high|normal",
    "webpush.headers.TTL": r"300",
    "webpush.headers.Topic": OPAQUE,
}
"""Every key a push may have, and the only values of it. Source: escalation.md 7.6, 7.7."""

MAIL_HEADERS: dict[str, str] = {
    "from": r"[^\r\n]{3,320}",
    "to": r"[^\r\n]{3,320}",
    "subject": "|".join(re.escape(w.title) for table in WORDS.values() for w in table.values()),
    "date": r"[A-Za-z0-9 ,:+-]{20,40}",
    "message-id": r"<[0-9a-f]{64}@[A-Za-z0-9.-]+>",
    "auto-submitted": r"auto-generated",
    "mime-version": r"1\.0",
    "content-type": r"text/plain; charset=\"utf-8\"",
    "content-transfer-encoding": r"7bit|8bit|quoted-printable|base64",
}
MAIL_BODY = re.compile(rf"(?P<words>[^\n]+)\n\nhttps?://[a-z0-9.-]+(:[0-9]+)?/a/{OPAQUE}\n")


def push_violations(message: Mapping[str, object]) -> list[str]:
    """Name every key of a message that may not leave, or holds what may not."""
    found = [key for key, value in _leaves(message) if not _is_allowed(key, value)]
    words = message.get("notification")
    if not isinstance(words, Mapping) or not _is_fixed(words):  # pyright: ignore[reportUnknownArgumentType] # decoded JSON
        found.append("notification")
    if _data_bytes(message) > LARGEST_DATA_BYTES:
        found.append("data: too large")
    return found


def mail_violations(headers: Mapping[str, str], body: str) -> list[str]:
    """Name every header of a mail that may not leave, and its body if it is not the fixed one."""
    found = [
        name
        for name, value in headers.items()
        if not re.fullmatch(MAIL_HEADERS.get(name.lower(), r"(?!)"), value)
    ]
    match = MAIL_BODY.fullmatch(body)
    if match is None or not is_fixed(headers.get("subject", ""), match["words"]):
        found.append("body")
    return found


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType] # decoded JSON
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))  # pyright: ignore[reportUnknownArgumentType] # decoded JSON
    else:
        yield path, value


def _is_allowed(key: str, value: object) -> bool:
    if key in {"notification.title", "notification.body"}:
        return True  # judged together: a title of one kind with the body of another is no page
    return isinstance(value, str | bool | int | float) and bool(
        re.fullmatch(ALLOWED.get(key, r"(?!)"), str(value))
    )


def _is_fixed(words: Mapping[str, object]) -> bool:
    return set(words) == {"title", "body"} and is_fixed(str(words["title"]), str(words["body"]))


def _data_bytes(message: Mapping[str, object]) -> int:
    return sum(
        len(key) + len(str(value)) for key, value in _leaves(message) if key.startswith("data.")
    )
