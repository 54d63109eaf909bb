"""What a person judged of an answer, kept in one SQLite file; `candidates` makes golden questions of it.

Only what a person sends is stored: the judgement, the comment, the question with the messages before it, and the whole answer with its fingerprints.
Questions are not logged otherwise, and nothing leaves the machine. Each call opens the file anew and WAL lets several write, so that
threads and processes may share a store. Takes a judgement as it is and draws nothing from it.
"""

import json
import sqlite3
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from rag.errors import FeedbackError
from rag.schema import Answer, Audience

VERDICTS = ("helpful", "wrong answer", "wrong sources", "unclear")
MAX_COMMENT_CHARS = 2_000  # some 300 words: enough to say what is wrong, too little for a pasted record
BUSY_S = 10.0  # longest wait for another writer, seconds; a write takes milliseconds

_TABLE = """CREATE TABLE IF NOT EXISTS feedback (
    feedback_id TEXT PRIMARY KEY, created TEXT NOT NULL, verdict TEXT NOT NULL, comment TEXT NOT NULL,
    question TEXT NOT NULL, history TEXT NOT NULL, audience TEXT NOT NULL, answer TEXT NOT NULL)"""
_COLUMNS = "feedback_id, created, verdict, comment, question, history, audience, answer"


@dataclass(frozen=True, slots=True)
class FeedbackEntry:
    """One person's judgement; `created` is UTC in ISO form, `answer` the JSON of the contract with each sentence's reason."""

    feedback_id: str
    created: str
    verdict: str
    comment: str
    question: str
    history: list[dict[str, str]]
    audience: str
    answer: dict[str, Any]


class FeedbackStore:
    """Feedback in a SQLite file, which comes into being with the first entry. Safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(
        self,
        verdict: str,
        comment: str,
        answer: Answer,
        history: Sequence[Mapping[str, object]] | None = None,
        *,
        audience: Audience = "student",
    ) -> str:
        """Store a judgement; return its id, with which `update` may change it.

        Args:
            verdict: One of VERDICTS.
            comment: In the person's words; may be empty.
            answer: The answer that is judged.
            history: The messages before the question as {"role", "content"}; what is no text of either side is left out.
            audience: Whom the answer was made for.

        Raises:
            FeedbackError: an unknown verdict, a comment that is too long, or a file that cannot be written.
        """
        feedback_id = uuid.uuid4().hex
        created = datetime.now(UTC).isoformat(timespec="seconds")
        row = (
            feedback_id, created, _checked_verdict(verdict), _checked_comment(comment), _storable(answer.question),
            _to_json(_messages(history or ())), audience, _to_json(_with_reasons(answer)),
        )  # fmt: skip
        self._run(f"INSERT INTO feedback ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row, create=True)  # noqa: S608 - our own constant
        return feedback_id

    def update(self, feedback_id: str, *, verdict: str | None = None, comment: str | None = None) -> None:
        """Change the verdict or the comment of an entry, so that a comment can follow a thumb; None leaves it as it is.

        Raises:
            FeedbackError: an unknown id or verdict, a comment that is too long, or a file that cannot be written.
        """
        verdict = None if verdict is None else _checked_verdict(verdict)
        comment = None if comment is None else _checked_comment(comment)
        changed = 0
        if self.path.exists():
            _, changed = self._run(
                "UPDATE feedback SET verdict = coalesce(?, verdict), comment = coalesce(?, comment) WHERE feedback_id = ?",
                (verdict, comment, feedback_id),
            )
        if not changed:
            raise FeedbackError(f"there is no feedback with the id {feedback_id!r:.80}; send it anew.")

    def entries(self) -> Iterator[FeedbackEntry]:
        """Return all entries, oldest first; none where there is no file, and none is made.

        Raises:
            FeedbackError: the file cannot be read, or is no feedback database.
        """
        if not self.path.exists():
            return iter(())
        tables, _ = self._run("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'feedback'")
        if not tables:
            return iter(())
        rows, _ = self._run(f"SELECT {_COLUMNS} FROM feedback ORDER BY rowid")  # noqa: S608 - our own constant
        try:
            return iter([_entry(row) for row in rows])
        except ValueError as exc:
            raise self._unusable(exc) from exc

    def _run(self, statement: str, values: Sequence[str | None] = (), *, create: bool = False) -> tuple[list[tuple[str, ...]], int]:
        """Run one statement as one transaction; return its rows and how many it changed. SQLite's errors become ours.

        SQLite's own waiting does not cover the change to WAL and the moment in which the last user of a file closes it; hence the retries.
        """
        try:
            for attempt in Retrying(
                retry=retry_if_exception(_is_busy), wait=wait_random(0.01, 0.1), stop=stop_after_delay(BUSY_S), reraise=True
            ):
                with attempt, closing(self._connect(create)) as connection, connection:
                    cursor = connection.execute(statement, values)
                    return cursor.fetchall(), cursor.rowcount
        except (sqlite3.Error, OSError) as exc:
            raise self._unusable(exc) from exc
        raise AssertionError("Retrying ends by a return or an exception")

    def _connect(self, create: bool) -> sqlite3.Connection:
        if create and not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch(mode=0o600)  # questions may be about a person's health: for its owner's eyes only
        connection = sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=rw", uri=True, timeout=BUSY_S)
        if create:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute(_TABLE)
            except sqlite3.Error:
                connection.close()
                raise
        return connection

    def _unusable(self, exc: Exception) -> FeedbackError:
        way_out = "move it away, or set RAG_FEEDBACK_DB to another file"
        return FeedbackError(f"the feedback database {str(self.path)!r} cannot be used ({exc}); {way_out}.")


def _is_busy(exc: BaseException) -> bool:
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF  # the low byte is the error, the rest its circumstances
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _entry(row: tuple[str, ...]) -> FeedbackEntry:
    feedback_id, created, verdict, comment, question, history, audience, answer = row
    return FeedbackEntry(feedback_id, created, verdict, comment, question, json.loads(history), audience, json.loads(answer))


def _checked_verdict(verdict: str) -> str:
    if verdict not in VERDICTS:
        raise FeedbackError(f"verdict {verdict!r:.80} is unknown; expected one of {', '.join(VERDICTS)}.")
    return verdict


def _checked_comment(comment: str) -> str:
    words = _storable(comment).strip()
    if len(words) > MAX_COMMENT_CHARS:
        raise FeedbackError(f"the comment has {len(words):,} characters, at most {MAX_COMMENT_CHARS:,} are kept; please shorten it.")
    return words


def _messages(history: Sequence[Mapping[str, object]]) -> list[dict[str, str]]:
    pairs = [(message.get("role"), message.get("content")) for message in history]
    return [
        {"role": role, "content": content}
        for role, content in pairs
        if role in ("user", "assistant") and isinstance(content, str) and content
    ]


def _with_reasons(answer: Answer) -> dict[str, Any]:
    """The contract leaves out why a sentence was shown or withheld; whoever reads a complaint needs it."""
    stored = answer.to_dict()
    for row, sentence in zip(stored["sentences"], answer.sentences, strict=True):
        row["reason"] = sentence.reason
    return stored


def _to_json(value: object) -> str:
    return _storable(json.dumps(value, ensure_ascii=False))


def _storable(text: str) -> str:
    """Half a character, as a cut-off paste leaves it, can be in no file; a question mark takes its place."""
    return text.encode("utf-8", "replace").decode("utf-8")
