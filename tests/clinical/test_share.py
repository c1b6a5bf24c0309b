"""A share and its interval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.share import Share


@pytest.mark.parametrize(
    ("hits", "of", "interval"),
    [
        (0, 10, (0.0, 0.2775)),
        (10, 10, (0.7225, 1.0)),
        (5, 10, (0.2366, 0.7634)),
        (50, 100, (0.4038, 0.5962)),
        (1, 1000, (0.0002, 0.0056)),
    ],
)
def test_the_interval_is_the_published_one(
    hits: int, of: int, interval: tuple[float, float]
) -> None:
    """Wilson 1927; values as in Newcombe 1998 and by R's prop.test without correction."""
    assert Share(hits, of).interval == pytest.approx(interval, abs=1e-4)


@given(st.integers(1, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_share_lies_in_its_interval(both: tuple[int, int]) -> None:
    hits, of = both
    low, high = Share(hits, of).interval

    assert 0 <= low <= hits / of + 1e-12
    assert hits / of - 1e-12 <= high <= 1


def test_nothing_of_nothing_has_no_share() -> None:
    assert str(Share(0, 0)) == "-"
    assert str(Share(1, 3)) == "0.333 [0.06-0.79]"
