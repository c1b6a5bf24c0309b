"""Sealed values open where they were written and nowhere else."""

from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import cipher
from models.cipher import (
    FORMAT,
    KEY_BYTES,
    NONCE_BYTES,
    Keyring,
    Subject,
    Unreadable,
    random_key,
    token_hash,
)

CLINIC, PERSON, ROW = (UUID(int=n) for n in (1, 2, 3))
KEYS = bytes(range(64))
ROOT = bytes(range(1, 33))
OVERHEAD = 33
"""Bytes a sealed value is longer. Source: spec, security section 6."""

labels = st.text("abcdefghijklmnopqrstuvwxyz._", min_size=1, max_size=30)
uuids = st.uuids()
revisions = st.integers(min_value=0, max_value=2**31 - 1)


def subject(
    clinic: UUID = CLINIC, person: UUID = PERSON, version: int = 1, keys: bytes = KEYS
) -> Subject:
    """Hold somebody's keys."""
    return Subject(clinic, person, version, keys)


@given(label=labels, row=uuids, plain=st.binary(max_size=300), revision=revisions)
def test_what_was_sealed_opens_in_its_place(
    label: str, row: UUID, plain: bytes, revision: int
) -> None:
    sealed = subject().seal(label, row, plain, revision=revision)

    assert subject().open(label, row, sealed, revision=revision) == plain


@given(text=st.text(max_size=300))
def test_text_comes_back_to_the_letter(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    sealed = subject().seal_text("entry.note", ROW, text)

    assert subject().open_text("entry.note", ROW, sealed) == text


@given(plain=st.binary(max_size=300), version=st.integers(min_value=1, max_value=2**32 - 1))
def test_a_sealed_value_has_its_format_version_and_length(plain: bytes, version: int) -> None:
    sealed = subject(version=version).seal("entry.note", ROW, plain)

    assert sealed[:1] == FORMAT == b"\x01"
    assert int.from_bytes(sealed[1:5], "big") == version
    assert len(sealed) == len(plain) + OVERHEAD


def test_the_same_text_twice_is_sealed_differently() -> None:
    one, two = (subject().seal("entry.note", ROW, b"same") for _ in range(2))

    assert one != two
    assert one[5 : 5 + NONCE_BYTES] != two[5 : 5 + NONCE_BYTES]


def test_a_note_does_not_stand_in_its_ciphertext() -> None:
    sealed = subject().seal_text("entry.note", ROW, "a walk by the river")

    assert b"river" not in sealed


MOVES: dict[str, Callable[[bytes], bytes]] = {
    "row": lambda sealed: subject().open("entry.note", UUID(int=4), sealed, revision=1),
    "column": lambda sealed: subject().open("alert.note", ROW, sealed, revision=1),
    "revision": lambda sealed: subject().open("entry.note", ROW, sealed, revision=2),
    "no-revision": lambda sealed: subject().open("entry.note", ROW, sealed),
    "person": lambda sealed: subject(person=UUID(int=9)).open(
        "entry.note", ROW, sealed, revision=1
    ),
    "clinic": lambda sealed: subject(clinic=UUID(int=9)).open(
        "entry.note", ROW, sealed, revision=1
    ),
    "key-version": lambda sealed: subject(version=2).open("entry.note", ROW, sealed, revision=1),
    "key": lambda sealed: subject(keys=bytes(64)).open("entry.note", ROW, sealed, revision=1),
    "case-of-label": lambda sealed: subject().open("Entry.note", ROW, sealed, revision=1),
}


@pytest.mark.parametrize("moved", MOVES.values(), ids=MOVES.keys())
def test_a_value_that_was_moved_does_not_open(moved: Callable[[bytes], bytes]) -> None:
    sealed = subject().seal("entry.note", ROW, b"words", revision=1)

    with pytest.raises(Unreadable):
        moved(sealed)


@given(
    one=st.tuples(labels, uuids, uuids, uuids, revisions),
    other=st.tuples(labels, uuids, uuids, uuids, revisions),
)
def test_two_places_are_never_one(
    one: tuple[str, UUID, UUID, UUID, int], other: tuple[str, UUID, UUID, UUID, int]
) -> None:
    def opens(at: tuple[str, UUID, UUID, UUID, int]) -> bool:
        label, clinic, person, row, revision = at
        try:
            subject(clinic, person).open(label, row, sealed, revision=revision)
        except Unreadable:
            return False
        return True

    label, clinic, person, row, revision = one
    sealed = subject(clinic, person).seal(label, row, b"words", revision=revision)

    assert (opens(one), opens(other)) == (True, one == other)


@given(at=st.integers(min_value=0, max_value=OVERHEAD + 4), bit=st.integers(0, 7))
def test_one_flipped_bit_anywhere_is_found(at: int, bit: int) -> None:
    sealed = bytearray(subject().seal("entry.note", ROW, b"words"))
    sealed[at] ^= 1 << bit

    with pytest.raises(Unreadable):
        subject().open("entry.note", ROW, bytes(sealed))


@given(length=st.integers(min_value=0, max_value=OVERHEAD + 4))
def test_a_value_that_was_cut_short_does_not_open(length: int) -> None:
    sealed = subject().seal("entry.note", ROW, b"words")

    with pytest.raises(Unreadable):
        subject().open("entry.note", ROW, sealed[:length])


@given(junk=st.binary(max_size=100))
def test_what_is_no_sealed_value_does_not_open(junk: bytes) -> None:
    with pytest.raises(Unreadable):
        subject().open("entry.note", ROW, junk)
    with pytest.raises(Unreadable):
        subject().open("entry.note", ROW, FORMAT + (1).to_bytes(4, "big") + junk)


def test_the_error_says_nothing_of_what_was_sealed_nor_how() -> None:
    sealed = subject().seal_text("entry.note", ROW, "a walk by the river")

    with pytest.raises(Unreadable) as refused:
        subject().open("entry.note", UUID(int=4), sealed)

    assert str(ROW) not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


@given(label=labels, value=st.binary(max_size=100))
def test_an_index_is_the_same_for_the_same_value(label: str, value: bytes) -> None:
    assert subject().index(label, value) == subject().index(label, value)


@given(values=st.lists(st.binary(max_size=40), min_size=2, max_size=8, unique=True))
def test_an_index_tells_values_apart(values: list[bytes]) -> None:
    assert len({subject().index("device.push", value) for value in values}) == len(values)


def test_an_index_survives_a_rotation_of_the_encryption_key() -> None:
    rotated = subject(version=2, keys=bytes(KEY_BYTES) + KEYS[KEY_BYTES:])

    assert rotated.index("device.push", b"token") == subject().index("device.push", b"token")
    with pytest.raises(Unreadable):
        rotated.open("entry.note", ROW, subject().seal("entry.note", ROW, b"words"))


def test_an_index_is_of_one_purpose_and_one_key() -> None:
    other = subject(keys=KEYS[:KEY_BYTES] + bytes(KEY_BYTES))
    found = {
        subject().index("device.push", b"token"),
        subject().index("endpoint.address", b"token"),
        other.index("device.push", b"token"),
    }

    assert len(found) == 3


def test_a_keyring_does_not_show_its_keys() -> None:
    assert repr(Keyring(ROOT)) == "Keyring(...)"
    assert str(Keyring(ROOT)) == "Keyring(...)"


@pytest.mark.parametrize("length", [0, 1, 16, 31, 33, 64])
def test_a_root_key_of_another_length_is_refused_without_showing_it(length: int) -> None:
    with pytest.raises(ValueError, match="instead of 32") as refused:
        Keyring(b"k" * length)

    assert "kk" not in str(refused.value)


@given(one=labels, other=labels)
def test_every_purpose_has_a_key_of_its_own(one: str, other: str) -> None:
    keyring = Keyring(ROOT)

    assert (keyring.derive(one) == keyring.derive(other)) is (one == other)
    assert (keyring.mac(one, b"v") == keyring.mac(other, b"v")) is (one == other)


def test_another_root_key_derives_other_keys_although_the_first_are_remembered() -> None:
    keyrings = [Keyring(bytes([n]) * KEY_BYTES) for n in range(3)]

    assert len({keyring.derive("cursor") for keyring in keyrings}) == 3
    assert len({keyring.mac("cursor", b"same") for keyring in keyrings}) == 3


def test_derived_keys_are_frozen() -> None:
    assert Keyring(ROOT).derive("wrap.clinic_key").hex() == (
        "ee171338b8e2300aa7616988f7b72accaac657a21057fa0474875af8689c7213"
    )
    assert subject().index("device.push", b"token").hex() == (
        "f38c7d31a620466ee6e0d31054047ddbc2302fb728125930866b0c45617186c0"
    )


def test_a_clinics_key_is_wrapped_for_its_clinic_and_version() -> None:
    keyring, key = Keyring(ROOT), random_key()
    wrapped = keyring.wrap_clinic_key(CLINIC, 1, key)

    assert keyring.unwrap_clinic_key(CLINIC, 1, wrapped) == key
    for clinic, version in ((CLINIC, 2), (PERSON, 1)):
        with pytest.raises(Unreadable):
            keyring.unwrap_clinic_key(clinic, version, wrapped)


def test_the_wrong_root_key_opens_no_clinic() -> None:
    wrapped = Keyring(ROOT).wrap_clinic_key(CLINIC, 1, random_key())

    with pytest.raises(Unreadable):
        Keyring(bytes(KEY_BYTES)).unwrap_clinic_key(CLINIC, 1, wrapped)


def keys_of(keyring: Keyring, person: UUID) -> tuple[bytes, tuple[int, bytes]]:
    """Make a person's wrapped keys under a fresh clinic key."""
    clinic_key = random_key()
    wrapped = keyring.new_subject(CLINIC, person, clinic_key)
    return wrapped, (1, keyring.wrap_clinic_key(CLINIC, 1, clinic_key))


def test_a_subjects_keys_open_under_the_clinics() -> None:
    keyring = Keyring(ROOT)
    wrapped, clinic_key = keys_of(keyring, PERSON)

    first = keyring.subject(CLINIC, PERSON, 1, wrapped, clinic_key)
    elsewhere = Keyring(ROOT).subject(CLINIC, PERSON, 1, wrapped, clinic_key)

    assert elsewhere.open("x", ROW, first.seal("x", ROW, b"words")) == b"words"
    assert elsewhere.index("x", b"v") == first.index("x", b"v")


@pytest.mark.parametrize(
    ("person", "version"), [(ROW, 1), (PERSON, 2)], ids=["another person", "another version"]
)
def test_wrapped_keys_are_bound_to_their_row(person: UUID, version: int) -> None:
    keyring = Keyring(ROOT)
    wrapped, clinic_key = keys_of(keyring, PERSON)

    with pytest.raises(Unreadable):
        keyring.subject(CLINIC, person, version, wrapped, clinic_key)


def test_a_subject_is_unwrapped_once_and_then_remembered() -> None:
    keyring = Keyring(ROOT)
    wrapped, clinic_key = keys_of(keyring, PERSON)
    first = keyring.subject(CLINIC, PERSON, 1, wrapped, clinic_key)

    assert keyring.subject(CLINIC, PERSON, 1, b"not looked at", (1, b"")) is first


def test_a_keyring_forgets_whom_it_has_not_seen_for_longest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cipher, "REMEMBERED_SUBJECTS", 2)
    keyring, people = Keyring(ROOT), [UUID(int=n) for n in (10, 11, 12)]
    keys = {person: keys_of(keyring, person) for person in people}
    known = {p: keyring.subject(CLINIC, p, 1, *keys[p]) for p in people[:2]}

    keyring.subject(CLINIC, people[0], 1, *keys[people[0]])
    keyring.subject(CLINIC, people[2], 1, *keys[people[2]])

    assert keyring.subject(CLINIC, people[0], 1, *keys[people[0]]) is known[people[0]]
    assert keyring.subject(CLINIC, people[1], 1, *keys[people[1]]) is not known[people[1]]


def test_one_person_in_two_clinics_has_two_keys() -> None:
    keyring, other = Keyring(ROOT), UUID(int=7)
    wrapped, clinic_key = keys_of(keyring, PERSON)
    keyring.subject(CLINIC, PERSON, 1, wrapped, clinic_key)

    with pytest.raises(Unreadable):
        keyring.subject(other, PERSON, 1, wrapped, clinic_key)


def test_keys_are_random() -> None:
    keys = {random_key() for _ in range(50)}

    assert len(keys) == 50
    assert {len(key) for key in keys} == {KEY_BYTES}


@given(token=st.text(max_size=60).filter(lambda t: t.encode("utf-8", "ignore").decode() == t))
def test_a_tokens_hash_is_sha256_of_all_of_it(token: str) -> None:
    assert len(token_hash(token)) == 32
    assert token_hash(token) != token_hash(token + "x")
