"""What people judge: kept whole, kept apart from each other's writing, refused in one sentence where it cannot be kept."""

import json
import multiprocessing
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rag.errors import FeedbackError
from rag.feedback import MAX_COMMENT_CHARS, VERDICTS, FeedbackStore
from rag.schema import Answer, Citation, Sentence
from tests.library import source_of

ANSWER = Answer(
    question="How fast?",
    query="How fast MRI?",
    status="answered",
    answer="Within 24 hours. [1]",
    sentences=(
        Sentence("Within 24 hours.", "library", (1,), "supported", 1.0, "word for word"),
        Sentence("Or later.", "model", (), "unsupported", 0.1, "no passage says so"),
    ),
    citations=(Citation(1, "chunk", source_of(), "Section", "Within 24 hours.", 10, 26),),
    fingerprints={"corpus": "abc", "settings": "def"},
)
HISTORY = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Ask."}]


@pytest.fixture
def store(tmp_path: Path) -> FeedbackStore:
    return FeedbackStore(tmp_path / "new folder?#" / "feedback.sqlite3")


def test_an_entry_is_read_back_as_it_was_sent(store: FeedbackStore) -> None:
    feedback_id = store.add("wrong sources", "  Another guideline says it. ", ANSWER, HISTORY, audience="clinician")
    (entry,) = store.entries()
    assert (entry.feedback_id, entry.verdict, entry.comment) == (feedback_id, "wrong sources", "Another guideline says it.")
    assert (entry.question, entry.history, entry.audience) == ("How fast?", HISTORY, "clinician")
    assert abs(datetime.now(UTC) - datetime.fromisoformat(entry.created)) < timedelta(minutes=5)
    assert entry.created.endswith("+00:00")


def test_the_whole_answer_is_kept_with_reasons_and_fingerprints(store: FeedbackStore) -> None:
    store.add("helpful", "", ANSWER)
    (entry,) = store.entries()
    assert [sentence.pop("reason") for sentence in entry.answer["sentences"]] == ["word for word", "no passage says so"]
    assert entry.answer == json.loads(json.dumps(ANSWER.to_dict()))
    assert entry.answer["fingerprints"] == {"corpus": "abc", "settings": "def"}


@pytest.mark.parametrize("verdict", VERDICTS)
def test_takes_each_verdict(store: FeedbackStore, verdict: str) -> None:
    store.add(verdict, "", ANSWER)
    assert [entry.verdict for entry in store.entries()] == [verdict]


@pytest.mark.parametrize("verdict", ["", "Helpful", "good", "helpful'; DROP TABLE feedback; --"])
def test_refuses_other_verdicts_in_one_sentence_and_makes_no_file(store: FeedbackStore, verdict: str) -> None:
    with pytest.raises(FeedbackError, match="is unknown; expected one of helpful, wrong answer, wrong sources, unclear"):
        store.add(verdict, "", ANSWER)
    assert not store.path.exists()


def test_a_comment_may_be_long_and_not_longer(store: FeedbackStore) -> None:
    feedback_id = store.add("unclear", "x" * MAX_COMMENT_CHARS, ANSWER)
    for keep in (lambda words: store.add("unclear", words, ANSWER), lambda words: store.update(feedback_id, comment=words)):
        with pytest.raises(FeedbackError, match="2,001 characters, at most 2,000"):
            keep("y" * (MAX_COMMENT_CHARS + 1))
    assert [len(entry.comment) for entry in store.entries()] == [MAX_COMMENT_CHARS]


@pytest.mark.parametrize("comment", ["'); DROP TABLE feedback; --", 'a "quoted" % _ \\ word', "علاج 🦴\n骨", "a\x00b"])
def test_words_are_data(store: FeedbackStore, comment: str) -> None:
    store.add("unclear", comment, ANSWER)
    store.add("unclear", "second", ANSWER)
    assert [entry.comment for entry in store.entries()] == [comment, "second"]


def test_half_a_character_is_kept_as_a_question_mark(store: FeedbackStore) -> None:
    store.add("unclear", "a\ud83d", ANSWER, [{"role": "user", "content": "b\ud83d"}])
    (entry,) = store.entries()
    assert (entry.comment, entry.history[0]["content"]) == ("a?", "b?")


def test_history_keeps_the_words_of_both_sides_only(store: FeedbackStore) -> None:
    sent: list[dict[str, Any]] = [
        {"role": "system", "content": "x"},
        {"role": "user", "content": {"path": "file"}},
        {"role": "user", "content": ""},
        {"role": "user", "content": "Hello", "metadata": {"title": None}},
        {"content": "x"},
    ]
    store.add("helpful", "", ANSWER, sent)
    assert [entry.history for entry in store.entries()] == [[{"role": "user", "content": "Hello"}]]


def test_a_comment_can_follow_a_thumb_and_the_verdict_can_change(store: FeedbackStore) -> None:
    first, second = store.add("helpful", "", ANSWER), store.add("helpful", "fine", ANSWER)
    store.update(first, comment="Now with words.")
    store.update(second, verdict="unclear")
    assert [(entry.verdict, entry.comment) for entry in store.entries()] == [("helpful", "Now with words."), ("unclear", "fine")]
    store.update(first, comment="")
    assert [entry.comment for entry in store.entries()] == ["", "fine"]


def test_an_update_of_nothing_known_is_refused_and_makes_no_file(store: FeedbackStore) -> None:
    with pytest.raises(FeedbackError, match="no feedback with the id 'x'"):
        store.update("x", comment="words")
    assert not store.path.parent.exists()
    feedback_id = store.add("helpful", "", ANSWER)
    with pytest.raises(FeedbackError, match="no feedback with the id"):
        store.update(feedback_id + "' OR '1'='1", verdict="unclear")
    with pytest.raises(FeedbackError, match="is unknown"):
        store.update(feedback_id, verdict="bad")
    assert [entry.verdict for entry in store.entries()] == ["helpful"]


def test_no_file_is_no_feedback_and_stays_no_file(store: FeedbackStore) -> None:
    assert list(store.entries()) == []
    assert not store.path.parent.exists()


def test_an_empty_file_is_no_feedback(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert list(FeedbackStore(tmp_path / "empty").entries()) == []


def test_only_its_owner_reads_the_file(store: FeedbackStore) -> None:
    store.add("helpful", "", ANSWER)
    assert store.path.stat().st_mode & 0o777 == 0o600


def corrupt(path: Path) -> Iterator[Path]:
    (path / "text").write_text("no database " * 100, encoding="utf-8")
    yield path / "text"
    with sqlite3.connect(path / "other") as connection:
        connection.execute("CREATE TABLE feedback (x)")
    yield path / "other"
    store = FeedbackStore(path / "json")
    store.add("helpful", "", ANSWER)
    with sqlite3.connect(path / "json") as connection:
        connection.execute("UPDATE feedback SET answer = '{'")
    yield path / "json"
    (path / "folder").mkdir()
    yield path / "folder"


def test_what_is_no_feedback_database_is_one_sentence(tmp_path: Path) -> None:
    for path in corrupt(tmp_path):
        with pytest.raises(FeedbackError, match="cannot be used .*RAG_FEEDBACK_DB") as caught:
            list(FeedbackStore(path).entries())
        assert "\n" not in str(caught.value)


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FeedbackError, match="cannot be used"):
        FeedbackStore(tmp_path / "file" / "feedback.sqlite3").add("helpful", "", ANSWER)


def add_many(path: Path, name: str) -> None:
    for number in range(10):
        FeedbackStore(path).add("helpful", f"{name}-{number}", ANSWER)


def everyone() -> set[str]:
    return {f"{name}-{number}" for name in "abcdef" for number in range(10)}


def test_threads_write_without_losing_a_word(store: FeedbackStore) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(add_many, [store.path] * 6, "abcdef"))
    assert {entry.comment for entry in store.entries()} == everyone()


def test_processes_write_without_losing_a_word(store: FeedbackStore) -> None:
    with ProcessPoolExecutor(6, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(add_many, [store.path] * 6, "abcdef"))
    assert {entry.comment for entry in store.entries()} == everyone()
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
