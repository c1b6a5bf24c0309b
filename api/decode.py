"""What a client sent becomes a value of the contract, or a refusal that says where it is wrong.

Nothing is coerced: `"5"`, `5.0` and `true` are not 5. A second 60 is the one thing put right.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Generic, TypeVar, cast

import msgspec
from msgspec import Struct, inspect

from api.errors import InvalidEntry, InvalidTime, NoteTooLong, UnknownField
from api.problem import Code, FieldError, Problem
from api.strict_json import parse

EARLIEST_YEAR, LATEST_YEAR = 1900, 2199
"""Outside them arithmetic with zones overflows. A phone that lost its clock says 1970: accepted."""
MOST_LEAP_SECONDS = 50
"""Times written with second 60 that are put right in one value."""
ANY_KEY = "*"
"""Stands in a path for the key of a map, which msgspec does not name."""
FAULTS = (
    ("Object contains unknown field", Code.UNKNOWN_FIELD),
    ("Object missing required field", Code.MISSING),
    ("Invalid RFC3339", Code.INVALID_TIME),
    ("Expected `datetime` with", Code.INVALID_TIME),
    ("Invalid UUID", Code.INVALID_ID),
    ("Invalid enum value", Code.UNKNOWN_VALUE),
)
"""How msgspec begins a message. It may go on with what was sent, so nothing of it is shown."""
LATER_FAULTS = (
    (", got `", Code.WRONG_TYPE),
    ("of length <=", Code.TOO_LONG),
    ("of length >=", Code.TOO_SHORT),
    ("matching regex", Code.WRONG_FORMAT),
    ("` <", Code.OUT_OF_RANGE),
    ("` >", Code.OUT_OF_RANGE),
)

T = TypeVar("T", bound=Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded(Generic[T]):
    """A value of the contract, and what had to be repaired in the body."""

    value: T
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What there is to know about a struct: every member's name, where times and structs are."""

    names: frozenset[str]
    times: tuple[tuple[str, str], ...]
    nested: tuple[tuple[str, str, "Shape"], ...]


def decode(
    body: bytes,
    kind: type[T],
    *,
    invalid: type[Problem] = InvalidEntry,
    items: Collection[str] = (),
) -> Decoded[T]:
    """Turn a body into a struct; `items` are the keys of maps that a pointer may name."""
    value, warnings = parse(body)
    result = convert(value, kind, invalid=invalid, items=items, salvage=body)
    return Decoded(value=result, warnings=warnings)


def convert(
    value: object,
    kind: type[T],
    *,
    invalid: type[Problem] = InvalidEntry,
    items: Collection[str] = (),
    salvage: bytes = b"",
) -> T:
    """Turn parsed JSON into a struct, or raise the problem that names the first wrong member."""
    shape = shape_of(kind)
    code, steps = Code.INVALID, list[str]()
    for _ in range(MOST_LEAP_SECONDS):
        try:
            result = msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            code, steps = read_fault(str(error))
        else:
            refuse_implausible(result, shape, salvage)
            return result
        if code is not Code.INVALID_TIME or not mend_leap_second(value, steps):
            break
    if items and ANY_KEY in steps:
        name_key(value, steps, lambda: fault_of(value, kind))
    where = "".join(f"/{step}" for step in shown(steps, shape.names, items))
    raise refusal_for(code, where, invalid)(FieldError(where, code), salvage=salvage)


def refusal_for(code: Code, where: str, invalid: type[Problem]) -> type[Problem]:
    """Pick the problem that a fault of this kind has."""
    if code is Code.UNKNOWN_FIELD:
        return UnknownField
    if code is Code.INVALID_TIME:
        return InvalidTime
    if code is Code.TOO_LONG and where.endswith("/note"):
        return NoteTooLong
    return invalid


def shown(steps: list[str], names: Collection[str], items: Collection[str]) -> Iterator[str]:
    """Yield the beginning of a path up to the first step that only the client knows."""
    for step in steps:
        if step not in names and step not in items and not step.isdecimal():
            return
        yield step


def read_fault(message: str) -> tuple[Code, list[str]]:
    """Read msgspec's message: what is wrong, and the path to it."""
    text, found, path = message.rpartition(" - at `$")
    text, path = (text, path.removesuffix("`")) if found else (message, "")
    steps = path.replace("[...]", f".{ANY_KEY}").replace("[", ".").replace("]", "").split(".")[1:]
    code = next((code for begin, code in FAULTS if text.startswith(begin)), None)
    if code is Code.MISSING:
        steps.append(text.split("`")[1])
    if code is None:
        code = next((code for part, code in LATER_FAULTS if part in text), Code.INVALID)
    return code, steps


def fault_of(value: object, kind: type[Struct]) -> str:
    """Return msgspec's message about a value, empty when it has none."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        return str(error)
    return ""


def name_key(value: object, steps: list[str], fault: Callable[[], str]) -> None:
    """Find the key that the path leaves open, by trying each alone, and put it into the path."""
    at = steps.index(ANY_KEY)
    members = dig(value, steps[:at])
    if not isinstance(members, dict):
        return
    members = cast("dict[str, object]", members)
    before, whole = fault(), dict(members)
    for key, member in whole.items():
        members.clear()
        members[key] = member
        if fault() == before:
            steps[at] = key
            break
    members.clear()
    members.update(whole)


def dig(value: object, steps: list[str]) -> object:
    """Follow a path into parsed JSON."""
    for step in steps:
        if isinstance(value, dict):
            value = cast("dict[str, object]", value).get(step)
        elif isinstance(value, list) and step.isdecimal():
            value = cast("list[object]", value)[int(step)]
        else:
            return None
    return value


def mend_leap_second(value: object, steps: list[str]) -> bool:
    """Turn second 60 into 59, which is what every clock here can say; False when it is not that."""
    members = dig(value, steps[:-1])
    time = dig(value, steps)
    if not isinstance(members, dict) or not isinstance(time, str) or time[16:19] != ":60":
        return False
    cast("dict[str, object]", members)[steps[-1]] = f"{time[:16]}:59{time[19:]}"
    return True


def refuse_implausible(value: Struct, shape: Shape, salvage: bytes, above: str = "") -> None:
    """Raise for a time that is naive or in a year no clock of a phone can mean."""
    for name, member in shape.times:
        time = getattr(value, name)
        if not isinstance(time, date) or is_plausible(time):
            continue
        raise InvalidTime(FieldError(f"{above}/{member}", Code.INVALID_TIME), salvage=salvage)
    for name, member, inner in shape.nested:
        found = getattr(value, name)
        if isinstance(found, Struct):
            refuse_implausible(found, inner, salvage, f"{above}/{member}")
        elif isinstance(found, list):
            for i, item in enumerate(cast("list[Struct]", found)):
                refuse_implausible(item, inner, salvage, f"{above}/{member}/{i}")


def is_plausible(time: date) -> bool:
    """Say whether a date or an instant can be reckoned with."""
    if isinstance(time, datetime) and time.tzinfo is None:
        return False
    return EARLIEST_YEAR <= time.year <= LATEST_YEAR


@cache
def shape_of(kind: type[Struct]) -> Shape:
    """Look once at a struct's members; a struct that takes unknown ones is a mistake of ours."""
    if not kind.__struct_config__.forbid_unknown_fields:
        raise TypeError(f"{kind.__name__} must forbid unknown fields")
    info = cast("inspect.StructType", inspect.type_info(kind))
    nodes = [(f.name, f.encode_name, node) for f in info.fields for node in unfold(f.type)]
    times = [
        (n, e) for n, e, node in nodes if isinstance(node, inspect.DateTimeType | inspect.DateType)
    ]
    nested = [
        (n, e, shape_of(node.cls)) for n, e, node in nodes if isinstance(node, inspect.StructType)
    ]
    names = frozenset(f.encode_name for f in info.fields).union(*(s.names for _, _, s in nested))
    return Shape(names=names, times=tuple(times), nested=tuple(nested))


def unfold(node: inspect.Type) -> Iterator[inspect.Type]:
    """Yield what a union, a list or a map can hold, however deep, else the type itself."""
    if isinstance(node, inspect.UnionType):
        for one in node.types:
            yield from unfold(one)
    elif isinstance(node, inspect.ListType):
        yield from unfold(node.item_type)
    else:
        yield node
