"""What must hold of the return watch for every chart there can be."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.chart import Chart, Entry, Infusion, WeeklyScore
from clinical.finding import Finding, Severity, Tier
from clinical.response import detect_no_response
from clinical.return_track import statistic_by_day
from clinical.return_watch import detect_improvement_lost
from tests.clinical.charts import CORE, FIRST, at, chart, entry, phq9

SPAN = 60
"""Days from the first of the chart to its last."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """A diary by day: day 10 is that of the first infusion."""

    entries: dict[int, list[int]]
    weekly: dict[int, int]
    infusions: list[int]
    course_end: int | None

    def chart(self, *, until: int = SPAN) -> Chart:
        """Make the chart as it stood at the end of a day."""
        given = sorted({10, *self.infusions})
        return replace(
            chart(
                [
                    entry(_day(day), level, hour=8 + nth)
                    for day, levels in self.entries.items()
                    if day <= until
                    for nth, level in enumerate(levels)
                ],
                weekly=[phq9(_day(day), p) for day, p in self.weekly.items() if day <= until],
                as_of=at(_day(until), 23),
            ),
            infusions=[
                Infusion(number=n, started_at=at(_day(day), 9), local_date=_day(day))
                for n, day in enumerate(given, start=1)
                if day <= until
            ],
            course_end=None if self.course_end is None else _day(self.course_end),
        )


def _day(nth: int) -> date:
    return FIRST + timedelta(days=nth - 10)


LEVEL = st.integers(0, 10)
STORIES = st.builds(
    Story,
    entries=st.dictionaries(st.integers(0, SPAN), st.lists(LEVEL, min_size=1, max_size=3)),
    weekly=st.dictionaries(st.integers(0, SPAN), st.integers(0, 27), max_size=8),
    infusions=st.lists(st.integers(10, SPAN), max_size=6),
    course_end=st.none() | st.integers(5, 40),
)
RETURNS = st.builds(
    lambda well, lost, weekly, infusions, end: Story(
        entries={
            **{day: [8] for day in range(10)},
            **{day: [level] for day, level in enumerate([*well, *lost], start=11) if level >= 0},
        },
        weekly=weekly,
        infusions=infusions,
        course_end=end,
    ),
    well=st.lists(st.integers(-1, 3), min_size=12, max_size=20),
    lost=st.lists(st.integers(-1, 10), min_size=1, max_size=28),
    weekly=st.dictionaries(st.integers(0, SPAN), st.integers(0, 27), max_size=4),
    infusions=st.lists(st.integers(11, SPAN), max_size=3),
    end=st.none() | st.just(10),
)
"""Stories that mostly hold a return: a response, then days of any kind."""


def told(of: Chart) -> list[Finding]:
    return list(detect_improvement_lost(of))


@given(STORIES | RETURNS, st.integers(0, SPAN))
def test_what_comes_later_changes_nothing_that_was_told(story: Story, cut: int) -> None:
    known = [each for each in told(story.chart()) if each.local_date <= _day(cut)]

    assert told(story.chart(until=cut)) == known


@given(STORIES, st.integers(0, SPAN))
def test_nor_the_statistic_of_an_earlier_day(story: Story, cut: int) -> None:
    fixed = replace(story, course_end=12)
    whole = statistic_by_day(fixed.chart())
    known = statistic_by_day(fixed.chart(until=cut))

    assert known == whole[: len(known)]


@given(STORIES | RETURNS, st.randoms(use_true_random=False))
def test_order_and_repetition_change_no_bit(story: Story, chance: object) -> None:
    of = story.chart()
    entries, weekly, infusions = (
        [*rows, *rows] for rows in (of.entries, of.weekly_scores, of.infusions)
    )
    for rows in (entries, weekly, infusions):
        chance.shuffle(rows)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    mixed = replace(of, entries=entries, weekly_scores=weekly, infusions=infusions)

    assert told(mixed) == told(of)
    assert statistic_by_day(mixed) == statistic_by_day(of)


@given(STORIES | RETURNS, st.integers(0, SPAN), st.integers(0, 2), st.integers(1, 10))
def test_a_worse_entry_never_lowers_the_statistic_of_its_day(
    story: Story, day: int, nth: int, by: int
) -> None:
    levels = story.entries.get(day, [])
    worse = [min(level + by, 10) if at == nth else level for at, level in enumerate(levels)]
    fixed = replace(story, course_end=10)
    changed = replace(fixed, entries={**fixed.entries, day: worse} if levels else fixed.entries)
    before = dict(statistic_by_day(fixed.chart(until=day)))
    after = dict(statistic_by_day(changed.chart(until=day)))

    assert after.get(_day(day), 0) >= before.get(_day(day), 0) - 1e-9


@given(RETURNS, st.integers(21, SPAN), st.integers(1, 10))
def test_a_worse_last_entry_takes_no_tier_back(story: Story, day: int, by: int) -> None:
    """From the day on, that is, when the response is decided: before, it may turn into none."""
    decided = replace(story, course_end=10, infusions=[])
    worse = [min(level + by, 10) for level in decided.entries.get(day, [])]
    changed = replace(
        decided, entries={**decided.entries, day: worse} if worse else decided.entries
    )
    before, after = (
        {(each.local_date, each.tier) for each in told(of.chart(until=day))}
        for of in (decided, changed)
    )

    assert before <= after


@given(STORIES | RETURNS)
def test_every_alarm_stands_on_a_day_with_a_reading_over_its_threshold(story: Story) -> None:
    of = story.chart()
    levels, weekly = of.levels(), {each.local_date for each in of.weekly_scores}
    for finding in told(of):
        assert finding.local_date in levels or finding.local_date in weekly
        assert finding.numbers["statistic"] >= finding.numbers["threshold"]  # type: ignore[operator] # both are numbers
        assert (finding.severity is Severity.NOTICE) is (finding.tier is Tier.WATCH)


@given(STORIES | RETURNS)
def test_each_period_is_told_once_and_each_episode_climbs(story: Story) -> None:
    found = told(story.chart())
    periods = [each.period for each in found]
    order = {tier: nth for nth, tier in enumerate(Tier)}

    assert len(periods) == len(set(periods))
    for period, finding in zip(periods, found, strict=True):
        assert period % len(Tier) == order[finding.tier]
        if finding.tier is not Tier.WATCH:
            assert period - order[finding.tier] in periods


@given(RETURNS, st.sets(st.integers(21, SPAN)))
def test_leaving_days_out_of_a_good_time_raises_nothing(story: Story, missing: set[int]) -> None:
    good = {day: [2] for day in range(11, SPAN + 1) if day not in missing}
    calm = replace(
        story, entries={**{day: [8] for day in range(10)}, **good}, weekly={}, course_end=10
    )

    assert told(calm.chart()) == []


@given(STORIES | RETURNS, st.integers(1, 200))
def test_silence_after_the_last_word_tells_nothing(story: Story, silent: int) -> None:
    of = story.chart()
    later = replace(of, as_of=of.as_of + timedelta(days=silent))
    empty = entry(_day(SPAN + silent))

    assert told(later) == told(of)
    assert told(replace(later, entries=[*of.entries, empty])) == told(of)


ANSWERS = st.dictionaries(
    st.sampled_from([*CORE.items, "activation", "unknown"]),
    st.floats() | st.integers(-(10**6), 10**6) | st.text(max_size=3),
    max_size=5,
)
DATES = st.dates(date(2025, 1, 1), date(2027, 12, 31))
INSTANTS = st.builds(at, DATES, st.integers(0, 23))
ODD_CHARTS = st.builds(
    Chart,
    as_of=INSTANTS,
    conditions=st.just(("trd",)),
    primary_condition=st.just("trd"),
    composite=st.just(CORE),
    infusions=st.lists(
        st.builds(Infusion, number=st.integers(-5, 10**4), started_at=INSTANTS, local_date=DATES),
        max_size=8,
    ),
    entries=st.lists(
        st.builds(
            Entry,
            local_date=DATES,
            occurred_at=INSTANTS,
            form=st.text(max_size=3),
            answers=ANSWERS,
            side_effects=st.just(()),
        ),
        max_size=25,
    ),
    weekly_scores=st.lists(
        st.builds(
            WeeklyScore,
            local_date=DATES,
            form=st.just("phq9@1"),
            points=st.floats(-50, 50),
            maximum=st.sampled_from([4, 27, 80]),
        ),
        max_size=8,
    ),
    course_end=st.none() | DATES,
)


@settings(max_examples=60)
@given(ODD_CHARTS)
def test_no_chart_is_too_odd_to_be_read(of: Chart) -> None:
    by_day = statistic_by_day(of)
    found = [*told(of), *detect_no_response(of)]

    assert all(-14 < value < 14 for _, value in by_day)
    assert all(finding.because for finding in found)
