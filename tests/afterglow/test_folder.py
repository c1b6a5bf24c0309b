"""The data folder is locked, private, short enough, and never somebody else's."""

import json
import os
import stat
from pathlib import Path

import pytest

from afterglow.child import Account, EngineFailed
from afterglow.folder import (
    LONGEST_SOCKET_PATH,
    SOCKET_NAME,
    Folder,
    digest,
    is_open,
    make_ours,
    open_folder,
    own_folder,
    write_private,
)

AS_ROOT = os.geteuid() == 0
OURSELVES = Account(user=os.geteuid(), group=os.getegid())
STRANGER = Account(user=OURSELVES.user + 4242, group=OURSELVES.group)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def folder(data_dir: Path) -> Folder:
    data_dir.mkdir()
    return Folder(path=data_dir, account=OURSELVES, lock=-1)


def test_a_password_is_made_once_for_each_account(folder: Folder) -> None:
    first = folder.password("app")

    assert folder.password("app") == first
    assert folder.password("owner") != first
    assert len(first) == 32
    assert json.loads((folder.path / "passwords.json").read_text()).keys() == {"app", "owner"}
    assert mode_of(folder.path / "passwords.json") == 0o600


def test_a_password_may_stand_in_an_address(folder: Folder) -> None:
    passwords = "".join(folder.password(str(n)) for n in range(50))

    assert set(passwords.lower()) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize("name", ["run", "other"])
def test_a_private_folder_is_the_engines_alone(folder: Folder, name: str) -> None:
    assert mode_of(folder.private(name)) == 0o700


def test_sockets_stand_inside_while_the_path_is_short_enough(folder: Folder) -> None:
    assert folder.sockets() == folder.path / "run"


@pytest.mark.parametrize("length_over", [0, 1], ids=["just fits", "one too long"])
def test_sockets_move_when_the_path_grows_too_long(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, length_over: int
) -> None:
    fixed = len(os.fsencode(data_dir / "run" / SOCKET_NAME)) + 1
    deep = data_dir / ("x" * (LONGEST_SOCKET_PATH - fixed + length_over))
    deep.mkdir(parents=True)
    monkeypatch.setattr("afterglow.folder.SHORT", data_dir.parent)
    sockets = Folder(path=deep, account=OURSELVES, lock=-1).sockets()

    assert (sockets.parent == deep) is (length_over == 0)
    assert len(os.fsencode(sockets / SOCKET_NAME)) <= LONGEST_SOCKET_PATH
    assert mode_of(sockets) == 0o700


def test_marks_are_forgotten_with_their_folder(folder: Folder) -> None:
    folder.mark("prepared").write_text("done")

    assert folder.mark("prepared").read_text() == "done"
    assert not folder.mark("migrated").exists()


def test_one_supervisor_at_a_time(data_dir: Path) -> None:
    first = open_folder(data_dir)
    with pytest.raises(EngineFailed, match=str(data_dir)):
        open_folder(data_dir)
    first.release()

    open_folder(data_dir).release()


@pytest.mark.skipif(not AS_ROOT, reason="only root hands engines to nobody")
def test_roots_folder_lets_the_engines_through_but_not_look(data_dir: Path) -> None:
    folder = open_folder(data_dir)
    folder.release()

    assert mode_of(data_dir) == 0o711
    assert folder.account.user != 0


def test_a_whole_path_is_open_or_not(data_dir: Path) -> None:
    data_dir.mkdir(mode=0o755)
    inner = data_dir / "inner"
    inner.mkdir(mode=0o755)

    assert is_open(inner)
    data_dir.chmod(0o700)
    assert not is_open(inner)


def test_nothing_is_made_in_a_link_that_waits_for_us(data_dir: Path) -> None:
    trap = data_dir.parent / "trap"
    trap.symlink_to(data_dir.parent)

    with pytest.raises(EngineFailed, match="not ours"):
        make_ours(trap, mode=0o711)
    with pytest.raises(EngineFailed, match="not ours"):
        own_folder(trap, OURSELVES)


@pytest.mark.skipif(not AS_ROOT, reason="gives a folder to somebody else")
def test_nothing_is_made_in_somebody_elses_folder(data_dir: Path) -> None:
    data_dir.mkdir()
    os.chown(data_dir, STRANGER.user, STRANGER.group)

    with pytest.raises(EngineFailed, match="not ours"):
        make_ours(data_dir, mode=0o711)
    with pytest.raises(EngineFailed, match="not ours"):
        own_folder(data_dir, OURSELVES)


def test_a_file_is_replaced_whole(data_dir: Path) -> None:
    data_dir.mkdir()
    path = data_dir / "secret"
    write_private(path, "long old text")
    write_private(path, "new")

    assert path.read_text() == "new"
    assert mode_of(path) == 0o600
    assert [*data_dir.iterdir()] == [path]


def test_places_have_names_of_their_own(data_dir: Path) -> None:
    assert digest(data_dir) == digest(data_dir)
    assert digest(data_dir) != digest(data_dir.parent)


def programs(source: Path) -> tuple[Path, ...]:
    (source / "bin").mkdir(parents=True)
    (source / "bin" / "engine").write_text("#!/bin/sh")
    (source / "bin" / "engine").chmod(0o700)
    (source / "share" / "deep").mkdir(parents=True)
    (source / "share" / "deep" / "file").write_text("x")
    (source / "share" / "static.a").write_text("x")
    return Path("bin/engine"), Path("share"), Path("not.there")


def test_our_own_programs_are_used_where_they_are(folder: Folder, tmp_path: Path) -> None:
    assert folder.reachable(tmp_path, "engine-1", parts=programs(tmp_path)) == tmp_path


def test_programs_that_another_user_cannot_reach_are_copied_readable(
    folder: Folder, tmp_path: Path
) -> None:
    tmp_path.chmod(0o700)
    others = Folder(path=folder.path, account=STRANGER, lock=-1)
    copy = others.reachable(tmp_path, "engine-1", parts=programs(tmp_path))

    assert copy == folder.path / "programs" / "engine-1"
    assert mode_of(copy / "bin" / "engine") & 0o555 == 0o555
    assert mode_of(copy / "share" / "deep" / "file") & 0o444 == 0o444
    assert not (copy / "share" / "static.a").exists()


def test_a_copy_that_was_interrupted_is_made_again(folder: Folder, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    parts = programs(tmp_path)
    half = folder.path / "programs" / "engine-1.new" / "bin"
    half.mkdir(parents=True)
    (half / "leftover").write_text("x")
    others = Folder(path=folder.path, account=STRANGER, lock=-1)
    copy = others.reachable(tmp_path, "engine-1", parts=parts)

    assert not (copy / "bin" / "leftover").exists()
    assert (copy / "bin" / "engine").exists()
