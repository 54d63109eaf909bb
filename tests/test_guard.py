"""rag.guard: limits of a question and its history."""

import pytest

from rag.errors import QuestionError
from rag.guard import MAX_HISTORY, check_history, check_question


@pytest.mark.parametrize(
    ("question", "cleaned"),
    [
        ("What is SINS?", "What is SINS?"),
        ("  What is SINS? \n", "What is SINS?"),
        ("What\x00 is\x1b SINS?", "What  is  SINS?"),
        ("What\u200bis SINS?", "What is SINS?"),
        ("What \u202eis SINS?", "What  is SINS?"),
        ("What \ud800is SINS?", "What  is SINS?"),
        ("One line\nanother\tline", "One line\nanother\tline"),
        ("7", "7"),
        ("骨転移とは?", "骨転移とは?"),
    ],
)
def test_returns_the_question_without_control_characters(question: str, cleaned: str) -> None:
    assert check_question(question, 100) == cleaned


@pytest.mark.parametrize(
    ("question", "says"),
    [
        (None, "NoneType"),
        (42, "int"),
        (["What?"], "list"),
        (b"What?", "bytes"),
        ("", "empty"),
        (" \n\t ", "empty"),
        ("\u200b\x00", "empty"),
        ("?!…", "no words"),
        ("🙂", "no words"),
        ("x" * 21, "21"),
    ],
)
def test_refuses_what_is_no_question_and_says_why(question: object, says: str) -> None:
    with pytest.raises(QuestionError, match=says):
        check_question(question, 20)


def test_the_limit_counts_what_is_left_after_cleaning() -> None:
    assert check_question("  " + "x" * 20 + "  ", 20) == "x" * 20


def test_history_is_reduced_to_role_and_content() -> None:
    message = {"role": "user", "content": "What is SINS?", "metadata": {"x": 1}}
    assert check_history([message]) == [{"role": "user", "content": "What is SINS?"}]
    assert check_history(({"role": "assistant", "content": ""},)) == [{"role": "assistant", "content": ""}]


@pytest.mark.parametrize("history", [None, [], ()])
def test_no_history_is_an_empty_one(history: object) -> None:
    assert check_history(history) == []


def test_keeps_the_last_messages_of_a_long_history() -> None:
    history = [{"role": "user", "content": str(n)} for n in range(MAX_HISTORY + 7)]
    kept = check_history(history)
    assert [message["content"] for message in kept] == [str(n) for n in range(7, MAX_HISTORY + 7)]


@pytest.mark.parametrize(
    ("history", "says"),
    [
        ("What?", "found str"),
        (b"What?", "found bytes"),
        ({"role": "user", "content": "x"}, "found dict"),
        (7, "found int"),
        (["What?"], "message 1"),
        ([{"role": "user", "content": "x"}, {"role": "system", "content": "x"}], "message 2"),
        ([{"role": "user"}], "message 1"),
        ([{"content": "x"}], "message 1"),
        ([{"role": "user", "content": None}], "message 1"),
        ([{"role": "user", "content": [{"type": "text", "text": "x"}]}], "message 1"),
        ([{"role": ["user"], "content": "x"}], "message 1"),
        ([("user", "x")], "message 1"),
    ],
)
def test_refuses_a_broken_history_and_names_the_message(history: object, says: str) -> None:
    with pytest.raises(QuestionError, match=says):
        check_history(history)


def test_does_not_repeat_a_broken_message_at_length() -> None:
    with pytest.raises(QuestionError) as caught:
        check_history([{"role": "user", "content": 7, "more": "x" * 10_000}])
    assert len(str(caught.value)) < 300
