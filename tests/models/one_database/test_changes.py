"""What a phone asks for: its entries page by page, and what changed in the order of commits."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from models.ids import uuid7
from models.ingest import Revision, store_new
from models.revision import (
    Listed,
    changes_since,
    hide_entry,
    newest_revision,
    page_of_entries,
)
from models.session import Connection, Pool, clinic_transaction
from tests.cast import Clock, Person, Ward
from tests.models.one_database.diary import correct, entry, submit, writer_of

START = (0, UUID(int=0))


async def changes(
    pool: Pool, who: Person, after: tuple[int, UUID] = START, limit: int = 100
) -> list[Listed]:
    """Ask what changed since a position."""
    async with clinic_transaction(pool, who.clinic_id) as db:
        return await changes_since(db, who.clinic_id, who.id, after, limit)


async def all_changes(pool: Pool, who: Person, limit: int) -> list[list[UUID]]:
    """Follow the changes page by page until there are no more."""
    after, pages = START, list[list[UUID]]()
    while page := await changes(pool, who, after, limit):
        pages.append([one.entry_id for one in page])
        after = (page[-1].committed_in, page[-1].entry_id)
    return pages


async def pages(pool: Pool, who: Person, limit: int) -> list[list[UUID]]:
    """List the visible entries page by page."""
    after, found = None, list[list[UUID]]()
    async with clinic_transaction(pool, who.clinic_id) as db:
        while page := await page_of_entries(db, who.clinic_id, who.id, after, limit):
            found.append([one.entry_id for one in page])
            after = (page[-1].received_at, page[-1].entry_id)
    return found


async def hide(pool: Pool, who: Person, entry_id: UUID, revision: int = 1) -> bool:
    """Hide an entry, as a request does."""
    async with clinic_transaction(pool, who.clinic_id) as db:
        return await hide_entry(db, writer_of(who), entry_id, revision)


async def newest(pool: Pool, who: Person, entry_id: UUID) -> Listed | None:
    """Read what an entry says now."""
    async with clinic_transaction(pool, who.clinic_id) as db:
        return await newest_revision(db, who.clinic_id, who.id, entry_id, lock=True)


def ids(entries: list[Revision]) -> list[UUID]:
    """Name entries."""
    return [one.entry_id for one in entries]


async def test_nothing_has_changed_in_an_empty_diary(pool: Pool, ana: Person) -> None:
    assert await changes(pool, ana) == []
    assert await pages(pool, ana, 10) == []


async def test_changes_come_in_the_order_of_their_commits(pool: Pool, ana: Person) -> None:
    written = [entry() for _ in range(5)]
    for each in reversed(written):
        await submit(pool, ana, each)

    assert [one.entry_id for one in await changes(pool, ana)] == ids(written)[::-1]


async def test_page_by_page_every_change_comes_once(pool: Pool, ana: Person) -> None:
    batches = [[entry() for _ in range(n)] for n in (7, 1, 4)]
    for batch in batches:
        await submit(pool, ana, *batch)
    found = await all_changes(pool, ana, 3)

    everything = [one for page in found for one in page]
    assert [len(page) for page in found] == [3, 3, 3, 3]
    assert everything == [one for batch in batches for one in sorted(ids(batch))]


async def test_a_change_is_not_told_before_all_that_began_earlier_has_ended(
    pool: Pool, ana: Person
) -> None:
    slow, quick = entry(), entry()
    async with clinic_transaction(pool, ana.clinic_id) as db:
        await store_new(db, writer_of(ana), [slow])
        await submit(pool, ana, quick)
        told_while_open = await changes(pool, ana)

    assert told_while_open == [], "else the slow one would be behind the cursor for ever"
    assert [one.entry_id for one in await changes(pool, ana)] == ids([slow, quick])


async def test_a_transaction_elsewhere_delays_changes_and_loses_none(
    pool: Pool, ana: Person, dr_cy: Person
) -> None:
    first, second = entry(), entry()
    await submit(pool, ana, first)
    async with clinic_transaction(pool, dr_cy.clinic_id) as db:
        await db.execute("UPDATE practitioner SET language = 'es' WHERE id = $1", dr_cy.id)
        await submit(pool, ana, second)
        [seen] = await changes(pool, ana)
        cursor = (seen.committed_in, seen.entry_id)
        assert await changes(pool, ana, cursor) == []

    assert [one.entry_id for one in await changes(pool, ana, cursor)] == ids([second])


async def test_what_was_rolled_back_is_never_told(pool: Pool, ana: Person) -> None:
    async with pool.acquire() as raw:
        transaction = raw.transaction()
        await transaction.start()
        await raw.execute(
            "SELECT set_config('app.clinic_id', $1, true), set_config('app.role', 'job', true)",
            str(ana.clinic_id),
        )
        await store_new(raw, writer_of(ana), [entry()])
        await transaction.rollback()

    assert await changes(pool, ana) == []


async def test_a_corrected_entry_comes_again_with_its_newest_words(pool: Pool, ana: Person) -> None:
    one, other = entry(), entry()
    await submit(pool, ana, one)
    await submit(pool, ana, other)
    [_, last] = await changes(pool, ana)
    await correct(pool, ana, replace(one, revision=2, answers={"low_mood": 9}))

    [again] = await changes(pool, ana, (last.committed_in, last.entry_id))
    assert (again.entry_id, again.revision, again.answers) == (one.entry_id, 2, {"low_mood": 9})
    assert len(await changes(pool, ana)) == 2


async def test_a_hidden_entry_comes_again_as_hidden_and_leaves_the_list(
    pool: Pool, ana: Person
) -> None:
    one, other = entry(), entry()
    await submit(pool, ana, one, other)
    assert await hide(pool, ana, one.entry_id)

    found = {each.entry_id: each.hidden_at is not None for each in await changes(pool, ana)}
    assert found == {one.entry_id: True, other.entry_id: False}
    assert await pages(pool, ana, 10) == [[other.entry_id]]


async def test_hiding_names_the_newest_revision_and_counts_once(
    pool: Pool, ana: Person, superuser: Connection
) -> None:
    one = entry()
    await submit(pool, ana, one)
    await correct(pool, ana, replace(one, revision=2))
    tries = [await hide(pool, ana, one.entry_id, revision) for revision in (1, 3, 2, 2)]

    assert tries == [False, False, True, False]
    assert (
        await superuser.fetchval(
            "SELECT count(*) FROM audit_event WHERE object_id = $1 AND action = 'entry.hide'",
            one.entry_id,
        )
        == 1
    )


async def test_a_hidden_entry_is_not_corrected(pool: Pool, ana: Person) -> None:
    one = entry()
    await submit(pool, ana, one)
    await hide(pool, ana, one.entry_id)

    assert (await correct(pool, ana, replace(one, revision=2))).stored_at is None


async def test_nobody_hides_or_reads_an_entry_of_somebody_else(
    pool: Pool, ana: Person, ward: Ward, dr_cy: Person
) -> None:
    ida, one = await ward.patient("ida"), entry()
    await submit(pool, ana, one)

    assert not await hide(pool, ida, one.entry_id)
    assert await newest(pool, ida, one.entry_id) is None
    assert await changes(pool, ida) == []
    async with clinic_transaction(pool, dr_cy.clinic_id) as db:
        assert await newest_revision(db, ana.clinic_id, ana.id, one.entry_id) is None
        assert await changes_since(db, ana.clinic_id, ana.id, START, 10) == []


async def test_the_list_is_by_receipt_the_newest_first(
    pool: Pool, ana: Person, clock: Clock
) -> None:
    written: list[Revision] = []
    for n in range(5):
        await clock.advance(minutes=1)
        written.append(entry(occurred_at=entry().occurred_at - timedelta(days=n)))
        await submit(pool, ana, written[-1])

    for limit, lengths in ((2, [2, 2, 1]), (5, [5]), (100, [5])):
        found = await pages(pool, ana, limit)
        assert [len(page) for page in found] == lengths
        assert [one for page in found for one in page] == ids(written)[::-1]


async def test_entries_received_at_one_instant_are_listed_once_each(
    pool: Pool, ana: Person
) -> None:
    batch = [entry() for _ in range(7)]
    await submit(pool, ana, *batch)

    found = [one for page in await pages(pool, ana, 2) for one in page]
    assert found == sorted(ids(batch), reverse=True)


async def test_the_newest_revision_is_read_with_its_place(pool: Pool, ana: Person) -> None:
    one = entry()
    await submit(pool, ana, one)
    before = await newest(pool, ana, one.entry_id)
    await correct(pool, ana, replace(one, revision=2, content_hmac=b"second"))

    after = await newest(pool, ana, one.entry_id)
    assert before is not None
    assert after is not None
    assert (before.revision, after.revision, after.content_hmac) == (1, 2, b"second")
    assert after.committed_in > before.committed_in
    assert after.received_at == before.received_at
    assert await newest(pool, ana, uuid7()) is None
