"""What we rely on in arq, read and measured: an upgrade that changes it fails here."""

import asyncio
import inspect
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from arq import VERSION
from arq.connections import ArqRedis
from arq.constants import (
    in_progress_key_prefix,
    job_key_prefix,
    result_key_prefix,
    retry_key_prefix,
)
from arq.worker import Retry, Worker
from redis.exceptions import RedisError

from afterglow.engines import Engines
from afterglow.ports import free_port
from models.cipher import Keyring
from models.job import ASSESS_PATIENT
from worker.queue import (
    HEALTH_SECONDS,
    JOB_SECONDS,
    MOST_AT_ONCE,
    POLL_SECONDS,
    QUEUE,
    build_worker,
    open_queue,
)

BLIND_SECONDS = 10
"""What arq adds to the longest timeout before it starts a job again whose worker was killed."""


@pytest.fixture
async def queue(engines: Engines, keyring: Keyring) -> AsyncIterator[ArqRedis]:
    """Open an empty queue."""
    opened = await open_queue(engines.redis_url, keyring)
    await opened.flushdb()
    yield opened
    await opened.flushdb()
    await opened.aclose()


async def work(queue: ArqRedis, keyring: Keyring, **jobs: Any) -> Worker:
    """Run everything that is queued now, as our worker would."""
    worker = build_worker(queue, keyring, jobs, {})
    worker.burst = True
    await worker.async_run()
    return worker


async def names(queue: ArqRedis, prefix: str) -> list[str]:
    """List what stands in Redis under a prefix of arq's."""
    return sorted(key.decode().removeprefix(prefix) for key in await queue.keys(f"{prefix}*"))


async def done(_ctx: dict[str, Any], *_arguments: str) -> None:
    """Succeed."""


async def talk(_ctx: dict[str, Any], *_arguments: str) -> str:
    """Return what must not be kept."""
    return "the words of a patient"


async def fail(_ctx: dict[str, Any], *_arguments: str) -> None:
    """Raise what must not be kept."""
    raise ValueError("the words of a patient")


def test_this_is_the_version_that_was_read() -> None:
    assert VERSION.startswith("0.28.")


def test_its_defaults_are_those_we_must_not_take() -> None:
    defaults = {
        name: parameter.default for name, parameter in inspect.signature(Worker).parameters.items()
    }

    assert defaults["keep_result"] == 3600
    assert defaults["max_tries"] == 5
    assert defaults["job_timeout"] == 300
    assert defaults["poll_delay"] == 0.5
    assert defaults["job_serializer"] is None  # pickle
    assert defaults["log_results"] is True


async def test_our_worker_takes_none_of_them(queue: ArqRedis, keyring: Keyring) -> None:
    worker = build_worker(queue, keyring, {ASSESS_PATIENT: done}, {})

    assert (worker.keep_result_s, worker.functions[ASSESS_PATIENT].keep_result_s) == (0, 0)
    assert worker.max_tries >= 1000
    assert worker.poll_delay_s == POLL_SECONDS
    assert worker.max_jobs == MOST_AT_ONCE
    assert worker.health_check_interval == HEALTH_SECONDS
    assert not worker.log_results
    assert None not in (worker.job_serializer, worker.job_deserializer)
    assert None not in (queue.job_serializer, queue.job_deserializer)


async def test_a_killed_workers_job_is_seen_again_within_half_a_minute(
    queue: ArqRedis, keyring: Keyring
) -> None:
    worker = build_worker(queue, keyring, {ASSESS_PATIENT: done}, {})

    assert worker.in_progress_timeout_s == JOB_SECONDS + BLIND_SECONDS <= 30


async def test_a_job_leaves_nothing_behind(queue: ArqRedis, keyring: Keyring) -> None:
    await queue.enqueue_job("talk", "id", _job_id="a:1")
    await queue.enqueue_job("fail", "id", _job_id="a:2")

    worker = await work(queue, keyring, talk=talk, fail=fail)
    assert (worker.jobs_complete, worker.jobs_failed) == (1, 1)
    assert await names(queue, "arq:") == []
    assert await queue.zcard(QUEUE) == 0


async def test_an_error_ends_a_job_and_only_retry_runs_it_again(
    queue: ArqRedis, keyring: Keyring
) -> None:
    starts: list[int] = []

    async def again(ctx: dict[str, Any]) -> None:
        starts.append(ctx["job_try"])
        if len(starts) == 1:
            raise Retry
        raise ValueError

    await queue.enqueue_job("again", _job_id="a:1")

    await work(queue, keyring, again=again)
    assert starts == [1, 2]
    assert await queue.zcard(QUEUE) == 0


async def test_a_timeout_ends_a_job_as_well(queue: ArqRedis, keyring: Keyring) -> None:
    async def hang(_ctx: dict[str, Any]) -> None:
        await asyncio.Event().wait()

    await queue.enqueue_job("hang", _job_id="a:1")
    worker = build_worker(queue, keyring, {"hang": hang}, {})
    worker.functions["hang"].timeout_s = 0.05
    worker.burst = True

    await worker.async_run()
    assert (worker.jobs_failed, worker.jobs_retried) == (1, 0)
    assert await queue.zcard(QUEUE) == 0


async def test_a_job_nobody_knows_is_dropped_without_a_trace(
    queue: ArqRedis, keyring: Keyring
) -> None:
    await queue.enqueue_job("of_another_version", "id", _job_id="a:1")

    worker = await work(queue, keyring, talk=talk)
    assert worker.jobs_failed == 1
    assert await names(queue, "arq:") == []


async def test_an_id_is_refused_while_its_job_waits_and_free_afterwards(
    queue: ArqRedis, keyring: Keyring
) -> None:
    first = await queue.enqueue_job("talk", "id", _job_id="a:1")
    assert await queue.enqueue_job("talk", "id", _job_id="a:1") is None

    await work(queue, keyring, talk=talk)
    assert first is not None
    assert await queue.enqueue_job("talk", "id", _job_id="a:1") is not None


async def test_a_job_that_waits_for_a_day_is_lost(queue: ArqRedis, keyring: Keyring) -> None:
    await queue.enqueue_job("talk", "id", _job_id="a:1")
    lives_ms = await queue.pttl(f"{job_key_prefix}a:1")
    await queue.delete(f"{job_key_prefix}a:1")

    worker = await work(queue, keyring, talk=talk)
    assert 86_300_000 < lives_ms <= 86_400_000
    assert (worker.jobs_complete, worker.jobs_failed) == (0, 1)


async def test_a_running_job_is_marked_and_hidden_from_other_workers(
    queue: ArqRedis, keyring: Keyring
) -> None:
    seen: list[list[str]] = []

    async def look(ctx: dict[str, Any]) -> None:
        other = build_worker(queue, keyring, {"look": look}, {})
        await other._poll_iteration()
        seen.append(await names(queue, in_progress_key_prefix))
        assert other.tasks == {}

    await queue.enqueue_job("look", _job_id="a:1")

    worker = await work(queue, keyring, look=look)
    assert seen == [["a:1"]]
    assert worker.jobs_complete == 1


async def test_starts_are_counted_in_redis_so_restarts_count_as_tries(
    queue: ArqRedis, keyring: Keyring
) -> None:
    tries: list[int] = []

    async def count(ctx: dict[str, Any]) -> None:
        tries.append(ctx["job_try"])

    await queue.enqueue_job("count", _job_id="a:1")
    await queue.set(f"{retry_key_prefix}a:1", 40)

    await work(queue, keyring, count=count)
    assert tries == [41]


async def test_nothing_of_a_job_is_logged(
    queue: ArqRedis, keyring: Keyring, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await queue.enqueue_job("talk", "4f1c", _job_id="a:1")
    await queue.enqueue_job("fail", "4f1c", _job_id="a:2")

    await work(queue, keyring, talk=talk, fail=fail)
    assert [line for line in caplog.messages if "4f1c" in line or "patient" in line] == []


async def test_a_worker_without_its_redis_raises_instead_of_waiting(keyring: Keyring) -> None:
    nowhere = ArqRedis(host="127.0.0.1", port=free_port(), default_queue_name=QUEUE)
    worker = build_worker(nowhere, keyring, {"done": done}, {})

    with pytest.raises((RedisError, OSError)):
        await worker.async_run()


async def test_a_job_due_by_another_hosts_fast_clock_waits(
    queue: ArqRedis, keyring: Keyring
) -> None:
    await queue.enqueue_job("talk", "id", _job_id="a:1")
    ahead_ms = int((time.time() + 60) * 1000)
    await queue.zadd(QUEUE, {"a:1": ahead_ms})
    worker = build_worker(queue, keyring, {"done": done}, {})

    await worker._poll_iteration()
    assert worker.tasks == {}
    assert await names(queue, result_key_prefix) == []
