"""Percentiles by nearest rank, for latencies. Pure arithmetic."""

from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share (0 to 1) of the values lies, by nearest rank.

    Example: [5, 1, 3], 0.5 -> 3
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
