"""Three files in, one out: what is refused, where the sentence points, and what is left behind."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from afterglow.cohort_files import Malformed, read_cohort, write_whole
from afterglow.commands.detect import detect
from tests.afterglow.cohorts import diary, infusions, patient, write_cohort

FILES = ["entries.csv", "infusions.csv", "patients.csv"]
HEADER = (
    "patient,day,low_mood,anhedonia,anxiety,sleep_bad,dissociation,side_effects,activation,phq9\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_cohort(tmp_path, [patient("ana")], infusions("ana"), diary("ana", 20))


def run(folder: Path, target: Path | None = None, *options: str) -> Result:
    out = target or folder / "alarms.csv"
    return CliRunner().invoke(detect, ["--in", str(folder), "--out", str(out), *options])


def entries(folder: Path, *lines: str) -> Path:
    (folder / "entries.csv").write_text(HEADER + "\n".join(lines) + "\n")
    return folder


def day_of(folder: Path, line: str) -> dict[str, float]:
    (row,) = read_cohort(entries(folder, line)).rows["ana"]
    return dict(row.answers)


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("bea,2,1,1,1,1,1,1,1,1", "patient"),
        (",2,1,1,1,1,1,1,1,1", "patient"),
        ("ana,,1,1,1,1,1,1,1,1", "day"),
        ("ana,0,1,1,1,1,1,1,1,1", "day"),
        ("ana,-3,1,1,1,1,1,1,1,1", "day"),
        ("ana,2.5,1,1,1,1,1,1,1,1", "day"),
        ("ana,1_0,1,1,1,1,1,1,1,1", "day"),
        ("ana,٣,1,1,1,1,1,1,1,1", "day"),
        ("ana,36526,1,1,1,1,1,1,1,1", "day"),
        ("ana," + "9" * 5000 + ",1,1,1,1,1,1,1,1", "day"),
        ("ana,2,x,1,1,1,1,1,1,1", "low_mood"),
        ("ana,2,1,10.1,1,1,1,1,1,1", "anhedonia"),
        ("ana,2,1,1,-0.1,1,1,1,1,1", "anxiety"),
        ("ana,2,1,1,1,nan,1,1,1,1", "sleep_bad"),
        ("ana,2,1,1,1,1,inf,1,1,1", "dissociation"),
        ("ana,2,1,1,1,1,1,1_0,1,1", "side_effects"),
        ("ana,2,1,1,1,1,1,1,NA,1", "activation"),
        ("ana,2,1,1,1,1,1,1,1,27.5", "phq9"),
        ("ana,2,1,1,1,1,1,1,1", "phq9"),
        ("ana,2", "low_mood"),
        ("ana,2,1,1,1,1,1,1,1,1,1", "11"),
        ('ana,2,1,"1,1,1,1,1,1,1', "anxiety"),
        ("x" * 140_000, "unknown"),
    ],
)
def test_a_malformed_entry_is_refused_with_its_place(folder: Path, line: str, column: str) -> None:
    result = run(entries(folder, "ana,1,1,1,1,1,1,1,1,1", "", line))

    assert result.exit_code == 2
    assert f"Error: entries.csv, line 4, column {column}: " in result.output
    assert result.output.count("\n") == 1
    assert sorted(path.name for path in folder.iterdir()) == FILES


@pytest.mark.parametrize(
    ("file", "text", "place"),
    [
        ("patients.csv", "patient,dx,first_inf,last_ind\n,mdd,1,2\n", "line 2, column patient"),
        (
            "patients.csv",
            "patient,dx,first_inf,last_ind\nana,mdd,1,2\nana,mdd,1,2\n",
            "line 3, column patient",
        ),
        ("patients.csv", "patient,dx,first_inf,last_ind\nana,mdd,,2\n", "line 2, column first_inf"),
        ("patients.csv", "patient,dx,first_inf,last_ind\nana,mdd,3,2\n", "line 2, column last_ind"),
        ("patients.csv", "patient,first_inf,last_ind\nana,1,2\n", "line 1, column dx"),
        ("patients.csv", "", "line 1, column patient"),
        ("infusions.csv", "patient,day,day\nana,1,2\n", "line 1, column day"),
        ("infusions.csv", "patient,day\nana,soon\n", "line 2, column day"),
        ("infusions.csv", "patient,day\nbea,1\n", "line 2, column patient"),
        ("entries.csv", HEADER.replace(",phq9", ""), "line 1, column phq9"),
    ],
)
def test_every_file_is_held_to_its_form(folder: Path, file: str, text: str, place: str) -> None:
    (folder / file).write_text(text)
    result = run(folder)

    assert result.exit_code == 2
    assert f"Error: {file}, {place}: " in result.output


def test_a_sentence_never_holds_what_somebody_wrote(folder: Path) -> None:
    result = run(entries(folder, "ana,2,I cannot go on,1,1,1,1,1,1,1"))

    assert "cannot go on" not in result.output
    assert "ana" not in result.output.replace("patients.csv", "")


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_there_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    result = run(folder)

    assert result.exit_code == 2
    assert f"{name}: No such file or directory." in result.output


def test_what_was_not_answered_is_absent_and_decimals_count(folder: Path) -> None:
    assert day_of(folder, "ana,2,0,,1.5,10,, 3 ,1e0,") == {
        "low_mood": 0.0,
        "anxiety": 1.5,
        "sleep_bad": 10.0,
        "side_effects": 3.0,
        "activation": 1.0,
    }


def test_a_day_on_which_nothing_was_answered_is_an_entry_all_the_same(folder: Path) -> None:
    assert day_of(folder, "ana,2,,,,,,,,") == {}


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\n\n"),
        lambda text: text.replace("\n", ",extra\n"),
        lambda text: text.replace("ana", '"ana"'),
    ],
    ids=["byte order mark", "line ends", "blank lines", "more columns", "quotes"],
)
def test_how_a_program_writes_csv_does_not_matter(
    folder: Path, change: Callable[[str], str]
) -> None:
    plain = read_cohort(folder)
    for name in FILES:
        text = (folder / name).read_text()
        (folder / name).write_bytes(change(text).encode())

    assert read_cohort(folder) == plain


def test_columns_may_stand_in_any_order(folder: Path) -> None:
    (folder / "patients.csv").write_text("last_ind,age,patient,first_inf,dx\n32,40,ana,15,mdd\n")

    (known,) = read_cohort(folder).patients
    assert (known.name, known.dx, known.first_infusion, known.course_end) == ("ana", "mdd", 15, 32)


def test_the_line_is_the_one_a_record_begins_on(folder: Path) -> None:
    text = 'patient,dx,first_inf,last_ind,note\nana,mdd,1,2,"two\nlines"\nbea,mdd,x,2,"a\nb"\n'
    (folder / "patients.csv").write_text(text)

    with pytest.raises(Malformed, match=r"patients.csv, line 4, column first_inf"):
        read_cohort(folder)


def test_a_malformed_cohort_leaves_the_old_answers(folder: Path) -> None:
    run(folder)
    before = (folder / "alarms.csv").read_bytes()
    run(entries(folder, "ana,2,x,1,1,1,1,1,1,1"))

    assert (folder / "alarms.csv").read_bytes() == before


def test_a_place_that_cannot_be_written_ends_with_two(folder: Path) -> None:
    (folder / "taken").mkdir()

    for target in (folder / "no" / "alarms.csv", folder / "taken"):
        result = run(folder, target)
        assert result.exit_code == 2
        assert str(target.parent) in result.output
    assert sorted(path.name for path in folder.iterdir()) == [*FILES, "taken"]


def test_of_two_tables_none_is_put_in_place_when_one_breaks_off(tmp_path: Path) -> None:
    def broken() -> Iterator[tuple[str, int]]:
        yield "ana", 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole({tmp_path / "first": [("ana", 1)], tmp_path / "second": broken()})
    assert list(tmp_path.iterdir()) == []
