"""The token is there before it is needed, and the event loop never waits for it."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from worker.channels.fcm import FcmChannel
from worker.channels.fcm_token import (
    REFUSED,
    UNAVAILABLE,
    NoTokenError,
    Token,
    TokenKeeper,
    in_thread,
)
from worker.channels.port import OutcomeKind, Page, PushAddress
from worker.fcm_emulator import Emulator, Fault, Step

MakePage = Callable[..., Page]
OpenPush = Callable[..., FcmChannel]
LIFE = 3_600.0
LEAST_TICKS = 30
"""A loop that ran freely for 1.5 s ticks 150 times; a busy machine may lose four in five."""


class Endpoint:
    """A token endpoint behind the port: counts, fails and waits as told."""

    def __init__(self) -> None:
        self.calls = 0
        self.failure: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.was_asked = threading.Event()

    def __call__(self) -> Token:
        self.calls += 1
        self.was_asked.set()
        self.gate.wait(10)
        if self.failure is not None:
            raise self.failure
        return Token(f"token-{self.calls}", LIFE)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    yield endpoint
    endpoint.gate.set()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keeper(endpoint: Endpoint, clock: Clock) -> TokenKeeper:
    return TokenKeeper(endpoint, clock=clock)


def header_of(keeper: TokenKeeper) -> str:
    headers: dict[str, str] = {}
    keeper.before_request(None, "POST", "http://localhost", headers)
    return headers["authorization"]


async def settle(keeper: TokenKeeper) -> None:
    """Wait until a fetch under way, if any, is over."""
    while keeper.is_fetching:
        await in_thread(lambda: None)


async def test_many_sends_share_one_token(keeper: TokenKeeper, endpoint: Endpoint) -> None:
    await asyncio.gather(*(keeper.ready() for _ in range(20)))

    assert endpoint.calls == 1
    assert header_of(keeper) == "Bearer token-1"


@pytest.mark.parametrize(
    ("age", "calls"), [(0.74 * LIFE, 1), (0.76 * LIFE, 2)], ids=["before", "after"]
)
async def test_the_next_token_is_fetched_at_three_quarters_of_its_life(
    keeper: TokenKeeper, endpoint: Endpoint, clock: Clock, *, age: float, calls: int
) -> None:
    await keeper.ready()
    clock.now += age

    await keeper.ready()
    await settle(keeper)

    assert endpoint.calls == calls


async def test_a_send_does_not_wait_for_a_refresh_ahead_of_time(
    keeper: TokenKeeper, endpoint: Endpoint, clock: Clock
) -> None:
    await keeper.ready()
    clock.now += 0.8 * LIFE
    endpoint.gate.clear()

    await keeper.ready()

    assert header_of(keeper) == "Bearer token-1"
    endpoint.gate.set()
    await settle(keeper)
    assert header_of(keeper) == "Bearer token-2"


async def test_a_failing_refresh_leaves_the_token_in_use_until_it_ends(
    keeper: TokenKeeper, endpoint: Endpoint, clock: Clock
) -> None:
    await keeper.ready()
    endpoint.failure = NoTokenError(UNAVAILABLE)
    clock.now += 0.8 * LIFE
    await keeper.ready()
    await settle(keeper)
    clock.now += 0.1 * LIFE

    await keeper.ready()

    assert header_of(keeper) == "Bearer token-1"
    await settle(keeper)
    clock.now += 0.1 * LIFE
    with pytest.raises(NoTokenError) as failure:
        await keeper.ready()
    assert failure.value.outcome is UNAVAILABLE


async def test_a_failing_endpoint_is_not_asked_again_at_once(
    keeper: TokenKeeper, endpoint: Endpoint, clock: Clock
) -> None:
    await keeper.ready()
    endpoint.failure = NoTokenError(UNAVAILABLE)
    clock.now += 0.8 * LIFE

    for _ in range(5):
        await keeper.ready()
        await settle(keeper)

    assert endpoint.calls == 2
    clock.now += 6
    await keeper.ready()
    await settle(keeper)
    assert endpoint.calls == 3


async def test_a_refused_account_is_told_apart_from_a_missing_endpoint(
    keeper: TokenKeeper, endpoint: Endpoint
) -> None:
    endpoint.failure = NoTokenError(REFUSED)

    with pytest.raises(NoTokenError) as failure:
        await keeper.ready()

    assert failure.value.outcome.kind is OutcomeKind.CONFIG


async def test_an_expired_token_is_never_put_on_a_request(
    keeper: TokenKeeper, endpoint: Endpoint, clock: Clock
) -> None:
    await keeper.ready()
    clock.now += LIFE - 5

    await keeper.ready()

    assert endpoint.calls == 2
    assert header_of(keeper) == "Bearer token-2"


async def test_closing_gives_up_a_fetch_that_hangs(keeper: TokenKeeper, endpoint: Endpoint) -> None:
    endpoint.gate.clear()
    waiting = asyncio.create_task(keeper.ready())
    await in_thread(endpoint.was_asked.wait)

    await keeper.close()

    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_a_token_does_not_show_itself_in_a_log() -> None:
    assert "secret" not in repr(Token("secret", LIFE))


async def test_one_token_serves_many_pushes(
    open_push: OpenPush, emulator: Emulator, phone: PushAddress, make_page: MakePage
) -> None:
    push = open_push()
    before = emulator.token_calls

    for n in range(5):
        await push.send(phone, make_page(), key=f"delivery-{n}")

    assert emulator.token_calls - before == 1
    assert len(emulator.phones.pushes(phone.target)) == 5


async def test_the_loop_goes_on_while_the_token_endpoint_is_slow(
    open_push: OpenPush, emulator: Emulator, phone: PushAddress, make_page: MakePage
) -> None:
    push = open_push()
    emulator.script_token(Step(do=Fault.OK, delay_seconds=1.5))
    loop, ticks = asyncio.get_running_loop(), [0]

    def tick() -> None:
        ticks[0] += 1
        handles[0] = loop.call_later(0.01, tick)

    handles = [loop.call_later(0.01, tick)]
    outcome = await push.send(phone, make_page(), key="delivery-1")
    handles[0].cancel()

    assert outcome.kind is OutcomeKind.ACCEPTED
    assert ticks[0] >= LEAST_TICKS


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.INVALID_ARGUMENT, OutcomeKind.CONFIG),
        (Fault.UNAUTHENTICATED, OutcomeKind.CONFIG),
        (Fault.HTML, OutcomeKind.CONFIG),
        (Fault.WRONG_JSON, OutcomeKind.CONFIG),
        (Fault.RESET, OutcomeKind.TRANSIENT),
        (Fault.INTERNAL, OutcomeKind.TRANSIENT),
        (Fault.HANG, OutcomeKind.TRANSIENT),
    ],
)
async def test_a_token_endpoint_that_fails_is_classified_and_nothing_is_sent(
    open_push: OpenPush,
    emulator: Emulator,
    phone: PushAddress,
    make_page: MakePage,
    *,
    fault: Fault,
    kind: OutcomeKind,
) -> None:
    emulator.script_token(Step(do=fault, times=None))

    outcome = await open_push().send(phone, make_page(), key="delivery-1")

    assert outcome.kind is kind
    assert outcome.code.startswith("token.")
    assert emulator.phones.calls(phone.target) == []


async def test_a_token_that_is_refused_is_replaced_before_the_next_attempt(
    open_push: OpenPush, emulator: Emulator, phone: PushAddress, make_page: MakePage
) -> None:
    push = open_push()
    emulator.script(phone.target, Step(do=Fault.UNAUTHENTICATED))
    before = emulator.token_calls

    refused = await push.send(phone, make_page(), key="delivery-1.1")
    again = await push.send(phone, make_page(), key="delivery-1.2")

    assert refused.kind is OutcomeKind.CONFIG
    assert again.kind is OutcomeKind.ACCEPTED
    assert emulator.token_calls - before == 2


async def test_a_warm_channel_says_so_and_a_cold_one_says_why(
    open_push: OpenPush, emulator: Emulator
) -> None:
    assert await open_push().warm_up() is None

    emulator.script_token(Step(do=Fault.INVALID_ARGUMENT, times=None))
    obstacle = await open_push().warm_up()
    assert obstacle == REFUSED
