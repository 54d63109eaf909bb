"""What the chat and the Sources panel show of a conversation, over the toy corpus and scripted models."""

import threading
from dataclasses import replace
from typing import Any

import pytest

from page import conversation
from page.backend import MAX_ASKING, Backend
from page.conversation import Exchange, Options, converse
from rag.pipeline import Pipeline
from rag.schema import Answer
from rag.turnstile import Turnstile
from tests.fakes import scripted_model

MRI = "How fast must an MRI be done for suspected cord compression?"


class Ready(Backend):
    """A backend whose pipeline is there."""

    def __init__(self, pipeline: Any) -> None:
        self._given = pipeline
        self._stops = {}

    def pipeline(self) -> Any:
        return self._given


def talk(pipeline: Any, question: str, earlier: list[Exchange] | None = None, options: Options | None = None) -> list[list[Exchange]]:
    return list(converse(question, earlier or [], Ready(pipeline), options or Options(), "me"))


def answer_of(pipeline: Pipeline, question: str = MRI) -> Answer:
    answer = talk(pipeline, question)[-1][-1].answer
    assert answer is not None
    return answer


def test_the_question_is_shown_at_once_and_then_its_answer(shared_toy: Pipeline) -> None:
    states = talk(shared_toy, MRI)
    assert states[0][0].answer is None
    assert [message["role"] for message in conversation.messages(states[0])] == ["user", "assistant"]
    assert "24 hours" in conversation.messages(states[-1])[1]["content"]


def test_numbers_of_two_answers_lead_to_different_cards(shared_toy: Pipeline) -> None:
    first = talk(shared_toy, MRI)[-1]
    both = talk(shared_toy, "What does a SINS total of 7 mean?", first)[-1]
    answers = [message["content"] for message in conversation.messages(both) if message["role"] == "assistant"]
    assert "(#source-0-1)" in answers[0]
    assert "(#source-1-1)" in answers[1]
    cards = conversation.sources(both)
    assert "id='source-0-1'" in cards
    assert "id='source-1-1'" in cards
    assert "data-turn='0' hidden" in cards
    assert "data-turn='1' hidden" not in cards


def test_the_earlier_turns_are_the_next_questions_history(shared_toy: Pipeline) -> None:
    first = talk(shared_toy, "Is denosumab recommended for breast cancer?")[-1]
    follow_up = talk(shared_toy, "And for prostate cancer?", first)[-1][-1].answer
    assert follow_up is not None
    assert "denosumab" in follow_up.query


def test_a_question_that_cannot_be_read_gets_a_sentence(shared_toy: Pipeline) -> None:
    exchange = talk(shared_toy, "🦴")[-1][-1]
    assert exchange.answer is None
    assert exchange.problem[0].isupper()
    assert "no words" in exchange.problem


def test_an_unforeseen_failure_is_a_sentence_and_no_trace() -> None:
    class Broken:
        index = type("Index", (), {"sources": {"x": 1}})()

        def stream(self, *_: object, **__: object) -> None:
            raise ZeroDivisionError("secret detail")

    exchange = talk(Broken(), MRI)[-1][-1]
    assert "ZeroDivisionError" in exchange.problem or "AttributeError" in exchange.problem
    assert "secret detail" not in exchange.problem


def test_filters_that_admit_no_document_say_so_before_anything_is_searched(shared_toy: Pipeline) -> None:
    exchange = talk(shared_toy, MRI, options=Options(kind="label", body="NICE"))[-1][-1]
    assert "No document is of this kind" in exchange.problem


def test_withheld_sentences_are_told_apart_with_their_reason(shared_toy: Pipeline) -> None:
    right = "MRI for suspected cord compression should be done within 24 hours."
    shared_toy.attach(scripted_model(f"{right}\n{right.replace('24', '48')}\n", is_local=False))
    exchanges = talk(shared_toy, MRI)[-1]
    shown = conversation.messages(exchanges)
    assert "48 hours" not in shown[1]["content"]
    assert shown[2]["metadata"]["title"] == "1 sentence of the model withheld"
    assert "48 hours" in shown[2]["content"]
    assert conversation.place_of_message(exchanges, 2) == 0


def test_suggestions_are_questions_of_the_library_that_were_not_answered_yet(shared_toy: Pipeline) -> None:
    answer = answer_of(shared_toy)
    cited = {citation.section for citation in answer.citations}
    offered = conversation.suggestions(answer)
    assert offered
    assert not cited & set(offered)
    assert all(question.endswith("?") for question in offered)


@pytest.mark.parametrize("question", ["# heading", "- item", "> quote", "1. one\n2. two", "a\n# b\n- c"])
def test_a_question_is_text_and_draws_nothing(question: str) -> None:
    from markdown_it import MarkdownIt

    html = MarkdownIt("commonmark").enable("table").render(conversation.messages([Exchange(question, problem="x")])[0]["content"])
    assert not any(f"<{tag}" in html for tag in ("h1", "ul", "ol", "li", "blockquote", "table"))


def test_a_message_belongs_to_its_exchange(shared_toy: Pipeline) -> None:
    both = talk(shared_toy, "What does a SINS total of 7 mean?", talk(shared_toy, MRI)[-1])[-1]
    assert conversation.place_of_message(both, 1) == 0
    assert conversation.place_of_message(both, 3) == 1
    assert conversation.place_of_message(both, 9) is None


def test_a_session_is_stopped_by_its_next_question_and_by_nobody_elses(shared_toy: Pipeline) -> None:
    backend = Ready(shared_toy)
    with backend.asking("me") as first, backend.asking("another") as other:
        with backend.asking("me") as second:
            assert (first.is_set(), second.is_set(), other.is_set()) == (True, False, False)
        backend.stop("another")
        assert other.is_set()


def test_one_person_too_many_is_told_to_ask_again_later(shared_toy: Pipeline) -> None:
    backend = Ready(shared_toy)
    backend._stops = {str(number): threading.Event() for number in range(MAX_ASKING)}
    exchange = list(converse(MRI, [], backend, Options(), "me"))[-1][-1]
    assert "ask again in a minute" in exchange.problem
    assert exchange.answer is None


def test_who_waits_for_the_model_learns_how_many_are_before_and_is_answered_after_them(shared_toy: Pipeline) -> None:
    line = Turnstile()
    shared_toy.attach(replace(scripted_model({"lines": [1], "lead": ""}), line=line))
    backend = Ready(shared_toy)
    with line.place():
        states = converse(MRI, [], backend, Options(), "me")
        shown = [next(states)[-1].answer for _ in range(3)][-1]
        assert shown is not None
        assert shown.progress == "The language model answers one question before this one …"
        assert "24 hours" in shown.answer
    last = list(states)[-1][-1].answer
    assert last is not None
    assert (last.engine, last.progress) == ("select", None)
