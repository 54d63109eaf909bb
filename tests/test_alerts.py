"""rag.alerts: emergencies in the words of patients, relatives, students and clinicians, and what comes close to them without being one."""

import json

import pytest
import yaml

from evals.fit_alerts import PHRASES_FILE
from rag.alerts import ALERTS_FILE, CONTEXTS, find_alerts

CORD, CALCIUM = "cord-compression", "hypercalcaemia"
PHRASES = [json.loads(line) for line in PHRASES_FILE.read_text(encoding="utf-8").splitlines()]
FOR_RULES = [
    (row["question"], row["alerts"]) for row in PHRASES if row["rules"]
]  # the others need the model beside the rules: test_emergencies.py


def alerts_of(question: str) -> list[str]:
    return [alert.id for alert in find_alerts(question)]


@pytest.mark.parametrize(("question", "alert"), [(question, alerts[0]) for question, alerts in FOR_RULES if alerts])
def test_an_emergency_is_flagged(question: str, alert: str) -> None:
    assert alert in alerts_of(question)


@pytest.mark.parametrize("question", [question for question, alerts in FOR_RULES if not alerts])
def test_what_comes_close_is_not_flagged(question: str) -> None:
    assert alerts_of(question) == []


@pytest.mark.parametrize(
    ("question", "alerts"),
    [
        ("My calcium is 3.49 mmol/L. I have cancer.", []),
        ("My calcium is 3.5 mmol/L. I have cancer.", [CALCIUM]),
        ("My calcium is 13.9 mg/dL. I have cancer.", []),
        ("My calcium is 14 mg/dL. I have cancer.", [CALCIUM]),
        ("My calcium is 2.79 mmol/L and I am confused. I have cancer.", []),
        ("My calcium is 2.8 mmol/L and I am confused. I have cancer.", [CALCIUM]),
        ("My calcium is 11.1 mg/dL and I am confused. I have cancer.", []),
        ("My calcium is 11.2 mg/dL and I am confused. I have cancer.", [CALCIUM]),
        ("My calcium is 350 and I have cancer.", []),
    ],
)
def test_calcium_levels_are_those_of_the_table_in_both_units(question: str, alerts: list[str]) -> None:
    assert alerts_of(question) == alerts


@pytest.mark.parametrize(
    ("told", "denied"),
    [
        ("My legs are weak. I have cancer.", "My legs are not weak. I have cancer."),
        ("I have cancer and no feeling in my legs", "I have cancer and no weakness in my legs"),
        ("I have cancer and numb legs", "I have no cancer and numb legs"),
        ("I have cancer. No pain, but my legs are weak.", "I have cancer. No pain, numbness or weakness in my legs."),
        ("I have cancer. Is it bad that my legs are numb?", "I have cancer. Is it bad if legs ever go numb?"),
        ("I have cancer. My legs went numb two days ago.", "I have cancer. My legs went numb two years ago."),
        ("He has cancer and has symptoms of weak legs", "He has cancer and asks about symptoms of weak legs"),
        ("I have cancer and I can't stand up", "I have cancer and I can't stand the food"),
        ("Revising for finals with cancer, and since today my legs are numb", "Revising for finals: in cancer, legs are numb since today"),
    ],
)
def test_one_word_makes_the_difference(told: str, denied: str) -> None:
    assert alerts_of(told) == [CORD]
    assert alerts_of(denied) == []


def test_every_name_of_the_table_is_known_and_used() -> None:
    table = yaml.safe_load(ALERTS_FILE.read_text(encoding="utf-8"))
    signs, families = table["signs"], table["families"]
    in_groups = {name for rule in table["alerts"] for group in rule["any_of"] for name in group}
    in_lines = {name for lines in signs.values() for line in lines for name in line}
    assert in_groups <= set(signs) | set(families) | set(CONTEXTS)
    assert in_lines <= set(families)
    within = {name for name in families if any("{" + name + "}" in patterns for patterns in families.values())}
    by_code = {"cancer", "cancer_free", "calcium_word", "calcium_dangerous", "opioid_blamed"}
    assert set(signs) - in_groups == set()
    assert set(families) - in_groups - in_lines - within - by_code == set()


@pytest.mark.parametrize(
    "piece", ["a", "1", "if my ", "no pain, ", "can't ", "legs weak ", "calcium 3.", "cancer", "walk ", "- ", "?", "… "]
)
@pytest.mark.timeout(10, func_only=False)
def test_a_long_text_does_not_send_a_pattern_into_endless_search(piece: str) -> None:
    assert isinstance(alerts_of((piece * 5000)[:5000]), list)
