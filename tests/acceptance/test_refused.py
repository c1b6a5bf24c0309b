"""Rows whose input is refused and kept: encrypted, read, alerting, shown as what it is."""

import pytest

from tests.acceptance.refused import REFUSED, Refused
from tests.acceptance.stage import CALM, SAID, Stage

every = pytest.mark.parametrize("row", REFUSED.values(), ids=REFUSED.keys())


@every
async def test_a_refused_body_is_kept_as_it_came(stage: Stage, row: Refused) -> None:
    body = row.body(CALM)

    told = await stage.refuses(
        stage.send(body, name=row.name, headers=row.sent_headers),
        row.problem,
        kept=1,
        speaks=row.always_speaks,
    )

    assert told["quarantined"] is True
    assert await stage.kept_bodies() == [body[: row.limit]]
    if row.pointer is not None:
        assert [error["pointer"] for error in told["errors"]] == [row.pointer]


@every
async def test_a_refused_body_that_speaks_of_suicide_raises_one_alert(
    stage: Stage, row: Refused
) -> None:
    body = row.body(SAID)
    sent = {"name": row.name, "headers": row.sent_headers}

    await stage.refuses(stage.send(body, **sent), row.problem, kept=1, speaks=True)  # type: ignore[arg-type] # as declared above
    again = await stage.refuses(stage.send(body, **sent), row.problem, kept=0)  # type: ignore[arg-type] # as above

    assert again["quarantined"] is True
    assert await stage.live_alerts() == 1
    await stage.stores(stage.put())


async def test_e11_a_number_is_kept_although_nobody_wrote_a_word(stage: Stage) -> None:
    await stage.refuses(stage.send(b"5"), "422 invalid-entry", kept=1)

    assert await stage.kept_bodies() == [b"5"]
