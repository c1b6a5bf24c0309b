"""Bodies that are refused and must be kept: each takes what the patient says and becomes bytes."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec

from tests.acceptance.entry import entry
from tests.acceptance.stage import JSON, wire

ENTRY_LIMIT = 256 * 1024
Body = Callable[[str], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One input of a row, and its answer."""

    problem: str
    body: Body
    pointer: str | None = None
    headers: Mapping[str, str] | None = None
    name: str | None = None
    always_speaks: bool = False
    """Whether nobody can say that it does not speak of suicide: too long, or half unreadable."""
    limit: int = ENTRY_LIMIT

    @property
    def sent_headers(self) -> Mapping[str, str]:
        """Say what kind of body it is: JSON, where the row is not about that."""
        return JSON if self.headers is None else self.headers


def with_note(said: str) -> bytes:
    """Write an entry that ends with its note."""
    return wire(entry(note=said))


def swap(old: bytes, new: bytes) -> Body:
    """Damage an entry in one place."""

    def damaged(said: str) -> bytes:
        body = with_note(said)
        assert old in body
        return body.replace(old, new, 1)

    return damaged


def with_members(**changes: Any) -> Body:
    """Change members of an entry."""
    return lambda said: wire(entry(note=said) | changes)


def with_answer(value: Any) -> Body:
    """Answer `low_mood` with something."""
    answers = {"low_mood": value, "anhedonia": 3, "dissociation": 0, "si_daily": 0}
    return with_members(answers=answers)


def nested(levels: int) -> Body:
    """Put containers into each other, beside the note."""
    return lambda said: with_note(said)[:-1] + b', "x": ' + b"[" * levels + b"]" * levels + b"}"


def multipart(said: str) -> bytes:
    """Write the note as a browser sends a form with a file."""
    return (
        b'--x\r\nContent-Disposition: form-data; name="note"\r\n\r\n'
        + said.encode()
        + b"\r\n--x--\r\n"
    )


def days_from_now(days: int) -> str:
    """Name a day."""
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def malformed() -> Iterator[tuple[str, Refused]]:
    """E2-E5, E8-E10: what is no JSON."""
    bodies: dict[str, Body] = {
        "E03-cut-behind-the-note": lambda said: with_note(said)[:-1],
        "E03-cut-within-the-note": lambda said: with_note(f"{said} And then")[:-5],
        "E03-cut-before-the-answers-end": lambda said: wire(
            {"note": said, **entry(note=None)}
        ).partition(b'"anhedonia"')[0],
        "E03-cut-within-an-escape": lambda said: json.dumps(entry(note=f"{said} é")).encode()[:-5],
        "E03-two-documents": lambda said: with_note(said) * 2,
        "E03-single-quotes": lambda said: str(entry(note=said)).encode(),
        "E03-words-without-quotes": lambda said: said.encode(),
        "E04-a-lone-byte": lambda said: with_note(f"{said} #").replace(b"#", b"\xff"),
        "E04-latin-1": lambda said: with_note(f"{said} caf\xe9").replace(b"\xc3\xa9", b"\xe9"),
        "E04-cesu": lambda said: with_note(f"{said} #").replace(b"#", b"\xed\xa0\xbd\xed\xb8\x80"),
        "E04-overlong": lambda said: with_note(f"{said} #").replace(b"#", b"\xc0\xaf"),
        "E04-cut-character": lambda said: with_note(f"{said} 🙂").replace(b"\x82", b""),
        "E05-utf-16": lambda said: with_note(said).decode().encode("utf-16"),
        "E05-utf-16-without-bom": lambda said: with_note(said).decode().encode("utf-16-be"),
        "E05-utf-32": lambda said: with_note(said).decode().encode("utf-32"),
        "E08-note-twice-said-first": lambda said: (
            wire({"note": said})[:-1] + b", " + with_note("Fine.")[1:]
        ),
        "E08-note-twice-said-last": lambda said: (
            with_note("Fine.")[:-1] + b", " + wire({"note": said})[1:]
        ),
        "E08-answer-twice": swap(b'"low_mood": 4', b'"low_mood": 4, "low_mood": 5'),
        "E09-nan": swap(b'"low_mood": 4', b'"low_mood": NaN'),
        "E09-infinity": swap(b'"low_mood": 4', b'"low_mood": -Infinity'),
        "E09-1e400": swap(b'"low_mood": 4', b'"low_mood": 1e400'),
        "E09-5000-digits": swap(b'"low_mood": 4', b'"low_mood": ' + b"9" * 5_000),
        "E10-33-levels": nested(33),
        "E10-100-levels": nested(100),
        "E10-100000-levels": nested(100_000),
        "E10-100000-open": lambda said: b"[" * 100_000 + json.dumps(said).encode(),
    }
    for name, body in bodies.items():
        long = name.startswith("E10-100000")
        yield name, Refused(problem="400 malformed-json", body=body, always_speaks=long)


def wrong_members() -> Iterator[tuple[str, Refused]]:
    """E11-E13: JSON that is no entry, or has more or other members."""
    tops: dict[str, Body] = {
        "E11-array": lambda said: wire([entry(note=said)]),  # type: ignore[arg-type] # on purpose
        "E11-string": lambda said: json.dumps(said).encode(),
        "E11-object-in-object": lambda said: wire({"entry": entry(note=said)}),
    }
    for name, body in tops.items():
        slug = "unknown-field" if "object" in name else "invalid-entry"
        yield name, Refused(problem=f"422 {slug}", body=body)
    for value in (11, -1, 5.5, 5.0, "5", True, None, [5], 10**17):
        yield (
            f"E12-{json.dumps(value)}",
            Refused(
                problem="422 invalid-entry", body=with_answer(value), pointer="/answers/low_mood"
            ),
        )
    for member in ("clinic_id", "patient_id", "is_admin", "risk_level", "received_at", "text"):
        yield (
            f"E13-{member}",
            Refused(problem="422 unknown-field", body=with_members(**{member: "2020-01-01"})),
        )


def wrong_values() -> Iterator[tuple[str, Refused]]:
    """E14, E18, E23, E26: an entry whose id, note, time or reference cannot be."""
    for name in ("not-a-uuid", "00000000-0000-0000-0000-000000000000", "%00", "%ff", "12345"):
        yield (
            f"E14-{name}",
            Refused(problem="422 invalid-entry", body=with_note, pointer="/id", name=name),
        )
    for what, filling in {
        "10001": "a" * 10_001,
        "64KiB": "é" * 33_000,
        "wide": "🙂" * 10_001,
    }.items():
        yield (
            f"E18-{what}",
            Refused(
                problem="422 note-too-long",
                body=lambda said, filling=filling: with_note(f"{filling} {said}"),  # type: ignore[misc] # bound now
                pointer="/note",
                always_speaks=True,
            ),
        )
    times: dict[str, tuple[str, dict[str, Any]]] = {
        "E23-naive": ("/occurred_at", {"occurred_at": "2026-03-01T12:00:00"}),
        "E23-no-time": ("/occurred_at", {"occurred_at": "2026-03-01"}),
        "E23-year-0": ("/occurred_at", {"occurred_at": "0000-03-01T12:00:00Z"}),
        "E23-year-9999": ("/occurred_at", {"occurred_at": "9999-12-31T23:59:59Z"}),
        "E23-second-61": ("/occurred_at", {"occurred_at": "2026-03-01T12:00:61Z"}),
        "E23-february-30": ("/local_date", {"local_date": "2026-02-30"}),
        "E23-two-days-before": ("/local_date", {"local_date": days_from_now(-2)}),
        "E23-two-days-after": ("/local_date", {"local_date": days_from_now(2)}),
        "E23-zone-nowhere": ("/zone", {"zone": "Mars/Olympus"}),
        "E23-zone-path": ("/zone", {"zone": "../../etc/passwd"}),
        "E23-zone-nul": ("/zone", {"zone": "Etc/UTC\x00"}),
    }
    for name, (pointer, changes) in times.items():
        yield (
            name,
            Refused(problem="422 invalid-time", body=with_members(**changes), pointer=pointer),
        )
    yield (
        "E26-random",
        Refused(
            problem="422 unknown-reference",
            body=with_members(infusion_id="018f0000-0000-7000-8000-00000000abcd"),
            pointer="/infusion_id",
        ),
    )


def wrong_kinds() -> Iterator[tuple[str, Refused]]:
    """E19, E21: too large, or not JSON at all."""
    yield (
        "E19-257KiB-behind",
        Refused(
            problem="413 too-large",
            body=lambda said: with_note(said) + b" " * (257 * 1024),
        ),
    )
    yield (
        "E19-257KiB-within",
        Refused(
            problem="413 too-large",
            body=lambda said: with_note(said + "a" * (257 * 1024)),
            always_speaks=True,
        ),
    )
    kinds: dict[str, tuple[dict[str, str], Body]] = {
        "E21-text-plain": ({"content-type": "text/plain"}, with_note),
        "E21-none": ({}, with_note),
        "E21-form": (
            {"content-type": "application/x-www-form-urlencoded"},
            lambda said: urlencode({"note": said}).encode(),
        ),
        "E21-multipart": ({"content-type": "multipart/form-data; boundary=x"}, multipart),
        "E21-msgpack": (
            {"content-type": "application/x-msgpack"},
            lambda said: msgspec.msgpack.encode(entry(note=said)),
        ),
        "E21-charset": ({"content-type": "application/json; charset=latin-1"}, with_note),
        "E21-problem": ({"content-type": "application/problem+json"}, with_note),
    }
    for name, (headers, body) in kinds.items():
        yield (
            name,
            Refused(
                problem="415 unsupported-media-type",
                body=body,
                headers=headers,
            ),
        )


REFUSED = dict([*malformed(), *wrong_members(), *wrong_values(), *wrong_kinds()])
