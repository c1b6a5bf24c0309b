"""Mania, dissociation and silence: what made-up patients have of them, and how it is judged."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from bench.detection.cohort import Cohort, Patient, make_cohort
from bench.detection.course import Event, Kind
from bench.detection.diary import Entry
from bench.detection.regime import STANDARD, Group
from bench.detection.score import Alarm, Tally
from bench.detection.score_watch import (
    MANIA_WITHIN,
    engaged,
    score_dissociation,
    score_mania,
    score_no_response,
    score_silence,
)

DAYS = 100
OFTEN = replace(STANDARD, bipolar=0.5, manic=0.6, persistent=0.5)


@pytest.fixture(scope="module")
def clinic() -> Cohort:
    return make_cohort(OFTEN, 120, 150, seed=4)


def small(*events: Event, written: Sequence[int] = range(1, DAYS + 1), dx: str = "mdd") -> Cohort:
    blank = Entry("ana", 1, *[None] * 8)
    return Cohort(
        days=DAYS,
        patients=(Patient("ana", dx, 15, 30),),
        infusions=(),
        entries=tuple(blank._replace(day=day) for day in written),
        truth=events,
        groups={"ana": Group.RESPONDER},
        maintained=frozenset(),
    )


def alarm(kind: str, *days: int) -> list[Alarm]:
    return [Alarm("ana", day, kind, "likely") for day in days]


MANIA = Event("ana", Kind.MANIA, 50, None, 58)


@pytest.mark.parametrize(
    ("day", "hits", "soon", "false"),
    [(46, 0, 0, 1), (47, 0, 0, 0), (50, 1, 1, 0), (54, 1, 1, 0), (55, 1, 0, 0), (62, 0, 0, 1)],
)
def test_mania_is_found_while_it_lasts_and_soon_within_four_days(
    day: int, hits: int, soon: int, false: int
) -> None:
    result = score_mania(small(MANIA, dx="bipolar"), alarm("mania", day))

    assert (result.hits, result.within(MANIA_WITHIN)) == (hits, soon)
    assert result.quiet == Tally(false, DAYS - 15)


def test_false_alarms_of_mania_are_counted_on_bipolar_patients() -> None:
    assert score_mania(small(dx="mdd"), alarm("mania", 50)).quiet == Tally(0, 0)
    assert score_mania(small(dx="bipolar"), alarm("mania", 50)).quiet == Tally(1, DAYS)


def test_any_tier_of_a_watch_counts() -> None:
    rows = [Alarm("ana", 51, "mania", "watch")]

    assert score_mania(small(MANIA, dx="bipolar"), rows).sensitivity == 1


def test_dissociation_is_watched_from_the_first_infusion_on() -> None:
    event = Event("ana", Kind.DISSOCIATION, 40, None, 45)
    result = score_dissociation(small(event), alarm("dissociation", 10, 41, 70))

    assert result.delays == (1,)
    assert result.quiet == Tally(1, (36 - 16 + 1) + (100 - 49 + 1))


def test_silence_is_judged_on_who_answers_otherwise() -> None:
    silence = Event("ana", Kind.SILENCE, 40, None, 49)
    half = [day for day in range(2, DAYS + 1, 2) if not 40 <= day <= 49]
    rows = alarm("silence", 44, 80)

    assert engaged(small(silence, written=half)) == ["ana"]
    assert score_silence(small(silence, written=half), rows).quiet.false_alarms == 1
    assert engaged(small(silence, written=half[1:])) == []
    assert score_silence(small(silence, written=half[1:]), rows).quiet == Tally(0, 0)
    assert score_silence(small(silence, written=half[1:]), rows).sensitivity == 1


def test_who_was_not_helped_should_be_told_and_the_rest_not() -> None:
    cohort = replace(
        small(Event("ben", Kind.NON_RESPONDER, 31, None, DAYS)),
        patients=tuple(Patient(name, "mdd", 15, 30) for name in ("ana", "ben", "eva")),
    )
    rows = [*alarm("no_response", 40), Alarm("ben", 40, "no_response", "likely")]

    assert score_no_response(cohort, rows) == (1.0, 0.5)


def by_day(cohort: Cohort) -> dict[tuple[str, int], Entry]:
    return {(each.patient, each.day): each for each in cohort.entries}


def values(entries: dict[tuple[str, int], Entry], cohort: Cohort, kind: Kind) -> list[Entry]:
    return [
        entries[event.patient, day]
        for event in cohort.truth
        if event.kind is kind
        for day in range(event.onset, event.end + 1)
        if (event.patient, day) in entries
    ]


def test_infusion_days_bring_dissociation_and_side_effects(clinic: Cohort) -> None:
    infused = {(each.patient, each.day) for each in clinic.infusions}
    entries = by_day(clinic)
    given = [entries[key] for key in infused if key in entries]
    others = [entry for key, entry in entries.items() if key not in infused]

    for item in ("dissociation", "side_effects"):
        on, off = (
            float(np.mean([getattr(each, item) or 0 for each in rows])) for rows in (given, others)
        )
        assert on > off + 1.5


def test_dissociation_weakens_with_the_infusions(clinic: Cohort) -> None:
    entries, days = by_day(clinic), clinic.infusion_days()
    felt = [
        [
            entries[key].dissociation or 0
            for patient, own in days.items()
            if (key := (patient, sorted(own)[place])) in entries
        ]
        for place in (0, 5)
    ]

    assert float(np.mean(felt[0])) > float(np.mean(felt[1])) + 0.5


def test_persistent_dissociation_follows_an_infusion_and_lasts(clinic: Cohort) -> None:
    days = clinic.infusion_days()
    events = [each for each in clinic.truth if each.kind is Kind.DISSOCIATION]
    felt = [each.dissociation or 0 for each in values(by_day(clinic), clinic, Kind.DISSOCIATION)]

    assert len(events) > 30
    assert all(each.onset - 1 in days[each.patient] for each in events)
    assert min(each.end - each.onset for each in events) >= 3
    assert float(np.mean([each >= 3 for each in felt])) > 0.9


def test_other_days_are_hardly_ever_dissociated(clinic: Cohort) -> None:
    infused = {(i.patient, i.day + more) for i in clinic.infusions for more in (0, 1)}
    near = {(e.patient, e.day) for e in values(by_day(clinic), clinic, Kind.DISSOCIATION)}
    quiet = [e for key, e in by_day(clinic).items() if key not in infused | near]

    assert float(np.mean([(each.dissociation or 0) >= 3 for each in quiet])) < 0.01


def test_episodes_of_activation_are_of_bipolar_patients(clinic: Cohort) -> None:
    bipolar = {each.patient for each in clinic.patients if each.dx == "bipolar"}
    events = [each for each in clinic.truth if each.kind is Kind.MANIA]
    share = len(events) / len(bipolar)

    assert {each.patient for each in events} <= bipolar
    assert share == pytest.approx(0.6, abs=0.15)
    assert all(6 <= each.end - each.onset + 1 <= 14 for each in events)


def test_an_episode_stands_out_of_the_patients_own_days(clinic: Cohort) -> None:
    diaries = clinic.diaries()
    for patient, episodes in clinic.events(Kind.MANIA).items():
        for episode in episodes:
            fast = [
                each.activation or 0
                for each in diaries[patient]
                if episode.onset + 3 <= each.day <= episode.end
            ]
            usual = [each.activation or 0 for each in diaries[patient] if each.day < 15]

            assert not fast or float(np.mean(fast)) > float(np.mean(usual)) + 1.5
