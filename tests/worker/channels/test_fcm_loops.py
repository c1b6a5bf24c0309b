"""The SDK belongs to one event loop at a time, and leaves nothing behind."""

import asyncio
import importlib
from collections.abc import Callable
from typing import Any

from worker.channels.fcm import FcmChannel
from worker.channels.port import OutcomeKind, Page, PushAddress
from worker.fcm_emulator import Emulator

MakePage = Callable[..., Page]


def apps() -> int:
    """Count the apps the SDK holds."""
    firebase_admin: Any = importlib.import_module("firebase_admin")
    return len(firebase_admin._apps)


async def send_once(push: FcmChannel, phone: PushAddress, page: Page) -> OutcomeKind:
    try:
        return (await push.send(phone, page, key="delivery-1")).kind
    finally:
        await push.close()


async def test_a_channel_serves_two_event_loops_one_after_the_other(
    emulator: Emulator, phone: PushAddress, make_page: MakePage
) -> None:
    push = FcmChannel(emulator.account, base_url=emulator.url)
    before = apps()

    kinds = [
        await asyncio.to_thread(asyncio.run, send_once(push, phone, make_page())) for _ in range(2)
    ]

    assert kinds == [OutcomeKind.ACCEPTED, OutcomeKind.ACCEPTED]
    assert apps() == before


async def test_a_loop_that_ended_without_closing_does_not_break_the_next(
    emulator: Emulator, phone: PushAddress, make_page: MakePage
) -> None:
    push = FcmChannel(emulator.account, base_url=emulator.url)
    await asyncio.to_thread(asyncio.run, push.warm_up())

    kind = await asyncio.to_thread(asyncio.run, send_once(push, phone, make_page()))

    assert kind is OutcomeKind.ACCEPTED


async def test_two_channels_on_one_loop_do_not_share_an_app(
    emulator: Emulator, phone: PushAddress, make_page: MakePage
) -> None:
    here = FcmChannel(emulator.account, base_url=emulator.url)
    there = FcmChannel(emulator.account, base_url=emulator.url)
    await here.warm_up()
    await there.warm_up()

    await here.close()
    outcome = await there.send(phone, make_page(), key="delivery-1")
    await there.close()

    assert outcome.kind is OutcomeKind.ACCEPTED


async def test_first_sends_at_once_open_one_app(
    emulator: Emulator, phone: PushAddress, make_page: MakePage
) -> None:
    push = FcmChannel(emulator.account, base_url=emulator.url)
    before = apps()

    outcomes = await asyncio.gather(
        *(push.send(phone, make_page(), key=f"delivery-{n}") for n in range(8))
    )

    assert {o.kind for o in outcomes} == {OutcomeKind.ACCEPTED}
    assert apps() == before + 1
    await push.close()
    assert apps() == before


async def test_closing_twice_or_before_any_send_does_nothing(emulator: Emulator) -> None:
    push = FcmChannel(emulator.account, base_url=emulator.url)
    before = apps()

    await push.close()
    await push.warm_up()
    await push.close()
    await push.close()

    assert apps() == before


async def test_a_closed_channel_can_be_used_again(
    emulator: Emulator, phone: PushAddress, make_page: MakePage
) -> None:
    push = FcmChannel(emulator.account, base_url=emulator.url)
    await push.warm_up()
    await push.close()

    outcome = await push.send(phone, make_page(), key="delivery-1")
    await push.close()

    assert outcome.kind is OutcomeKind.ACCEPTED
