"""What a person judged of an answer, kept in one SQLite file; `candidates` makes golden questions of it.

Only what a person sends is stored: the judgement, the comment, the question with the messages before it, and the whole answer with its fingerprints.
Questions are not logged otherwise, and nothing leaves the machine. Each call opens the file anew and WAL lets several write, so that
threads and processes may share a store. Takes a judgement as it is and draws nothing from it.
"""

import json
import sqlite3
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
        with self._open(create=True) as connection:
            connection.execute(f"INSERT INTO feedback ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608 - our own constant
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
            with self._open() as connection:
                changed = connection.execute(
                    "UPDATE feedback SET verdict = coalesce(?, verdict), comment = coalesce(?, comment) WHERE feedback_id = ?",
                    (verdict, comment, feedback_id),
                ).rowcount
        if not changed:
            raise FeedbackError(f"there is no feedback with the id {feedback_id!r:.80}; send it anew.")

    def entries(self) -> Iterator[FeedbackEntry]:
        """Return all entries, oldest first; none where there is no file, and none is made.

        Raises:
            FeedbackError: the file cannot be read, or is no feedback database.
        """
        if not self.path.exists():
            return iter(())
        with self._open() as connection:
            named = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'feedback'"
            if connection.execute(named).fetchone() is None:
                return iter(())
            rows = connection.execute(f"SELECT {_COLUMNS} FROM feedback ORDER BY rowid").fetchall()  # noqa: S608 - our own constant
            return iter([_entry(row) for row in rows])

    @contextmanager
    def _open(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        """Open the file for one transaction; SQLite's errors become ours."""
        try:
            if create and not self.path.exists():
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self.path.touch(mode=0o600)  # questions may be about a person's health: for its owner's eyes only
            address = f"{self.path.resolve().as_uri()}?mode=rw"
            with closing(sqlite3.connect(address, uri=True, timeout=BUSY_S)) as connection:
                if create:
                    connection.execute("PRAGMA journal_mode=WAL")
                    connection.execute(_TABLE)
                with connection:
                    yield connection
        except (sqlite3.Error, OSError, ValueError) as exc:
            raise FeedbackError(
                f"the feedback database {str(self.path)!r} cannot be used ({exc}); move it away, or set RAG_FEEDBACK_DB to another file."
            ) from exc


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
