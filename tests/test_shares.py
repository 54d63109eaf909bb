"""rag.shares: shares and parts in words."""

import pytest

from rag.shares import find_shares


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one in five", (20, 20, "%")),
        ("2 per 100 people", (2, 2, "%")),
        ("a quarter to a half", (25, 50, "%")),
        ("four fifths of it", (80, 80, "%")),
        ("a quarter of an hour", (0.25, 0.25, "h")),
        ("half an hour", (0.5, 0.5, "h")),
        ("three and a half years", (3.5, 3.5, "year")),
    ],
)
def test_reads_shares_and_parts(text: str, expected: tuple[float, float, str]) -> None:
    (share,) = find_shares(text)
    assert (share.low, share.high, share.unit) == expected


@pytest.mark.parametrize(
    "text", ["a third dose", "8 Gy in 1 fraction", "550 per 1000 women", "one in the spine", "8.7 per 100,000", "1 in 0"]
)
def test_what_is_no_share(text: str) -> None:
    assert find_shares(text) == []
