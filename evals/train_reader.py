"""Train the reader on the attached questions: python -m evals.train_reader [--out FILE]

Each question must tell the sentence that it is attached to from others that are near it, and from no answer at all: a softmax over five sentences and a
logit of 0. Beside the questions as they are: without their sentence, where no answer is right; and with a name exchanged for another of its kind, where
none of the sentences answers. The question itself is left out of those attached to its sentence. Reads the vectors of the live index; sees no golden
question. Takes some fifteen minutes on two cores; to be run again when the adapter is trained anew.
"""

import argparse
import random
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from evals.training import save_network, train_network
from rag.attached import load_questions
from rag.build import build_index
from rag.index import question_id, sentence_id
from rag.networks import padded
from rag.pipeline import Pipeline, build_pipeline
from rag.reader import QUESTION_TOKENS, READER_FILE, SENTENCE_TOKENS, Sight, attached_nearness
from rag.reader_net import Pairs, ReaderNet
from rag.sentences import readable
from rag.settings import Settings
from rag.terms import find_terms, synonyms
from rag.token_vectors import pack, unpack

EPOCHS = 5
BATCH = 24  # questions a step
SENTENCES = 5  # that a question is read beside
LEARNING_RATE, WEIGHT_DECAY, WARM_UP = 1.2e-3, 0.02, 100
NEAR = 12  # sentences near a question of which some are drawn in each step
LIKE_QUESTION = 0.86  # cosine of an attached question from which its sentence may answer, too
EXCHANGED, UNANSWERED, BARE = 0.22, 0.15, 0.15  # shares: a name exchanged; without the own sentence; as if nothing were attached
KINDS = frozenset({"drug", "tumour", "body", "score", "imaging", "treatment", "site", "condition"})  # names that are exchanged
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
    """All that is trained on. `exchanged` are questions with another name in them: nothing answers them."""

    sights: list[Sight]
    asked: list[Asked]
    exchanged: list[Asked]


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
    near = _near(wholes, np.stack([vectors[key] for key in keys]), np.array([row[2] for row in rows]), texts)
    asked = [Asked(wholes[n], unpack(questions[key])[:QUESTION_TOKENS], own, place, near[n]) for n, (key, _, own, place) in enumerate(rows)]
    return Material(sights, asked, _exchanged(pipeline, [row[1] for row in rows], asked, names))


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
        if not terms or _draw.random() > 0.75:
            continue
        term = _draw.choice(terms)
        others = [name for name in known[term.kind] if name != term.name and name not in names[of.own]]
        if len(others) >= 3:
            name = _draw.choice(others)
            texts.append(question[: term.start] + _draw.choice(synonyms(name)[:2]) + question[term.end :])
            rows.append((of, [other for other in of.near if name not in names[other]]))
    vectors, tokens = pipeline.embedder.encode_sentences(texts)
    return [
        Asked(whole, unpack(pack(matrix))[:QUESTION_TOKENS], of.own, of.place, near)
        for (of, near), whole, matrix in zip(rows, vectors, tokens, strict=True)
    ]


def train(data: Material) -> ReaderNet:
    """Train and return a reader."""
    net = ReaderNet()

    def loss() -> torch.Tensor:
        groups = [_group(data) for _ in range(BATCH)]
        logits = net(_pairs(data, groups)).split([len(group.sentences) for group in groups])
        return torch.stack([_loss(of_group, group.right) for of_group, group in zip(logits, groups, strict=True)]).mean()

    train_network(net, loss, EPOCHS * (len(data.asked) // BATCH), learning_rate=LEARNING_RATE, weight_decay=WEIGHT_DECAY, warm_up=WARM_UP)
    return net


@dataclass(frozen=True, slots=True)
class _Group:
    """A question beside some sentences; `right` is the place of the one that answers, their number where none does."""

    question: Asked
    sentences: list[int]
    right: int


def _group(data: Material) -> _Group:
    kind = _draw.random()
    if kind < EXCHANGED:
        question = _draw.choice(data.exchanged)
        sentences = [question.own, *_some(question.near)]
        return _Group(question, sentences, len(sentences))
    question = _draw.choice(data.asked)
    near = _some(question.near)
    if near and kind < EXCHANGED + UNANSWERED:
        return _Group(question, near, len(near))
    return _Group(question, [question.own, *near], 0)


def _some(near: list[int]) -> list[int]:
    return _draw.sample(near, min(SENTENCES - 1, len(near)))


def _loss(logits: torch.Tensor, right: int) -> torch.Tensor:
    return cross_entropy(torch.cat([logits, logits.new_zeros(1)])[None], torch.tensor([right]))


def _pairs(data: Material, groups: Sequence[_Group]) -> Pairs:
    rows = [(group.question, number) for group in groups for number in group.sentences]
    sights = [data.sights[number] for _, number in rows]
    questions, question_mask = padded([question.tokens for question, _ in rows], QUESTION_TOKENS)
    sentences, sentence_mask = padded([unpack(sight.tokens) for sight in sights], SENTENCE_TOKENS)
    attached = np.zeros(question_mask.shape, np.float32)
    for row, (question, number) in enumerate(rows):
        near = _nearness(data, question, number, bare=_draw.random() < BARE)
        attached[row, : len(near)] = near
    return Pairs(
        question=torch.from_numpy(questions),
        question_mask=torch.from_numpy(question_mask),
        whole=torch.from_numpy(np.stack([question.whole for question, _ in rows])),
        sentence=torch.from_numpy(sentences),
        sentence_mask=torch.from_numpy(sentence_mask),
        chunk=torch.from_numpy(np.stack([sight.chunk for sight in sights])),
        attached=torch.from_numpy(attached),
    )


def _nearness(data: Material, question: Asked, number: int, *, bare: bool) -> np.ndarray:
    """How near a question's tokens come to the questions attached to a sentence, itself left out; kept, since each is asked for again and again."""
    key = (number, bare)
    if key not in question.nearness:
        sight = data.sights[number]
        others = (
            () if bare else tuple(one for place, one in enumerate(sight.questions) if (number, place) != (question.own, question.place))
        )
        question.nearness[key] = attached_nearness(question.tokens, replace(sight, questions=others))
    return question.nearness[key]


def main() -> int:
    """Train, and write the reader."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=READER_FILE)
    out = parser.parse_args().out
    torch.manual_seed(SEED)
    build_index(settings := Settings(llm="none"))
    pipeline = build_pipeline(settings)
    data = material(pipeline)
    print(f"{len(data.sights)} sentences, {len(data.asked)} questions, {len(data.exchanged)} with a name exchanged")
    save_network(train(data), out, pipeline.embedder.revision)
    return 0


if __name__ == "__main__":
    sys.exit(main())
