"""Become another program that cannot outlive the process that started it.

Run by path, with the standard library only: `python -I -S die_with_parent.py ...`.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
"""From linux/prctl.h: the signal this process gets when the thread that made it ends."""


def become(parent: int, last_signal: int, user: int, group: int, command: list[str]) -> None:
    """Drop to the user, tie this life to the parent's, and run the command in this process."""
    os.umask(0o077)
    if user != os.geteuid():
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    tie_to_parent(parent, last_signal)
    os.execv(command[0], command)  # noqa: S606 # the shell has no part in this


def tie_to_parent(parent: int, last_signal: int) -> None:
    """Ask for a signal when the parent dies; changing the user before would undo it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, last_signal)
    if os.getppid() != parent:
        sys.exit("the process that started this one is gone")


if __name__ == "__main__":
    become(*(int(number) for number in sys.argv[1:5]), sys.argv[5:])  # type: ignore[call-arg,arg-type] # four numbers, then the command
