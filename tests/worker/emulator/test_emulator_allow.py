"""The allow-list lets exactly the pages of the table through, whatever is tried."""

import base64
import string
from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from worker.channels.words import WORDS, Language, PageKind
from worker.emulator.allow import ALLOWED, mail_violations, push_violations

TAG = "collapse-tag-of-22-cha"
HANDLE = "handle-of-22-characte_"
URGENT = WORDS[Language.EN][PageKind.URGENT]
WORD = st.text(string.ascii_letters + "_-", min_size=1, max_size=12)
PATHS = [key.split(".") for key in ALLOWED]
unhurried = settings(deadline=None)
"""A busy machine is no finding."""


def allowed() -> dict[str, Any]:
    return {
        "fid": "phone",
        "notification": {"title": URGENT.title, "body": URGENT.body},
        "data": {"v": "1", "k": "u", "i": HANDLE, "t": "1790000000"},
        "android": {"priority": "high", "ttl": "300s", "notification": {"tag": TAG}},
        "apns": {
            "headers": {"apns-collapse-id": TAG},
            "payload": {"aps": {"sound": {"name": "default", "critical": 1, "volume": 1.0}}},
        },
        "webpush": {"headers": {"TTL": "300", "Topic": TAG}},
    }


def with_value(path: list[str], value: object) -> dict[str, Any]:
    """Return the allowed message with one value set, making room for it where needed."""
    message = allowed()
    place: dict[str, Any] = message
    for key in path[:-1]:
        inner = place.get(key)
        place[key] = dict(inner) if isinstance(inner, Mapping) else {}
        place = place[key]
    place[path[-1]] = value
    return message


def test_the_allowed_message_has_no_violation() -> None:
    assert push_violations(allowed()) == []


@unhurried
@given(path=st.lists(WORD, min_size=1, max_size=4), value=st.text(max_size=40))
def test_a_key_nobody_listed_is_always_found(path: list[str], value: str) -> None:
    listed = ".".join(path) in ALLOWED or path[0] == "notification"

    assert listed or push_violations(with_value(path, value))


@unhurried
@given(path=st.sampled_from(PATHS), value=st.text(" áéñ!?'", min_size=1, max_size=40))
def test_a_sentence_is_found_under_every_key_that_is_listed(path: list[str], value: str) -> None:
    assert push_violations(with_value(path, value))


@unhurried
@given(
    title=st.text(max_size=60) | st.just(URGENT.title),
    body=st.text(max_size=60) | st.just(URGENT.body),
)
def test_only_words_of_the_table_pass(title: str, body: str) -> None:
    message = {**allowed(), "notification": {"title": title, "body": body}}

    assert (push_violations(message) == []) == ((title, body) == (URGENT.title, URGENT.body))


@unhurried
@given(st.recursive(st.none() | st.booleans() | st.text() | st.integers(), st.lists, max_leaves=4))
def test_no_shape_of_a_value_makes_the_judge_fall_over(value: object) -> None:
    assert push_violations(with_value(["data", "i"], value))


def test_a_note_hidden_in_base64_fits_no_key() -> None:
    hidden = base64.urlsafe_b64encode(b"I cannot go on like this any more").decode()

    ours = [path for path in PATHS if path not in (["fid"], ["token"])]
    assert all(push_violations(with_value(path, hidden)) for path in ours)


@unhurried
@given(name=WORD, value=st.text(string.printable, max_size=40))
def test_a_header_nobody_listed_is_always_found(name: str, value: str) -> None:
    body = f"{URGENT.body}\n\nhttps://clinic.example/a/{HANDLE}\n"
    headers = {"subject": URGENT.title, f"x-{name}": value}

    assert mail_violations(headers, body) == [f"x-{name}"]


@unhurried
@given(extra=st.text(min_size=1, max_size=40))
def test_a_body_with_anything_added_is_always_found(extra: str) -> None:
    body = f"{URGENT.body}\n\nhttps://clinic.example/a/{HANDLE}\n"

    assert mail_violations({"subject": URGENT.title}, body + extra) == ["body"]
    assert mail_violations({"subject": URGENT.title}, extra + body) == ["body"]
