"""The pager's sense of time, when the database's clock lies."""

from datetime import UTC, datetime, timedelta

from worker.switchboard import LONG_AGO, SLACK, Floor, worker_name

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Ticks:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_pager_that_knows_no_time_follows_the_database() -> None:
    assert Floor().at() == LONG_AGO


def test_the_floor_moves_on_with_the_monotonic_clock() -> None:
    ticks = Ticks()
    floor = Floor(ticks)
    floor.learn(NOON)

    ticks.seconds += 30

    assert floor.at() == NOON + timedelta(seconds=30) - SLACK


def test_a_clock_that_goes_on_is_followed_also_when_it_jumps() -> None:
    floor = Floor(Ticks())
    floor.learn(NOON)
    floor.learn(NOON + timedelta(hours=1))

    assert floor.at() == NOON + timedelta(hours=1) - SLACK
    assert not floor.fell_back


def test_a_clock_that_falls_back_is_noted_and_not_followed() -> None:
    floor = Floor(Ticks())
    floor.learn(NOON)
    floor.learn(NOON - timedelta(minutes=10))

    assert floor.at() == NOON - SLACK
    assert floor.fell_back


def test_a_small_step_back_is_followed() -> None:
    floor = Floor(Ticks())
    floor.learn(NOON)
    floor.learn(NOON - timedelta(seconds=4))

    assert floor.at() == NOON - timedelta(seconds=4) - SLACK
    assert not floor.fell_back


def test_a_clock_that_is_right_again_is_followed_again() -> None:
    ticks = Ticks()
    floor = Floor(ticks)
    floor.learn(NOON)
    floor.learn(NOON - timedelta(minutes=10))
    ticks.seconds += 60

    floor.learn(NOON + timedelta(seconds=60))

    assert not floor.fell_back


def test_a_worker_is_named_by_host_and_process() -> None:
    host, _, pid = worker_name().rpartition("-")

    assert host
    assert pid.isdecimal()
