"""Keep processes running until we are told to stop: one that dies is started again."""

import signal
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from afterglow.child import Child

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
REPEATED = (signal.SIGTERM, signal.SIGHUP)
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
STABLE_SECONDS = 10.0
"""A process that lived as long is started again at once, as if it had never died."""
HOPELESS_SECONDS = 30.0
HOPELESS_CODES = frozenset({1, 3, 78})
"""What ends so soon in its first life with one of these (an exception, uvicorn's failed start, bad
settings) will not start the second time either; what was killed may."""

Signals = SimpleQueue[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A process that should always run, and how it is started."""

    name: str
    start: Callable[[], Child]


@dataclass(slots=True, kw_only=True)
class Life:
    """A service's process now, and when the next one is due if it has died."""

    service: Service
    child: Child
    since: float
    deaths: int = 0
    again_at: float | None = None

    def look(self, now: float) -> bool:
        """Notice a death; say whether there is one to speak of."""
        if self.again_at is not None or not self.child.ended():
            return False
        self.deaths = 1 if now - self.since > STABLE_SECONDS else self.deaths + 1
        self.again_at = now + min(
            FIRST_PAUSE_SECONDS * 2 ** (self.deaths - 1), LONGEST_PAUSE_SECONDS
        )
        return True

    def hopeless(self, now: float) -> bool:
        """Say whether it refused to start, rather than died."""
        if self.deaths > 1 or now - self.since >= HOPELESS_SECONDS:
            return False
        return self.child.process.returncode in HOPELESS_CODES

    def revive(self, now: float) -> None:
        """Start it again when that is due."""
        if self.again_at is not None and now >= self.again_at:
            self.child, self.since, self.again_at = self.service.start(), now, None


def begin(services: Iterable[Service]) -> list[Life]:
    """Start every service once."""
    return [Life(service=s, child=s.start(), since=time.monotonic()) for s in services]


def keep_running(
    lives: Sequence[Life], *, say: Callable[[str], None], give_up: bool
) -> signal.Signals | None:
    """Wait for a signal to stop, reviving what dies; None when giving up on a hopeless start."""
    with caught_signals((*STOP_SIGNALS, signal.SIGCHLD)) as signals:
        while True:
            now = time.monotonic()
            for life in lives:
                if life.look(now):
                    say(f"{life.service.name} ended with {life.child.process.returncode}.")
                    if give_up and life.hopeless(now):
                        return None
                life.revive(now)
            if (stop := next_signal(signals, lives)) in STOP_SIGNALS:
                return signal.Signals(stop)


def next_signal(signals: Signals, lives: Sequence[Life]) -> int:
    """Wait until a signal comes or a service is due again."""
    due = [life.again_at for life in lives if life.again_at is not None]
    try:
        return signals.get(timeout=max(0.0, min(due) - time.monotonic()) if due else None)
    except Empty:
        return 0


def stop_all(children: Sequence[Child], *, grace_seconds: float) -> None:
    """Ask all to stop at once and kill who has not within the time.

    Being told to stop once more, as process managers do, does not cut the time short.
    """
    ends_at = time.monotonic() + grace_seconds
    with caught_signals(REPEATED):
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.wait(patience_seconds=max(0.0, ends_at - time.monotonic()))


@contextmanager
def caught_signals(wanted: Sequence[signal.Signals]) -> Generator[Signals]:
    """Collect signals in the order they come."""
    signals: Signals = SimpleQueue()  # its put is safe inside a signal handler
    before = {
        number: signal.signal(number, lambda number, _frame: signals.put(number))
        for number in wanted
    }
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
