"""What a page may be made of, and how its parts are derived."""

import re
from collections.abc import Callable
from uuid import UUID

import pytest

from worker.channels.port import (
    MailAddress,
    Page,
    PushAddress,
    collapse_tag,
    link_to,
    new_handle,
)
from worker.channels.words import KIND_CODES, WORDS, Language, PageKind, is_fixed, words_for

KEY = b"k" * 32
PHONE = UUID(int=1)
OTHER_PHONE = UUID(int=2)
ALERT = UUID(int=3)
OTHER_ALERT = UUID(int=4)

FORBIDDEN = re.compile(
    r"suicid|depress|dissoc|ketamin|psychi|psiqui|side effect|efecto|drug|score|patient|pacient"
    r"|photo|\d|diary|diario|clinic|symptom|síntoma",
    re.IGNORECASE,
)


@pytest.mark.parametrize("field", ["handle", "collapse_tag"])
@pytest.mark.parametrize(
    "value",
    ["", "short", "x" * 23, "I want to end my life!", "a" * 21 + "\n", "a" * 21 + "é"],
    ids=["empty", "short", "long", "words", "newline", "accent"],
)
def test_a_page_refuses_anything_but_an_opaque_value(
    make_page: Callable[..., Page], field: str, value: str
) -> None:
    with pytest.raises(ValueError, match="22 URL-safe characters") as refusal:
        make_page(**{field: value})

    assert value not in str(refusal.value) or not value


@pytest.mark.parametrize(
    "link",
    [
        "https://clinic.example/",
        "https://clinic.example/a/somebody-elses-handle-",
        "https://clinic.example/patients/ana/a/{handle}",
        "https://clinic.example/a/{handle}?name=ana",
        "https://clinic.example/a/{handle}#note",
        "https://ana:secret@clinic.example/a/{handle}",
        "javascript:alert(1)/a/{handle}",
        "/a/{handle}",
    ],
)
def test_a_page_refuses_a_link_that_says_more_than_its_handle(
    make_page: Callable[..., Page], link: str
) -> None:
    handle = new_handle()

    with pytest.raises(ValueError, match="origin, /a/ and the handle"):
        make_page(handle=handle, link=link.format(handle=handle))


@pytest.mark.parametrize(
    "origin", ["https://clinic.example", "http://localhost:8000", "https://clinic.example/"]
)
def test_a_page_takes_the_link_made_for_its_handle(
    make_page: Callable[..., Page], origin: str
) -> None:
    handle = new_handle()

    page = make_page(handle=handle, link=link_to(origin, handle))

    assert page.link == f"{origin.rstrip('/')}/a/{handle}"


def test_handles_are_never_the_same_twice() -> None:
    assert len({new_handle() for _ in range(1_000)}) == 1_000


def test_the_collapse_tag_is_equal_on_every_re_send() -> None:
    tags = {collapse_tag(KEY, endpoint_id=PHONE, alert_id=ALERT) for _ in range(3)}

    assert len(tags) == 1
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", tags.pop())


@pytest.mark.parametrize(
    ("key", "endpoint_id", "alert_id"),
    [
        (KEY, OTHER_PHONE, ALERT),
        (KEY, PHONE, OTHER_ALERT),
        (b"other" * 8, PHONE, ALERT),
        (KEY, ALERT, PHONE),
    ],
    ids=["other phone", "other alert", "other key", "swapped"],
)
def test_the_collapse_tag_differs_where_two_pages_must_not_be_joined(
    key: bytes, endpoint_id: UUID, alert_id: UUID
) -> None:
    here = collapse_tag(KEY, endpoint_id=PHONE, alert_id=ALERT)

    assert collapse_tag(key, endpoint_id=endpoint_id, alert_id=alert_id) != here


def test_the_fid_is_the_target_when_both_values_are_known() -> None:
    both = PushAddress(fid="installation", fcm_token="legacy")

    assert both.target == "installation"
    assert PushAddress(fcm_token="legacy").target == "legacy"


def test_a_push_address_without_any_value_is_refused() -> None:
    with pytest.raises(ValueError, match="a fid or a token"):
        PushAddress(fid="", fcm_token=None)


def test_an_address_does_not_show_itself_in_a_log() -> None:
    shown = repr(PushAddress(fid="secret-fid", fcm_token="secret-token"))
    shown += repr(MailAddress(mail="secret@clinic.example"))

    assert "secret" not in shown


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", PageKind)
def test_every_kind_has_words_in_every_language_that_tell_nothing(
    language: Language, kind: PageKind
) -> None:
    words = words_for(kind, language)

    assert words.title
    assert words.body
    assert not FORBIDDEN.search(f"{words.title} {words.body}")


def test_every_kind_has_a_code_of_one_letter() -> None:
    assert set(KIND_CODES) == set(PageKind)
    assert set(KIND_CODES.values()) == {"u", "r", "t"}


def test_a_title_of_one_kind_with_the_body_of_another_is_not_fixed() -> None:
    urgent, test = WORDS[Language.EN][PageKind.URGENT], WORDS[Language.EN][PageKind.TEST]

    assert is_fixed(urgent.title, urgent.body)
    assert not is_fixed(urgent.title, test.body)
    assert not is_fixed(urgent.title, urgent.body + " Ana feels worse.")
