"""JSON as RFC 8259 and I-JSON have it, stricter than parsers are.

No duplicate key, no number that cannot be represented, no nesting beyond any use. One thing is
repaired and not refused: half of a surrogate pair, which some phones cut an emoji into; refused, it
would come again for ever.
"""

import json
import math
from collections.abc import Collection
from typing import Any, NoReturn, cast

from api.errors import MalformedJson

DEEPEST = 32
"""Levels of nesting; an entry has three."""
MOST_DIGITS = 18
"""Digits of an integer that always fit into 64 bits, the largest a column or a client holds."""
LONE_SURROGATE_REPLACED = "lone-surrogate-replaced"


def parse(body: bytes) -> tuple[object, tuple[str, ...]]:
    """Turn a body into dicts, lists and scalars, with warnings about repairs."""
    try:
        text = str(body, "utf-8").removeprefix("\ufeff")
        value: object = strict_json.decode(text)
        if text.count("[") + text.count("{") > DEEPEST:
            refuse_deep(value)
    except (ValueError, RecursionError):
        raise MalformedJson(salvage=body) from None
    if b"\\ud" in body or b"\\uD" in body:
        mended = mend_surrogates(value)
        return mended, (LONE_SURROGATE_REPLACED,) if mended != value else ()
    return value, ()


def mend_surrogates(value: object) -> object:
    """Return parsed JSON with U+FFFD for each half of a surrogate pair."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    elif isinstance(value, list):
        return [mend_surrogates(item) for item in cast("list[object]", value)]
    elif isinstance(value, dict):
        members = cast("dict[str, object]", value)
        return {cast("str", mend_surrogates(k)): mend_surrogates(v) for k, v in members.items()}
    return value


def refuse_deep(value: object) -> None:
    """Raise when containers are nested deeper than any contract needs."""
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in members_of(outer)]
        if not level:
            return
    if any(isinstance(inner, dict | list) for inner in level):
        raise ValueError("too deep")


def members_of(value: object) -> Collection[object]:
    """Return what a container holds; a scalar holds nothing."""
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()


def refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object, or raise when a key came twice: which one counts would be a guess."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate key")
    return members


def parse_integer(digits: str) -> int:
    """Read an integer that fits into 64 bits."""
    if len(digits) > MOST_DIGITS and len(digits.lstrip("-")) > MOST_DIGITS:
        raise ValueError("integer too long")
    return int(digits)


def parse_finite(digits: str) -> float:
    """Read a number that a float can hold."""
    number = float(digits)
    if math.isinf(number):
        raise ValueError("number too large")
    return number


def refuse_constant(_name: str) -> NoReturn:
    """Refuse NaN and the infinities, which JSON does not have."""
    raise ValueError("not a JSON number")


strict_json = json.JSONDecoder(
    object_pairs_hook=refuse_duplicates,
    parse_int=parse_integer,
    parse_float=parse_finite,
    parse_constant=refuse_constant,
)
