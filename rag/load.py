"""Corpus files -> Documents, front matter checked. First room of building the index.

Reads every `.md` below the corpus folder except `README.md`. Does not split, embed or fetch anything. An error names the file and the
field; nothing is guessed.
"""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal

import frontmatter
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rag.errors import CorpusError
from rag.schema import Document, Kind, Source

MAX_FILE_BYTES = 5_000_000  # a digest has some 10 kB; anything near this is not a digest


class FrontMatter(BaseModel):
    """The fields that every document carries. Unknown fields are refused, so that a typing error does not pass as an absence."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)
    title: str = Field(min_length=3, max_length=300)
    publisher: str = Field(min_length=2, max_length=120)
    jurisdiction: str = Field(pattern=r"^[a-z]+(-[a-z]+)*$")
    kind: Kind
    year: int | None = Field(ge=1900, le=2100)
    status: Literal["current", "superseded"]
    superseded_by: str | None = None
    url: str | None = Field(None, pattern=r"^https?://\S+$")
    doi: str | None = Field(None, pattern=r"^10\.\d{4,9}/\S+$")
    rights: str = Field(min_length=3)
    checked: Literal["primary", "secondary"]
    reviewed: date

    @model_validator(mode="after")
    def _only_a_superseded_document_has_a_successor(self) -> "FrontMatter":
        if self.status == "current" and self.superseded_by:
            raise ValueError("superseded_by is set, but status is 'current'")
        return self


def load_corpus(corpus_dir: Path) -> list[Document]:
    """Read all documents of a folder, in the order of their paths.

    Raises:
        CorpusError: the folder is missing or holds no document; a file breaks the schema; two files have one id; a successor is unknown.
    """
    if not corpus_dir.is_dir():
        raise CorpusError(f"corpus folder {str(corpus_dir)!r} does not exist; set RAG_CORPUS_DIR or --corpus to a folder of documents.")
    documents = [load_document(path, corpus_dir) for path in _document_paths(corpus_dir)]
    if not documents:
        raise CorpusError(f"corpus folder {str(corpus_dir)!r} holds no .md document; add one with front matter (see README).")
    seen: dict[str, str] = {}
    for document in documents:
        document_id = document.source.document_id
        if document_id in seen:
            raise CorpusError(f"{document.path}: id {document_id!r} is already taken by {seen[document_id]}; give one of them another id.")
        seen[document_id] = document.path
    for document in documents:
        successor = document.source.superseded_by
        if successor == document.source.document_id:
            raise CorpusError(f"{document.path}: superseded_by names the document itself; name its successor.")
        if successor and successor not in seen:
            raise CorpusError(f"{document.path}: superseded_by names {successor!r}, which is no document of the corpus.")
    return documents


def load_document(path: Path, corpus_dir: Path) -> Document:
    """Read one file; `corpus_dir` only shortens the path that messages and citations show.

    Raises:
        CorpusError: not readable as UTF-8, too large, without front matter, or a field breaks the schema.
    """
    name = path.relative_to(corpus_dir).as_posix()
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise CorpusError(f"{name}: {size:,} bytes, at most {MAX_FILE_BYTES:,} are read; split the document.")
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as exc:
        raise CorpusError(f"{name}: not UTF-8 (byte {exc.start}); save the file as UTF-8.") from exc
    except OSError as exc:
        raise CorpusError(f"{name}: cannot be read ({exc.strerror}).") from exc
    if "\0" in text:
        raise CorpusError(f"{name}: holds a NUL character, so it is not a text file; remove it.")
    match = re.match(r"---\n.*?\n---[ \t]*\n", text, re.DOTALL)
    if match is None:
        raise CorpusError(f"{name}: no front matter; the file must begin with '---', fields such as 'id: ...', and '---'.")
    source = _check_front_matter(name, text)
    if not text[match.end() :].strip():
        raise CorpusError(f"{name}: the body is empty; write the document below the front matter.")
    return Document(source=source, path=name, text=text, body_start=match.end())


def _check_front_matter(name: str, text: str) -> Source:
    try:
        metadata = frontmatter.loads(text).metadata
    except yaml.YAMLError as exc:
        problem = getattr(exc, "problem", None) or "syntax error"
        mark = getattr(exc, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark is not None else ""
        raise CorpusError(f"{name}: front matter is not YAML{place} ({problem}); put quotes around values with a colon.") from exc
    keys = re.findall(r"^([A-Za-z_]+)[ \t]*:", text[: text.index("\n---", 4)], re.MULTILINE)
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice:
        raise CorpusError(f"{name}: front matter field {twice!r} is given twice; keep one of them.")
    if any("\0" in str(value) for value in metadata.values()):
        raise CorpusError(f"{name}: a front matter field holds a NUL character; remove it.")
    try:
        fields = FrontMatter.model_validate(metadata)
    except ValidationError as exc:
        first = exc.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "superseded_by"
        found = "" if first["type"] == "missing" or not first["loc"] else f", found {first['input']!r}"
        raise CorpusError(f"{name}: front matter field {field!r}: {first['msg']}{found}.") from exc
    return Source(
        document_id=fields.id,
        title=fields.title,
        publisher=fields.publisher,
        jurisdiction=fields.jurisdiction,
        kind=fields.kind,
        year=fields.year,
        status=fields.status,
        superseded_by=fields.superseded_by,
        url=fields.url,
        doi=fields.doi,
        rights=fields.rights,
        checked=fields.checked,
        reviewed=fields.reviewed.isoformat(),
    )


def _document_paths(corpus_dir: Path) -> Iterator[Path]:
    for path in sorted(corpus_dir.rglob("*.md")):
        hidden = any(part.startswith(".") for part in path.relative_to(corpus_dir).parts)
        if path.is_file() and not hidden and path.name != "README.md":
            yield path
