"""rag.order: which of two steps comes first."""

import pytest

from rag.align import read
from rag.order import order_problem


@pytest.mark.parametrize("link", ["replaced with", "superseded with", "replaced by"])
def test_what_is_replaced_with_another_comes_before_it(link: str) -> None:
    evidence = read("Zoledronic acid is replaced by denosumab.")
    assert order_problem(read(f"Denosumab is {link} zoledronic acid."), evidence)
    assert not order_problem(read(f"Zoledronic acid is {link} denosumab."), evidence)
