"""Hints for whoever writes golden questions: evidence that is gone, facts that no evidence says, further places that prove the same.

python -m evals questions [CATEGORY ...]
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from evals.questions import GoldenQuestion, QuestionsError, evidence_chunks, load_questions
from rag.load import load_corpus
from rag.schema import Chunk, Document
from rag.settings import load_settings
from rag.text import split_sentences

SENTENCES_NAMED = 6


def check_questions(categories: Sequence[str]) -> None:
    """Check all question files and print their counts; for these categories also print hints.

    Raises:
        QuestionsError: a file breaks the schema, or evidence does not stand in the corpus.
    """
    questions = load_questions()
    documents = load_corpus(load_settings().corpus_dir)
    by_id = {document.source.document_id: document for document in documents}
    whole = {key: [Chunk("whole", key, "", 0, len(document.text), document.text, "", ())] for key, document in by_id.items()}
    gone = [f"{question.id}: {words}." for question in questions for words in evidence_chunks(question, by_id, whole)[1]]
    if gone:
        raise QuestionsError("\n".join(gone))
    for question in questions:
        if question.category in categories:
            for hint in hints(question, documents):
                print(f"{question.id}: {hint}")
    for category, number in sorted(Counter(question.category for question in questions).items()):
        print(f"{number:4d} {category}")
    print(f"{len(questions):4d} golden questions, all evidence stands in the corpus")


def hints(question: GoldenQuestion, documents: Sequence[Document]) -> list[str]:
    """Return what to look at: facts that no quote says, and sentences elsewhere that say all facts."""
    found = [f"no evidence quote says the fact {fact!r}" for fact in unproven_facts(question)]
    further = further_evidence(question, documents)
    found += [
        f"says all facts, too: {json.dumps({'document_id': key, 'quote': sentence}, ensure_ascii=False)}"
        for key, sentence in further[:SENTENCES_NAMED]
    ]
    if len(further) > SENTENCES_NAMED:
        found.append(f"... and {len(further) - SENTENCES_NAMED} sentences more")
    return found


def unproven_facts(question: GoldenQuestion) -> list[str]:
    """Return the facts that no evidence quote of the question says; bodies and years may stand in a heading, so these are a hint only."""
    quotes = " ".join(evidence.quote for evidence in question.evidence)
    return [fact.fact for fact in question.facts if not fact.is_in(quotes)]


def further_evidence(question: GoldenQuestion, documents: Iterable[Document]) -> list[tuple[str, str]]:
    """Return (document id, sentence) of corpus sentences that say all facts of a question and are no evidence of it yet.

    Most are of another subject; one that proves the same answer belongs into the evidence, or retrieval is blamed for finding it.
    """
    if not question.facts:
        return []
    known: dict[str, list[str]] = {}
    for evidence in question.evidence:
        known.setdefault(evidence.document_id, []).append(evidence.quote)
    found = []
    for document in documents:
        for sentence in _sentences(document):
            if all(fact.is_in(sentence) for fact in question.facts):
                quotes = known.get(document.source.document_id, [])
                if not any(quote in sentence or sentence in quote for quote in quotes):
                    found.append((document.source.document_id, sentence))
    return found


@lru_cache(maxsize=512)
def _sentences(document: Document) -> list[str]:
    body = document.text[document.body_start :]
    blocks = [line for line in body.split("\n") if line.strip() and not line.startswith("#")]
    return [block[span.start : span.end] for block in blocks for span in split_sentences(block)]
