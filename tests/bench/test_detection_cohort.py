"""A made-up clinic: seeded whole, with the gaps, silences and other items that were asked for."""

import csv
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.detection.cohort import Cohort, make_cohort, write_cohort
from bench.detection.course import Kind
from bench.detection.regime import MISSING, PHI, REGIMES, SKEWED, STANDARD
from bench.detection.score import score

HEADER = (
    "patient,day,low_mood,anhedonia,anxiety,sleep_bad,dissociation,side_effects,activation,phq9"
)


@pytest.fixture(scope="module")
def clinic() -> Cohort:
    return make_cohort(STANDARD, seed=1)


def missed(cohort: Cohort) -> float:
    silent = sum(each.end - each.onset + 1 for each in cohort.truth if each.kind is Kind.SILENCE)
    days = cohort.days * len(cohort.patients) - silent
    return 1 - len(cohort.entries) / days


def test_a_seed_fixes_everything() -> None:
    one, same = (make_cohort(STANDARD, 12, 90, seed=5) for _ in range(2))
    other = make_cohort(STANDARD, 12, 90, seed=6)

    assert one == same
    assert one.entries != other.entries


def test_a_patient_is_the_same_in_a_larger_clinic() -> None:
    small, large = (make_cohort(STANDARD, count, 90, seed=5) for count in (3, 6))

    assert large.entries[: len(small.entries)] == small.entries


def test_a_stress_of_the_noise_leaves_the_truth_as_it_was() -> None:
    plain, stressed = (make_cohort(regime, 20, 120, seed=5) for regime in (STANDARD, PHI))

    assert stressed.truth == plain.truth
    assert stressed.entries != plain.entries


def test_a_clinic_of_300_is_made_in_seconds() -> None:
    began = time.process_time()
    make_cohort(STANDARD, seed=2)

    assert time.process_time() - began < 10


@pytest.mark.parametrize("name", list(REGIMES))
def test_every_named_clinic_can_be_made_and_judged(name: str) -> None:
    cohort = make_cohort(REGIMES[name], 20, 120, seed=5)

    assert len(cohort.patients) == 20
    assert score(cohort, []).returns > 0


def test_days_and_answers_lie_where_they_may(clinic: Cohort) -> None:
    for entry in clinic.entries:
        assert 1 <= entry.day <= clinic.days
        assert all(value is None or 0 <= value <= 10 for value in entry[2:9])
        assert entry.phq9 is None or 0 <= entry.phq9 <= 27


def test_nobody_writes_twice_a_day(clinic: Cohort) -> None:
    days = Counter((each.patient, each.day) for each in clinic.entries)

    assert max(days.values()) == 1


def test_answers_are_whole_unless_the_clinic_says_otherwise() -> None:
    whole = make_cohort(SKEWED, 3, 60, seed=1)
    free = make_cohort(replace(STANDARD, whole_points=False), 3, 60, seed=1)

    assert all((each.low_mood or 0) % 1 == 0 for each in whole.entries)
    assert any((each.low_mood or 0) % 1 for each in free.entries)


def test_an_item_is_skipped_now_and_then(clinic: Cohort) -> None:
    skipped = np.mean([each.anxiety is None for each in clinic.entries])

    assert 0.003 < skipped < 0.03


def test_a_level_needs_half_of_its_items(clinic: Cohort) -> None:
    entry = clinic.entries[0]._replace(low_mood=4, anhedonia=6, anxiety=None, sleep_bad=None)

    assert entry.composite == 5
    assert entry._replace(low_mood=None).composite is None


def test_the_share_of_missed_days_is_the_clinics(clinic: Cohort) -> None:
    assert missed(clinic) == pytest.approx(0.14, abs=0.03)
    assert missed(make_cohort(MISSING, 60, 180, seed=1)) == pytest.approx(0.35, abs=0.03)


def test_missed_days_come_in_runs(clinic: Cohort) -> None:
    after = Counter[bool]()
    for patient, entries in clinic.diaries().items():
        silent = {
            day
            for each in clinic.events(Kind.SILENCE)[patient]
            for day in range(each.onset, each.end + 2)
        }
        written = {each.day for each in entries}
        for day in range(2, clinic.days + 1):
            if not {day, day - 1} & silent and day - 1 not in written:
                after[day not in written] += 1

    assert after[True] / after.total() == pytest.approx(0.55, abs=0.04)


def test_missing_can_be_made_to_follow_the_level() -> None:
    quiet = make_cohort(STANDARD, 40, 180, seed=1)
    bad = make_cohort(replace(STANDARD, miss_by_level=0.6), 40, 180, seed=1)

    assert missed_before(bad) > missed_before(quiet) + 0.1


def missed_before(cohort: Cohort) -> float:
    """Give the share of days missed before treatment, when the level is high."""
    early = sum(each.day <= 14 for each in cohort.entries)
    return 1 - early / (14 * len(cohort.patients))


def test_a_silence_has_no_entry(clinic: Cohort) -> None:
    diaries = clinic.diaries()
    for patient, silences in clinic.events(Kind.SILENCE).items():
        for silence in silences:
            assert silence.end > silence.onset
            assert not any(silence.onset <= e.day <= silence.end for e in diaries[patient])


def test_a_fifth_of_the_returns_begin_in_silence() -> None:
    cohort = make_cohort(STANDARD, 500, 180, seed=3)
    silent = cohort.events(Kind.SILENCE)
    began = [
        any(0 <= each.onset - event.onset <= 2 for each in silent[patient])
        for patient, own in cohort.events(Kind.RETURN).items()
        for event in own
    ]

    assert float(np.mean(began)) == pytest.approx(0.2, abs=0.05)


def test_the_weekly_score_is_weekly_and_follows_the_level(clinic: Cohort) -> None:
    pairs = [
        (each.phq9, each.composite)
        for each in clinic.entries
        if each.phq9 is not None and each.composite is not None
    ]
    weeks = clinic.days / 7 * len(clinic.patients)
    points, levels = np.array(pairs).T

    assert 0.65 < len(pairs) / weeks < 0.9
    assert np.corrcoef(points, levels)[0, 1] > 0.75
    assert np.mean(points - 2.7 * levels) == pytest.approx(0, abs=1.0)


def test_truth_is_written_as_days_of_the_study(clinic: Cohort) -> None:
    for event in clinic.truth:
        assert 1 <= event.onset <= event.end <= clinic.days
        assert (event.return_day is not None) is (event.kind is Kind.RETURN)


def test_the_files_have_the_rows_a_detector_reads(tmp_path: Path) -> None:
    cohort = make_cohort(STANDARD, 5, 60, seed=1)
    write_cohort(cohort, tmp_path / "clinic")
    lines = {file.stem: file.read_text().splitlines() for file in (tmp_path / "clinic").iterdir()}

    assert lines["patients"][0] == "patient,dx,first_inf,last_ind"
    assert lines["infusions"][0] == "patient,day"
    assert lines["entries"][0] == HEADER
    assert lines["truth"][0] == "patient,kind,onset,return_day,end"
    assert [len(lines[name]) - 1 for name in ("patients", "infusions", "entries", "truth")] == [
        len(rows) for rows in (cohort.patients, cohort.infusions, cohort.entries, cohort.truth)
    ]


def test_an_answer_that_was_not_given_is_empty(tmp_path: Path) -> None:
    cohort = make_cohort(STANDARD, 2, 60, seed=1)
    write_cohort(cohort, tmp_path)
    with (tmp_path / "entries.csv").open() as file:
        rows = list(csv.DictReader(file))

    assert [row["phq9"] == "" for row in rows] == [each.phq9 is None for each in cohort.entries]
    assert all(
        float(row["low_mood"] or 0) == (e.low_mood or 0)
        for row, e in zip(rows, cohort.entries, strict=True)
    )


def test_a_clinic_has_the_mix_of_diagnoses(clinic: Cohort) -> None:
    kinds = Counter(each.dx for each in clinic.patients)

    assert set(kinds) == {"mdd", "bipolar"}
    assert kinds["bipolar"] / 300 == pytest.approx(0.15, abs=0.06)


def test_a_weekly_score_is_late_only_where_its_day_was_missed(clinic: Cohort) -> None:
    delays = Counter[int]()
    for entries in clinic.diaries().values():
        written = {each.day for each in entries}
        scored = [each.day for each in entries if each.phq9 is not None]
        due = Counter(day % 7 for day in scored).most_common(1)[0][0]
        late = [(day, (day - due) % 7) for day in scored]

        assert max(days for _, days in late) <= 3
        assert not any(day - more in written for day, days in late for more in range(1, days + 1))
        delays.update(days for _, days in late)

    assert 0.03 < 1 - delays[0] / delays.total() < 0.2


def test_a_day_with_an_infusion_is_better_than_those_about_it(clinic: Cohort) -> None:
    given = clinic.infusion_days()
    better: list[float] = []
    for patient, entries in clinic.diaries().items():
        levels = {each.day: each.composite for each in entries}
        for day in given[patient] - {15}:
            now, before, after = (levels.get(each) for each in (day, day - 1, day + 1))
            if now is not None and before is not None and after is not None:
                better.append((before + after) / 2 - now)

    assert 0.3 < float(np.mean(better)) < 1.1
