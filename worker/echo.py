"""Push a nonce to a practitioner's new device: who echoes it may take a push token over."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from models.cipher import Unreadable
from models.echo import Echo, claim_echoes, echo_nonce, release_echo
from models.session import Pool
from models.subject_key import subject_for
from worker.channels.port import (
    Channel,
    Outcome,
    OutcomeKind,
    Page,
    PushAddress,
    collapse_tag,
    link_to,
)
from worker.channels.words import PageKind
from worker.deliver import ADAPTER_FAULT, TIMED_OUT, UNREADABLE, language_of, read_push_address
from worker.lane import Lane
from worker.log import log
from worker.switchboard import Switchboard

ECHOES_AT_ONCE = 4
FIRST_REST_SECONDS = 1.0
LONGEST_REST_SECONDS = 60.0
"""After a failure no nonce is pushed for so long, doubled each time.

Source: house rule, as the pager's pauses; nobody waits to be rung here.
"""
WORTH_ANOTHER = frozenset(
    {OutcomeKind.THROTTLED, OutcomeKind.TRANSIENT, OutcomeKind.UNKNOWN, OutcomeKind.CONFIG}
)
"""Endings after which the same nonce may still arrive; after any other the app has to ask again."""


@dataclass(slots=True, kw_only=True)
class EchoLane(Lane):
    """A lane that carries nonces: beside the pages, so that none of them ever waits for it."""

    clock: Callable[[], float] = time.monotonic
    at_rest: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while no call is being made."""
    rest_seconds: float = FIRST_REST_SECONDS
    rests_until: float = 0.0

    def __post_init__(self) -> None:
        self.at_rest.set()

    async def run_pass(self) -> None:
        """Push every nonce that waits for it."""
        push = self.board.channels.get("push")
        if push is None or self.clock() < self.rests_until:
            return
        self.at_rest.clear()
        try:
            while not self.closing.is_set() and (echoes := await self._claim()):
                if await self._push_all(push, echoes):
                    return
        finally:
            self.at_rest.set()

    async def finish(self, *, within_seconds: float) -> None:
        """Claim no more and let the calls in flight end; the app asks again for what is lost."""
        self.closing.set()
        self.wake.set()
        with_patience = asyncio.create_task(self.at_rest.wait())
        await asyncio.wait([with_patience], timeout=within_seconds)
        with_patience.cancel()

    async def _claim(self) -> Sequence[Echo]:
        async with self.pool.acquire() as connection:
            return await claim_echoes(connection, most=self.slots)

    async def _push_all(self, push: Channel, echoes: Sequence[Echo]) -> bool:
        """Push some nonces, and say whether one of them has to be pushed again."""
        outcomes = await asyncio.gather(*(self._push(push, echo) for echo in echoes))
        failed = [
            (echo, outcome)
            for echo, outcome in zip(echoes, outcomes, strict=True)
            if outcome.kind in WORTH_ANOTHER
        ]
        if not failed:
            self.rest_seconds = FIRST_REST_SECONDS
            return False
        longest = max(outcome.retry_after or timedelta() for _, outcome in failed)
        rest = max(self.rest_seconds, min(longest.total_seconds(), LONGEST_REST_SECONDS))
        self.rests_until = self.clock() + rest
        self.rest_seconds = min(2 * self.rest_seconds, LONGEST_REST_SECONDS)
        async with self.pool.acquire() as connection:
            for echo, _ in failed:
                await release_echo(connection, echo)
        return True

    async def _push(self, push: Channel, echo: Echo) -> Outcome:
        """Push one nonce; whatever happens is an outcome."""
        outcome = await self._call(push, echo)
        if outcome.kind is not OutcomeKind.ACCEPTED:
            log.warning("pager.echo_failed", device_id=echo.id, code=outcome.code)
        return outcome

    async def _call(self, push: Channel, echo: Echo) -> Outcome:
        try:
            address = await self._address_of(echo)
        except (Unreadable, ValueError):
            return UNREADABLE
        try:
            async with asyncio.timeout(self.board.send_seconds):
                return await push.send(address, page_for(self.board, echo), key=f"echo:{echo.id}")
        except TimeoutError:
            return TIMED_OUT
        except Exception as error:  # noqa: BLE001 # a broken adapter must cost one attempt, not the pager
            log.error("pager.adapter_fault", channel="push", exc_info=error)
            return ADAPTER_FAULT

    async def _address_of(self, echo: Echo) -> PushAddress:
        async with self.pool.acquire() as connection:
            theirs = await subject_for(
                connection, self.board.keyring, echo.clinic_id, echo.practitioner_id
            )
        return read_push_address(
            theirs.open("device.push", echo.id, echo.pending_push_ct), echo.platform
        )


def page_for(board: Switchboard, echo: Echo) -> Page:
    """Make the page whose handle is the nonce: a test, so that its words promise no patient."""
    nonce = echo_nonce(board.keyring, echo.id, echo.pending_seed)
    return Page(
        kind=PageKind.TEST,
        handle=nonce,
        collapse_tag=collapse_tag(board.collapse_key, endpoint_id=echo.id, alert_id=echo.id),
        link=link_to(board.public_url, nonce),
        sent_at=int(echo.now.timestamp()),
        language=language_of(echo.language),
    )


def echo_lane(board: Switchboard, pool: Pool) -> EchoLane:
    """Make the lane of the nonces."""
    return EchoLane(name="echo", board=board, pool=pool, lowest_rank=0, slots=ECHOES_AT_ONCE)
