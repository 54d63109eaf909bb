"""Claims for the check of worded sentences: true rewordings, and false ones made from true sentences.

`claims/rewordings.jsonl` holds rewordings written by hand and `claims/edits.jsonl` false edits of them; `corrupt` makes more false ones out of the
corpus's own sentences with `claims/corruptions.yaml`: figure, unit, drug, body, negation, direction, entity, added claim. `claims/fresh.jsonl` holds more
of both, by writers who had seen no rule, many resting on two or three sentences: for `calibrate_verify`, not for the gate. Judges nothing.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evals.questions import QuestionsError, Split
from rag.schema import Document

CLAIMS_DIR = Path(__file__).parent / "claims"
FALSE_KINDS = ("figure", "unit", "drug", "body", "negation", "direction", "entity", "added")
TRUE_KINDS = ("verbatim", "paraphrase", "condensation", "merge")


AnyRow = TypeVar("AnyRow", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence that the check should accept (`true`) or refuse, with the words of the corpus that it was made from."""

    claim_id: str
    split: Split
    kind: str
    true: bool
    sentence: str
    document_id: str
    quotes: tuple[str, ...]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^(claim|edit)-\d{3}$")
    split: Split
    document_id: str
    quotes: tuple[str, ...] = Field(min_length=1, max_length=2)
    sentence: str = Field(min_length=10)


class _Rewording(_Row):
    kind: Literal["paraphrase", "condensation", "merge"]


class _Edit(_Row):
    kind: Literal["figure", "unit", "drug", "body", "negation", "direction", "entity", "added"]
    claim: str


class _Fresh(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^fresh-\d{4}$")
    split: Split
    true: bool
    kind: Literal["paraphrase", "condensation", "merge", "figure", "unit", "entity", "body", "negation", "direction", "scope", "addition"]
    document_id: str
    quotes: tuple[str, ...] = Field(min_length=1, max_length=4)
    sentence: str = Field(min_length=10)


def load_fresh_claims(documents: dict[str, Document], folder: Path = CLAIMS_DIR) -> list[Claim]:
    """Return the fresh claims whose words stand in the corpus, in the order of their file.

    Raises:
        QuestionsError: a line breaks the schema.
    """
    return [
        Claim(row.id, row.split, row.kind, row.true, row.sentence, row.document_id, row.quotes)
        for row in _read(folder / "fresh.jsonl", _Fresh)
        if row.document_id in documents and all(quote in documents[row.document_id].text for quote in row.quotes)
    ]


def load_claims(documents: dict[str, Document], folder: Path = CLAIMS_DIR) -> list[Claim]:
    """Return all claims: rewordings (true), the sentences they reword (true), edits and corruptions (false), in a fixed order.

    What rests on words that left the corpus is left out; the gate sees that it is gone, and a test names it.

    Raises:
        QuestionsError: a line breaks the schema.
    """

    def stands(row: _Row) -> bool:
        return row.document_id in documents and all(quote in documents[row.document_id].text for quote in row.quotes)

    rewordings = [row for row in _read(folder / "rewordings.jsonl", _Rewording) if stands(row)]
    edits = [row for row in _read(folder / "edits.jsonl", _Edit) if stands(row)]
    claims = [Claim(row.id, row.split, row.kind, True, row.sentence, row.document_id, row.quotes) for row in rewordings]
    claims += [Claim(row.id, row.split, row.kind, False, row.sentence, row.document_id, row.quotes) for row in edits]
    stated = {_letters(document.text) for document in documents.values()}
    for number, (document_id, quote) in enumerate(_sampled(documents), start=1):
        key, split = f"sentence-{number:03d}", ("dev" if number % 2 else "test")
        claims.append(Claim(f"{key}/verbatim", split, "verbatim", True, quote, document_id, (quote,)))  # type: ignore[arg-type]
        for kind, sentence in corrupt(quote, seed=quote):
            if not any(_letters(sentence).rstrip(".") in text for text in stated):
                claims.append(Claim(f"{key}/{kind}", split, kind, False, sentence, document_id, (quote,)))  # type: ignore[arg-type]
    return claims


def _sampled(documents: dict[str, Document]) -> list[tuple[str, str]]:
    """Return (document id, sentence) of the corpus's bullets that state a recommendation or figure; the same ones as long as they stand."""
    found = []
    for key in sorted(documents):
        bullets = re.findall(r"(?m)^- ([A-Z][^|\n]{60,200}\.)$", documents[key].text[documents[key].body_start :])
        bullets = [bullet for bullet in bullets if not re.search(r"digest|[.;] [A-Z]", bullet)]
        if bullets:
            found.append((key, min(bullets, key=lambda bullet: hashlib.sha256(bullet.encode()).hexdigest())))
    return sorted(found, key=lambda pair: hashlib.sha256(pair[1].encode()).hexdigest())


def corrupt(sentence: str, *, seed: str) -> Iterator[tuple[str, str]]:
    """Yield (kind, false sentence) for each kind of corruption that a true sentence allows; the same each time for the same seed.

    Example: "Give 4 mg within 24 hours." -> ("figure", "Give 8 mg within 24 hours."), ("unit", "Give 4 mg within 24 days."), ...
    """
    table = _table()
    for kind in FALSE_KINDS:
        if kind == "figure":
            changed = _change_figure(sentence, seed)
        elif kind == "unit":
            changed = _change_unit(sentence, table["unit"])
        elif kind in {"negation", "direction"}:
            changed = _replace_first(sentence, table[kind])
        elif kind == "added":
            clause = table["added"][_pick(seed, len(table["added"]))]
            changed = sentence[:-1] + clause + "." if sentence.endswith(".") else None
        else:
            changed = _swap_name(sentence, table[kind], seed)
        if changed and changed != sentence:
            yield kind, changed


# Numbers that are figures: not years, not codes such as NG234, T12 or radium-223, not parts of longer numbers or recommendation numbers (1.5.2).
_NUMBER = re.compile(r"(?<![\w.,/–-])(\d{1,3}(?:\.\d{1,2})?)(?![\w.]*\d)(?=[\s%,.;)–-]|$)(?!\.\d)")


def _change_figure(sentence: str, seed: str) -> str | None:
    found = [
        match
        for match in _NUMBER.finditer(sentence)
        if not re.search(r"(?:recommendation|statement|part|section|grade)s? $", sentence[: match.start()])
    ]
    if not found:
        return None
    match = found[_pick(seed, len(found))]
    value = float(match.group(1))
    others = {float(other.group(1)) for other in found}
    for new in (*(value * 2, value + 1, value * 3)[_pick(seed + "f", 3) :], value * 2, value + 1, value + 3):
        if new not in others and new != value:
            return sentence[: match.start(1)] + f"{new:g}" + sentence[match.end(1) :]
    return None


def _change_unit(sentence: str, pairs: Sequence[Sequence[str]]) -> str | None:
    for unit, other in pairs:
        match = re.search(rf"(?<=\d )(?:{re.escape(unit)})(?![\w/])|(?<=\d)(?:{re.escape(unit)})(?![\w/])", sentence)
        if match:
            return sentence[: match.start()] + other + sentence[match.end() :]
    return None


def _replace_first(sentence: str, pairs: Sequence[Sequence[str]]) -> str | None:
    for words, other in pairs:
        match = re.search(rf"\b{re.escape(words)}\b", sentence)
        if match:
            return sentence[: match.start()] + other + sentence[match.end() :]
    return None


def _swap_name(sentence: str, groups: Sequence[Sequence[str]], seed: str) -> str | None:
    for group in groups:
        for name in sorted(group, key=len, reverse=True):
            match = re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", sentence)
            free = [other for other in group if not re.search(rf"\b{re.escape(other)}\b", sentence, re.IGNORECASE)]
            if match and free:
                return re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", free[_pick(seed, len(free))], sentence)
    return None


def _pick(seed: str, count: int) -> int:
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big") % count


def _letters(text: str) -> str:
    return "".join(text.split()).casefold()


def _read(path: Path, model: type[AnyRow]) -> list[AnyRow]:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if line.strip():
            try:
                rows.append(model.model_validate_json(line))
            except ValidationError as exc:
                raise QuestionsError(f"{path.name}, line {number}: {exc.errors()[0]['loc']}: {exc.errors()[0]['msg']}.") from exc
    return rows


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load((CLAIMS_DIR / "corruptions.yaml").read_text(encoding="utf-8"))
    return table
