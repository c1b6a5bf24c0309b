"""Fifty thousand pages that are not urgent are due, and an emergency comes."""

import pytest

from models.claim import CLAIM, LEASE
from models.vitals import oldest_due_seconds
from tests.cast import Person
from tests.scenarios.road import open_road
from tests.scenarios.ward import Stage
from worker.switchboard import LONG_AGO

ROWS = 50_000
FILL = """
INSERT INTO delivery (clinic_id, id, alert_id, round, step, practitioner_id, endpoint_id, channel,
    kind, severity_rank, due_at, collapse_tag, handle)
SELECT d.clinic_id, gen_random_uuid(), d.alert_id, 2, n, d.practitioner_id, d.endpoint_id,
    d.channel, 'routine', 1, app_now() - n * interval '1 ms', d.collapse_tag,
    translate(substr(encode(sha256(n::text::bytea), 'base64'), 1, 22), '+/', '-_')
FROM delivery d, generate_series(1, $1) n
"""


@pytest.fixture
async def backlog(stage: Stage, ana: Person, dr_bo: Person) -> Stage:
    """Make a clinic's pages of a very bad day."""
    await stage.phone(dr_bo)
    await stage.find(ana, "urgent")
    pager = stage.with_channels(open_road("push"))
    for lane in pager.lanes:
        lane.slots = 0
        await lane.run_pass()
    await stage.superuser.execute(FILL, ROWS)
    return stage


@pytest.mark.ci
async def test_the_emergencies_lane_pages_at_once_and_leaves_the_rest(
    backlog: Stage, ana: Person
) -> None:
    push = open_road("push")
    lane = backlog.with_channels(push).lanes[0]
    await backlog.speak_of_suicide(ana)

    await lane.run_pass()
    assert await backlog.superuser.fetchval("SELECT count(*) FROM attempt") == 1
    await lane.finish(within_seconds=5)

    assert [page.kind for page in push.pages] == ["urgent"]


@pytest.mark.ci
@pytest.mark.parametrize("analysed", [False, True], ids=["never analysed", "analysed"])
async def test_a_claim_reads_no_more_than_it_takes(backlog: Stage, *, analysed: bool) -> None:
    if analysed:
        await backlog.superuser.execute("ANALYZE")
    async with backlog.lanes[0].pool.acquire() as db:
        plan = await db.fetch(
            f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {CLAIM}", LONG_AGO, 0, 8, "test", LEASE
        )

    (read,) = [row[0] for row in plan if "delivery_due_idx" in row[0]]
    assert "rows=8" in read


@pytest.mark.ci
async def test_the_pager_knows_how_late_they_are(backlog: Stage) -> None:
    async with backlog.lanes[0].pool.acquire() as db:
        late = await oldest_due_seconds(db, floor=LONG_AGO)

    assert late == pytest.approx(ROWS / 1_000, abs=30)
