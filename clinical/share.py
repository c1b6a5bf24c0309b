"""So many of so many, and how far that can be trusted."""

from dataclasses import dataclass

Z = 1.96
"""Standard deviations that hold 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    hits: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        """Give the 95 % interval of a share of at least one (Wilson 1927)."""
        p, n = self.hits / self.of, self.of
        middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
        half = Z / (1 + Z * Z / n) * (p * (1 - p) / n + Z * Z / (4 * n * n)) ** 0.5
        return max(middle - half, 0.0), min(middle + half, 1.0)

    def __str__(self) -> str:
        """Write the share with its interval."""
        if not self.of:
            return "-"
        low, high = self.interval
        return f"{self.hits / self.of:.3f} [{low:.2f}-{high:.2f}]"
