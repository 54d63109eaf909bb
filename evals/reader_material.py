"""What the reader is trained on: attached questions, the sentences near each, and questions that nothing answers. Trains nothing.

Nothing answers a question in which a name was exchanged for another of its kind, nor the near misses of `near_misses.jsonl`: a line is a question in the
field, often in the library's own words, and the sentence that comes nearest to answering it.
"""

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rag.attached import load_questions
from rag.embed import Embedder
from rag.index import question_id, sentence_id
from rag.pipeline import Pipeline
from rag.reader import QUESTION_TOKENS, Sight, padded
from rag.sentences import readable
from rag.terms import find_terms, synonyms
from rag.token_vectors import pack

NEAR = 12  # sentences near a question of which some are drawn in each step
LIKE_QUESTION = 0.86  # cosine of an attached question from which its sentence may answer, too
EXCHANGED_OF = 0.75  # share of the questions with a name that are exchanged
KINDS = frozenset({"drug", "tumour", "body", "score", "imaging", "treatment", "site", "condition"})  # names that are exchanged
NEAR_MISSES = Path(__file__).with_name("near_misses.jsonl")
NO_PLACE = -1  # of a question that is attached to nothing
SEED = 0

_draw = random.Random(SEED)  # noqa: S311 - the draws of a training run are no secrets


@dataclass(slots=True)
class Asked:
    """A question with its vectors; the sentence it is attached to, its place among the questions there, and sentences near it that do not answer it."""

    whole: np.ndarray
    tokens: np.ndarray
    own: int
    place: int
    near: list[int]
    nearness: dict[tuple[int, bool], np.ndarray] = field(default_factory=dict)  # to the questions attached to a sentence


@dataclass(slots=True)
class Material:
    """All that is trained on. Nothing answers `exchanged`, questions with another name in them, nor `missed`, near misses whose `own` is what comes near."""

    sights: list[Sight]
    asked: list[Asked]
    exchanged: list[Asked]
    missed: list[Asked]


def material(pipeline: Pipeline) -> Material:
    """Read the index and prepare questions, near sentences and exchanged questions."""
    index = pipeline.index
    chunks = index.chunks(index.chunk_ids)
    attached = load_questions(pipeline.settings.corpus_dir)
    texts: list[str] = []
    names: list[set[str]] = []
    keys: list[str] = []
    rows: list[tuple[str, str, int, int]] = []  # question id, question, sentence, place
    for chunk in chunks:
        of_document = attached.get(chunk.document_id, {})
        heading = f"{index.sources[chunk.document_id].title}. {chunk.section}. "
        for number, span in enumerate(chunk.sentences):
            text, key = readable(chunk.text[span.start : span.end]), sentence_id(chunk.chunk_id, number)
            rows += [(question_id(key, one), one, len(keys), place) for place, one in enumerate(of_document.get(text, ()))]
            keys.append(key)
            texts.append(text)
            names.append({term.name for term in find_terms(heading + text)})
    chunk_vectors = index.vectors("chunks", [chunk.chunk_id for chunk in chunks])
    question_vectors = index.vectors("questions", [row[0] for row in rows])
    rows = [row for row in rows if row[0] in question_vectors]
    sentences, questions = dict(index.tokens.packed(keys)), dict(index.tokens.packed([row[0] for row in rows]))
    of_sentence: list[list[np.ndarray]] = [[] for _ in keys]
    for number, (key, question, own, _) in enumerate(rows):
        rows[number] = (key, question, own, len(of_sentence[own]))
        of_sentence[own].append(questions[key])
    sights = [Sight(sentences[key], chunk_vectors[key.rsplit("/", 1)[0]], tuple(of_sentence[n])) for n, key in enumerate(keys)]
    wholes = np.stack([question_vectors[row[0]] for row in rows])
    vectors = index.vectors("sentences", keys)
    of_sentences = np.stack([vectors[key] for key in keys])
    near = _near(wholes, of_sentences, np.array([row[2] for row in rows]), texts)
    asked = [Asked(wholes[n], _unpacked(questions[key]), own, place, near[n]) for n, (key, _, own, place) in enumerate(rows)]
    exchanged = _exchanged(pipeline, [row[1] for row in rows], asked, names)
    return Material(sights, asked, exchanged, _missed(pipeline.embedder, texts, of_sentences))


def _unpacked(matrix: np.ndarray) -> np.ndarray:
    unpacked: np.ndarray = padded([matrix], QUESTION_TOKENS)[0][0]
    return unpacked


def _near(questions: np.ndarray, sentences: np.ndarray, own: np.ndarray, texts: Sequence[str]) -> list[list[int]]:
    """Return of each question the sentences nearest to it that do not seem to answer it: none that is asked much the same, none that holds all figures."""
    to_sentence, to_question = questions @ sentences.T, questions @ questions.T
    asked = np.full(to_sentence.shape, -1.0, np.float32)
    for sentence in np.unique(own):
        asked[:, sentence] = to_question[:, own == sentence].max(axis=1)
    nearness = to_sentence + 0.5 * np.maximum(0.0, asked - to_sentence)
    figures = [frozenset(re.findall(r"\d+(?:\.\d+)?", re.sub(r"\b(19|20)\d\d\b", "", text))) for text in texts]
    found = []
    for number, sentence in enumerate(own):
        kept = [
            int(other)
            for other in np.argsort(-nearness[number], kind="stable")[: 4 * NEAR]
            if other != sentence
            and asked[number, other] <= LIKE_QUESTION
            and not (figures[sentence] and figures[sentence] <= figures[other])
        ]
        found.append(kept[:NEAR])
    return found


def _exchanged(pipeline: Pipeline, questions: Sequence[str], asked: Sequence[Asked], names: Sequence[set[str]]) -> list[Asked]:
    """Return questions with a name exchanged for another of its kind that their sentences do not have."""
    known: dict[str, dict[str, None]] = {}
    for question in questions:
        for term in find_terms(question):
            known.setdefault(term.kind, {})[term.name] = None
    rows, texts = [], []
    for question, of in zip(questions, asked, strict=True):
        terms = [term for term in find_terms(question) if term.kind in KINDS]
        if not terms or _draw.random() > EXCHANGED_OF:
            continue
        term = _draw.choice(terms)
        others = [name for name in known[term.kind] if name != term.name and name not in names[of.own]]
        if len(others) >= 3:
            name = _draw.choice(others)
            texts.append(question[: term.start] + _draw.choice(synonyms(name)[:2]) + question[term.end :])
            rows.append((of, [other for other in of.near if name not in names[other]]))
    vectors, tokens = pipeline.embedder.encode_sentences(texts)
    return [
        Asked(whole, _unpacked(pack(matrix)), of.own, of.place, near)
        for (of, near), whole, matrix in zip(rows, vectors, tokens, strict=True)
    ]


def _missed(embedder: Embedder, texts: Sequence[str], sentences: np.ndarray) -> list[Asked]:
    """Return the near misses whose sentence stands in the library."""
    place = {text: number for number, text in enumerate(texts)}
    rows = [json.loads(line) for line in NEAR_MISSES.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["near"] in place]
    vectors, tokens = embedder.encode_sentences([row["question"] for row in rows])
    nearest = np.argsort(-(vectors @ sentences.T), kind="stable")[:, : NEAR + 1].tolist()
    return [
        Asked(whole, _unpacked(pack(matrix)), place[row["near"]], NO_PLACE, [n for n in near if n != place[row["near"]]])
        for row, whole, matrix, near in zip(rows, vectors, tokens, nearest, strict=True)
    ]
