"""A cursor opens for its owner, its list and its epoch, and for nothing else."""

import base64
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from api.cursor import decode, encode
from api.errors import InvalidCursor, ResyncRequired
from models.cipher import Keyring


class Place(Struct, array_like=True):
    at: datetime
    id: UUID


class Mixed(Struct, array_like=True):
    number: int
    id: UUID
    text: str


KEYS = Keyring(bytes(range(1, 33)))
OWNER, EPOCH = UUID(int=7), UUID(int=9)
PLACE = Place(datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=UTC), UUID(int=5))
CURSOR = encode(KEYS, "alerts", OWNER, EPOCH, PLACE)


def read(cursor: str, *, kind: str = "alerts", owner: UUID = OWNER, epoch: UUID = EPOCH) -> Place:
    return decode(KEYS, kind, owner, epoch, cursor, into=Place)


def test_gives_back_what_was_put_in_to_the_microsecond() -> None:
    assert read(CURSOR) == PLACE


@given(st.integers(0, 2**63 - 1), st.uuids(), st.text(max_size=40))
def test_gives_back_every_value(number: int, some_id: UUID, text: str) -> None:
    place = Mixed(number, some_id, text)
    cursor = encode(KEYS, "changes", OWNER, EPOCH, place)

    assert decode(KEYS, "changes", OWNER, EPOCH, cursor, into=Mixed) == place


def test_is_refused_in_another_owners_hands() -> None:
    with pytest.raises(InvalidCursor):
        read(CURSOR, owner=uuid4())


def test_is_refused_by_another_list() -> None:
    with pytest.raises(InvalidCursor):
        read(CURSOR, kind="entries")


def test_is_refused_under_another_root_key() -> None:
    with pytest.raises(InvalidCursor):
        decode(Keyring(bytes(range(2, 34))), "alerts", OWNER, EPOCH, CURSOR, into=Place)


def test_asks_to_start_again_after_a_restore() -> None:
    with pytest.raises(ResyncRequired):
        read(CURSOR, epoch=uuid4())


def test_asks_to_start_again_when_an_older_version_wrote_another_shape() -> None:
    older = encode(KEYS, "alerts", OWNER, EPOCH, ["not a time"])

    with pytest.raises(ResyncRequired):
        read(older)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "A",
        "====",
        CURSOR[:-1],
        CURSOR[1:],
        CURSOR + "=",
        CURSOR + "A",
        CURSOR + "\n",
        CURSOR.replace(CURSOR[0], "é", 1),
        "\x00" * 40,
        "A" * 513,
        base64.urlsafe_b64encode(bytes(64)).decode().rstrip("="),
    ],
)
def test_is_refused_when_forged_or_cut(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        read(cursor)


@given(st.integers(0, len(CURSOR) - 1), st.sampled_from("ABCDEFGHabcdefgh0123456789-_"))
def test_is_refused_when_one_symbol_is_changed(at: int, symbol: str) -> None:
    changed = CURSOR[:at] + symbol + CURSOR[at + 1 :]

    if changed == CURSOR:
        assert read(changed) == PLACE
    else:
        with pytest.raises(InvalidCursor):
            read(changed)


def test_shows_neither_the_owner_nor_who_signed() -> None:
    raw = base64.urlsafe_b64decode(CURSOR + "=" * (-len(CURSOR) % 4))

    assert OWNER.bytes not in raw
    assert OWNER.hex.encode() not in raw
