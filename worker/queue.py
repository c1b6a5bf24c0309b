"""The only file that knows arq: how jobs are queued, run and kept from each other.

arq is in maintenance mode and forgets what its Redis forgets, so nothing depends on it: every job
is right if it never ran, ran late or ran twice, and a sweep finds what no job did.
"""

import asyncio
import hmac
import logging
import math
import os
import random
import warnings
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from models.cipher import Keyring
from models.job import ASSESS_HINTS, ASSESS_PATIENT, read_hint
from worker.log import log

QUEUE = "afterglow:jobs"
POLL_SECONDS = 0.05
"""Half of arq's pick-up time: p50 35 ms at this poll against 269 ms at arq's default of 0.5 s."""
JOB_SECONDS = 20
"""Limit of one job. A job whose worker was killed is blind for this and ten seconds."""
MOST_STARTS = 1000
"""arq counts starts, restarts included; the limits that matter stand in PostgreSQL."""
MOST_AT_ONCE = 4
HEALTH_SECONDS = 5
ENQUEUE_SECONDS = 0.25
SOCKET_SECONDS = 2
CLOSE_SECONDS = 0.5
"""A hung Redis must not keep the process from ending in time."""
HINTS_AT_ONCE = 100
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 4.0
MAC_BYTES = 32

Job = Callable[..., Awaitable[None]]


class Forged(Exception):
    """A job in Redis that we did not put there; nothing of it is run."""


class Envelope:
    """Writes and reads jobs: msgpack behind a MAC, never pickle."""

    def __init__(self, keyring: Keyring) -> None:
        self._key = keyring.derive("queue")
        self.forged = 0

    def write(self, job: dict[str, Any]) -> bytes:
        """Seal a job; its arguments are ids and nothing else."""
        payload = msgspec.msgpack.encode(job)
        return hmac.digest(self._key, payload, "sha256") + payload

    def read(self, raw: bytes) -> dict[str, Any]:
        """Open a job.

        Raises:
            Forged: its MAC is not ours.
        """
        mac, payload = raw[:MAC_BYTES], raw[MAC_BYTES:]
        if not hmac.compare_digest(mac, hmac.digest(self._key, payload, "sha256")):
            self.forged += 1
            log.error("queue.forged", count=self.forged)
            raise Forged
        job: dict[str, Any] = msgspec.msgpack.decode(payload)
        return job


async def open_queue(url: str, keyring: Keyring) -> ArqRedis:
    """Connect to the queue, certificate and host name checked.

    Without a socket timeout, whose `wait_for` loses cancellations in Python 3.11: the loop over the
    hints notices a Redis that hangs.
    """
    envelope = Envelope(keyring)
    named = {"ssl_check_hostname": True} if url.startswith("rediss:") else {}
    queue = ArqRedis(
        ConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType] # loose kwargs
            url, socket_connect_timeout=SOCKET_SECONDS, **named
        ),
        default_queue_name=QUEUE,
        job_serializer=envelope.write,
        job_deserializer=envelope.read,
    )
    queue.auto_close_connection_pool = True  # the pool is this queue's alone
    try:
        async with asyncio.timeout(SOCKET_SECONDS):
            await queue.ping()  # pyright: ignore[reportUnknownMemberType] # loose kwargs
    except BaseException:
        await queue.aclose()
        raise
    return queue


async def enqueue_assessment(
    queue: ArqRedis, clinic_id: UUID, patient_id: UUID, *, number: int
) -> None:
    """Queue one assessment; `number` keeps an id from ever being used again."""
    async with asyncio.timeout(ENQUEUE_SECONDS):
        await queue.enqueue_job(
            ASSESS_PATIENT,
            str(clinic_id),
            str(patient_id),
            _job_id=f"{ASSESS_PATIENT}:{patient_id}:{number}",
        )


async def take_hints(queue: ArqRedis) -> int:
    """Turn hints into jobs, one a patient; return how many there were."""
    hints = await queue.zpopmin(ASSESS_HINTS, HINTS_AT_ONCE)
    for member, hinted_at in hints:
        names = read_hint(member.decode("utf-8", "replace"))
        if names is not None and math.isfinite(hinted_at):
            await enqueue_assessment(queue, *names, number=int(hinted_at * 1000))
    return len(hints)


def build_worker(
    queue: ArqRedis, keyring: Keyring, jobs: Mapping[str, Job], context: Mapping[str, Any]
) -> Worker:
    """Make a worker inside the running loop; it keeps no result and logs no argument."""
    envelope = Envelope(keyring)
    logging.getLogger("arq").setLevel(logging.CRITICAL)  # it logs arguments
    return Worker(
        functions=[func(job, name=name, keep_result=0) for name, job in jobs.items()],  # type: ignore[arg-type] # arq types its context as a bare dict
        queue_name=QUEUE,
        redis_pool=queue,
        handle_signals=False,
        max_jobs=MOST_AT_ONCE,
        job_timeout=JOB_SECONDS,
        keep_result=0,
        poll_delay=POLL_SECONDS,
        max_tries=MOST_STARTS,
        health_check_interval=HEALTH_SECONDS,
        health_check_key=f"{QUEUE}:health:{os.getpid()}",
        ctx=dict(context),
        job_serializer=envelope.write,
        job_deserializer=envelope.read,
        log_results=False,
    )


async def run_queue(
    url: str, keyring: Keyring, jobs: Mapping[str, Job], context: Mapping[str, Any]
) -> None:
    """Run jobs until cancelled; when Redis goes away, come back as soon as it does."""
    pause = FIRST_PAUSE
    while True:
        try:
            queue = await open_queue(url, keyring)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("queue.away", exc_info=error)
        else:
            pause = FIRST_PAUSE
            await _run_once(queue, keyring, jobs, context)
        await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 # a pause, no secret
        pause = min(pause * 2, LONGEST_PAUSE)


async def _run_once(
    queue: ArqRedis, keyring: Keyring, jobs: Mapping[str, Job], context: Mapping[str, Any]
) -> None:
    """Run one worker and the reading of hints until either fails."""
    worker = build_worker(queue, keyring, jobs, context)
    tasks = {asyncio.create_task(worker.async_run()), asyncio.create_task(_keep_taking(queue))}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            error = task.exception()
            log.warning("queue.lost", exc_info=error)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await _close(worker, queue)


async def _keep_taking(queue: ArqRedis) -> None:
    """Take hints; arq would wait for ever for a Redis that hangs, so this is who notices."""
    while True:
        async with asyncio.timeout(SOCKET_SECONDS):
            taken = await take_hints(queue)
        if taken < HINTS_AT_ONCE:
            await asyncio.sleep(POLL_SECONDS)


async def _close(worker: Worker, queue: ArqRedis) -> None:
    """Let worker and connection go, whatever state Redis is in.

    A job that is running is cancelled: its transaction is taken back, and it runs again. One that
    waited for Redis ends as cancelled too, which must not look as if we had been.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # arq calls redis' old close()
        for close in (worker.close, queue.aclose):
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    [outcome] = await asyncio.gather(close(), return_exceptions=True)
            except TimeoutError as late:
                outcome = late
            if isinstance(outcome, BaseException):
                log.debug("queue.close_failed", exc_info=outcome)
