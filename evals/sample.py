"""A fixed stratified sample of questions, for the engines that need seconds an answer."""

import hashlib
from collections.abc import Sequence

from evals.questions import GoldenQuestion

# What a language model has no part in: nothing is generated for a question that is declined.
LEFT_OUT = {"near-miss", "off-topic"}


def stratified_sample(questions: Sequence[GoldenQuestion], size: int) -> list[GoldenQuestion]:
    """Return at most `size` questions that the library answers, each category and split in proportion; the same ones each time.

    Within a category and split the order is that of a hash of the id, so a new question moves few others.
    """
    pool = [question for question in questions if question.status == "answered" and question.category not in LEFT_OUT]
    if len(pool) <= size:
        return pool
    strata: dict[tuple[str, str], list[GoldenQuestion]] = {}
    for question in sorted(pool, key=lambda question: hashlib.sha256(question.id.encode()).hexdigest()):
        strata.setdefault((question.category, question.split), []).append(question)
    exact = {key: size * len(members) / len(pool) for key, members in strata.items()}
    quota = {key: int(share) for key, share in exact.items()}
    for key in sorted(exact, key=lambda key: (quota[key] - exact[key], key))[: size - sum(quota.values())]:  # largest remainders
        quota[key] += 1
    chosen = {question.id for key, members in strata.items() for question in members[: quota[key]]}
    return [question for question in pool if question.id in chosen]
