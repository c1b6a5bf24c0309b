"""Whatever people do to an alert in whatever order, the rows agree with a few lines of model."""

from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

import pytest

from models.acknowledge import (
    AckedByOther,
    Answered,
    IsResolved,
    acknowledge,
    act,
    lock_alert,
    resolve,
    unacknowledge,
)
from models.session import Connection, Pool, clinic_transaction
from tests.cast import Clock, Person, Ward
from tests.staff_side import paged, raised

STEPS = 25
ROADS = ("ack", "unack", "act", "resolve", "page")


@dataclass(slots=True)
class Model:
    """An alert as the state machine on paper has it."""

    state: str = "open"
    owner: UUID | None = None
    resolver: UUID | None = None
    round: int = 1
    acted: bool = False
    refused: list[str] = field(default_factory=list)

    def ack(self, who: UUID) -> str:
        """Take it on."""
        if self.state == "open":
            self.state, self.owner, self.acted = "acked", who, False
            return "done"
        return "done" if who == self.owner else "other"

    def unack(self, _who: UUID) -> str:
        """Give it back."""
        if self.state == "resolved":
            return "over"
        if self.state == "acked":
            self.state, self.owner, self.acted, self.round = "open", None, False, self.round + 1
        return "done"

    def act(self, who: UUID) -> str:
        """Do something about it."""
        if self.state == "resolved":
            return "over"
        if self.state == "open":
            self.ack(who)
        self.acted = True
        return "done"

    def resolve(self, who: UUID) -> str:
        """End it."""
        if self.state == "resolved":
            return "done" if who == self.resolver else "over"
        self.owner = self.owner or who
        self.state, self.resolver = "resolved", who
        return "done"


async def take(db: Connection, clinic: UUID, alert: Answered, road: str, who: UUID) -> str:
    """Take one road on the rows."""
    try:
        if road == "ack":
            await acknowledge(db, clinic, alert, who)
        elif road == "unack":
            await unacknowledge(db, clinic, alert, who)
        elif road == "act":
            await act(db, clinic, alert, who, "called_spoke")
        else:
            await resolve(db, clinic, alert, who, outcome="other", note_ct=None)
    except AckedByOther:
        return "other"
    except IsResolved:
        return "over"
    return "done"


async def row_of(db: Connection, alert_id: UUID) -> dict[str, Any]:
    """Read the alert with its pages on their way."""
    row = await db.fetchrow(
        "SELECT a.*, app_now() AS now, (SELECT count(*) FROM delivery d"
        " WHERE d.alert_id = a.id AND d.state IN ('pending', 'leased')) AS on_their_way"
        " FROM alert a WHERE id = $1",
        alert_id,
    )
    assert row is not None
    return dict(row)


def hold(row: dict[str, Any], model: Model) -> None:
    """Check what must always hold, and that row and model agree."""
    assert (row["state"], row["round"]) == (model.state, model.round)
    assert row["acked_by"] == model.owner
    assert row["resolved_by"] == model.resolver
    assert (row["acked_at"] is None) == (model.owner is None)
    assert row["resume_step_at"] is None
    if model.state == "resolved":
        assert (row["next_step_at"], row["action_due_at"]) == (None, None)
    else:
        assert row["next_step_at"] is not None  # nobody forgets an alert that is not over
    if model.state == "open":
        assert row["next_step_at"] <= row["now"]
    else:
        assert row["on_their_way"] == 0
    assert (row["action_due_at"] is not None) == (model.state == "acked" and not model.acted)


@pytest.mark.parametrize("seed", range(12))
async def test_rows_and_model_agree_after_every_step(
    ward: Ward, ana: Person, superuser: Connection, clock: Clock, seed: int
) -> None:
    dice = Random(seed)  # noqa: S311 # a walk, not a secret
    team = [await ward.practitioner(f"p{n}") for n in range(3)]
    alert_id, model = await raised(ward.pool, ana), Model()

    for step in range(STEPS):
        who, road = dice.choice(team), dice.choices(ROADS, weights=(5, 3, 4, 1, 3))[0]
        await clock.advance(seconds=dice.choice([1, 60, 3600]))
        if road == "page":
            if model.state == "open":
                await paged(ward.pool, who, alert_id, step=step)
            continue
        async with clinic_transaction(ward.pool, ana.clinic_id, role="clinician") as db:
            alert = await lock_alert(db, ana.clinic_id, alert_id)
            assert alert is not None
            result = await take(db, ana.clinic_id, alert, road, who.id)

        assert result == getattr(model, road)(who.id), (seed, step, road)
        hold(await row_of(superuser, alert_id), model)


@pytest.mark.parametrize("seed", range(4))
async def test_the_history_tells_how_the_alert_came_to_stand(
    pool: Pool, ward: Ward, ana: Person, superuser: Connection, clock: Clock, *, seed: int
) -> None:
    dice = Random(seed)  # noqa: S311 # a walk, not a secret
    team = [await ward.practitioner(f"p{n}") for n in range(2)]
    alert_id = await raised(pool, ana)
    for _ in range(STEPS):
        road, who = dice.choice(ROADS[:4]), dice.choice(team)
        await clock.advance(seconds=1)
        async with clinic_transaction(pool, ana.clinic_id) as db:
            alert = await lock_alert(db, ana.clinic_id, alert_id)
            assert alert is not None
            await take(db, ana.clinic_id, alert, road, who.id)

    told = "open"
    rounds = 1
    for row in await superuser.fetch("SELECT kind FROM alert_history ORDER BY at, id"):
        told = {"acked": "acked", "reopened": "open", "resolved": "resolved"}.get(row["kind"], told)
        rounds += row["kind"] == "reopened"

    stands = await row_of(superuser, alert_id)
    assert (stands["state"], stands["round"]) == (told, rounds)
