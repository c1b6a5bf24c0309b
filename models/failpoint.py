"""Named points at which a process kills itself, for fault tests only."""

import os

EXIT_CODE = 9

_armed: set[str] = set()


def arm(point: str | None) -> None:
    """Choose the point at which this process ends; None disarms. Settings refuse it in prod."""
    _armed.clear()
    if point:
        _armed.add(point)


def reach(point: str) -> None:
    """End the process here, as a power cut would, if the point is armed."""
    if point in _armed:
        os._exit(EXIT_CODE)
