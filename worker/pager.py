"""The process that pages people: `python -m worker.pager`. It never opens Redis."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from models.cipher import Keyring
from models.failpoint import arm
from models.session import Pool, open_pool
from settings import WorkerSettings, load
from worker.channels.fcm import FcmChannel
from worker.channels.mail import MailChannel
from worker.channels.port import Channel
from worker.channels.relay import parse_relay
from worker.dispatch import (
    EMERGENCY_CONNECTIONS,
    OTHER_CONNECTIONS,
    emergency_lane,
    keep_lane,
    other_lane,
    wake_in_turn,
)
from worker.echo import echo_lane
from worker.heartbeat import Heart
from worker.lane import Lane
from worker.listener import Listener
from worker.log import configure_log, log
from worker.switchboard import Switchboard, worker_name

FINISH_SECONDS = 12.0
"""For the calls in flight after SIGTERM. Source: escalation.md 4."""
HASTY_SECONDS = 0.3
"""After Ctrl-C: what has not ended by then is given back and sent again by the next start."""
WARM_UP_SECONDS = 6.0
"""How long the first pass waits for the push library and its first token."""
STATEMENT_SECONDS = 5
LOCK_SECONDS = 2
"""A migration's lock or slow queries cost a pass, not a hang. Source: escalation.md 4."""


@dataclass(slots=True)
class Stop:
    """When to stop, and how patiently."""

    event: asyncio.Event
    finish_seconds: float = FINISH_SECONDS

    def now(self, name: signal.Signals) -> None:
        """Stop: at once for somebody at a terminal, in good order for everybody else."""
        if name is signal.SIGINT:
            self.finish_seconds = HASTY_SECONDS
        self.event.set()


def main() -> None:
    """Page until told to stop."""
    settings = load(WorkerSettings)
    configure_log(settings.log_level)
    arm(settings.fail_at)
    asyncio.run(run(settings))


async def run(settings: WorkerSettings) -> None:
    """Set everything up, page, and take it down again."""
    stop = Stop(asyncio.Event())
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.now, name)
    channels = channels_of(settings)
    board = Switchboard(
        worker=worker_name(),
        channels=channels,
        keyring=Keyring(settings.root_key_bytes),
        public_url=settings.public_url,
        send_seconds=settings.send_timeout_seconds,
    )
    await warm_up(board)
    async with pools(settings) as (urgent, other):
        lanes = [emergency_lane(board, urgent), other_lane(board, other), echo_lane(board, other)]
        await page(settings, board, lanes, stop)
    for channel in channels.values():
        await channel.close()


async def page(
    settings: WorkerSettings, board: Switchboard, lanes: Sequence[Lane], stop: Stop
) -> None:
    """Run lanes, ear and heart until told to stop."""
    ear = Listener(
        url=settings.pager_database_url.get_secret_value(),
        wake=lambda: wake_in_turn(lanes),
        learn=board.floor.learn,
    )
    url = settings.heartbeat_url
    heart = Heart(
        board=board,
        pool=lanes[-1].pool,
        listener=ear,
        url=None if url is None else url.get_secret_value(),
    )
    beating = asyncio.create_task(heart.run())
    log.info("pager.started", count=len(board.channels))
    await dispatch(lanes, ear, stop)
    beating.cancel()
    await asyncio.wait([beating])
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(HASTY_SECONDS):
            await heart.stop()
    log.info("pager.stopped")


async def dispatch(lanes: Sequence[Lane], ear: Listener, stop: Stop) -> None:
    """Page until told to stop, then finish the calls in flight."""
    listening = asyncio.create_task(ear.run())
    loops = [asyncio.create_task(keep_lane(lane)) for lane in lanes]
    await stop.event.wait()
    await asyncio.gather(*(lane.finish(within_seconds=stop.finish_seconds) for lane in lanes))
    listening.cancel()
    await asyncio.wait([listening, *loops], timeout=HASTY_SECONDS)


def channels_of(settings: WorkerSettings) -> dict[str, Channel]:
    """Open the channels that are set up."""
    channels: dict[str, Channel] = {}
    if settings.fcm_enabled and settings.fcm_credentials_file is not None:
        channels["push"] = FcmChannel(settings.fcm_credentials_file, base_url=settings.fcm_url)
    if settings.smtp_url is not None:
        channels["mail"] = MailChannel(
            parse_relay(settings.smtp_url.get_secret_value()),
            sender=settings.mail_from,
            secret=Keyring(settings.root_key_bytes).derive("mail.message_id"),
        )
    return channels


async def warm_up(board: Switchboard) -> None:
    """Load what would make the first page late; what cannot be loaded is tried with each page."""
    for name, channel in board.channels.items():
        if not isinstance(channel, FcmChannel | MailChannel):
            continue
        try:
            async with asyncio.timeout(WARM_UP_SECONDS):
                fault = await channel.warm_up()
        except TimeoutError:
            log.warning("pager.warm_up_slow", channel=name)
        else:
            if fault is not None:
                log.error("pager.channel_unfit", channel=name, code=fault.code)


@asynccontextmanager
async def pools(settings: WorkerSettings) -> AsyncGenerator[tuple[Pool, Pool]]:
    """Open the connections of both lanes; an emergency never waits for one of the other's."""
    url = settings.pager_database_url.get_secret_value()
    sizes = {"emergency": EMERGENCY_CONNECTIONS, "other": OTHER_CONNECTIONS}
    opened = [
        await open_pool(
            url,
            largest=size,
            smallest=0,
            application_name=f"afterglow-pager-{name}",
            statement_timeout_seconds=STATEMENT_SECONDS,
            lock_timeout_seconds=LOCK_SECONDS,
        )
        for name, size in sizes.items()
    ]
    try:
        yield opened[0], opened[1]
    finally:
        for pool in opened:
            pool.terminate()


if __name__ == "__main__":
    main()
