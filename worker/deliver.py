"""Send one claimed page and record how it ended; no transaction is open while the network is."""

import asyncio
import random
import time
from datetime import timedelta
from uuid import UUID

import msgspec

from models.alert import SEVERITY_RANK
from models.alert_history import add_history
from models.cipher import Unreadable
from models.claim import Claimed
from models.failpoint import reach
from models.outcome import (
    Ending,
    disable_endpoint,
    end_attempt,
    facts,
    lock_alert,
    mark_working,
    open_all_others,
    open_others,
    step_now_if_unreachable,
    supersede_others,
)
from models.session import Connection, Pool
from worker.channels.port import (
    Address,
    MailAddress,
    Outcome,
    OutcomeKind,
    Page,
    Platform,
    PushAddress,
    link_to,
)
from worker.channels.words import Language, PageKind
from worker.log import log
from worker.switchboard import DATABASE_AWAY, Switchboard
from worker.verdict import Verdict, judge

GONE = Outcome(kind=OutcomeKind.INVALID_ENDPOINT, code="endpoint.gone")
UNREADABLE = Outcome(kind=OutcomeKind.PERMANENT, code="address.unreadable")
NO_CHANNEL = Outcome(kind=OutcomeKind.CONFIG, code="channel.missing")
TIMED_OUT = Outcome(kind=OutcomeKind.UNKNOWN, code="timeout")
ADAPTER_FAULT = Outcome(kind=OutcomeKind.UNKNOWN, code="adapter.fault")
EMERGENCY_RANK = SEVERITY_RANK["emergency"]
RECORD_SECONDS = 8.0
"""How long we try to write an outcome down: send and this together stay under the lease."""
RECORD_PAUSE_SECONDS = 0.2


class Registration(msgspec.Struct):
    """A push registration as the device sealed it."""

    fid: str | None = None
    fcm_token: str | None = None


_registration = msgspec.json.Decoder(Registration)


async def deliver(board: Switchboard, pool: Pool, claimed: Claimed) -> None:
    """Send one page once and write down what became of it."""
    began = time.monotonic()
    outcome = await send(board, claimed)
    reach("pager.after_send")
    took = timedelta(seconds=time.monotonic() - began)
    verdict = judge(
        outcome,
        faults=claimed.faults,
        minimal=claimed.minimal,
        took=took,
        jitter=random.uniform(-1, 1),  # noqa: S311 # spreads retries, hides nothing
    )
    await record(board, pool, claimed, outcome, verdict)


async def send(board: Switchboard, claimed: Claimed) -> Outcome:
    """Make the call, within its time; whatever happens is an outcome."""
    if not claimed.is_live:
        return GONE
    channel = board.channels.get(claimed.channel)
    if channel is None:
        return NO_CHANNEL
    try:
        address, page = address_of(board, claimed), page_of(board, claimed)
    except (Unreadable, ValueError):
        log.error("pager.address_unreadable", endpoint_id=claimed.endpoint_id)
        return UNREADABLE
    try:
        async with asyncio.timeout(board.send_seconds):
            return await channel.send(address, page, key=f"{claimed.id}:{claimed.attempt}")
    except TimeoutError:
        return TIMED_OUT
    except Exception as error:  # noqa: BLE001 # a broken adapter must cost one attempt, not the pager
        log.error("pager.adapter_fault", channel=claimed.channel, exc_info=error)
        return ADAPTER_FAULT


def address_of(board: Switchboard, claimed: Claimed) -> Address:
    """Open the address of a page.

    Raises:
        Unreadable: no key opens it.
        ValueError: what is inside is no address.
    """
    wrapped = (claimed.sealed, claimed.key, claimed.key_version)
    sealed, key, version = wrapped
    if sealed is None or key is None or version is None:
        raise Unreadable("an address or its key is missing")
    subject = board.keyring.subject(
        claimed.clinic_id,
        claimed.practitioner_id or claimed.clinic_id,
        version,
        key,
        (claimed.clinic_key_version or 0, claimed.clinic_key or b""),
    )
    if claimed.device_id is None:
        return MailAddress(mail=subject.open_text("endpoint.address", claimed.endpoint_id, sealed))
    return read_push_address(
        subject.open("device.push", claimed.device_id, sealed), claimed.platform or "android"
    )


def read_push_address(plain: bytes, platform: str) -> PushAddress:
    """Read a push registration that was opened.

    Raises:
        ValueError: it is none.
    """
    found = _registration.decode(plain)
    return PushAddress(fid=found.fid, fcm_token=found.fcm_token, platform=Platform(platform))


def page_of(board: Switchboard, claimed: Claimed) -> Page:
    """Make what is sent: opaque values and fixed words."""
    return Page(
        kind=PageKind(claimed.kind),
        handle=claimed.handle,
        collapse_tag=claimed.collapse_tag,
        link=link_to(board.public_url, claimed.handle),
        sent_at=int(claimed.now.timestamp()),
        language=language_of(claimed.language),
        minimal=claimed.minimal,
    )


def language_of(wanted: str | None) -> Language:
    """Pick the words' language: somebody's own where we have it."""
    try:
        return Language((wanted or "en").partition("-")[0])
    except ValueError:
        return Language.EN


async def record(
    board: Switchboard, pool: Pool, claimed: Claimed, outcome: Outcome, verdict: Verdict
) -> None:
    """Write the outcome down, trying for as long as the lease allows."""
    deadline = time.monotonic() + RECORD_SECONDS
    while True:
        try:
            await _record_once(board, pool, claimed, outcome, verdict)
        except DATABASE_AWAY as error:
            if time.monotonic() > deadline:
                log.error("pager.outcome_unrecorded", delivery_id=claimed.id, exc_info=error)
                return
            await asyncio.sleep(RECORD_PAUSE_SECONDS)
        else:
            return


async def _record_once(
    board: Switchboard, pool: Pool, claimed: Claimed, outcome: Outcome, verdict: Verdict
) -> None:
    async with pool.acquire() as connection:
        async with connection.transaction():
            patient_id = await lock_alert(connection, claimed)
            await _settle(board, connection, claimed, outcome, verdict, patient_id=patient_id)
        await _mind_configuration(board, connection, claimed, outcome)


async def _settle(
    board: Switchboard,
    connection: Connection,
    claimed: Claimed,
    outcome: Outcome,
    verdict: Verdict,
    *,
    patient_id: UUID | None,
) -> None:
    state = verdict.state
    if verdict.disables and outcome is not GONE:
        gone = await disable_endpoint(connection, claimed, outcome.code)
        state = "failed" if gone else "pending"  # it has a new value: that one is still to be tried
    ending = Ending(
        state=state,
        wait=verdict.wait,
        faults=verdict.faults,
        minimal=verdict.minimal,
        outcome=outcome.kind.value,
        code=outcome.code,
        provider_id=outcome.provider_id,
    )
    floor = board.floor.at()
    if not await end_attempt(connection, claimed, ending, floor=floor):
        log.info("pager.fenced", delivery_id=claimed.id, attempt=claimed.attempt)
        return
    await _tell_others(connection, claimed, verdict, state, board)
    kind = {"accepted": "accepted", "failed": "failed"}.get(state, "sent")
    if kind != "sent" or claimed.attempt == 1:
        detail = facts(claimed, ending)
        await add_history(
            connection, claimed.clinic_id, claimed.alert_id, patient_id, kind, detail=detail
        )


async def _tell_others(
    connection: Connection, claimed: Claimed, verdict: Verdict, state: str, board: Switchboard
) -> None:
    """Do what the outcome means for the same person's other pages, and for the ladder."""
    floor = board.floor.at()
    if state == "accepted":
        await mark_working(connection, claimed)
        if claimed.kind == PageKind.NEW_INFORMATION:
            await supersede_others(connection, claimed)
    if verdict.others_in is not None:
        await open_others(connection, claimed, wait=verdict.others_in, floor=floor)
    if state == "failed" and await step_now_if_unreachable(connection, claimed, floor=floor):
        log.warning("pager.no_road_left", alert_id=claimed.alert_id)


async def _mind_configuration(
    board: Switchboard, connection: Connection, claimed: Claimed, outcome: Outcome
) -> None:
    """Note a channel that is set up wrongly, and open every emergency's other channels at once."""
    if outcome.kind is OutcomeKind.CONFIG:
        board.config_faults[claimed.channel] = outcome.code
        log.critical("pager.config_fault", channel=claimed.channel, code=outcome.code)
        await open_all_others(
            connection, claimed.channel, lowest_rank=EMERGENCY_RANK, floor=board.floor.at()
        )
    elif outcome.kind is OutcomeKind.ACCEPTED:
        board.config_faults.pop(claimed.channel, None)
    elif outcome.kind is OutcomeKind.PERMANENT:
        log.error("pager.page_refused", channel=claimed.channel, code=outcome.code)
