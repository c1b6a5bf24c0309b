"""What the figures were taken on: versions, cores and how busy the machine is."""

import os
import platform
from importlib.metadata import version

PACKAGES = ("litestar", "asyncpg", "msgspec", "uvicorn", "firebase-admin", "fastapi", "sqlmodel")


def describe(postgres: str) -> str:
    """Return one paragraph about machine and versions."""
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{os.cpu_count()} cores, load {load}, Python {platform.python_version()}, "
        f"{postgres}\n{packages}"
    )


def percentile(values: list[float], share: float) -> float:
    """Return the value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
