"""The log keeps order and wakes whoever waits."""

import asyncio

from worker.emulator.phones import KEPT, Call, Phones


def ring(phones: Phones, fid: str = "bo", *, delivered: bool = True) -> None:
    phones.record(
        lambda n: Call(
            n=n,
            at=0.0,
            fid=fid,
            validate_only=False,
            answer="ok",
            status=200,
            delivered=delivered,
            violations=[] if delivered else ["data.patient"],
            message={},
        )
    )


def test_calls_are_numbered_from_one_in_order() -> None:
    phones = Phones()
    for fid in ("bo", "cy", "bo"):
        ring(phones, fid)

    assert [(c.n, c.fid) for c in phones.calls()] == [(1, "bo"), (2, "cy"), (3, "bo")]
    assert phones.last == 3


def test_a_refused_call_is_in_the_log_but_on_no_phone() -> None:
    phones = Phones()
    ring(phones, delivered=False)

    assert len(phones.calls("bo")) == 1
    assert phones.pushes("bo") == []
    assert len(phones.violations()) == 1


def test_the_log_does_not_grow_without_end() -> None:
    phones = Phones()
    for _ in range(KEPT + 5):
        ring(phones)

    assert len(phones.calls()) == KEPT
    assert phones.calls()[0].n == 6


async def test_everyone_who_waits_for_a_phone_is_woken_by_its_push() -> None:
    phones = Phones()
    waiting = [asyncio.create_task(phones.wait("bo", timeout_seconds=20)) for _ in range(3)]
    await asyncio.sleep(0)

    ring(phones, "cy")
    ring(phones, "bo")

    assert [len(pushes) for pushes in await asyncio.gather(*waiting)] == [1, 1, 1]


async def test_a_push_that_was_there_before_is_found_at_once() -> None:
    phones = Phones()
    ring(phones)

    assert len(await phones.wait("bo", timeout_seconds=0)) == 1


async def test_a_refused_call_wakes_nobody() -> None:
    phones = Phones()
    waiting = asyncio.create_task(phones.wait("bo", timeout_seconds=0.05))
    await asyncio.sleep(0)

    ring(phones, delivered=False)

    assert await waiting == []
