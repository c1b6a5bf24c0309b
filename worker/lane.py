"""A lane of the pager: slots and connections of its own, with nothing less urgent in front."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from models.claim import Claimed, claim_due, release
from models.failpoint import reach
from models.session import Pool
from worker.deliver import deliver
from worker.log import log
from worker.sweep import take_step
from worker.switchboard import DATABASE_AWAY, Switchboard

INTERRUPTED = "interrupted"


@dataclass(slots=True, kw_only=True)
class Lane:
    """Pages from one rank upwards, so many at a time, over connections nobody else uses."""

    name: str
    board: Switchboard
    pool: Pool
    lowest_rank: int
    slots: int
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it is to claim no more and only finishes what it has begun."""
    sending: dict[asyncio.Task[None], Claimed] = field(
        default_factory=dict[asyncio.Task[None], Claimed]
    )

    async def run_pass(self) -> None:
        """Do every due step and start every due page that has a free slot, most urgent first."""
        skip: set[UUID] = set()
        busy = True
        while busy and not self.closing.is_set():
            stepped = await take_step(
                self.board, self.pool, lowest_rank=self.lowest_rank, skip=skip
            )
            started = await self._start_due()
            busy = stepped is not None or started > 0

    async def _start_due(self) -> int:
        free = self.slots - len(self.sending)
        if free <= 0 or self.closing.is_set():
            return 0
        async with self.pool.acquire() as connection:
            claims = await claim_due(
                connection,
                floor=self.board.floor.at(),
                lowest_rank=self.lowest_rank,
                limit=free,
                worker=self.board.worker,
            )
        if not claims:
            return 0
        reach("pager.after_claim")
        if self.closing.is_set():  # told to stop while the claim was on its way
            await self.give_back(claims)
            return 0
        for claimed in claims:
            self._start(claimed)
        return len(claims)

    def _start(self, claimed: Claimed) -> None:
        task = asyncio.create_task(deliver(self.board, self.pool, claimed))
        self.sending[task] = claimed
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        claimed = self.sending.pop(task)
        self.wake.set()  # a slot is free, and what the outcome opened may be due
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("pager.delivery_failed", delivery_id=claimed.id, exc_info=error)

    async def finish(self, *, within_seconds: float) -> None:
        """Claim no more, let the calls in flight end, and give back what did not end in time."""
        self.closing.set()
        self.wake.set()
        if self.sending:
            await asyncio.wait(self.sending, timeout=within_seconds)
        left = dict(self.sending)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)
            # Whether it rang is not known: the next attempt carries the same tag.
            await self.give_back([*left.values()], outcome="unknown", code=INTERRUPTED)

    async def give_back(
        self, claims: Sequence[Claimed], *, outcome: str = "released", code: str | None = None
    ) -> None:
        """Make claimed pages due again at once; if that fails, the lease's end does it."""
        with contextlib.suppress(*DATABASE_AWAY):
            async with self.pool.acquire() as connection:
                await release(
                    connection, claims, floor=self.board.floor.at(), outcome=outcome, code=code
                )
