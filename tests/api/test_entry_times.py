"""When an entry was written: zones, the days beside the instant, and the edges of the warnings."""

from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from api.errors import InvalidEntry, InvalidTime
from api.intake import (
    LATE,
    SKEW,
    EntryIn,
    check_times,
    encode_content,
    entry_id_in,
    etag_of,
    time_warnings,
)

BODY = b'{"note":"ZZCANARY"}'
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
NEAR_NOON = st.timedeltas(timedelta(days=-9), timedelta(days=9))


def entry(at: datetime = NOON, zone: str = "UTC", day: date | None = None) -> EntryIn:
    """Write an entry at an instant, dated by the phone."""
    return EntryIn(
        occurred_at=at,
        zone=zone,
        local_date=day or at.date(),
        form="daily.v1",
        language="en",
        answers={},
    )


def fault(sent: EntryIn) -> tuple[str, str]:
    """Return pointer and code of the refusal of an entry's times."""
    with pytest.raises(InvalidTime) as refused:
        check_times(sent, BODY)
    assert refused.value.salvage == BODY
    (found,) = refused.value.errors
    return found.pointer, found.code.value


@pytest.mark.parametrize(
    ("at", "zone", "there"),
    [
        ("2026-03-01T12:00:00Z", "UTC", "2026-03-01"),
        ("2026-03-01T04:59:59Z", "America/New_York", "2026-02-28"),
        ("2026-03-01T05:00:00Z", "America/New_York", "2026-03-01"),
        ("2026-03-01T10:00:00Z", "Pacific/Kiritimati", "2026-03-02"),
        ("2026-03-01T10:59:00Z", "Pacific/Pago_Pago", "2026-02-28"),
        ("2026-03-01T18:15:00Z", "Asia/Kathmandu", "2026-03-02"),
        ("2026-03-08T04:59:00Z", "America/New_York", "2026-03-07"),
        ("2026-03-09T03:59:00Z", "America/New_York", "2026-03-08"),
        ("2026-11-01T03:59:00Z", "America/New_York", "2026-10-31"),
        ("2026-11-02T04:59:00Z", "America/New_York", "2026-11-01"),
        ("2026-03-28T22:59:00Z", "Europe/Madrid", "2026-03-28"),
        ("2026-03-29T22:00:00Z", "Europe/Madrid", "2026-03-30"),
        ("2024-02-29T12:00:00Z", "Europe/Madrid", "2024-02-29"),
        ("2026-04-04T13:30:00Z", "Australia/Lord_Howe", "2026-04-05"),
        ("2011-12-30T10:30:00Z", "Pacific/Apia", "2011-12-31"),
    ],
)
def test_the_day_may_be_one_off_from_the_day_there_and_not_two(
    at: str, zone: str, there: str
) -> None:
    instant, day = datetime.fromisoformat(at), date.fromisoformat(there)

    for off in (-1, 0, 1):
        check_times(entry(instant, zone, day + timedelta(days=off)), BODY)
    for off in (-2, 2):
        wrong = entry(instant, zone, day + timedelta(days=off))
        assert fault(wrong) == ("/local_date", "invalid-time")


@pytest.mark.parametrize("day", [date.min, date.max, date(2025, 3, 1), date(2026, 2, 1)])
def test_a_day_far_away_is_refused(day: date) -> None:
    assert fault(entry(day=day)) == ("/local_date", "invalid-time")


@pytest.mark.parametrize(
    "zone",
    [
        "",
        "Mars/Olympus_Mons",
        "Europe",
        "/etc/passwd",
        "../../etc/passwd",
        "Europe/../Europe/Madrid",
        "Europe/Madrid\x00",
        "UTC+25",
        "+02:00",
        " UTC",
        "Z" * 64,
    ],
)
def test_a_zone_nobody_knows_is_refused(zone: str) -> None:
    assert fault(entry(zone=zone)) == ("/zone", "unknown-value")


def test_the_zone_is_judged_before_the_day() -> None:
    assert fault(entry(zone="Nowhere", day=date.min))[0] == "/zone"


def test_a_refused_time_repeats_nothing_of_the_entry() -> None:
    with pytest.raises(InvalidTime) as refused:
        check_times(entry(zone="ZZCANARY"), BODY)

    assert b"ZZCANARY" not in refused.value.body("")
    assert "ZZCANARY" not in repr(refused.value)


@given(NEAR_NOON, st.integers(-14 * 60, 14 * 60))
def test_the_offset_an_instant_is_written_with_does_not_matter(
    away: timedelta, minutes: int
) -> None:
    written = (NOON + away).astimezone(timezone(timedelta(minutes=minutes)))

    check_times(entry(written, "Europe/Madrid", written.astimezone(UTC).date()), BODY)


@pytest.mark.parametrize(
    ("away", "warnings"),
    [
        (timedelta(), []),
        (SKEW - MICRO, []),
        (SKEW, []),
        (SKEW + MICRO, ["clock-skew"]),
        (timedelta(days=3), ["clock-skew"]),
        (-LATE + MICRO, []),
        (-LATE, []),
        (-LATE - MICRO, ["late-entry"]),
        (timedelta(days=-400), ["late-entry"]),
    ],
    ids=str,
)
def test_a_warning_begins_just_beyond_its_edge(away: timedelta, warnings: list[str]) -> None:
    assert time_warnings(entry(NOON + away), NOON) == warnings


def test_the_edges_are_a_quarter_of_an_hour_and_two_days() -> None:
    assert timedelta(minutes=15) == SKEW
    assert timedelta(days=2) == LATE


@pytest.mark.parametrize("hours", [-11, 0, 5.75, 14])
def test_warnings_compare_instants_and_not_clock_faces(hours: float) -> None:
    zone = timezone(timedelta(hours=hours))

    assert time_warnings(entry(NOON.astimezone(zone)), NOON) == []
    assert time_warnings(entry(NOON), (NOON + LATE + MICRO).astimezone(zone)) == ["late-entry"]


@given(NEAR_NOON)
def test_an_entry_is_never_both_early_and_late(away: timedelta) -> None:
    assert len(time_warnings(entry(NOON + away), NOON)) <= 1


@pytest.mark.parametrize("revision", [1, 2, 10, 12345])
def test_an_etag_is_strong_and_says_its_revision(revision: int) -> None:
    etag = etag_of(revision, bytes(32))

    assert etag == f'"{revision}.AAAAAAAAAAAAAAAA"'


def test_an_etag_has_no_symbol_that_ends_a_header_or_is_padding() -> None:
    etags = [etag_of(1, bytes([n]) * 32) for n in range(256)]

    assert len(set(etags)) == 256
    assert not set("".join(etags)) & set("=+/ ,\\\r\n")


def test_an_etag_differs_by_revision_and_by_content() -> None:
    assert len({etag_of(1, b"a" * 32), etag_of(2, b"a" * 32), etag_of(1, b"b" * 32)}) == 3


def test_an_etag_shows_a_part_of_the_hash_only() -> None:
    assert etag_of(1, b"a" * 12 + b"x" * 20) == etag_of(1, b"a" * 12 + b"y" * 20)


@given(st.uuids().filter(lambda found: found.int != 0))
def test_an_id_of_any_version_is_read_in_either_case(made: UUID) -> None:
    assert entry_id_in(str(made), BODY) == made
    assert entry_id_in(str(made).upper(), BODY) == made


ID = "19d09a17-4f8f-491e-b4c5-10ac39ea6dd5"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "x",
        str(UUID(int=0)),
        ID.replace("-", ""),
        f"{{{ID}}}",
        f"urn:uuid:{ID}",
        ID[:-1],
        f"{ID}0",
        f" {ID}",
        f"{ID}\x00",
        "g" + ID[1:],
        "../" + ID,
    ],
)
def test_an_id_in_another_spelling_is_refused_and_the_body_kept(path: str) -> None:
    with pytest.raises(InvalidEntry) as refused:
        entry_id_in(path, BODY)

    assert [(e.pointer, e.code.value) for e in refused.value.errors] == [("/id", "invalid-id")]
    assert refused.value.salvage == BODY


def test_the_order_of_answers_does_not_change_what_an_entry_says() -> None:
    one = replace(entry(), answers={"sleep": 2, "low_mood": 5})
    other = replace(entry(), answers={"low_mood": 5, "sleep": 2})

    assert encode_content(one) == encode_content(other)


def test_an_absent_note_and_an_empty_one_are_two_things() -> None:
    assert encode_content(entry()) != encode_content(replace(entry(), note=""))
    assert b"note" not in encode_content(entry())
