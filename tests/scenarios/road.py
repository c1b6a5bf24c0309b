"""A channel at the port that answers as told: for outcomes no provider on loopback can make."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from worker.channels.port import Address, Health, Outcome, OutcomeKind, Page

ACCEPTED = Outcome(kind=OutcomeKind.ACCEPTED, code="ok", provider_id="1")


@dataclass(slots=True)
class Road:
    """Answers with its outcomes in order, then accepts; remembers what it carried."""

    name: str
    outcomes: deque[Outcome | Exception] = field(default_factory=deque[Outcome | Exception])
    pages: list[Page] = field(default_factory=list[Page])
    keys: list[str] = field(default_factory=list[str])
    addresses: list[Address] = field(default_factory=list[Address])
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is not set, a call waits after it was made."""
    called: asyncio.Event = field(default_factory=asyncio.Event)
    most_at_once: int = 0
    _now: int = 0

    async def send(self, address: Address, page: Page, *, key: str) -> Outcome:
        """Carry one page."""
        self.addresses.append(address)
        self.pages.append(page)
        self.keys.append(key)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        self.called.set()
        try:
            await self.gate.wait()
        finally:
            self._now -= 1
        outcome = self.outcomes.popleft() if self.outcomes else ACCEPTED
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def check(self, address: Address) -> Health:  # noqa: ARG002 # the port's name for it
        """Say that any address works."""
        return Health(usable=True, code="ok")

    async def close(self) -> None:
        """Hold nothing."""


def open_road(name: str, *outcomes: Outcome | Exception) -> Road:
    """Make a road without a gate."""
    road = Road(name, deque(outcomes))
    road.gate.set()
    return road


def closed_road(name: str) -> Road:
    """Make a road whose calls wait until its gate is set."""
    return Road(name)


def refusal(kind: str, code: str = "x", **more: object) -> Outcome:
    """Make an outcome by its word."""
    return Outcome(kind=OutcomeKind(kind), code=code, **more)  # type: ignore[arg-type] # the two optional fields
