"""Invented patients behave as the published series do, and the same seed gives the same life."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from statistics import fmean, pstdev
from zoneinfo import ZoneInfo

import pytest

from afterglow.demo_cohort import COHORT, GRADUAL, SLOW, SUDDEN, Sketch
from afterglow.demo_notes import NOTES
from afterglow.simulated_patient import (
    BEFORE_DAYS,
    COURSE,
    NOISE_SD,
    Scale,
    Simulated,
    Written,
    infusion_days,
)
from clinical.instruments import registry, validate_answers

DUBLIN = ZoneInfo("Europe/Dublin")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PLAIN = Sketch(name="Ana", condition="trd", days=180, response=0.7)
CORE = ("low_mood", "anhedonia", "hopelessness", "fatigue")
END = BEFORE_DAYS + COURSE[-1]


def live(sketch: Sketch = PLAIN, *, seed: int = 1, now: datetime = NOW) -> Simulated:
    """Let somebody live."""
    scale = Scale(form="daily_depression@1", core=CORE)
    rng = Random(seed)  # noqa: S311 # an invented life, no secret
    return Simulated(sketch=sketch, rng=rng, scale=scale, zone=DUBLIN, now=now)


def daily(entries: Sequence[Written]) -> list[Written]:
    """Keep the daily entries."""
    return [entry for entry in entries if entry.form != "phq9@1"]


def level(entry: Written) -> float:
    """Give the mean of the core items."""
    return fmean(entry.answers[item] for item in CORE)


def test_the_same_seed_writes_the_same_diary() -> None:
    assert live().entries() == live().entries()
    assert live().entries() != live(seed=2).entries()


@pytest.mark.parametrize("sketch", COHORT, ids=lambda sketch: sketch.name)
def test_every_answer_is_one_that_the_forms_allow(sketch: Sketch) -> None:
    known = registry()
    form = known.forms[known.daily_for[sketch.condition]]
    composite = form.composite
    assert composite is not None
    patient = live(sketch)
    patient.scale = Scale(form=form.name, core=composite.items)

    for entry in patient.entries():
        asked = known.forms[entry.form]
        assert validate_answers(asked, entry.answers, effects=known.effects) == []
        assert {name for name, _ in entry.side_effects} <= known.effects.patient_ids


def test_nothing_is_written_after_now_and_the_last_day_is_today_or_the_one_before() -> None:
    for hour in (0, 6, 12, 18, 23):
        now = NOW.replace(hour=hour)
        written = live(now=now).entries()

        assert max(entry.at for entry in written) <= now
        today = now.astimezone(DUBLIN).date()
        assert max(entry.local_date for entry in written) >= today - timedelta(days=4)


@pytest.mark.parametrize(
    "day", [datetime(2026, 3, 29, 20, tzinfo=UTC), datetime(2026, 10, 25, 20, tzinfo=UTC)]
)
def test_an_hour_that_comes_twice_or_not_at_all_moves_no_entry_to_another_day(
    day: datetime,
) -> None:
    for entry in live(now=day).entries():
        assert abs((entry.at.astimezone(DUBLIN).date() - entry.local_date).days) == 0


def test_a_course_is_six_infusions_in_three_weeks() -> None:
    days = [*infusion_days(PLAIN)]

    assert len(days) == 6
    assert 12 <= days[-1] - days[0] <= 21


def test_maintenance_and_boosters_come_after_the_course() -> None:
    kept_up = [*infusion_days(replace(PLAIN, maintenance_every=28))]
    boosted = [*infusion_days(replace(PLAIN, returns_after=30, booster=True))]

    assert [b - a for a, b in pairwise(kept_up[6:])] == [28] * (len(kept_up) - 7)
    assert len(boosted) == 8
    assert boosted[6] > END + 30


def test_no_infusion_is_given_in_the_future() -> None:
    early = live(replace(PLAIN, days=BEFORE_DAYS + 5))

    assert len(early.infusions()) == 2
    assert max(early.infusions()) <= NOW


@pytest.mark.parametrize(
    ("response", "share"), [(0.7, 0.3), (0.35, 0.65), (0.0, 1.0), (-0.12, 1.12)]
)
def test_the_response_is_what_the_sketch_says(response: float, share: float) -> None:
    patient = live(replace(PLAIN, response=response))

    assert patient.level(END + 5) / patient.level(0) == pytest.approx(share, abs=0.02)


def test_relief_grows_with_each_infusion() -> None:
    patient = live()
    reliefs = [patient.relief(BEFORE_DAYS + day + 1) for day in COURSE]

    assert reliefs == sorted(reliefs)
    assert reliefs[0] > 0.2


@pytest.mark.parametrize("takes", [SUDDEN, GRADUAL, SLOW])
def test_a_return_takes_as_long_as_its_shape_says(takes: int) -> None:
    patient = live(replace(PLAIN, returns_after=40, return_takes=takes))
    back = END + 40

    assert patient.level(back) == pytest.approx(patient.level(END + 5))
    assert patient.level(back + takes // 2) < patient.level(back + takes)
    assert patient.level(back + takes) / patient.baseline == pytest.approx(0.965, abs=0.01)


def test_a_booster_brings_most_of_it_back() -> None:
    patient = live(replace(PLAIN, returns_after=30, return_takes=SUDDEN, booster=True))
    booster = patient.infusion_days[6]

    assert patient.level(booster) > 0.9 * patient.baseline
    assert patient.level(booster + 5) < 0.45 * patient.baseline


def test_noise_has_the_size_and_memory_of_the_published_series() -> None:
    noise = [value for seed in range(40) for _, value in live(seed=seed).answered()]
    both = [
        (a, b)
        for seed in range(40)
        for (day, a), (next_day, b) in pairwise(live(seed=seed).answered())
        if next_day == day + 1
    ]
    phi = fmean(a * b for a, b in both) / fmean(a * a for a, _ in both)

    assert pstdev(noise) == pytest.approx(NOISE_SD, abs=0.08)
    assert 0.18 < phi < 0.32


def test_days_are_missed_in_runs() -> None:
    days = {seed: {day for day, _ in live(seed=seed).answered()} for seed in range(40)}
    missing = [[day not in seen for day in range(181)] for seen in days.values()]
    share = fmean(fmean(person) for person in missing)
    after_miss = [b for person in missing for a, b in pairwise(person) if a]

    assert 0.06 < share < 0.18
    assert 0.45 < fmean(after_miss) < 0.65


def test_silence_can_begin_with_the_return() -> None:
    sketch = replace(PLAIN, returns_after=40, goes_silent=True)
    late = [day for day, _ in live(sketch).answered() if day > END + 60]

    assert len(late) < 0.45 * (180 - END - 60)


def test_infusion_days_are_far_away_and_name_side_effects() -> None:
    entries = [entry for seed in range(20) for entry in daily(live(seed=seed).entries())]
    on = [entry for entry in entries if entry.infusion is not None]
    off = [entry for entry in entries if entry.infusion is None]

    assert fmean(entry.answers["dissociation"] for entry in on) > 4
    assert fmean(entry.answers["dissociation"] for entry in off) < 0.6
    assert all(entry.side_effects for entry in on)
    assert not any(entry.side_effects for entry in off)


def test_weekly_scores_follow_the_weeks_and_never_speak_of_suicide() -> None:
    scores = [entry for entry in live().entries() if entry.form == "phq9@1"]
    before = fmean(sum(entry.answers.values()) for entry in scores[:2])
    after = fmean(sum(entry.answers.values()) for entry in scores[8:12])

    assert 18 <= len(scores) <= 26
    assert after < 0.5 * before
    assert {entry.answers["phq9_9"] for entry in scores} == {0}


def test_no_daily_answer_speaks_of_suicide() -> None:
    for sketch in COHORT:
        assert {entry.answers["si_daily"] for entry in daily(live(sketch).entries())} == {0}


def test_notes_fit_the_day_and_the_language() -> None:
    for language in ("en", "es"):
        sketch = replace(PLAIN, language=language)
        written = [entry for seed in range(20) for entry in live(sketch, seed=seed).entries()]
        noted = [entry for entry in written if entry.note is not None]
        ill = [entry for entry in noted if entry.note in NOTES[language, "low"]]
        well = [entry for entry in noted if entry.note in NOTES[language, "better"]]

        assert 0.05 < len(noted) / len(daily(written)) < 0.13
        assert min(map(level, ill)) > 4 > fmean(map(level, well))


def test_the_level_that_is_written_follows_the_level_that_is_true() -> None:
    patient = live()
    entries = daily(patient.entries())
    start = min(entry.local_date for entry in entries)
    before = [level(entry) for entry in entries if (entry.local_date - start).days < BEFORE_DAYS]
    after = [level(entry) for entry in entries if 40 < (entry.local_date - start).days < 100]

    assert fmean(before) == pytest.approx(patient.baseline, abs=1.2)
    assert fmean(after) == pytest.approx(patient.baseline * 0.3, abs=0.8)
