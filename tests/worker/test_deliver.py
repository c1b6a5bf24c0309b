"""One page: what is sent, where, and what is written down about it."""

import asyncio

import pytest

from tests.cast import Person
from tests.scenarios.road import ACCEPTED, closed_road, open_road, refusal
from tests.scenarios.ward import Stage
from worker.channels.port import MailAddress, PushAddress
from worker.dispatch import run_until_idle
from worker.lane import Lane


async def attempts(stage: Stage, alert: object) -> list[tuple[int, str, str | None]]:
    rows = await stage.superuser.fetch(
        "SELECT t.n, t.worker, t.outcome FROM attempt t JOIN delivery d ON d.id = t.delivery_id"
        " WHERE d.alert_id = $1 AND d.channel = 'push' ORDER BY t.n",
        alert,
    )
    return [(row["n"], row["worker"], row["outcome"]) for row in rows]


async def test_an_address_is_opened_only_for_its_channel(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    phone = await stage.phone(dr_bo, platform="ios")
    push, mail = open_road("push"), open_road("mail")
    pager = stage.with_channels(push, mail)
    await stage.speak_of_suicide(ana)
    await pager.page()
    await pager.later(seconds=61)

    assert push.addresses == [PushAddress(fid=phone.fid, platform=push.addresses[0].platform)]  # type: ignore[union-attr] # a push address
    assert mail.addresses == [MailAddress(mail="bo@north.example")]


async def test_a_page_carries_opaque_values_and_the_public_address(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    await stage.phone(dr_bo)
    push = open_road("push")
    alert = await stage.speak_of_suicide(ana)
    await stage.with_channels(push).page()

    (row,) = await stage.pages(alert)
    (page,) = push.pages
    assert page.link == f"https://clinic.example/a/{row['handle']}"
    assert (page.handle, page.collapse_tag) == (row["handle"], row["collapse_tag"])
    assert push.keys == [f"{row['id']}:1"]


@pytest.mark.parametrize(
    ("spoken", "words"), [("es", "es"), ("es-MX", "es"), ("en", "en"), ("eu", "en")]
)
async def test_words_are_the_readers(
    stage: Stage, ana: Person, dr_bo: Person, spoken: str, words: str
) -> None:
    await stage.phone(dr_bo)
    await stage.superuser.execute(
        "UPDATE practitioner SET language = $2 WHERE id = $1", dr_bo.id, spoken
    )
    push = open_road("push")
    await stage.speak_of_suicide(ana)
    await stage.with_channels(push).page()

    assert push.pages[0].language == words


async def test_the_intent_is_written_before_the_call_and_the_outcome_after_it(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    await stage.phone(dr_bo)
    push = closed_road("push")
    pager = stage.with_channels(push)
    alert = await stage.speak_of_suicide(ana)

    await pager.begin()
    await push.called.wait()
    assert await attempts(stage, alert) == [(1, "other", None)]
    assert [page["state"] for page in await stage.pages(alert)] == ["leased"]
    push.gate.set()
    await pager.end()

    assert await attempts(stage, alert) == [(1, "other", "accepted")]
    assert [page["state"] for page in await stage.pages(alert)] == ["accepted"]


async def test_no_transaction_is_open_while_the_network_is(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    await stage.phone(dr_bo)
    push = closed_road("push")
    pager = stage.with_channels(push)
    await stage.speak_of_suicide(ana)

    await pager.begin()
    await push.called.wait()
    open_now = await stage.superuser.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'pager' AND state <> 'idle'"
        " AND datname = current_database()"
    )
    push.gate.set()
    await pager.end()

    assert open_now == 0


async def test_a_call_that_hangs_ends_with_its_time(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    await stage.phone(dr_bo)
    push = closed_road("push")
    pager = stage.with_channels(push, send_seconds=0.05)
    alert = await stage.speak_of_suicide(ana)

    await pager.begin()
    await pager.end()

    assert await attempts(stage, alert) == [(1, "other", "unknown")]


async def test_an_adapter_that_raises_costs_one_attempt(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    await stage.phone(dr_bo)
    push = open_road("push", RuntimeError("broken"))
    alert = await stage.speak_of_suicide(ana)

    await stage.with_channels(push).page()

    assert [outcome for _, _, outcome in await attempts(stage, alert)] == ["unknown", "accepted"]


async def test_a_late_result_is_fenced(stage: Stage, ana: Person, dr_bo: Person) -> None:
    await stage.phone(dr_bo)
    slow, fast = closed_road("push"), open_road("push")
    zombie = stage.with_channels(slow, worker="zombie")
    alert = await stage.speak_of_suicide(ana)
    await zombie.begin()
    await slow.called.wait()

    await stage.with_channels(fast, worker="heir").later(seconds=21)
    assert await attempts(stage, alert) == [(1, "zombie", "lost"), (2, "heir", "accepted")]
    slow.gate.set()
    await zombie.end()

    assert await attempts(stage, alert) == [(1, "zombie", "fenced"), (2, "heir", "accepted")]
    assert {page.collapse_tag for page in slow.pages} == {page.collapse_tag for page in fast.pages}
    await stage.check()


async def test_a_late_refusal_undoes_nothing(stage: Stage, ana: Person, dr_bo: Person) -> None:
    phone = await stage.phone(dr_bo)
    slow = closed_road("push")
    slow.outcomes.append(refusal("permanent"))
    alert = await stage.speak_of_suicide(ana)
    zombie = stage.with_channels(slow, worker="zombie")
    await zombie.begin()
    await slow.called.wait()

    await stage.rival().later(seconds=21)
    slow.gate.set()
    await zombie.end()

    phone.expect()
    page = (await stage.pages(alert))[0]
    assert (page["state"], page["attempt"], page["minimal"]) == ("accepted", 2, False)


async def test_a_page_that_is_acknowledged_in_flight_stays_cancelled(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    await stage.phone(dr_bo)
    push = closed_road("push")
    push.outcomes.append(refusal("transient"))
    alert = await stage.speak_of_suicide(ana)
    pager = stage.with_channels(push)
    await pager.begin()
    await push.called.wait()

    await stage.acknowledge(alert, dr_bo)
    push.gate.set()
    await pager.end()

    assert {page["state"] for page in await stage.pages(alert)} == {"cancelled"}
    assert [outcome for _, _, outcome in await attempts(stage, alert)] == ["transient"]


async def test_history_tells_each_page_once(stage: Stage, ana: Person, dr_bo: Person) -> None:
    await stage.phone(dr_bo)
    push = open_road("push", refusal("unknown"), refusal("transient"), ACCEPTED)
    pager = stage.with_channels(push)
    alert = await stage.speak_of_suicide(ana)

    await pager.page()
    for _ in range(3):
        await pager.later(seconds=3)

    assert await stage.history(alert) == ["created", "step", "sent", "accepted"]


async def test_an_outcome_is_written_once_the_database_is_back(
    stage: Stage, ana: Person, dr_bo: Person
) -> None:
    await stage.phone(dr_bo)
    push = closed_road("push")
    alert = await stage.speak_of_suicide(ana)
    pager = stage.with_channels(push)
    await pager.begin()
    await push.called.wait()
    await stage.superuser.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'pager'"
        " AND datname = current_database()"
    )
    push.gate.set()
    await pager.end()

    assert await attempts(stage, alert) == [(1, "other", "accepted")]


async def test_two_pagers_send_every_page_once(stage: Stage, ana: Person, dr_bo: Person) -> None:
    phones = [await stage.phone(dr_bo) for _ in range(12)]
    await stage.speak_of_suicide(ana)
    pagers: list[list[Lane]] = [[*stage.lanes], [*stage.rival().lanes], [*stage.rival("c").lanes]]

    await asyncio.gather(*(run_until_idle(lanes) for lanes in pagers))

    for phone in phones:
        phone.expect()
    await stage.check()
