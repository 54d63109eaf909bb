"""The folder of documents that a person adds -> Documents, and a report of what was skipped and why. One bad file never stops the rest.

Formats are `parse`'s business. A sidecar `<file>.yaml` (or `<name>.yaml`) may state title, publisher, year and more; what nobody states is shown
as unknown.
"""

import hashlib
import os
import re
import reprlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.errors import ParseError
from rag.parse import parse_file
from rag.schema import Document, Kind, Skipped, Source

UNKNOWN = "unknown"


class Sidecar(BaseModel):
    """What a sidecar may say; every field may be left out."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    title: str | None = Field(None, max_length=300)
    publisher: str | None = Field(None, max_length=120)
    jurisdiction: str | None = Field(None, max_length=40)
    kind: Kind | None = None
    year: int | None = Field(None, ge=1900, le=2100)
    url: str | None = Field(None, pattern=r"^https?://\S+$")
    rights: str | None = None


@dataclass(frozen=True, slots=True)
class LibraryReport:
    """What became of a folder: documents read, files skipped with the reason."""

    documents: tuple[Document, ...]
    skipped: tuple[Skipped, ...]


def load_library(folder: Path, *, progress: Callable[[int, int], None] | None = None) -> LibraryReport:
    """Read every file of the folder that is no sidecar and not hidden, in the order of their paths; an absent folder is an empty one.

    Args:
        folder: The person's folder.
        progress: Called with (files done, files in all).
    """
    documents: list[Document] = []
    skipped: list[Skipped] = []
    paths = list(_paths(folder))
    for place, path in enumerate(paths, start=1):
        name = _name(path, folder)
        try:
            documents.append(_document(path, name, folder))
        except ParseError as exc:
            skipped.append(Skipped(name, str(exc)))
        if progress:
            progress(place, len(paths))
    return LibraryReport(tuple(documents), tuple(skipped))


def library_fingerprint(folder: Path) -> str:
    """Return 16 hexadecimal digits over all names and bytes: equal means that nothing has to be read again. "" for an empty folder."""
    lines = []
    for path in [*_paths(folder), *_sidecars(folder)]:
        try:
            with path.open("rb") as file:
                lines.append(f"{_name(path, folder)} {hashlib.file_digest(file, 'sha256').hexdigest()}")
        except OSError:
            lines.append(f"{_name(path, folder)} unreadable")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] if lines else ""


def _document(path: Path, name: str, folder: Path) -> Document:
    parsed = parse_file(path)
    sidecar = _sidecar(path, folder)
    source = Source(
        document_id=_document_id(name, os.fsencode(path.relative_to(folder))),
        title=sidecar.title or parsed.title or name,
        publisher=sidecar.publisher or parsed.publisher or UNKNOWN,
        jurisdiction=sidecar.jurisdiction or UNKNOWN,
        kind=sidecar.kind or "other",
        year=sidecar.year or parsed.year,
        status=UNKNOWN,
        superseded_by=None,
        url=sidecar.url or parsed.url,
        doi=None,
        rights=sidecar.rights or UNKNOWN,
        checked="original",
        reviewed=UNKNOWN,
    )
    return Document(source=source, path=name, text=parsed.text, body_start=0)


def _name(path: Path, folder: Path) -> str:
    """Return the path below the folder; bytes of a name that are no UTF-8 become question marks, so that it can be stored and shown."""
    return path.relative_to(folder).as_posix().encode("utf-8", "replace").decode()


def _sidecar(path: Path, folder: Path) -> Sidecar:
    stems = (path.name, path.stem)
    for candidate in (path.parent / f"{stem}{ending}" for stem in stems for ending in (".yaml", ".yml", ".YAML", ".YML")):
        if not os.path.isfile(candidate) or not _is_inside(candidate, folder):  # noqa: PTH113 - Path.is_file raises for too long a name
            continue
        try:
            return Sidecar.model_validate(yaml.safe_load(candidate.read_text(encoding="utf-8")) or {})
        except OSError as exc:
            raise ParseError(f"its sidecar {candidate.name} cannot be read ({exc.strerror})") from exc
        except ValidationError as exc:
            first = exc.errors()[0]
            field = ".".join(map(str, first["loc"])) or "the whole"
            raise ParseError(f"its sidecar {candidate.name}: {field}: {first['msg']}, found {reprlib.repr(first['input'])}") from exc
        except Exception as exc:  # PyYAML also raises ValueError, KeyError, AttributeError, RecursionError
            raise ParseError(f"its sidecar {candidate.name} is not YAML") from exc
    return Sidecar()


def _document_id(name: str, raw: bytes) -> str:
    """Return an id that is readable and, by a hash of the path, never shared by two files."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60]
    return f"library-{slug}-{hashlib.sha256(raw).hexdigest()[:12]}"


def _paths(folder: Path) -> Iterator[Path]:
    for path in _files(folder):
        if path.suffix.lower() not in {".yaml", ".yml"} and path.name != "manifest.json":
            yield path


def _sidecars(folder: Path) -> Iterator[Path]:
    yield from (path for path in _files(folder) if path.suffix.lower() in {".yaml", ".yml"})


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        for path in sorted(folder.rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if not hidden and path.is_file() and _is_inside(path, folder):
                yield path


def _is_inside(path: Path, folder: Path) -> bool:
    """A link must not lead the reader out of the folder."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
