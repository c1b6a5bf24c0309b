"""Hints reach the jobs when they can; when they cannot, nobody waits and the loss is counted."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from uuid import UUID

import pytest
from redis.exceptions import ConnectionError as RedisAway

from api import hints
from api.hints import Hints
from models.job import ASSESS_HINTS, hint_member, read_hint
from tests.api.kit import captured_log

CLINIC, ANA, EVA = UUID(int=1), UUID(int=2), UUID(int=3)


class FakeRedis:
    """What the sender needs of Redis: it keeps, refuses or hangs as the test says."""

    def __init__(self) -> None:
        self.sent: list[dict[str, float]] = []
        self.names: set[tuple[str, bool]] = set()
        self.refusal: Exception | None = None
        self.hangs = False
        self.closed = False
        self.close_refusal: Exception | None = None

    async def zadd(self, name: str, mapping: Mapping[str, float], *, nx: bool) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.refusal is not None:
            raise self.refusal
        self.names.add((name, nx))
        self.sent.append(dict(mapping))

    async def aclose(self) -> None:
        self.closed = True
        if self.close_refusal is not None:
            raise self.close_refusal


@pytest.fixture
def redis(monkeypatch: pytest.MonkeyPatch) -> FakeRedis:
    """Stand at the port to Redis, and gather without waiting."""
    fake = FakeRedis()
    monkeypatch.setattr("api.hints.Redis.from_url", lambda *_, **__: fake)
    monkeypatch.setattr(hints, "GATHER", 0)
    return fake


@pytest.fixture
async def told(redis: FakeRedis) -> AsyncGenerator[Hints]:
    """Open the hints."""
    found = Hints("redis://nowhere")
    yield found
    await found.close()


async def test_a_patient_with_news_is_told_to_the_jobs(told: Hints, redis: FakeRedis) -> None:
    told.add(CLINIC, ANA)
    await told.close()

    assert [list(batch) for batch in redis.sent] == [[hint_member(CLINIC, ANA)]]
    assert redis.names == {(ASSESS_HINTS, True)}


async def test_what_comes_together_is_sent_together(told: Hints, redis: FakeRedis) -> None:
    told.add(CLINIC, ANA)
    told.add(CLINIC, EVA)
    await told.close()

    (batch,) = redis.sent
    assert [read_hint(member) for member in batch] == [(CLINIC, ANA), (CLINIC, EVA)]


async def test_a_patient_with_more_news_waits_since_the_first(
    told: Hints, redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([100.0, 200.0])
    monkeypatch.setattr("api.hints.time.time", lambda: next(times))
    told.add(CLINIC, ANA)
    told.add(CLINIC, ANA)
    monkeypatch.undo()
    await told.close()

    assert redis.sent == [{hint_member(CLINIC, ANA): 100.0}]


async def test_nothing_is_sent_before_the_caller_lets_go(told: Hints, redis: FakeRedis) -> None:
    told.add(CLINIC, ANA)

    assert redis.sent == []


async def test_news_after_a_batch_starts_another(told: Hints, redis: FakeRedis) -> None:
    told.add(CLINIC, ANA)
    await told.close()
    told.add(CLINIC, EVA)
    await told.close()

    assert len(redis.sent) == 2


@pytest.mark.parametrize(
    "refusal", [RedisAway("away"), ConnectionRefusedError(), TimeoutError()], ids=repr
)
async def test_a_refused_batch_is_counted_and_logged_without_its_patients(
    told: Hints, redis: FakeRedis, refusal: Exception
) -> None:
    redis.refusal = refusal
    with captured_log() as lines:
        told.add(CLINIC, ANA)
        told.add(CLINIC, EVA)
        await told.close()

    (line,) = lines()
    assert (line["event"], line["count"]) == ("hints.dropped", 2)
    assert str(ANA) not in str(line)
    assert told.dropped == 2


async def test_a_redis_that_hangs_is_given_up(
    told: Hints, redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints, "SEND_LIMIT", 0)
    redis.hangs = True
    told.add(CLINIC, ANA)
    await told.close()

    assert (told.dropped, redis.sent) == (1, [])


async def test_hints_go_out_again_once_redis_is_back(told: Hints, redis: FakeRedis) -> None:
    redis.refusal = RedisAway("away")
    told.add(CLINIC, ANA)
    await told.close()
    redis.refusal = None
    told.add(CLINIC, EVA)
    await told.close()

    assert [list(batch) for batch in redis.sent] == [[hint_member(CLINIC, EVA)]]
    assert told.dropped == 1


async def test_beyond_the_most_that_may_wait_hints_are_dropped(
    told: Hints, redis: FakeRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints, "MOST_WAITING", 2)
    for number in range(5):
        told.add(CLINIC, UUID(int=number + 1))
    await told.close()

    assert told.dropped == 3
    assert len(redis.sent[0]) == 2


@pytest.mark.parametrize("refusal", [None, RedisAway("away"), OSError()], ids=repr)
async def test_closing_never_fails(
    told: Hints, redis: FakeRedis, refusal: Exception | None
) -> None:
    redis.close_refusal = refusal
    await told.close()

    assert redis.closed
