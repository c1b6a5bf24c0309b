"""The fixed words, and the page that is made of them: opaque whatever the alert is about."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from models.cipher import Keyring
from models.claim import Claimed
from worker.channels.port import Platform
from worker.channels.words import (
    KIND_CODES,
    WORDS,
    Language,
    PageKind,
    is_fixed,
    words_for,
)
from worker.deliver import language_of, page_of, read_push_address
from worker.switchboard import Switchboard

KINDS = [(kind, language) for kind in PageKind for language in Language]
TELLING = re.compile(
    r"patient|paciente|suicid|ketamin|esketamin|depress|depres|mood|ánimo|infusi|clinic|clínic"
    r"|\d|%|http",
    re.IGNORECASE,
)
"""What on a lock screen would tell a stranger who is ill, of what, or how badly."""
HANDLE = "h" * 22
TAG = "t" * 22
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAGE = Claimed(
    clinic_id=UUID(int=1), id=UUID(int=2), alert_id=UUID(int=3), practitioner_id=UUID(int=4),
    endpoint_id=UUID(int=5), round=1, channel="push", kind="urgent", severity_rank=9, attempt=1,
    faults=0, minimal=False, collapse_tag=TAG, handle=HANDLE, now=NOON, is_live=True,
    language="en", device_id=None, platform=None, sealed=b"sealed-address", address_hmac=None,
    key_version=1, key=b"wrapped-key", clinic_key_version=1, clinic_key=b"wrapped-clinic-key",
)  # fmt: skip


@pytest.fixture
def board(keyring: Keyring) -> Switchboard:
    """Set up a pager without a channel: nothing here is sent."""
    return Switchboard(
        worker="test", channels={}, keyring=keyring, public_url="https://clinic.example"
    )


@pytest.mark.parametrize(("kind", "language"), KINDS)
def test_every_kind_of_page_has_words_in_every_language(kind: PageKind, language: Language) -> None:
    words = words_for(kind, language)

    assert words.title.strip()
    assert words.body.strip()
    assert words.body.endswith(".")


@pytest.mark.parametrize(("kind", "language"), KINDS)
def test_no_words_tell_a_stranger_who_is_ill_or_of_what(kind: PageKind, language: Language) -> None:
    words = words_for(kind, language)

    assert TELLING.search(f"{words.title} {words.body}") is None


@pytest.mark.parametrize("language", Language)
def test_an_urgent_page_does_not_read_like_a_routine_one(language: Language) -> None:
    table = WORDS[language]

    bodies = [words.body for words in table.values()]
    assert len(set(bodies)) == len(PageKind)
    assert table[PageKind.URGENT].title != table[PageKind.ROUTINE].title


@pytest.mark.parametrize("kind", PageKind)
def test_the_words_of_two_languages_are_two(kind: PageKind) -> None:
    assert words_for(kind, Language.EN) != words_for(kind, Language.ES)


def test_the_code_of_a_kind_is_one_letter_and_news_rings_like_the_item() -> None:
    assert set(KIND_CODES) == set(PageKind)
    assert all(len(code) == 1 for code in KIND_CODES.values())
    assert KIND_CODES[PageKind.NEW_INFORMATION] == KIND_CODES[PageKind.URGENT]
    assert len(set(KIND_CODES.values())) == len(PageKind) - 1


@pytest.mark.parametrize(("kind", "language"), KINDS)
def test_a_row_of_the_table_is_fixed(kind: PageKind, language: Language) -> None:
    words = words_for(kind, language)

    assert is_fixed(words.title, words.body)


def test_a_title_of_one_kind_with_the_body_of_another_is_not_fixed() -> None:
    table = WORDS[Language.EN]

    assert not is_fixed(table[PageKind.URGENT].title, table[PageKind.TEST].body)
    assert not is_fixed(table[PageKind.URGENT].title, "")
    assert not is_fixed("", "")


def test_a_body_with_one_word_more_is_not_fixed() -> None:
    words = words_for(PageKind.URGENT, Language.EN)

    assert not is_fixed(words.title, f"{words.body} Ana")


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ("en", Language.EN),
        ("es", Language.ES),
        ("es-MX", Language.ES),
        ("en-GB", Language.EN),
        ("fr", Language.EN),
        ("", Language.EN),
        (None, Language.EN),
        ("ES", Language.EN),
    ],
)
def test_a_language_we_have_no_words_in_gets_english(
    wanted: str | None, language: Language
) -> None:
    assert language_of(wanted) is language


@pytest.mark.parametrize("kind", PageKind)
def test_a_page_is_made_of_what_the_claim_says(board: Switchboard, kind: PageKind) -> None:
    page = page_of(board, replace(PAGE, kind=kind.value, language="es", minimal=True))

    assert (page.kind, page.language, page.minimal) == (kind, Language.ES, True)
    assert (page.handle, page.collapse_tag) == (HANDLE, TAG)
    assert page.link == f"https://clinic.example/a/{HANDLE}"
    assert page.sent_at == int(NOON.timestamp())


def test_no_id_and_no_key_gets_into_a_page(board: Switchboard) -> None:
    shown = repr(page_of(board, PAGE))

    assert "sealed" not in shown
    assert "wrapped" not in shown
    assert not any(str(UUID(int=n)) in shown for n in range(1, 6))


def test_a_claim_shows_neither_address_nor_key() -> None:
    shown = repr(PAGE)

    assert "sealed-address" not in shown
    assert "wrapped" not in shown


def test_a_kind_nobody_knows_is_no_page(board: Switchboard) -> None:
    with pytest.raises(ValueError, match="alarm"):
        page_of(board, replace(PAGE, kind="alarm"))


@pytest.mark.parametrize("handle", ["", "h" * 21, "h" * 23, "h" * 21 + "/", "h" * 21 + "é"])
def test_a_handle_that_is_not_opaque_is_no_page(board: Switchboard, handle: str) -> None:
    with pytest.raises(ValueError, match="22 URL-safe"):
        page_of(board, replace(PAGE, handle=handle))


@pytest.mark.parametrize("platform", Platform)
def test_a_registration_is_read_with_its_platform(platform: Platform) -> None:
    address = read_push_address(msgspec.json.encode({"fid": "f", "fcm_token": "t"}), platform)

    assert (address.fid, address.fcm_token, address.platform) == ("f", "t", platform)
    assert address.target == "f"


def test_an_older_app_is_reached_by_its_token() -> None:
    assert read_push_address(b'{"fcm_token": "t"}', "ios").target == "t"


@pytest.mark.parametrize("plain", [b"", b"{}", b"[]", b'{"fid": 5}', b'{"fid": ""}', b"\xff"])
def test_what_is_no_registration_is_refused(plain: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_push_address(plain, "ios")


def test_a_platform_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="fridge"):
        read_push_address(b'{"fid": "f"}', "fridge")
