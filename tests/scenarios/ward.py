"""The page path on stage: phones and inboxes, a pager that runs when told, alerts to raise."""

import asyncio
import io
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import msgspec
import pytest

from models.acknowledge import acknowledge, act, lock_alert
from models.alert import Source, raise_alert
from models.cipher import Keyring
from models.ids import uuid7
from models.session import Connection, Pool, clinic_transaction
from models.subject_key import subject_for
from tests.cast import Clock, Person
from worker.channels.fcm import FcmChannel
from worker.channels.mail import MailChannel
from worker.channels.port import Channel
from worker.channels.relay import parse_relay
from worker.dispatch import emergency_lane, other_lane, run_until_idle
from worker.emulator.phones import Call
from worker.fcm_emulator import Emulator, Mailbox, Step, loopback_mailbox
from worker.invariants import broken
from worker.lane import Lane
from worker.log import configure_log
from worker.mailbox import Mail
from worker.switchboard import Floor, Switchboard

PUBLIC_URL = "https://clinic.example"
SI_RULE = "ideation.escalate"
RETURN_RULE = "symptom_return.half_lost_twice"
KEEP = """
INSERT INTO quarantine (clinic_id, id, patient_id, slug, body_hmac, body_ct, label, expires_at)
VALUES ($1, $2, $3, 'malformed-json', $4, '', 'escalate', app_now() + interval '30 days')
"""
SCREEN = """
INSERT INTO screening (clinic_id, id, patient_id, quarantine_id, stage, label, reason, spans,
    rule_ids, normaliser_version, lexicon_version, steps)
VALUES ($1, $2, $3, $4, 1, 'escalate', 'rule', '[]', '{}', '1', '1', 1)
"""
FIND = """
INSERT INTO finding (clinic_id, id, patient_id, rule, period, severity, because, numbers,
    local_date, rules_version)
VALUES ($1, $2, $3, 'symptom_return.half_lost_twice', 1, $4, '-', '{}', current_date, '1')
"""
REGISTER = """
INSERT INTO device (clinic_id, id, installation, practitioner_id, platform, push_ct, push_hmac)
VALUES ($1, $2, $2, $3, $4, $5, $6)
"""
CONNECT = """
INSERT INTO endpoint (clinic_id, id, practitioner_id, channel, device_id)
VALUES ($1, $2, $3, 'push', $4)
"""
PAGES = """
SELECT d.*, d.due_at - app_now() AS due_in, t.outcome, t.provider_code FROM delivery d
LEFT JOIN attempt t ON t.delivery_id = d.id AND t.n = d.attempt
WHERE d.alert_id = $1 ORDER BY d.round, d.step, d.channel DESC, d.id
"""
_fids = itertools.count(1)


PATIENCE_SECONDS = 60.0
"""For what another process must do, also on a machine that has much else to do."""


async def until(holds: Callable[[], bool | Awaitable[bool]]) -> None:
    """Return once something holds that only another process or the network can bring about."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found = holds()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.01)


@dataclass(slots=True, kw_only=True)
class Phone:
    """One installation of the staff app, as its owner sees it."""

    emulator: Emulator
    fid: str
    device_id: UUID
    endpoint_id: UUID
    seen: int = 0

    def script(self, *steps: Step) -> None:
        """Set what the next sends to this phone are answered with."""
        self.emulator.script(self.fid, *steps)

    @property
    def calls(self) -> list[Call]:
        """Every call for this phone, shown or not."""
        return self.emulator.phones.calls(self.fid)

    def expect(self, count: int = 1, *, kind: str = "u") -> list[Call]:
        """Look at the phone: exactly so many pages of this kind since the last look."""
        pushes = self.emulator.phones.pushes(self.fid, since=self.seen)
        self.seen = self.emulator.phones.last
        assert [push.message["data"]["k"] for push in pushes] == [kind] * count
        return pushes

    async def wait(self, *, timeout_seconds: float = PATIENCE_SECONDS) -> list[Call]:
        """Return the pages since the last look as soon as there is one."""
        pushes = await self.emulator.phones.wait(
            self.fid, since=self.seen, timeout_seconds=timeout_seconds
        )
        self.seen = self.emulator.phones.last
        return pushes


@dataclass(slots=True, kw_only=True)
class Inbox:
    """One mail address, as its owner sees it."""

    mailbox: Mailbox
    address: str
    seen: int = 0

    def expect(self, count: int = 1) -> list[Mail]:
        """Look at the inbox: exactly so many mails since the last look."""
        mails = self.mailbox.mails(self.address, since=self.seen)
        self.seen = self.mailbox.last
        assert len(mails) == count
        return mails


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything a scenario needs: a pager, a clock, and what people do without the API."""

    pool: Pool
    keyring: Keyring
    superuser: Connection
    clock: Clock
    emulator: Emulator
    mailbox: Mailbox
    lanes: Sequence[Lane]

    @property
    def board(self) -> Switchboard:
        """What the pager works with."""
        return self.lanes[0].board

    async def page(self) -> None:
        """Let the pager do everything that is due now."""
        await run_until_idle(self.lanes)

    async def begin(self) -> None:
        """Let the pager climb and make its calls, and leave it there."""
        await self.lanes[0].run_pass()

    async def end(self) -> None:
        """Wait until the calls that were begun have been answered and written down."""
        await asyncio.wait(self.lanes[0].sending)

    async def later(self, **by: float) -> None:
        """Let time pass, then let the pager do what is due."""
        await self.clock.advance(**by)
        await self.page()

    def with_channels(self, *roads: Channel, worker: str = "other", **board: Any) -> "Stage":
        """Set a second pager beside the first, over other channels."""
        channels = {road.name: road for road in roads}
        theirs = replace(
            self.board, worker=worker, channels=channels, config_faults={}, floor=Floor(), **board
        )
        pool = self.lanes[0].pool
        return replace(self, lanes=[emergency_lane(theirs, pool), other_lane(theirs, pool)])

    def rival(self, worker: str = "rival") -> "Stage":
        """Set a second pager beside the first, over the same channels."""
        return self.with_channels(*self.board.channels.values(), worker=worker)

    async def check(self) -> None:
        """Judge everything that happened: what must always hold, in rows and at the provider."""
        assert await broken(self.superuser, by_pager=False) == {}
        assert self.emulator.phones.violations() == []

    def inbox(self, name: str, clinic: str = "north") -> Inbox:
        """Open somebody's inbox."""
        return Inbox(mailbox=self.mailbox, address=f"{name}@{clinic}.example")

    async def phone(self, person: Person, *, platform: str = "android") -> Phone:
        """Register a phone of somebody on the staff."""
        phone = Phone(
            emulator=self.emulator,
            fid=f"fid-of-stage-{next(_fids):05}",
            device_id=uuid7(),
            endpoint_id=uuid7(),
            seen=self.emulator.phones.last,
        )
        clinic = person.clinic_id
        async with clinic_transaction(self.pool, clinic) as db:
            subject = await subject_for(db, self.keyring, clinic, person.id)
            value = msgspec.json.encode({"fid": phone.fid})
            await db.execute(
                REGISTER, clinic, phone.device_id, person.id, platform,
                subject.seal("device.push", phone.device_id, value),
                subject.index("device.push", phone.fid.encode()),
            )  # fmt: skip
            await db.execute(CONNECT, clinic, phone.endpoint_id, person.id, phone.device_id)
        return phone

    async def speak_of_suicide(self, patient: Person) -> UUID:
        """Commit a text that a human must hear of at once, and return its alert."""
        async with clinic_transaction(self.pool, patient.clinic_id) as db:
            row = uuid7()
            await db.execute(KEEP, patient.clinic_id, row, patient.id, row.bytes)
            await db.execute(SCREEN, patient.clinic_id, uuid7(), patient.id, row)
            source = Source(rule=SI_RULE, reason="rule", quarantine_id=row)
            return await raise_alert(
                db,
                clinic_id=patient.clinic_id,
                patient_id=patient.id,
                severity="emergency",
                rule=SI_RULE,
                sources=[source],
            )

    async def find(self, patient: Person, severity: str) -> UUID:
        """Commit a finding of a rule, and return its alert."""
        finding = uuid7()
        async with clinic_transaction(self.pool, patient.clinic_id) as db:
            await db.execute(FIND, patient.clinic_id, finding, patient.id, severity)
            source = Source(rule=RETURN_RULE, reason="finding", finding_id=finding)
            return await raise_alert(
                db,
                clinic_id=patient.clinic_id,
                patient_id=patient.id,
                severity=severity,
                rule=source.rule,
                period=1,
                sources=[source],
            )

    async def acknowledge(self, alert: UUID, person: Person) -> None:
        """Take the alert on, as the API does."""
        async with clinic_transaction(self.pool, person.clinic_id) as db:
            locked = await lock_alert(db, person.clinic_id, alert)
            assert locked is not None
            await acknowledge(db, person.clinic_id, locked, person.id)

    async def act(self, alert: UUID, person: Person) -> None:
        """Note that somebody was called."""
        async with clinic_transaction(self.pool, person.clinic_id) as db:
            locked = await lock_alert(db, person.clinic_id, alert)
            assert locked is not None
            await act(db, person.clinic_id, locked, person.id, "called_spoke")

    async def alert(self, alert: UUID) -> Mapping[str, Any]:
        """Read one alert."""
        row = await self.superuser.fetchrow(
            "SELECT *, next_step_at - app_now() AS next_in FROM alert WHERE id = $1", alert
        )
        assert row is not None
        return dict(row)

    async def history(self, alert: UUID) -> list[str]:
        """Read what happened to an alert, by kind."""
        rows = await self.superuser.fetch(
            "SELECT kind FROM alert_history WHERE alert_id = $1 ORDER BY id", alert
        )
        return [row["kind"] for row in rows]

    async def pages(self, alert: UUID) -> list[Mapping[str, Any]]:
        """Read the deliveries of an alert with their last attempt's outcome, oldest first."""
        rows = await self.superuser.fetch(PAGES, alert)
        return [dict(row) for row in rows]


@pytest.fixture(autouse=True)
def worker_log() -> io.BytesIO:
    """Keep the worker's log out of the terminal."""
    lines = io.BytesIO()
    configure_log("info", lines)
    return lines


@pytest.fixture(scope="session")
async def emulator() -> AsyncIterator[Emulator]:
    """Run the push provider for the whole session; every phone has a registration of its own."""
    async with Emulator() as running:
        yield running


@pytest.fixture(scope="session")
async def push(emulator: Emulator) -> AsyncIterator[FcmChannel]:
    """Open the real push channel over the provider on loopback."""
    channel = FcmChannel(emulator.account, base_url=emulator.url, http_seconds=1, send_seconds=2)
    assert await channel.warm_up() is None
    yield channel
    await channel.close()


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    """Run the mail relay."""
    async with loopback_mailbox() as running:
        yield running


@pytest.fixture
def mail(mailbox: Mailbox) -> MailChannel:
    """Open the real mail channel over the relay on loopback."""
    relay = parse_relay(f"smtp://localhost:{mailbox.port}")
    return MailChannel(relay, sender="pager@clinic.example", secret=b"s" * 32, send_seconds=2)


@pytest.fixture
def stage(
    request: pytest.FixtureRequest, push: FcmChannel, mail: MailChannel, pager_pool: Pool
) -> Stage:
    """Set the stage, with a pager that has both lanes and both channels."""
    board = Switchboard(
        worker="test",
        channels={"push": push, "mail": mail},
        keyring=request.getfixturevalue("keyring"),
        public_url=PUBLIC_URL,
        send_seconds=3,
    )
    names = ("pool", "keyring", "superuser", "clock", "emulator", "mailbox")
    return Stage(
        **{name: request.getfixturevalue(name) for name in names},
        lanes=[emergency_lane(board, pager_pool), other_lane(board, pager_pool)],
    )
