"""The worker: two processes under one supervisor, `pager` and `jobs`; each is started again."""

import dataclasses
import os
import signal
import sys
from pathlib import Path

from afterglow.child import Child, start_child
from afterglow.supervise import Service, begin, keep_running, stop_all
from settings import SettingsInvalid, WorkerSettings, load
from worker.log import configure_log, log

PROCESSES = ("pager", "jobs")
"""They share no interpreter: what blocks a job for seconds must not hold up a page."""
GRACE_SECONDS = 15.0
"""After SIGTERM, calls in flight included. Source: escalation.md 4."""
HASTY_GRACE_SECONDS = 0.9
"""After Ctrl-C: whoever sits at the terminal has waited long enough."""
ROOT = Path(__file__).parent.parent


def main() -> None:
    """Keep both processes running until told to stop."""
    try:
        settings = load(WorkerSettings)
    except SettingsInvalid as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    configure_log(settings.log_level)
    lives = begin([service(name) for name in PROCESSES])
    stopped_by = keep_running(lives, say=note, give_up=False) or signal.SIGTERM
    grace = HASTY_GRACE_SECONDS if stopped_by is signal.SIGINT else GRACE_SECONDS
    stop_all([told_by(life.child, stopped_by) for life in lives], grace_seconds=grace)


def service(name: str) -> Service:
    """Describe one of the processes; it dies with us, however we die."""
    command = [sys.executable, "-m", f"worker.{name}"]
    return Service(
        name=name, start=lambda: start_child(name, command, environment=os.environ, folder=ROOT)
    )


def told_by(child: Child, name: signal.Signals) -> Child:
    """Pass on the signal that we got: the child is as patient as we are asked to be."""
    hasty = name is signal.SIGINT
    return dataclasses.replace(child, stop_signal=signal.SIGINT if hasty else signal.SIGTERM)


def note(sentence: str) -> None:
    """Log that a process has ended and is started again."""
    name, _, code = sentence.removesuffix(".").partition(" ended with ")
    log.error("worker.process_ended", process=name, code=code)


if __name__ == "__main__":
    main()
