"""The stage of the page path."""

from tests.scenarios.ward import emulator, mail, mailbox, push, stage, worker_log

__all__ = ["emulator", "mail", "mailbox", "push", "stage", "worker_log"]
