"""The judge is judged strictly, failures are counted and never averaged, and RAGAS's real metrics run against a scripted server."""

import asyncio
import json
import math
from typing import Any

import pytest
from ragas.metrics.result import MetricResult

from evals.judge import Pair, Remembered, judge_answers, judge_the_judge, load_pairs, open_judge
from evals.settings import EvalSettings
from evals.store import Store
from rag.errors import ModelFileError, SettingsError
from tests.openai_server import OpenAIServer, words


def quiet(things: Any, name: str) -> Any:
    return things


def pair(key: str) -> Pair:
    return Pair(
        id=key,
        question="How soon?",
        passages=("Within 24 hours.",),
        reference="Within 24 hours.",
        good=f"good {key}",
        bad=f"bad {key}",
        flaw="figure",
    )


class Scripted:
    """A metric with the values of a script by answer; an exception is raised."""

    name = "scripted"

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    async def ascore(self, **inputs: Any) -> Any:
        value = self.values[inputs["response"]]
        if isinstance(value, Exception):
            raise value
        return MetricResult(value=value)


def test_a_pair_is_right_only_when_the_good_answer_scores_higher() -> None:
    values = {
        "good a": 1.0,
        "bad a": 0.5,
        "good b": 1.0,
        "bad b": 1.0,
        "good c": 0.2,
        "bad c": 0.9,
        "good d": math.nan,
        "bad d": 0.0,
        "good e": ValueError(),
        "bad e": 0.0,
    }
    accuracy, wrong, failed = asyncio.run(judge_the_judge([pair(key) for key in "abcde"], Scripted(values), progress=quiet))
    assert accuracy == 0.2
    assert wrong == ["b", "c"]
    assert failed == ["d", "e"]


def test_failures_are_counted_and_never_averaged() -> None:
    rows = [
        {"question": "q", "expected": {"reference": "r"}, "answer": {"answer": name, "passages": []}} for name in ("one", "two", "three")
    ]
    values = {"one": 1.0, "two": 0.5, "three": math.nan}
    summary = asyncio.run(judge_answers(rows, {"faithfulness": Scripted(values)}, runs=3, progress=quiet))
    assert summary["faithfulness"] == {"mean": 0.75, "spread": 0.0, "n": 6, "failures": 3}
    hopeless = asyncio.run(judge_answers(rows, {"faithfulness": Scripted(dict.fromkeys(values, ValueError()))}, runs=1, progress=quiet))
    assert hopeless["faithfulness"] == {"mean": 0.0, "spread": 0.0, "n": 0, "failures": 3}


def test_scores_are_remembered_by_turn_and_failures_are_not(tmp_path: Any) -> None:
    class Counting(Scripted):
        asked = 0

        async def ascore(self, **inputs: Any) -> Any:
            self.asked += 1
            return await super().ascore(**inputs)

    rows = [{"question": "q", "expected": {"reference": "r"}, "answer": {"answer": name, "passages": []}} for name in ("one", "two")]
    counting = Counting({"one": 1.0, "two": math.nan})
    for _ in range(2):
        remembered = Remembered(counting, Store(tmp_path), "toy judge")
        summary = asyncio.run(judge_answers(rows, {"faithfulness": remembered}, runs=2, progress=quiet))
        assert summary["faithfulness"] == {"mean": 1.0, "spread": 0.0, "n": 2, "failures": 2}
    assert counting.asked == 4 + 2  # both turns of both answers, then the failures again


def test_the_planted_pairs_are_whole_and_differ() -> None:
    pairs = load_pairs()
    assert len(pairs) == 24
    assert len({one.id for one in pairs}) == len(pairs)
    assert all(one.good != one.bad and one.flaw for one in pairs)


def test_ragas_faithfulness_through_a_server_of_the_openai_protocol(tmp_path: Any) -> None:
    from ragas.metrics.collections import Faithfulness

    statements = {"statements": ["MRI is done within 24 hours.", "MRI is done on the moon."]}
    verdicts = {
        "statements": [
            {"statement": statement, "reason": "r", "verdict": verdict}
            for statement, verdict in zip(statements["statements"], (1, 0), strict=True)
        ]
    }
    with OpenAIServer([words(json.dumps(statements)), words(json.dumps(verdicts))]) as server:
        judge = open_judge(EvalSettings(judge="openai:toy", judge_base_url=server.base_url), tmp_path, "1.5b")
        value = asyncio.run(
            Faithfulness(llm=judge.llm).ascore(
                user_input="How soon?", response="Within 24 hours, on the moon.", retrieved_contexts=["MRI within 24 hours."]
            )
        ).value
        assert value == 0.5
        assert len(server.requests) == 2
        assert "MRI within 24 hours." in json.dumps(server.requests[1])


@pytest.mark.parametrize(
    ("spec", "words_of_it"), [("claude", "expected local or openai:NAME"), ("openai:", "expected local or openai:NAME")]
)
def test_an_unknown_judge_is_refused_in_a_sentence(spec: str, words_of_it: str, tmp_path: Any) -> None:
    with pytest.raises(SettingsError, match=words_of_it):
        open_judge(EvalSettings(judge=spec), tmp_path, "1.5b")


def test_a_missing_local_model_says_how_to_get_it(tmp_path: Any) -> None:
    with pytest.raises(ModelFileError, match="models pull"):
        open_judge(EvalSettings(), tmp_path, "1.5b")


def test_a_hosted_judge_without_a_key_says_which_variable(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(SettingsError, match="EVALS_JUDGE_API_KEY"):
        open_judge(EvalSettings(judge="openai:gpt"), tmp_path, "1.5b")
