"""What no input may do: raise, leak or get through."""

import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.channels.fcm_outcome import LONGEST_WAIT, retry_after
from worker.channels.port import HANDLE, Page, link_to, new_handle
from worker.channels.relay import Encryption, Relay, is_loopback, parse_relay
from worker.channels.words import PageKind

REFUSALS = {
    "",
    "the SMTP URL cannot be read",
    "an SMTP URL begins with smtp:// or smtps:// and names a host",
}
NOW = datetime(2026, 3, 1, tzinfo=UTC)
unhurried = settings(deadline=None)
"""A busy machine is no finding."""


@unhurried
@given(st.text(max_size=60) | st.integers().map(str))
def test_no_retry_header_raises_or_silences_us_for_more_than_an_hour(value: str) -> None:
    wait = retry_after({"retry-after": value}, NOW)

    assert wait is None or timedelta(0) <= wait <= LONGEST_WAIT


@unhurried
@given(st.datetimes(timezones=st.just(UTC)))
def test_every_date_is_read_as_a_bounded_wait(until: datetime) -> None:
    wait = retry_after({"retry-after": f"{until:%a, %d %b %Y %H:%M:%S} GMT"}, NOW)

    assert wait is None or timedelta(0) <= wait <= LONGEST_WAIT


@unhurried
@given(st.text(max_size=40))
def test_no_text_but_an_opaque_handle_gets_into_a_page(text: str) -> None:
    if HANDLE.fullmatch(text):
        return

    with pytest.raises(ValueError, match="URL-safe"):
        Page(
            kind=PageKind.URGENT,
            handle=text,
            collapse_tag=new_handle(),
            link=link_to("https://clinic.example", text),
            sent_at=0,
        )


@unhurried
@given(st.text(string.printable, max_size=40))
def test_no_text_but_an_origin_gets_into_a_link(prefix: str) -> None:
    handle = new_handle()
    link = link_to(prefix, handle)

    try:
        page = Page(kind=PageKind.URGENT, handle=handle, collapse_tag=handle, link=link, sent_at=0)
    except ValueError:
        return
    assert not set(page.link) & set(" \t\r\n?#@<>\"'")


def attempt(url: str) -> tuple[Relay | None, str]:
    try:
        return parse_relay(url), ""
    except ValueError as refusal:
        return None, str(refusal)


@unhurried
@given(st.text(string.printable, max_size=60))
def test_no_url_leads_to_a_distant_relay_in_the_clear(rest: str) -> None:
    for scheme in ("smtp", "smtps", "smtp+starttls"):
        relay, refusal = attempt(f"{scheme}://{rest}")
        assert relay is None or relay.encryption is not Encryption.NONE or is_loopback(relay.host)
        assert refusal in REFUSALS
