"""The sample is stratified, of answerable questions, and the same each time."""

from collections import Counter

from evals.questions import load_questions
from evals.sample import stratified_sample


def test_the_sample_keeps_the_proportions() -> None:
    questions = load_questions()
    pool = [question for question in questions if question.status == "answered"]
    sample = stratified_sample(questions, 60)
    assert len(sample) == 60
    assert {question.status for question in sample} == {"answered"}
    everyone, chosen = (Counter((question.category, question.split) for question in some) for some in (pool, sample))
    for stratum, count in everyone.items():
        assert abs(chosen[stratum] - 60 * count / len(pool)) < 1, stratum


def test_the_sample_repeats_and_a_smaller_one_lies_within_it() -> None:
    questions = load_questions()
    assert stratified_sample(questions, 60) == stratified_sample(list(reversed(questions)), 60)[::-1]
    assert len(stratified_sample(questions, 10_000)) == sum(question.status == "answered" for question in questions)
