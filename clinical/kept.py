"""What is worked out once of a value that never changes, and kept with it."""

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Protocol, TypeVar, cast


class Keeps(Protocol):
    """Anything that has room for what was worked out of it."""

    @property
    def kept(self) -> dict[object, object]:
        """What was worked out so far, by the function that did it."""
        ...


Of = TypeVar("Of", bound=Keeps)
Found = TypeVar("Found")
By = TypeVar("By", bound=Hashable)


def once(work: Callable[[Of], Found]) -> Callable[[Of], Found]:
    """Work something out when it is first asked for, and keep it."""

    @wraps(work)
    def found(of: Of) -> Found:
        kept = of.kept
        if work not in kept:
            kept[work] = work(of)
        return cast("Found", kept[work])

    return found


def once_by(work: Callable[[Of, By], Found]) -> Callable[[Of, By], Found]:
    """Do the same for what depends on one thing more, such as thresholds."""

    @wraps(work)
    def found(of: Of, by: By) -> Found:
        kept, name = of.kept, (work, by)
        if name not in kept:
            kept[name] = work(of, by)
        return cast("Found", kept[name])

    return found
