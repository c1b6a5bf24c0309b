"""Every row of the acceptance table that should hold by now has a case in the tests."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.rows import COUNTS, DONE, ELSEWHERE, ISSUES

TESTS = Path(__file__).parent
FOLDERS = ("acceptance", "afterglow", "api", "models", "worker")
"""Where rows are tested; the fault tests have a table, and so numbers, of their own."""
IN_A_NAME = re.compile(r"test_([esadfxmw])0*([1-9]\d*b?)_")
IN_AN_ID = re.compile(r"([ESADFXMW])0*([1-9]\d*b?)-")
ALL_ROWS = [row for rows in ISSUES.values() for row in rows]
ROWS_DONE = [row for issue in DONE for row in ISSUES[issue]]


def rows_in(source: str) -> Iterator[str]:
    """Yield the rows that a test file names: in its functions' names and in its parameters' ids."""
    for node in ast.walk(ast.parse(source)):
        found = None
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found = IN_A_NAME.match(node.name)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = IN_AN_ID.match(node.value)
        if found is not None:
            yield found[1].upper() + found[2]


def rows_tested(*folders: str) -> Counter[str]:
    """Count the places below some folders that name each row."""
    files = [file for folder in folders for file in (TESTS / folder).rglob("test_*.py")]
    files += [TESTS / "acceptance" / "refused.py"]  # the parameters of test_refused.py
    return Counter(row for file in files for row in rows_in(file.read_text()))


@pytest.fixture(scope="module")
def tested() -> Counter[str]:
    """Read the tests once."""
    return rows_tested(*FOLDERS)


def test_the_list_of_rows_is_the_table() -> None:
    parts = Counter(row[0] for row in ALL_ROWS)

    assert parts == COUNTS
    assert len(ALL_ROWS) == len(set(ALL_ROWS)) == 139


@pytest.mark.parametrize("row", [row for row in ROWS_DONE if row not in ELSEWHERE])
def test_a_row_that_should_hold_has_a_case(row: str, tested: Counter[str]) -> None:
    assert tested[row] > 0


@pytest.mark.parametrize("row", ELSEWHERE)
def test_a_row_that_kills_a_process_has_a_case(row: str) -> None:
    assert rows_tested(ELSEWHERE[row])[row] > 0


def test_no_test_names_a_row_that_is_not_there(tested: Counter[str]) -> None:
    assert set(tested) <= set(ALL_ROWS)


def test_names_and_ids_are_found_and_nothing_else() -> None:
    source = """
def test_e07_controls_are_stored() -> None: "E8 is only mentioned"
def test_edges() -> None: ...
CASES = {"M5b-erase": 1, "E012-": 2, "UTF-8": 3, "E0-none": 4, "see E9-": 5}
"""

    assert sorted(rows_in(source)) == ["E12", "E7", "M5b"]
