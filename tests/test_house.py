"""What linters cannot say: where things live, how long they may be, what must be written down."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE_FOLDERS = ("afterglow", "api", "worker", "models", "clinical")
MOST_SOURCE_LINES = 300
MOST_TEST_LINES = 400
MOST_FUNCTION_LINES = 50
AREAS = (
    "symptom_return|dissociation|side_effect|ideation|mania|silence|misuse|vitals|escort|infusion"
)
"""What the ids of rules begin with."""
FEWEST_TEST_LINES_PER_SOURCE_LINE = 1.5
FORBIDDEN_FOLDERS = {"core", "common", "utils", "lib", "services", "repositories", "schemas"}
SQL_KEYWORDS = re.compile(
    r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM)\b", re.DOTALL
)


def python_files(*folders: str) -> Iterator[Path]:
    """Yield every Python file below some folders of the repository."""
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def source_files() -> list[Path]:
    """List the program's own files."""
    return [*python_files(*SOURCE_FOLDERS), ROOT / "settings.py"]


def relative(path: Path) -> str:
    """Name a file as the repository does."""
    return str(path.relative_to(ROOT))


def line_count(path: Path) -> int:
    """Count a file's lines."""
    return len(path.read_text().splitlines())


def strings_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield every string of a file that is not a docstring."""
    tree = ast.parse(path.read_text())
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in docstrings:
            continue
        if isinstance(node.value, str):
            yield node.lineno, node.value


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    long = {relative(f): line_count(f) for f in source_files() if line_count(f) > MOST_SOURCE_LINES}
    long |= {
        relative(f): line_count(f)
        for f in python_files("tests", "bench")
        if line_count(f) > MOST_TEST_LINES
    }

    assert long == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{relative(path)}:{node.name}": node.end_lineno - node.lineno + 1
        for path in source_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > MOST_FUNCTION_LINES
    }

    assert long == {}


def test_there_is_half_as_much_test_again_as_source() -> None:
    source = sum(line_count(f) for f in source_files())
    tests = sum(line_count(f) for f in python_files("tests"))

    assert tests >= FEWEST_TEST_LINES_PER_SOURCE_LINE * source


def test_no_room_has_a_name_that_says_nothing() -> None:
    folders = {p.name for f in SOURCE_FOLDERS for p in (ROOT / f).rglob("*") if p.is_dir()}

    assert folders & FORBIDDEN_FOLDERS == set()


def test_alembic_is_no_package() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()


def test_sql_stands_in_models_only() -> None:
    found = [
        f"{relative(path)}:{line}"
        for path in python_files("api", "worker", "clinical")
        for line, text in strings_of(path)
        if SQL_KEYWORDS.search(text)
    ]

    assert found == []


@pytest.mark.parametrize("folder", ["api", "worker", "models"])
def test_sql_asks_the_clock_that_tests_can_move(folder: str) -> None:
    bare = re.compile(r"(?<![\w.])(now\(\)|current_timestamp|clock_timestamp\(\))", re.IGNORECASE)
    found = [
        f"{relative(path)}:{line}"
        for path in python_files(folder)
        for line, text in strings_of(path)
        if bare.search(text)
    ]

    assert found == []


def test_no_setting_outlives_its_transaction() -> None:
    session_level = re.compile(
        r"\bSET\s+(SESSION\s+)?(?!LOCAL)\w+\.\w+\s*(=|TO)|set_config\([^)]*false\)"
    )
    found = [
        f"{relative(path)}:{line}"
        for path in source_files()
        for line, text in strings_of(path)
        if session_level.search(text)
    ]

    assert found == []


def test_rules_never_look_at_a_clock() -> None:
    found = [
        relative(path)
        for path in python_files("clinical")
        if re.search(r"\b(datetime\.now|date\.today|time\.time|utcnow)\b", path.read_text())
    ]

    assert found == []


def test_only_the_entry_points_read_settings() -> None:
    allowed = {"api/app.py", "worker/main.py", "worker/pager.py", "worker/jobs.py"}
    readers = {
        relative(path)
        for path in python_files("api", "worker", "models", "clinical")
        if re.search(r"^(from|import) settings\b", path.read_text(), re.MULTILINE)
    }

    assert readers <= allowed


def test_only_the_queue_knows_arq() -> None:
    knowing = {
        relative(path)
        for path in source_files()
        if re.search(r"^\s*(from|import) arq\b", path.read_text(), re.MULTILINE)
    }

    assert knowing == {"worker/queue.py"}


def test_every_domain_constant_has_a_source() -> None:
    """A number of a rule names where it comes from, in the docstring below it."""
    missing = [
        f"{relative(path)}:{name}"
        for path in rule_files()
        for name, doc in numbers_of(path)
        if "Source:" not in doc
    ]

    assert missing == []


def rule_files() -> list[Path]:
    """List the files that hold rules over a chart."""
    return [
        path
        for path in (ROOT / "clinical").glob("*.py")
        if re.search(r"-> (list\[)?Finding\b|-> Finding \| None", path.read_text())
        and path.name != "assess.py"
    ]


def numbers_of(path: Path) -> Iterator[tuple[str, str]]:
    """Yield every constant of a file that is a number or a duration, and the docstring below it."""
    body = ast.parse(path.read_text()).body
    for node, following in zip(body, [*body[1:], None], strict=True):
        if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)):
            continue
        if (
            not node.targets[0].id.isupper()
            or not re.search(r"\d", ast.unparse(node.value))
            or isinstance(node.value, ast.JoinedStr)
        ):
            continue
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            continue
        doc = following.value if isinstance(following, ast.Expr) else None
        text = doc.value if isinstance(doc, ast.Constant) else ""
        yield node.targets[0].id, str(text)


def test_every_rule_has_a_page() -> None:
    rules = {
        text
        for path in python_files("clinical")
        for _, text in strings_of(path)
        if re.fullmatch(rf"({AREAS})\.[a-z_]+", text)
    }
    pages = {path.stem for path in (ROOT / "docs" / "rules").glob("*.md")}

    assert rules - pages == set()


def test_every_page_of_a_rule_is_in_the_glossary() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    pages = [path.stem for path in (ROOT / "docs" / "rules").glob("*.md")]

    assert pages
    assert [name for name in pages if f"rules/{name}.md" not in glossary] == []


def test_every_link_between_our_pages_leads_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{relative(page)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]

    assert broken == []


def test_every_table_is_in_the_glossary() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    tables = re.findall(
        r"^class (\w+)\(Table, table=True\)",
        "\n".join(p.read_text() for p in python_files("models")),
        re.MULTILINE,
    )

    assert tables
    assert [name for name in tables if f"`{name}`" not in glossary] == []


def test_nothing_is_left_to_do_without_an_issue() -> None:
    listed = subprocess.run(
        ["git", "grep", "-nwE", "TODO|FIXME|XXX", "--", "*.py", ":!tests/test_house.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert listed.stdout == ""


def test_locked_requirements_name_no_address() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()

        assert "://" not in text
        assert "--hash=sha256:" in text


def test_every_alarm_is_in_the_runbook() -> None:
    """A line at error or critical is an alarm; its event stands on the runbook's first page."""
    listed = (ROOT / "docs" / "runbook" / "README.md").read_text()
    alarms = {
        event
        for path in source_files()
        for event in re.findall(r'log\.(?:error|critical)\(\s*"([\w.]+)"', path.read_text())
    }

    assert alarms
    assert [event for event in sorted(alarms) if f"`{event}`" not in listed] == []


def test_every_page_of_the_runbook_is_linked() -> None:
    folder = ROOT / "docs" / "runbook"
    linked = set(re.findall(r"\(([\w-]+)\.md\)", (folder / "README.md").read_text()))

    assert linked == {path.stem for path in folder.glob("*.md")} - {"README"}
