"""The stage of the page path."""

from tests.scenarios.process import around
from tests.scenarios.ward import emulator, mail, mailbox, push, stage, worker_log

__all__ = ["around", "emulator", "mail", "mailbox", "push", "stage", "worker_log"]
