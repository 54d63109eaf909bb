"""rag.strength: what a sentence says more strongly or more widely than its evidence."""

import pytest

from rag.align import read
from rag.strength import absolute_problem, concession_problem


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("It is given every four weeks.", "It is given 4-weekly."),
        ("It responded in only 41.3%.", "Response was 41.3%."),
        ("It must be infused within 24 hours.", "No more than 24 hours may pass."),
        ("A score is never used alone.", "A score must not be used on its own."),
        ("Each kilogram gets 0.1 mg.", "0.1 mg per kilogram is given."),
        ("A biopsy must come first.", "Only a biopsy may come first."),
        ("Any new symptom is reported.", "New symptoms are reported."),
        ("Any bleeding should be reported.", "Bleeding should be reported."),
    ],
)
def test_is_no_more_absolute(claim: str, evidence: str) -> None:
    assert not absolute_problem(read(claim), read(evidence))


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("It is advised however long the person may live.", "It is advised for a life expectancy of 3 months."),
        ("Bones with any increase in risk are stabilised.", "Bones at high risk are stabilised."),
        ("It is given to every patient.", "It is given to patients."),
        ("It is never advised.", "It is not generally advised."),
        ("It must be given.", "It may be given."),
        ("It is given to any patients.", "It is given to patients."),
        ("It is given at any clearance.", "It is given at a clearance above 30 mL/min."),
        ("Any fracture is operated on.", "A fracture is operated on."),
        ("Any lesions are irradiated.", "Lesions are irradiated."),
        ("All lesions are irradiated.", "Lesions are irradiated with 8 Gy per lesion."),
        ("It is never given with food.", "It was not given with food."),
        ("It is never given with food.", "It should not routinely be given with food."),
        ("A biopsy must come first.", "A biopsy may come first, and only one centre disagreed."),
        ("Calcium must be given.", "Calcium is given; a minimum of two visits is planned."),
    ],
)
def test_is_more_absolute(claim: str, evidence: str) -> None:
    assert absolute_problem(read(claim), read(evidence))


def test_even_if_of_a_condition_is_found() -> None:
    evidence = read("Radiotherapy is not advised unless there is a risk of fracture.")
    assert concession_problem(read("Radiotherapy is not advised even if there is a risk of fracture."), evidence)
    assert not concession_problem(read("Radiotherapy is advised if there is a risk of fracture."), evidence)
