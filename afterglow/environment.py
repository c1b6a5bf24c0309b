"""How settings are read: a prefix, a file for every secret, and errors without values."""

import os
import stat
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "AFTERGLOW_"


class SettingsInvalid(Exception):
    """The environment does not describe a system that may start; says why, never a value."""


def refuse_readable(path: Path, name: str) -> None:
    """Refuse a secret's file that other people can read, by the rule of PostgreSQL's ssl_key_file.

    Ours: no one else at all; root's: our group may read it, as mounted secrets need.
    """
    found = path.stat()
    allowed = 0o640 if found.st_uid == 0 != os.geteuid() else 0o600
    if stat.S_IMODE(found.st_mode) & ~allowed & 0o077:
        raise SettingsInvalid(f"{name} names a file that others can read: chmod 600 it.")


def is_secret(field: FieldInfo) -> bool:
    """Say whether a setting's value must never be shown."""
    parts = get_args(field.annotation) or (field.annotation,)
    return any(SecretStr in (part, *get_args(part)) for part in parts)


class SecretFiles(PydanticBaseSettingsSource):
    """Reads `<SETTING>_FILE` for every secret, so that no secret need stand in an environment."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return the content of the named file, or None when no file is named."""
        variable = f"{PREFIX}{field_name.upper()}"
        path = os.environ.get(f"{variable}_FILE")
        if not path or not is_secret(field):
            return None, field_name, False
        if os.environ.get(variable):
            raise SettingsInvalid(f"{variable} and {variable}_FILE are both set: keep one.")
        try:
            refuse_readable(Path(path), f"{variable}_FILE")
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError):
            raise SettingsInvalid(f"{variable}_FILE names a file that cannot be read.") from None

    def __call__(self) -> dict[str, Any]:
        """Return every setting found in a file."""
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in found.items() if value is not None}


class FromEnvironment(BaseSettings):
    """What all classes of settings share: prefix, files, no value in any error."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    @classmethod
    def settings_customise_sources(  # noqa: D102 # inherited
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings  # one way to name a file, not three
        return init_settings, env_settings, SecretFiles(settings_cls)


Kind = TypeVar("Kind", bound=FromEnvironment)


def load(kind: type[Kind]) -> Kind:
    """Read the environment.

    Raises: SettingsInvalid, one sentence a fault, with the setting's name and never its value.
    """
    try:
        return kind()
    except ValidationError as error:
        faults = [describe(fault["loc"], fault["msg"]) for fault in error.errors()]
    raise SettingsInvalid("\n".join(faults))


def describe(location: tuple[int | str, ...], message: str) -> str:
    """Turn a validation error into a sentence an operator can act on."""
    reason = message.removeprefix("Value error, ")
    if not location:
        return reason
    name = f"{PREFIX}{str(location[0]).upper()}"
    if reason == "Field required":
        return f"{name} is missing."
    return f"{name} {reason[0].lower()}{reason[1:].rstrip('.')}."
