"""One data file, opened field by field: every complaint names the file."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from clinical.instruments.form import Code, InstrumentError


class Source:
    """A JSON object out of a data file, with checked access to its fields."""

    __slots__ = ("_fields", "_where")

    def __init__(self, fields: dict[str, object], where: str) -> None:
        self._fields = fields
        self._where = where

    def fault(self, sentence: str) -> InstrumentError:
        """Make the error that names this file."""
        return InstrumentError(f"{self._where}: {sentence}")

    def text(self, key: str) -> str:
        """Take a sentence that must be there."""
        value = self._fields.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.fault(f"{key!r} must be a text and must not be empty")
        return value

    def text_or_none(self, key: str) -> str | None:
        """Take a sentence that may be absent."""
        return None if self._fields.get(key) is None else self.text(key)

    def whole(self, key: str) -> int:
        """Take a whole number that must be there."""
        value = self._fields.get(key)
        if type(value) is not int:
            raise self.fault(f"{key!r} must be a whole number")
        return value

    def whole_or_none(self, key: str) -> int | None:
        """Take a whole number that may be absent."""
        return None if self._fields.get(key) is None else self.whole(key)

    def number_or_none(self, key: str) -> float | None:
        """Take a number that may be absent."""
        value = self._fields.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fault(f"{key!r} must be a number")
        return value

    def code(self, key: str) -> Code:
        """Take an answer code: a whole number or a text."""
        return self._as_code(self._fields.get(key), key)

    def codes(self, key: str) -> list[Code]:
        """Take a list of answer codes."""
        return [self._as_code(value, key) for value in self._list(key)]

    def texts(self, key: str) -> list[str]:
        """Take a list of texts."""
        values = self._list(key)
        if not all(isinstance(value, str) for value in values):
            raise self.fault(f"{key!r} must be a list of texts")
        return cast("list[str]", values)

    def answers(self, key: str) -> dict[str, Code]:
        """Take an answer set: codes by item id."""
        value = self._fields.get(key)
        if not isinstance(value, dict):
            raise self.fault(f"{key!r} must be an object")
        pairs = cast("dict[str, object]", value)
        return {item: self._as_code(code, key) for item, code in pairs.items()}

    def part(self, key: str) -> "Source":
        """Take an object that must be there."""
        value = self._fields.get(key)
        if not isinstance(value, dict):
            raise self.fault(f"{key!r} is missing or is no object")
        return Source(cast("dict[str, object]", value), self._where)

    def part_or_none(self, key: str) -> "Source | None":
        """Take an object that may be absent."""
        return None if self._fields.get(key) is None else self.part(key)

    def parts(self, key: str) -> Iterator["Source"]:
        """Take a list of objects, one by one."""
        for value in self._list(key):
            if not isinstance(value, dict):
                raise self.fault(f"{key!r} must be a list of objects")
            yield Source(cast("dict[str, object]", value), self._where)

    def _list(self, key: str) -> list[object]:
        value = self._fields.get(key, [])
        if not isinstance(value, list):
            raise self.fault(f"{key!r} must be a list")
        return cast("list[object]", value)

    def _as_code(self, value: object, key: str) -> Code:
        if type(value) is int or type(value) is str:
            return value
        raise self.fault(f"{key!r} must hold whole numbers or texts")


def open_source(path: Path) -> Source:
    """Read one data file.

    Raises:
        InstrumentError: the file is no JSON object.
    """
    try:
        fields = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InstrumentError(f"{path.name}: cannot be read as JSON") from error
    if not isinstance(fields, dict):
        raise InstrumentError(f"{path.name}: must hold one JSON object")
    return Source(cast("dict[str, object]", fields), path.name)
