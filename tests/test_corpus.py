"""The corpus itself: what a document must be, how a sentence that is quoted alone must read, and the figures that must not change.

`corpus_facts.csv` holds one fact a row: a document, a figure as it must stand there, and the words it must stand beside, in one sentence or
one table row (a row is read with its column heads). The figures come from the fact sheets, not from the documents: when a test here fails,
look up the source before changing the table.
"""

import csv
import hashlib
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag.load import load_corpus
from rag.schema import Document
from rag.text import collapse, split_sentences

CORPUS = Path(__file__).parent.parent / "corpus"
FACTS = Path(__file__).parent / "corpus_facts.csv"
ARTICLE_WORDS = "5ad6046b97388bdca03b788061b94909a425c6c33fb46f570ec5ab241bd03c91"  # SHA-256

MAX_WORDS = 35
BARE_OPENING = re.compile(r"\W*(?:this|that|it|they|these|those|such|its|their|here|there|he|she)\b", re.IGNORECASE)
PLAIN = {"text", "softbreak"}  # what an inline token may hold when it has no markup
MARKUP_BLOCKS = {"html_block", "fence", "code_block", "blockquote_open", "hr"}


class Fact(NamedTuple):
    """A row of the facts table; `near` are words separated by semicolons ("|" among them asks for a table row)."""

    document_id: str
    figure: str
    near: str


class Body(NamedTuple):
    """The body of a document: headings as (tag, words), inline tokens of paragraphs and bullets, table rows, and blocks that are markup."""

    headings: list[tuple[str, str]]
    prose: list[Token]
    rows: list[str]
    cells: list[Token]
    markup: list[str]

    def sentences(self) -> list[str]:
        blocks = [collapse(token.content) for token in self.prose]
        return [block[span.start : span.end] for block in blocks for span in split_sentences(block)]


def read_body(document: Document) -> Body:
    body = Body([], [], [], [], [])
    tokens = MarkdownIt("commonmark").enable("table").parse(document.text[document.body_start :])
    heads: list[str] | None = None
    row: list[str] = []
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type in MARKUP_BLOCKS:
            body.markup.append(token.content or token.type)
        elif token.type == "heading_open" and following:
            body.headings.append((token.tag, following.content))
        elif token.type == "paragraph_open" and following:
            body.prose.append(following)
        elif token.type in {"th_open", "td_open"} and following:
            body.cells.append(following)
            row.append(collapse(following.content))
        elif token.type == "table_open":
            heads = None
        elif token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and heads is None:
            heads = row
        elif token.type == "tr_close" and heads is not None:
            body.rows.append(f"| {' | '.join(heads)} | | {' | '.join(row)} |")
    return body


def stands_in(words: str, unit: str, flags: int = 0) -> bool:
    """Whether words stand in a unit as they are, not as part of a longer word, figure or range; the first letter may be a capital."""
    pattern = re.escape(words)
    if words[0].isalpha():
        pattern = f"[{words[0].lower()}{words[0].upper()}]{pattern[1:]}"
    pattern = rf"(?<!\w){pattern}(?!\w)"
    if re.search(r"\d", words):
        pattern = rf"(?<!\d[.,/−–-])(?<![\s(][−-])(?<!\d to ){pattern}(?!/\w|[.,−–-]\d| to \d)"
    return re.search(pattern, unit, flags) is not None


def states(unit: str, fact: Fact) -> bool:
    """Whether a sentence or table row states a fact: the figure letter by letter, the words near it in any case."""
    return stands_in(fact.figure, unit) and all(stands_in(word, unit, re.IGNORECASE) for word in fact.near.split(";"))


def missing_facts(units: list[str], facts: list[Fact]) -> list[str]:
    return [f"{fact.figure!r} near {fact.near!r}" for fact in facts if not any(states(unit, fact) for unit in units)]


def read_facts() -> list[Fact]:
    with FACTS.open(encoding="utf-8", newline="") as file:
        return [Fact(row["document_id"], row["figure"], row["near"]) for row in csv.DictReader(file)]


ALL_FACTS = read_facts()


@pytest.fixture(scope="module")
def corpus() -> dict[str, Document]:
    return {document.source.document_id: document for document in load_corpus(CORPUS)}


@pytest.fixture(scope="module")
def bodies(corpus: dict[str, Document]) -> dict[str, Body]:
    return {document_id: read_body(document) for document_id, document in corpus.items()}


@pytest.fixture(scope="module")
def sentences(bodies: dict[str, Body]) -> dict[str, list[str]]:
    return {document_id: body.sentences() for document_id, body in bodies.items()}


@pytest.fixture(scope="module")
def digests(corpus: dict[str, Document]) -> list[str]:
    """The ids of all documents in our own words: everything but the owner's article."""
    return [document_id for document_id, document in corpus.items() if document.source.kind != "article"]


def test_the_corpus_holds_documents_of_many_publishers_and_kinds(corpus: dict[str, Document]) -> None:
    sources = [document.source for document in corpus.values()]
    assert len(sources) >= 65
    assert len({source.publisher for source in sources}) >= 8
    assert len({source.kind for source in sources}) >= 5


def test_every_superseded_document_names_a_successor_that_is_current(corpus: dict[str, Document]) -> None:
    superseded = [document.source for document in corpus.values() if document.source.status == "superseded"]
    assert superseded, "no superseded document: is `status` still read?"
    offenders = [
        source.document_id
        for source in superseded
        if source.superseded_by is None or corpus[source.superseded_by].source.status != "current"
    ]
    assert not offenders


def test_no_sentence_of_a_digest_is_longer_than_35_words(digests: list[str], sentences: dict[str, list[str]]) -> None:
    offenders = [
        f"{document_id} ({len(sentence.split())} words): {sentence}"
        for document_id in digests
        for sentence in sentences[document_id]
        if len(sentence.split()) > MAX_WORDS
    ]
    assert not offenders, "\n" + "\n".join(offenders)


def test_no_sentence_of_a_digest_opens_with_a_bare_pronoun(digests: list[str], sentences: dict[str, list[str]]) -> None:
    offenders = [
        f"{document_id}: {sentence}" for document_id in digests for sentence in sentences[document_id] if BARE_OPENING.match(sentence)
    ]
    assert not offenders, "\n" + "\n".join(offenders)


def test_no_digest_has_inline_markup(digests: list[str], bodies: dict[str, Body]) -> None:
    offenders = []
    for document_id in digests:
        body = bodies[document_id]
        offenders += [f"{document_id}: {block}" for block in body.markup]
        for token in [*body.prose, *body.cells]:
            kinds = {child.type for child in token.children or []} - PLAIN
            if kinds or re.search(r"\*\*|`|\]\(|\[\^|&#?\w+;", token.content):
                offenders.append(f"{document_id} ({', '.join(sorted(kinds)) or 'marks'}): {token.content}")
    assert not offenders, "\n" + "\n".join(offenders)


def test_every_digest_has_at_least_three_sections(digests: list[str], bodies: dict[str, Body]) -> None:
    sections = {document_id: sum(tag == "h2" for tag, _ in bodies[document_id].headings) for document_id in digests}
    assert not {document_id: count for document_id, count in sections.items() if count < 3}


def test_the_owners_article_keeps_its_wording(corpus: dict[str, Document]) -> None:
    (article,) = [document for document in corpus.values() if document.source.kind == "article"]
    words = collapse(re.sub(r"^#+[ \t]+", "", article.text[article.body_start :], flags=re.MULTILINE))
    assert hashlib.sha256(words.encode()).hexdigest() == ARTICLE_WORDS, f"{article.path}: the owner's wording has changed"


def test_the_facts_table_is_large_without_repeats_and_knows_its_documents(corpus: dict[str, Document]) -> None:
    assert len(ALL_FACTS) >= 200
    assert not [fact for fact, count in Counter(ALL_FACTS).items() if count > 1]
    assert {fact.document_id for fact in ALL_FACTS} <= set(corpus)
    malformed = [fact for fact in ALL_FACTS if not fact.figure.strip() or not 2 <= len(fact.near.split(";")) <= 5]
    assert not malformed
    assert not [fact for fact in ALL_FACTS if not all(word.strip() for word in fact.near.split(";"))]


@pytest.mark.parametrize("document_id", sorted({fact.document_id for fact in ALL_FACTS}))
def test_every_fact_of_the_table_stands_in_its_document(document_id: str, bodies: dict[str, Body], sentences: dict[str, list[str]]) -> None:
    assert document_id in bodies, f"{document_id} is no document of the corpus"
    facts = [fact for fact in ALL_FACTS if fact.document_id == document_id]
    missing = missing_facts(sentences[document_id] + bodies[document_id].rows, facts)
    assert not missing, f"{document_id}: {len(missing)} of {len(facts)} facts are missing or altered:\n" + "\n".join(missing)


@pytest.mark.parametrize(
    ("figure", "near", "unit", "stands"),
    [
        ("3.3 mg", "zoledronic;40 to 49 mL/min", "At 40 to 49 mL/min, zoledronic acid is 3.3 mg.", True),
        ("3.3 mg", "zoledronic;40 to 49 mL/min", "At 40 to 49 mL/min, zoledronic acid is 3.5 mg.", False),
        ("3.3 mg", "zoledronic;40 to 49 mL/min", "At 140 to 49 mL/min, zoledronic acid is 3.3 mg.", False),
        ("3.3 mg", "zoledronic;40 to 49 mL/min", "At 40 to 49 mL/min, the dose is 3.3 mg.", False),
        ("4 mg", "dose;is", "The dose is 14 mg.", False),
        ("4 mg", "dose;is", "The dose is 4 mg/kg.", False),
        ("4 mg", "dose;is", "The dose is 2 to 4 mg.", False),
        ("4 mg", "dose;is", "The dose is 2-4 mg.", False),
        ("11.5%", "limit;is", "The limit is −11.5%.", False),
        ("37 MBq", "dose;is", "The dose is 37 mBq.", False),
        ("about 4%", "dose;is", "About 4% is the dose.", True),
        ("13 to 18", "total;stable", "A total of 13 to 18 is unstable.", False),
        ("| 3 |", "pain;points", "| Pain | Points | | Mechanical | 3 |", True),
        ("| 3 |", "pain;points", "| Pain | Points | | Mechanical | 2 |", False),
        ("| 3 |", "|;points", "Pain scores 3 points.", False),
    ],
)
def test_a_fact_is_missed_when_a_digit_or_a_word_differs(figure: str, near: str, unit: str, stands: bool) -> None:
    assert states(unit, Fact("any", figure, near)) is stands
