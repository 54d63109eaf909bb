"""rag.agree: figures compared as they are worded, changes taken apart, periods and bare numbers."""

import pytest

from rag.agree import agree, number_problem, part_changes, period_problem
from rag.figures import find_figures


def says(claim: str, stated: str) -> bool:
    return agree(find_figures(claim)[0], claim, find_figures(stated)[0], stated)


@pytest.mark.parametrize(
    ("claim", "stated"),
    [
        ("over ten years", "a 10-year reduction"),
        ("for over 8 weeks", "for more than 8 weeks"),
        ("within a year", "at 1 year"),
        ("by ten years", "within 10 years"),
        ("8 or 16 mg", "8 mg"),
        ("nearly 62% of cases", "61.8% of cases"),
        ("nearly four in ten centres", "39% of centres"),
        ("a little over a third of cases", "36% of cases"),
        ("more than nine in ten agreed", "91% agreed"),
        ("from 7.0 months on placebo", "7.0 months on placebo"),
        ("up to 31 March 2015", "to 31 March 2015"),
        ("0.5 g/day", "500 mg in 24 hours"),
        ("one or two weeks".replace("one", "after one"), "after 1 to 2 weeks"),
        ("a quarter of an hour", "15 minutes"),
        ("20 mg an hour", "20 mg/hour"),
        ("16 mg/day", "16 mg daily"),
        ("nearly 12 months", "11.7 months"),
        ("more than half of cases", "52% of cases"),
        ("16 mg once a day", "16 mg/day"),
        ("a quarter to a half", "25-50%"),
    ],
)
def test_figures_that_say_the_same_as_they_are_worded(claim: str, stated: str) -> None:
    assert says(claim, stated)


@pytest.mark.parametrize(
    ("claim", "stated"),
    [
        ("after 24 hours", "within 24 hours"),
        ("at least 8 weeks", "for more than 8 weeks"),
        ("under 8 weeks", "over 8 weeks"),
        ("about 60%", "50%"),
        ("62% of cases", "61.8% of cases"),
        ("nearly half of the centres", "39% of centres"),
        ("a little over a third of cases", "32% of cases"),
        ("8 or 16 mg", "8 Gy"),
        ("20 mg a minute", "20 mg/hour"),
        ("30 nmol/L", "30 ng/mL"),
        ("14 mg/dL", "14 mmol/L"),
        ("8 mg/day", "8 mg twice a day"),
        ("nearly 8 mg", "7.6 mg"),
        ("about 14 mg/dL", "13.6 mg/dL"),
        ("close to 30 mL/min", "29.6 mL/min"),
        ("roughly 8 Gy", "8.4 Gy"),
        ("more than half of cases", "50% of cases"),
        ("less than half of cases", "50% of cases"),
        ("8 mg/day", "8 mg every 12 hours"),
        ("16 mg twice a day", "16 mg/day"),
        ("16 mg", "16 mg/day"),
        ("16 mg/day", "16 mg a day, divided"),
    ],
)
def test_figures_that_differ_as_they_are_worded(claim: str, stated: str) -> None:
    assert not says(claim, stated)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("fell from 15.6% to 2.6%", 2),
        ("rose from 229 to 302 per million", 2),
        ("from 4 to 8 mg", 1),
        ("between 4 and 8 mg", 1),
        ("between 2007 and 2019", 2),
        ("3 to 5 months", 1),
        ("within 4 to 6 hours", 1),
    ],
)
def test_a_change_states_two_figures_and_a_range_one(text: str, count: int) -> None:
    assert len(part_changes(text, find_figures(text))) == count


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("shortened, reduced from 6 to 2 weeks", [(1008, "h"), (336, "h")]),
        ("rose from 2 to 6 days", [(48, "h"), (144, "h")]),
        ("cut from 30 to 15 minutes", [(0.5, "h"), (0.25, "h")]),
        ("grew, increased from 2 to 5 cm", [(20, "mm"), (50, "mm")]),
        ("lowered from 3000 to 800 cGy", [(30, "Gy"), (8, "Gy")]),
        ("raised from 6 to 7.4 GBq", [(6000, "MBq"), (7400, "MBq")]),
        ("fell from 15.6% to 2.6%", [(15.6, "%"), (2.6, "%")]),
        ("reduced from 48 hours to 1 day", [(48, "h"), (24, "h")]),
    ],
)
def test_the_ends_of_a_change_are_scaled_and_in_order(text: str, values: list[tuple[float, str]]) -> None:
    assert [(it.low, it.unit) for it in part_changes(text, find_figures(text))] == values


def test_a_range_meets_one_that_was_taken_apart_and_no_single_end() -> None:
    apart = "the dose was reduced from 8 to 4 mg"
    assert all(agree(find_figures("8 to 4 mg")[0], "8 to 4 mg", it, apart) for it in part_changes(apart, find_figures(apart)))
    one_end, whole = "It is given as 8 mg.", "It is given as from 4 to 8 mg."
    assert not any(agree(find_figures(one_end)[0], one_end, it, whole) for it in part_changes(whole, find_figures(whole)))


@pytest.mark.parametrize(
    ("claim", "stated"),
    [
        ("50 mg daily", "50 mg once a week"),
        ("new cases each month", "new cases each year"),
        ("hours before weakness", "weeks before weakness"),
        ("4 mg weekly", "4 mg every 3 weeks"),
        ("8 mg b.i.d.", "8 mg daily"),
        ("8 mg BD", "8 mg daily"),
        ("8 mg tds", "8 mg twice a day"),
        ("8 mg twice-daily", "8 mg daily"),
        ("8 mg daily", "8 mg every other day"),
        ("4 mg every 3 weeks", "4 mg weekly"),
        ("4 mg monthly", "4 mg every 12 weeks"),
        ("4 mg yearly", "4 mg every 6 months"),
        ("4 mg every three weeks", "4 mg every 12 weeks"),
        ("8 mg twice a day", "8 mg a day"),
        ("8 mg daily", "8 mg twice daily"),
        ("8 mg three times a day", "8 mg every 12 hours"),
        ("8 mg twice a day", "8 mg"),
        ("16 mg twice a day", "16 mg/day"),
    ],
)
def test_another_period_is_found(claim: str, stated: str) -> None:
    assert period_problem(claim, stated)
    assert not period_problem(claim, claim)


@pytest.mark.parametrize(
    ("claim", "stated"),
    [
        ("monthly", "every 4 weeks"),
        ("500 mg a day", "500 mg in 24 hours"),
        ("within a day", "within 24 hours"),
        ("8 mg twice a day", "8 mg every 12 hours"),
        ("16 mg once daily", "16 mg/day"),
        ("every 21 days", "3-weekly"),
        ("every 28 days", "4-weekly"),
        ("8 mg twice-daily", "8 mg bid"),
        ("8 mg every 2 days", "8 mg every other day"),
        ("a day later it was given", "it was given weekly"),
        ("three weekly doses", "a dose each week for three weeks"),
        ("8 mg two times each day", "8 mg 12-hourly"),
    ],
)
def test_the_same_period_is_none_other(claim: str, stated: str) -> None:
    assert not period_problem(claim, stated)


def test_a_bare_number_that_was_exchanged_is_found() -> None:
    assert number_problem("in two of four cases", "in 3 of 4 cases")
    assert not number_problem("in three of four cases", "in 3 of 4 cases")
    assert not number_problem("inside three days", "within 72 hours under standard 4")
