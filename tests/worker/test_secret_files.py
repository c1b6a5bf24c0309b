"""Settings as any part reads them: which are secret, whose files are safe, what a fault says."""

import stat
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import SecretStr, field_validator

from afterglow.environment import (
    FromEnvironment,
    SecretFiles,
    SettingsInvalid,
    describe,
    is_secret,
    load,
    refuse_readable,
)


class Sample(FromEnvironment):
    """Settings of no real part."""

    sample_key: SecretStr
    """A secret that must be."""
    sample_spare: SecretStr | None = None
    """A secret that may be."""
    sample_size: int = 1
    """No secret."""

    @field_validator("sample_size")
    @classmethod
    def is_small(cls, size: int) -> int:
        """Refuse what is large."""
        if size > 9:
            raise ValueError("Must be below ten.")
        return size


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the key into a file, and nothing else anywhere."""
    for name in ("KEY", "SPARE", "SIZE", "SPARE_FILE", "SIZE_FILE"):
        monkeypatch.delenv(f"AFTERGLOW_SAMPLE_{name}", raising=False)
    path = tmp_path / "key"
    path.write_text(" hunter2 \n")
    path.chmod(0o600)
    monkeypatch.setenv("AFTERGLOW_SAMPLE_KEY_FILE", str(path))
    return path


def owned(monkeypatch: pytest.MonkeyPatch, mode: int, *, owner: int, me: int) -> Path:
    """Describe a file of somebody, seen by somebody."""
    found = SimpleNamespace(st_uid=owner, st_mode=stat.S_IFREG | mode)
    monkeypatch.setattr("afterglow.environment.os.geteuid", lambda: me)
    path = Path("secret")
    monkeypatch.setattr(Path, "stat", lambda _: found)
    return path


@pytest.mark.parametrize(
    ("name", "secret"), [("sample_key", True), ("sample_spare", True), ("sample_size", False)]
)
def test_a_secret_is_known_by_its_type(name: str, *, secret: bool) -> None:
    assert is_secret(Sample.model_fields[name]) is secret


@pytest.mark.parametrize(
    ("mode", "owner", "me", "safe"),
    [
        (0o600, 1000, 1000, True),
        (0o400, 1000, 1000, True),
        (0o700, 1000, 1000, True),
        (0o640, 1000, 1000, False),
        (0o601, 1000, 1000, False),
        (0o620, 1000, 1000, False),
        (0o640, 0, 1000, True),
        (0o440, 0, 1000, True),
        (0o644, 0, 1000, False),
        (0o660, 0, 1000, False),
        (0o650, 0, 1000, False),
        (0o640, 0, 0, False),
        (0o600, 0, 0, True),
        (0o640, 1001, 1000, False),
    ],
)
def test_a_file_is_safe_when_only_we_or_our_group_of_roots_can_read_it(
    monkeypatch: pytest.MonkeyPatch, mode: int, owner: int, me: int, *, safe: bool
) -> None:
    with monkeypatch.context() as patch:
        path = owned(patch, mode, owner=owner, me=me)
        said = ""
        try:
            refuse_readable(path, "THE_FILE")
        except SettingsInvalid as refusal:
            said = str(refusal)

    assert said == ("" if safe else "THE_FILE names a file that others can read: chmod 600 it.")


def test_a_secret_in_a_file_is_read_without_its_blanks(key_file: Path) -> None:
    assert load(Sample).sample_key.get_secret_value() == "hunter2"


def test_a_source_tells_only_what_it_found(key_file: Path) -> None:
    assert SecretFiles(Sample)() == {"sample_key": "hunter2"}


def test_what_is_no_secret_is_not_read_from_a_file(
    key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERGLOW_SAMPLE_SIZE_FILE", str(key_file))

    assert load(Sample).sample_size == 1


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\xc3"])
def test_a_file_that_is_no_text_cannot_be_read(key_file: Path, content: bytes) -> None:
    key_file.write_bytes(content)

    with pytest.raises(SettingsInvalid, match="SAMPLE_KEY_FILE names a file that cannot be read"):
        load(Sample)


def test_a_folder_is_no_secret(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = key_file.parent / "folder"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("AFTERGLOW_SAMPLE_KEY_FILE", str(folder))

    with pytest.raises(SettingsInvalid, match="cannot be read"):
        load(Sample)


def test_an_empty_variable_is_no_variable(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERGLOW_SAMPLE_SIZE", "")
    monkeypatch.setenv("AFTERGLOW_SAMPLE_KEY", "")

    assert load(Sample).sample_size == 1


def test_a_fault_is_told_without_the_value(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERGLOW_SAMPLE_SIZE", "4711")

    with pytest.raises(SettingsInvalid) as refused:
        load(Sample)

    assert str(refused.value) == "AFTERGLOW_SAMPLE_SIZE must be below ten."


@pytest.mark.parametrize(
    ("location", "message", "sentence"),
    [
        ((), "Value error, Keep one.", "Keep one."),
        (("root_key",), "Field required", "AFTERGLOW_ROOT_KEY is missing."),
        (("root_key",), "Value error, Too weak.", "AFTERGLOW_ROOT_KEY too weak."),
        (("root_key", 3), "Input is wrong", "AFTERGLOW_ROOT_KEY input is wrong."),
    ],
)
def test_a_fault_becomes_a_sentence(
    location: tuple[int | str, ...], message: str, sentence: str
) -> None:
    assert describe(location, message) == sentence
