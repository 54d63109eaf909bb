"""Questions attached to the corpus's sentences: how people ask for what a sentence tells, in words that the sentence has not.

`<corpus>/questions/<document id>.jsonl` holds a line a sentence: {"sentence": its words, "questions": [...]}. They are searched beside the sentences
and are never shown as what a document says. A document needs none. Does not embed.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.errors import CorpusError
from rag.schema import Chunk
from rag.sentences import readable
from rag.text import collapse

FOLDER = "questions"


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    sentence: str = Field(min_length=2)
    questions: tuple[str, ...] = Field(min_length=1)


def load_questions(corpus_dir: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the questions of each sentence (as `sentences.readable` gives it) by document id; nothing where the corpus has no such folder.

    Raises:
        CorpusError: a line is no JSON or breaks the schema, or a file is not UTF-8.
    """
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for path in _paths(corpus_dir):
        of_document = found.setdefault(path.stem, {})
        for number, line in enumerate(_text(path).split("\n"), start=1):
            if not line.strip():
                continue
            try:
                row = _Row.model_validate_json(line)
            except ValidationError as exc:
                raise CorpusError(
                    f"{FOLDER}/{path.name}, line {number}: {exc.errors()[0]['msg']}; expected "
                    '{"sentence": "words of the document", "questions": ["...", ...]}.'
                ) from exc
            sentence = collapse(row.sentence)
            of_document[sentence] = of_document.get(sentence, ()) + row.questions
    return found


def questions_fingerprint(corpus_dir: Path) -> str:
    """Return 16 hexadecimal digits over all files of attached questions; "" where there are none.

    Raises:
        CorpusError: a file cannot be read, or is not UTF-8.
    """
    digest = hashlib.sha256()
    paths = _paths(corpus_dir)
    for path in paths:
        digest.update(f"{path.name} {hashlib.sha256(_text(path).encode()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16] if paths else ""


def stale_sentences(questions: Mapping[str, Mapping[str, tuple[str, ...]]], chunks: Iterable[Chunk]) -> list[tuple[str, str]]:
    """Return (document id, sentence) of questions whose sentence no longer stands in its document: they would find nothing."""
    standing = {(chunk.document_id, readable(chunk.text[span.start : span.end])) for chunk in chunks for span in chunk.sentences}
    return [(key, sentence) for key, of_document in questions.items() for sentence in of_document if (key, sentence) not in standing]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise CorpusError(f"{FOLDER}/{path.name}: cannot be read as UTF-8 text ({type(exc).__name__}); save it anew.") from exc


def _paths(corpus_dir: Path) -> list[Path]:
    return sorted((corpus_dir / FOLDER).glob("*.jsonl"))
