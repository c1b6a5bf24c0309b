"""Push over Firebase Cloud Messaging: what the dispatcher sees of it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from worker.channels.fcm_outcome import INVALID_ARGUMENT, SENDER_ID_MISMATCH, UNANSWERED
from worker.channels.fcm_session import Account, NoSessionError, Session, open_session
from worker.channels.fcm_token import NoTokenError
from worker.channels.port import (
    WRONG_ADDRESS,
    Address,
    Health,
    Outcome,
    OutcomeKind,
    Page,
    PushAddress,
    link_to,
    new_handle,
)
from worker.channels.words import PageKind

SEND_SECONDS = 10.0
"""Bound of one attempt, everything in it. Source: escalation.md 4 and 7.5."""
HTTP_SECONDS = 8.0
"""Bound of one phase of one HTTP exchange, under the attempt's own."""
MISMATCH_SECONDS = 600
"""Two different installations of a foreign sender within ten minutes: it is our project that is
wrong, not theirs. Source: escalation.md 7.5."""

BUSY = Outcome(kind=OutcomeKind.TRANSIENT, code="queue.full")


@dataclass(slots=True)
class _Mismatches:
    """Installations that answered with a foreign sender, and when."""

    seen: dict[str, float] = field(default_factory=dict[str, float])

    def is_ours(self, target: str, now: float) -> bool:
        """Note one mismatch and say whether the fault is rather our own project's."""
        self.seen[target] = now
        self.seen = {t: at for t, at in self.seen.items() if now - at <= MISMATCH_SECONDS}
        return len(self.seen) > 1


class FcmChannel:
    """Rings installations of the app. Sending never raises: the outcome says what happened."""

    name = "push"

    def __init__(
        self,
        account: Account,
        *,
        base_url: str | None = None,
        critical_alerts: bool = False,
        send_seconds: float = SEND_SECONDS,
        http_seconds: float = HTTP_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._account = account
        self._base_url = base_url
        self._critical_alerts = critical_alerts
        self._send_seconds = send_seconds
        self._http_seconds = http_seconds
        self._clock = clock
        self._mismatches = _Mismatches()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()
        self._session: Session | None = None

    async def warm_up(self) -> Outcome | None:
        """Load the SDK and fetch the first token; return what stands in the way, or None."""
        try:
            session = await self._open()
            await session.keeper.ready()
        except (NoSessionError, NoTokenError) as error:
            return error.outcome
        return None

    async def send(self, address: Address, page: Page, *, key: str) -> Outcome:  # noqa: ARG002 # FCM takes no idempotency key
        """Ring one installation once."""
        if not isinstance(address, PushAddress):
            return WRONG_ADDRESS
        return await self._post(address, page, dry_run=False)

    async def check(self, address: Address) -> Health:
        """Have FCM validate a page that nobody receives."""
        if not isinstance(address, PushAddress):
            return Health(usable=False, code=WRONG_ADDRESS.code)
        outcome = await self._post(address, _probe(), dry_run=True)
        if outcome.kind is OutcomeKind.ACCEPTED:
            return Health(usable=True, code=outcome.code)
        is_dead = outcome.kind is OutcomeKind.INVALID_ENDPOINT
        return Health(usable=False if is_dead else None, code=outcome.code)

    async def close(self) -> None:
        """Give back connections and the app; the channel can be used again afterwards."""
        session, self._session = self._session, None
        if session is not None and self._loop is asyncio.get_running_loop():
            await session.close()

    async def _open(self) -> Session:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._lock, self._session = loop, asyncio.Lock(), None
        if self._session is None:
            async with self._lock:
                # Whoever held the lock before us has opened it.
                self._session = self._session or await open_session(
                    self._account,
                    base_url=self._base_url,
                    http_seconds=self._http_seconds,
                    clock=self._clock,
                )
        return self._session

    async def _post(self, address: PushAddress, page: Page, *, dry_run: bool) -> Outcome:
        outcome = BUSY
        try:
            async with asyncio.timeout(self._send_seconds):
                session = await self._open()
                await session.keeper.ready()
                async with session.slots:
                    outcome = UNANSWERED
                    outcome = await self._exchange(session, address, page, dry_run=dry_run)
                    outcome = await self._look_again(session, address, page, outcome)
        except (NoSessionError, NoTokenError) as error:
            return error.outcome
        except TimeoutError:
            return outcome
        return outcome

    async def _exchange(
        self, session: Session, address: PushAddress, page: Page, *, dry_run: bool
    ) -> Outcome:
        return await session.post(
            address, page, dry_run=dry_run, critical_alerts=self._critical_alerts
        )

    async def _look_again(
        self, session: Session, address: PushAddress, page: Page, outcome: Outcome
    ) -> Outcome:
        """Decide whose fault a refusal is where one answer alone does not tell."""
        if outcome.code == SENDER_ID_MISMATCH:
            if self._mismatches.is_ours(address.target, self._clock()):
                return Outcome(kind=OutcomeKind.CONFIG, code=SENDER_ID_MISMATCH)
        elif outcome.code == INVALID_ARGUMENT and page.minimal:
            again = await self._exchange(session, address, page, dry_run=True)
            if again.code == INVALID_ARGUMENT:
                return Outcome(kind=OutcomeKind.INVALID_ENDPOINT, code=INVALID_ARGUMENT)
        return outcome


def _probe() -> Page:
    handle = new_handle()
    return Page(
        kind=PageKind.TEST,
        handle=handle,
        collapse_tag=new_handle(),
        link=link_to("https://localhost", handle),
        sent_at=int(time.time()),
        minimal=True,
    )
