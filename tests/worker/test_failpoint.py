"""A process dies where it is told to, and nowhere else."""

import subprocess
import sys

import pytest

from models.failpoint import EXIT_CODE
from tests.cast import REPOSITORY

POINTS = """
from models.failpoint import arm, reach
arm({point!r})
reach("pager.after_claim")
print("alive")
"""


@pytest.mark.parametrize(
    ("point", "code", "output"),
    [
        ("pager.after_claim", EXIT_CODE, ""),
        ("pager.after_send", 0, "alive\n"),
        (None, 0, "alive\n"),
        ("", 0, "alive\n"),
    ],
)
def test_a_process_dies_at_the_point_that_is_armed(
    point: str | None, code: int, output: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", POINTS.format(point=point)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (code, output)
