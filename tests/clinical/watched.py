"""Any patient's diary, drawn at random, and the same diary as it was known on an earlier day."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st

from clinical.chart import Chart, Entry
from clinical.finding import Finding
from clinical.instruments import Code
from tests.clinical.charts import after, at, chart, entry, infusion, phq9

Rule = Callable[[Chart], Iterator[Finding]]
SPAN = (-30, 60)
"""Days of the diary, counted from the end of the course; treatment begins on day -15."""
BLADDER = ["hematuria", "dysuria", "urinary_urgency", "nausea"]


def _written(day: int, hour: int, level: int, answers: dict[str, Code], grade: int) -> Entry:
    effect = BLADDER[(day + level) % len(BLADDER)]
    effects = [(effect, grade)] if grade else []
    return entry(after(day), level, hour=hour, answers=answers, effects=effects)


ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "activation": st.integers(0, 10),
        "craving": st.integers(0, 10),
        "si_daily": st.sampled_from([0, 0, 0, 1, 2, 3, "prefer_not"]),
        "other_ketamine": st.sampled_from(["no", "no", "no", "yes"]),
    },
)
ENTRIES = st.lists(
    st.builds(
        _written,
        st.integers(*SPAN),
        st.sampled_from([8, 20]),
        st.integers(0, 10),
        ANSWERS,
        st.sampled_from([0, 0, 0, 1, 1, 2, 3]),
    ),
    min_size=5,
    max_size=60,
)
BOOSTERS = st.lists(st.integers(14, 60), max_size=8, unique=True)
WEEKLY = st.lists(st.tuples(st.integers(*SPAN), st.integers(0, 27)), max_size=8)
CHARTS = st.builds(
    lambda entries, boosters, weekly, bipolar: replace(
        chart(
            entries,
            weekly=[phq9(after(day), points) for day, points in weekly],
            more_infusions=[
                infusion(7 + place, after(day)) for place, day in enumerate(sorted(boosters))
            ],
            as_of=at(after(SPAN[1] + 10)),
        ),
        conditions=("bipolar_depression",) if bipolar else ("trd",),
    ),
    ENTRIES,
    BOOSTERS,
    WEEKLY,
    st.booleans(),
)


def cut(whole: Chart, day: date) -> Chart:
    """Forget everything that happened after a day."""
    return replace(
        whole,
        infusions=[each for each in whole.infusions if each.local_date <= day],
        entries=[each for each in whole.entries if each.local_date <= day],
        weekly_scores=[each for each in whole.weekly_scores if each.local_date <= day],
    )


def when_over(day: date) -> Chart:
    """Give an empty chart of the first instant at which a day is over in every zone."""
    return chart([], as_of=at(day + timedelta(days=1), 12))


def told_by(rule: Rule, of: Chart, day: date) -> list[Finding]:
    """List what a rule says of the days up to this one."""
    return [finding for finding in rule(of) if finding.local_date <= day]
