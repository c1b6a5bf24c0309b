"""A list's query is read strictly: each name once, each name known, a limit that is a number."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Request

from api.errors import InvalidQuery
from api.query import HIGHEST_LIMIT, USUAL_LIMIT, ListQuery, read_limit, read_query


def asked(query: str) -> Request[Any, Any, Any]:
    """Make a request for a list."""
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    return Request(cast("Any", scope | {"query_string": query.encode()}))


def fault(query: str, *filters: str) -> tuple[str, str]:
    """Return pointer and code of the refusal of a query."""
    with pytest.raises(InvalidQuery) as refused:
        read_query(asked(query), *filters)
    (found,) = refused.value.errors
    return found.pointer, found.code.value


def test_no_query_means_the_usual_number_from_the_start() -> None:
    assert read_query(asked("")) == ListQuery(cursor=None, limit=USUAL_LIMIT, filters={})


def test_cursor_limit_and_filters_are_told_apart() -> None:
    found = read_query(asked("state=open&limit=7&cursor=abc"), "state")

    assert found == ListQuery(cursor="abc", limit=7, filters={"state": "open"})


def test_a_filter_nobody_gave_is_absent() -> None:
    assert read_query(asked("limit=1"), "state").filters == {}


def test_an_escaped_value_is_read_as_what_it_stands_for() -> None:
    assert read_query(asked("state=a%26limit%3D0"), "state").filters == {"state": "a&limit=0"}


@pytest.mark.parametrize(
    "query", ["sort=note;--", "offset=50", "page=2", "Limit=5", "CURSOR=x", "limit[]=5", "state=x"]
)
def test_a_name_nobody_knows_is_refused_without_being_repeated(query: str) -> None:
    assert fault(query) == ("/", "unknown-field")


@pytest.mark.parametrize("name", ["limit", "cursor", "state"])
def test_a_name_given_twice_is_refused_even_with_one_value(name: str) -> None:
    assert fault(f"{name}=5&{name}=5", "state") == (f"/{name}", "duplicate")


@pytest.mark.parametrize("limit", [1, 2, USUAL_LIMIT, HIGHEST_LIMIT - 1, HIGHEST_LIMIT])
def test_a_limit_in_range_is_read(limit: int) -> None:
    assert read_query(asked(f"limit={limit}")).limit == limit


@pytest.mark.parametrize("limit", ["0", "00", "000", "201", "999"])
def test_a_limit_out_of_range_is_refused(limit: str) -> None:
    assert fault(f"limit={limit}") == ("/limit", "out-of-range")


@pytest.mark.parametrize(
    "limit",
    ["-1", "%2B5", "abc", "1e9", "1000000000", "0001", "5.0", "%205", "5%20", "0x5", "1_0"],
)
def test_a_limit_that_is_no_plain_number_is_refused(limit: str) -> None:
    assert fault(f"limit={limit}") == ("/limit", "wrong-type")


@pytest.mark.parametrize("limit", ["", "５", "٥", "²", "5\n", "5\x00"])  # noqa: RUF001 # foreign digits
def test_only_ascii_digits_are_digits(limit: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        read_limit(limit)

    assert [error.code.value for error in refused.value.errors] == ["wrong-type"]


@given(st.text(max_size=6))
def test_any_text_is_a_limit_in_range_or_refused(text: str) -> None:
    try:
        found = read_limit(text)
    except InvalidQuery:
        found = USUAL_LIMIT

    assert 1 <= found <= HIGHEST_LIMIT


def test_a_refused_query_has_nothing_to_be_kept() -> None:
    with pytest.raises(InvalidQuery) as refused:
        read_query(asked("note=ZZCANARY"))

    assert refused.value.salvage == b""
    assert b"ZZCANARY" not in refused.value.body("")
