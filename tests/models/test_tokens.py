"""Tokens, generations, codes and hints as values: read back, told apart, judged at their limits."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.cipher import Keyring
from models.echo import NONCE_SYMBOLS, echo_nonce
from models.enrolment import ALPHABET, Code, read_code
from models.ids import uuid7
from models.job import hint_member, read_hint
from models.practitioner import login_lookup
from models.refresh import (
    LOST_ANSWER,
    TOKEN_SYMBOLS,
    Family,
    Verdict,
    family_lookup,
    judge,
    read_refresh_token,
    refresh_token,
)
from models.sign_in import LIVES, random_token
from models.sign_in import TOKEN_SYMBOLS as ACCESS_SYMBOLS
from models.staff_login import RECOVERY_SYMBOLS, draw_recovery_code, recovery_hash

KEYRING = Keyring(bytes(range(1, 33)))
OTHER = Keyring(bytes(32))
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SESSION = UUID(int=5)
SECOND = timedelta(seconds=1)

generations = st.integers(min_value=0, max_value=2**32 - 1)


def family(
    *,
    generation: int = 5,
    refreshed: timedelta = timedelta(hours=1),
    idle: timedelta = timedelta(days=90),
    absolute: timedelta = timedelta(days=365),
    ended: bool = False,
) -> Family:
    """Hold a family: refreshed so long ago, with so much time left."""
    return Family(
        clinic_id=UUID(int=1),
        session_id=SESSION,
        kind="patient",
        subject_id=UUID(int=2),
        device_id=None,
        public_key=None,
        generation=generation,
        refreshed_at=NOW - refreshed,
        idle_expires_at=NOW + idle,
        absolute_expires_at=NOW + absolute,
        ended=ended,
        now=NOW,
    )


@given(session=st.uuids(), generation=generations)
def test_a_refresh_token_names_session_and_generation(session: UUID, generation: int) -> None:
    token = refresh_token(KEYRING, session, generation)

    assert token.startswith("rt_")
    assert len(token) == 3 + TOKEN_SYMBOLS
    assert read_refresh_token(KEYRING, token) == (session, generation)
    assert read_refresh_token(OTHER, token) is None


@given(one=st.tuples(st.uuids(), generations), other=st.tuples(st.uuids(), generations))
def test_no_two_generations_share_a_token(one: tuple[UUID, int], other: tuple[UUID, int]) -> None:
    assert (refresh_token(KEYRING, *one) == refresh_token(KEYRING, *other)) is (one == other)


@given(at=st.integers(0, 2 + TOKEN_SYMBOLS), symbol=st.characters())
def test_a_token_with_one_other_symbol_is_not_ours(at: int, symbol: str) -> None:
    token = refresh_token(KEYRING, SESSION, 7)
    changed = token[:at] + symbol + token[at + 1 :]

    assert (read_refresh_token(KEYRING, changed) is None) is (changed != token)


@given(junk=st.text(max_size=90))
def test_what_is_no_token_is_read_as_none(junk: str) -> None:
    for token in (junk, "rt_" + junk, "at_" + junk):
        assert read_refresh_token(KEYRING, token) is None


@pytest.mark.parametrize(
    ("generation", "refreshed", "verdict"),
    [
        (5, timedelta(days=80), Verdict.NEXT),
        (6, timedelta(0), Verdict.NEXT),
        (4, timedelta(0), Verdict.AGAIN),
        (4, LOST_ANSWER, Verdict.AGAIN),
        (4, LOST_ANSWER + SECOND, Verdict.REUSED),
        (3, timedelta(0), Verdict.REUSED),
        (0, timedelta(0), Verdict.REUSED),
    ],
    ids=["newest", "restored", "at once", "at a minute", "later", "two before", "the first"],
)
def test_a_generation_is_worth(generation: int, refreshed: timedelta, verdict: Verdict) -> None:
    assert judge(family(refreshed=refreshed), generation) is verdict


@pytest.mark.parametrize(
    ("idle", "absolute", "worth"),
    [
        (SECOND, SECOND, Verdict.NEXT),
        (timedelta(0), SECOND, Verdict.EXPIRED),
        (SECOND, timedelta(0), Verdict.EXPIRED),
        (-SECOND, -SECOND, Verdict.EXPIRED),
    ],
)
def test_a_session_ends_to_the_second(idle: timedelta, absolute: timedelta, worth: Verdict) -> None:
    assert judge(family(idle=idle, absolute=absolute), 5) is worth


@given(generation=generations, days=st.integers(-10, 10))
def test_what_was_ended_is_revoked_whatever_else(generation: int, days: int) -> None:
    left = timedelta(days=days)

    assert judge(family(ended=True, idle=left, absolute=left), generation) is Verdict.REVOKED


@given(newest=st.integers(1, 1000), generation=st.integers(0, 1000), ago=st.integers(0, 600))
def test_only_the_newest_moves_a_family_on(newest: int, generation: int, ago: int) -> None:
    found = judge(family(generation=newest, refreshed=timedelta(seconds=ago)), generation)

    assert (found is Verdict.NEXT) is (generation >= newest)
    assert found is not Verdict.AGAIN or generation == newest - 1


def test_a_patients_family_is_the_patients() -> None:
    assert family().patient_id == UUID(int=2)


@given(one=st.uuids(), other=st.uuids())
def test_families_are_looked_up_apart(one: UUID, other: UUID) -> None:
    assert (family_lookup(one) == family_lookup(other)) is (one == other)
    assert one.bytes not in family_lookup(one)


def test_random_tokens_have_256_bits_and_never_repeat() -> None:
    tokens = [random_token("at_") for _ in range(100)]

    assert len(set(tokens)) == 100
    assert {len(token) for token in tokens} == {3 + ACCESS_SYMBOLS}
    assert not any(set("+/=") & set(token) for token in tokens)


def test_no_session_is_idle_for_longer_than_it_lives() -> None:
    assert set(LIVES) == {"patient", "staff", "console"}
    assert all(idle < absolute for idle, absolute in LIVES.values())


@given(
    code=st.sampled_from(["North", " north ", "NORTH"]),
    mail=st.sampled_from(["Bo@x.example", " bo@X.example"]),
)
def test_a_login_is_found_however_it_is_typed(code: str, mail: str) -> None:
    assert login_lookup(KEYRING, code, mail) == login_lookup(KEYRING, "north", "bo@x.example")


def test_a_login_is_of_one_clinic_one_mail_and_one_key() -> None:
    found = {
        login_lookup(KEYRING, "north", "bo@x.example"),
        login_lookup(KEYRING, "south", "bo@x.example"),
        login_lookup(KEYRING, "north", "cy@x.example"),
        login_lookup(OTHER, "north", "bo@x.example"),
    }

    assert len(found) == 4


def test_recovery_codes_have_75_bits_in_groups() -> None:
    codes = [draw_recovery_code() for _ in range(100)]

    assert len(set(codes)) == 100
    assert {len(code) for code in codes} == {RECOVERY_SYMBOLS + 2}
    assert {symbol for code in codes for symbol in code} == set(ALPHABET) | {"-"}


@pytest.mark.parametrize("_turn", range(20))
def test_a_recovery_code_is_read_as_people_type_it(_turn: int) -> None:
    code = draw_recovery_code()
    typed = [code.lower(), code.replace("-", " "), code.replace("0", "O").replace("1", "l")]

    assert {recovery_hash(KEYRING, SESSION, each) for each in typed} == {
        recovery_hash(KEYRING, SESSION, code)
    }


def test_a_recovery_code_is_one_persons() -> None:
    assert recovery_hash(KEYRING, SESSION, "ABCDE") != recovery_hash(KEYRING, UUID(int=6), "ABCDE")
    assert recovery_hash(KEYRING, SESSION, "ABCDE") != recovery_hash(OTHER, SESSION, "ABCDE")


@given(typed=st.text(max_size=40))
def test_whatever_is_typed_is_a_code_or_none(typed: str) -> None:
    code = read_code(typed)

    assert code is None or read_code(code.text) == code


def test_a_codes_selector_is_looked_up_and_its_verifier_is_not() -> None:
    one = Code.draw()
    other = Code(selector=one.selector, verifier=Code.draw().verifier)

    assert one.lookup == other.lookup
    assert one.selector.encode() not in one.lookup


def test_an_echo_is_of_one_device_and_one_registration() -> None:
    found = {
        echo_nonce(KEYRING, SESSION, b"seed"),
        echo_nonce(KEYRING, SESSION, b"other"),
        echo_nonce(KEYRING, UUID(int=6), b"seed"),
        echo_nonce(OTHER, SESSION, b"seed"),
    }

    assert len(found) == 4
    assert {len(nonce) for nonce in found} == {NONCE_SYMBOLS}


@given(clinic=st.uuids(), patient=st.uuids())
def test_a_hint_is_read_back(clinic: UUID, patient: UUID) -> None:
    assert read_hint(hint_member(clinic, patient)) == (clinic, patient)


@pytest.mark.parametrize("junk", ["", ":", "a:b", str(SESSION), f"{SESSION}:", f":{SESSION}"])
def test_what_is_no_hint_is_none(junk: str) -> None:
    assert read_hint(junk) is None


def test_ids_follow_time_and_are_unique() -> None:
    made = [uuid7() for _ in range(1000)]

    assert len(set(made)) == 1000
    assert made == sorted(made)
    assert {each.version for each in made} == {7}
