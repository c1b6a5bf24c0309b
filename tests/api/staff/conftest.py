"""The care team's side: people at the console."""

import pytest

from models.session import Pool
from tests.cast import Person
from tests.staff_side import at_console


@pytest.fixture
async def bo_at_desk(pool: Pool, dr_bo: Person) -> Person:
    """Sit dr_bo down at the console."""
    return await at_console(pool, dr_bo)
