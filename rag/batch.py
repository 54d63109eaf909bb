"""Many questions, queries or claims from a JSON-lines file, one result a line. A bad line gets an error in its place and stops nothing.

The output is written beside its place and renamed when whole, so a killed run leaves no half file.
"""

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rag.errors import QuestionError, RagError
from rag.schema import Answer, Passage, Source, passage_to_dict
from rag.text import split_sentences
from rag.verify import Check

Progress = Callable[[Iterator[str], int], Iterator[str]]


def each_line(
    source: Path, target: Path | None, work: Callable[[dict[str, Any]], dict[str, Any]], *, progress: Progress
) -> tuple[int, int]:
    """Run `work` on the JSON object of each line; blank lines are passed over.

    Args:
        source: The JSON-lines file.
        target: Where results go; None writes to standard output.
        work: Object in, result out; may raise RagError, which becomes the line's error.
        progress: Wraps the lines to show progress; gets their number.

    Returns:
        Lines done, and how many of them hold an error.

    Raises:
        QuestionError: the file cannot be read, or the target cannot be written.
    """
    try:
        lines = [line for line in source.read_text(encoding="utf-8", errors="replace").split("\n") if line.strip()]
    except OSError as exc:
        raise QuestionError(f"--batch {str(source)!r} cannot be read ({exc.strerror}); give a file of JSON lines.") from exc
    failed = 0
    partial = target.with_name(f".{target.name}.{os.getpid()}") if target else None
    try:
        out = partial.open("w", encoding="utf-8") if partial else sys.stdout
        try:
            for line in progress(iter(lines), len(lines)):
                row = _result(line, work)
                failed += row.get("status") == "error"
                out.write(_as_line(row))
        finally:
            if partial:
                out.close()
        if partial and target:
            partial.replace(target)
    except OSError as exc:
        raise QuestionError(f"--out {str(target)!r} cannot be written ({exc.strerror}).") from exc
    finally:
        if partial:
            with contextlib.suppress(OSError):
                partial.unlink()
    return len(lines), failed


def progress_bar(lines: Iterator[str], total: int) -> Iterator[str]:
    """Show a bar on a terminal, nothing elsewhere; the `progress` of the command line."""
    from tqdm import tqdm

    yield from tqdm(lines, total=total, unit="line", disable=None, leave=False)


def ask_row(row: dict[str, Any], ask: Callable[..., Answer], *, audience: str) -> dict[str, Any]:
    """Answer the question of a line; a question that cannot be used gives an answer with status "error".

    Args:
        row: {"id", "question", "history", "audience"}; all but the question may be missing.
        ask: Answers a question with its history for an audience.
        audience: Whom lines without an audience are answered for.
    """
    question = row.get("question")
    try:
        answer = ask(question, row.get("history"), audience=row.get("audience") or audience)
    except QuestionError as exc:
        answer = Answer(question=question if isinstance(question, str) else "", query="", status="error", answer=str(exc), notice=str(exc))
    return answer.to_dict(answer_id=row.get("id"))


def search_row(row: dict[str, Any], search: Callable[..., Sequence[Passage]]) -> dict[str, Any]:
    """Return the passages for the query of a line, {"id", "query"} in, {"id", "passages"} out.

    Raises:
        QuestionError: the query cannot be used.
    """
    return {"id": row.get("id"), "passages": [passage_to_dict(passage) for passage in search(row.get("query"))]}


def verify_row(row: dict[str, Any], check: Check) -> dict[str, Any]:
    """Judge one claim: {"id", "sentence", "passages": [text, ...]} -> {"id", "verdict", "support", "passage", "reason"}.

    "passage" is the place of the supporting passage in the list given, from 0; null when unsupported.

    Raises:
        QuestionError: the sentence is no text, or the passages are no list of texts.
    """
    sentence, texts = row.get("sentence"), row.get("passages")
    if not isinstance(sentence, str) or not sentence.strip():
        raise QuestionError('"sentence": a text is expected.')
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise QuestionError('"passages": a list of texts is expected.')
    verdict = check(sentence, [_bare_passage(place, text) for place, text in enumerate(texts)])
    return {
        "id": row.get("id"),
        "verdict": "supported" if verdict.supported else "unsupported",
        "support": verdict.support,
        "passage": verdict.quotes[0].passage if verdict.supported and verdict.quotes else None,
        "reason": verdict.reason,
    }


def _result(line: str, work: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    try:
        row = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError) as exc:
        return {"id": None, "status": "error", "reason": f"not JSON ({exc})"}
    if not isinstance(row, dict):
        return {"id": None, "status": "error", "reason": f"a JSON object is expected, found {type(row).__name__}"}
    try:
        return work(row)
    except RagError as exc:
        return {"id": row.get("id"), "status": "error", "reason": str(exc)}


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON value")


def _as_line(row: dict[str, Any]) -> str:
    """One line of JSON; half a surrogate pair, which no encoding can hold, stays an escape."""
    line = json.dumps(row, ensure_ascii=False, allow_nan=False)
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:
        line = json.dumps(row, allow_nan=False)
    return line + "\n"


def _bare_passage(place: int, text: str) -> Passage:
    """A passage that is only a text: no document stands behind it, so no heading can lend it a name."""
    source = Source("", "", "", "", "article", None, "current", None, None, None, "", "primary", "")
    sentences = tuple(split_sentences(text))
    return Passage(place + 1, str(place), source, "", 0, len(text), text, sentences, (0.0,) * len(sentences), 1.0)
