"""What dies is started again, what cannot start is given up, what is told to stop stops."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import pytest

from afterglow.child import Child, start_child
from afterglow.supervise import (
    FIRST_PAUSE_SECONDS,
    HOPELESS_SECONDS,
    LONGEST_PAUSE_SECONDS,
    STABLE_SECONDS,
    Life,
    Service,
    begin,
    keep_running,
    stop_all,
)

SLEEPER = ["/bin/sleep", "60"]
ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


def service(name: str, *command: str, started: list[Child] | None = None) -> Service:
    def start() -> Child:
        child = start_child(name, command or SLEEPER, environment=ENVIRONMENT)
        if started is not None:
            started.append(child)
        return child

    return Service(name=name, start=start)


def signal_us(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


def when_said(words: SimpleQueue[str], number: signal.Signals) -> Callable[[str], None]:
    """Make a listener that answers the first sentence with a signal to ourselves."""

    def say(sentence: str) -> None:
        words.put(sentence)
        signal_us(number)

    return say


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_returns_the_signal_that_stops_it(number: signal.Signals) -> None:
    lives = begin([service("one"), service("two")])
    before = signal.getsignal(number)
    threading.Timer(0.05, signal_us, [number]).start()

    assert keep_running(lives, say=print, give_up=True) is number
    assert signal.getsignal(number) == before
    stop_all([life.child for life in lives], grace_seconds=5)
    assert all(life.child.ended() for life in lives)


def test_starts_again_what_was_killed() -> None:
    started: list[Child] = []
    said: list[str] = []
    lives = begin([service("fragile", started=started)])
    started[0].process.kill()

    def revive_or_stop() -> None:
        while len(started) < 2:
            threading.Event().wait(0.01)
        signal_us(signal.SIGTERM)

    thread = threading.Thread(target=revive_or_stop)
    thread.start()
    keep_running(lives, say=said.append, give_up=True)
    thread.join()

    assert said == ["fragile ended with -9."]
    assert not started[1].ended()
    stop_all([started[1]], grace_seconds=5)


def test_gives_up_on_what_never_started() -> None:
    said: list[str] = []
    lives = begin([service("broken", "/bin/false"), service("fine")])

    assert keep_running(lives, say=said.append, give_up=True) is None
    assert said == ["broken ended with 1."]
    stop_all([life.child for life in lives], grace_seconds=5)


def test_keeps_the_rest_of_a_local_stack_when_one_part_never_started() -> None:
    words: SimpleQueue[str] = SimpleQueue()
    lives = begin([service("broken", "/bin/false"), service("fine")])

    stopped = keep_running(lives, say=when_said(words, signal.SIGTERM), give_up=False)

    assert stopped is signal.SIGTERM
    assert not lives[1].child.ended()
    stop_all([life.child for life in lives], grace_seconds=5)


def dead_life(**changes: float) -> Life:
    child = start_child("dead", ["/bin/false"], environment=ENVIRONMENT)
    child.wait()
    life = Life(service=service("dead"), child=child, since=0)
    for name, value in changes.items():
        setattr(life, name, value)
    return life


@pytest.mark.parametrize(
    ("deaths_before", "pause"),
    [(0, FIRST_PAUSE_SECONDS), (1, 2 * FIRST_PAUSE_SECONDS), (9, LONGEST_PAUSE_SECONDS)],
)
def test_waits_longer_after_each_death_up_to_a_bound(deaths_before: int, pause: float) -> None:
    life = dead_life(deaths=deaths_before)
    life.look(now=1)

    assert life.again_at == 1 + pause


def test_forgets_old_deaths_after_a_stable_time() -> None:
    life = dead_life(deaths=9)
    now = STABLE_SECONDS + 1
    life.look(now=now)

    assert life.again_at == now + FIRST_PAUSE_SECONDS


def test_a_death_is_noticed_once() -> None:
    life = dead_life()

    assert life.look(now=1)
    assert not life.look(now=1)


@pytest.mark.parametrize(
    ("lived_seconds", "hopeless"), [(HOPELESS_SECONDS - 0.1, True), (HOPELESS_SECONDS, False)]
)
def test_a_first_life_too_short_is_hopeless(lived_seconds: float, *, hopeless: bool) -> None:
    life = dead_life()
    life.look(now=lived_seconds)

    assert life.hopeless(now=lived_seconds) is hopeless


@pytest.mark.parametrize(("code", "hopeless"), [("1", True), ("78", True), ("9", False)])
def test_only_a_refusal_to_start_is_hopeless(code: str, *, hopeless: bool) -> None:
    child = start_child("brief", ["/bin/sh", "-c", f"exit {code}"], environment=ENVIRONMENT)
    child.wait()
    life = Life(service=service("brief"), child=child, since=0)
    life.look(now=1)

    assert life.hopeless(now=1) is hopeless


def test_being_told_to_stop_again_changes_nothing() -> None:
    slow = start_child("slow", ["/bin/sleep", "0.3"], environment=ENVIRONMENT)
    patient = Child(name="slow", process=slow.process, stop_signal=signal.SIGCONT, log=None)
    threading.Timer(0.05, signal_us, [signal.SIGTERM]).start()
    before = signal.getsignal(signal.SIGTERM)

    stop_all([patient], grace_seconds=10)

    assert slow.process.returncode == 0
    assert signal.getsignal(signal.SIGTERM) == before


def test_kills_within_the_grace_who_does_not_stop(tmp_path: Path) -> None:
    log = tmp_path / "log"
    deaf = start_child(
        "deaf",
        ["/bin/sh", "-c", "trap '' TERM; echo deaf; sleep 60 & wait; wait"],
        log=log,
        environment=ENVIRONMENT,
    )
    polite = start_child("polite", SLEEPER, environment=ENVIRONMENT)
    deaf.wait_until(lambda: "deaf" in log.read_text(), patience_seconds=5)

    stop_all([deaf, polite], grace_seconds=0.3)

    assert deaf.process.returncode == -signal.SIGKILL
    assert polite.process.returncode == -signal.SIGTERM
    os.killpg(deaf.pid, signal.SIGKILL)
