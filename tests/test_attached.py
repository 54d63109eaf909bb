"""rag.attached: questions beside the corpus are read, found by, and never shown as what a document says; those of ours fit their sentences."""

import json
from pathlib import Path

import pytest

from rag.attached import load_questions, questions_fingerprint, stale_sentences
from rag.build import build_index
from rag.chunk import split_document
from rag.errors import CorpusError
from rag.load import load_corpus
from rag.pipeline import build_pipeline
from rag.settings import PROJECT_DIR, Settings
from tests.fakes import HashingEmbedder

CORPUS_DIR = PROJECT_DIR / "corpus"


def attach(corpus_dir: Path, document_id: str, sentence: str, *questions: str) -> None:
    folder = corpus_dir / "questions"
    folder.mkdir(exist_ok=True)
    with (folder / f"{document_id}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"sentence": sentence, "questions": questions}) + "\n")


def a_sentence(settings: Settings) -> tuple[str, str]:
    """Document id and words of the last sentence of the toy corpus."""
    document = load_corpus(settings.corpus_dir)[-1]
    chunk = split_document(document, max_tokens=200, count_tokens=lambda text: len(text.split()))[-1]
    span = chunk.sentences[-1]
    return chunk.document_id, chunk.text[span.start : span.end]


def test_a_corpus_needs_no_questions(tmp_path: Path) -> None:
    assert load_questions(tmp_path) == {}
    assert questions_fingerprint(tmp_path) == ""


def test_questions_are_read_by_document_and_sentence(tmp_path: Path) -> None:
    attach(tmp_path, "one", "A  sentence\nhere.", "What?", "Why?")
    attach(tmp_path, "one", "A sentence here.", "When?")
    assert load_questions(tmp_path) == {"one": {"A sentence here.": ("What?", "Why?", "When?")}}


@pytest.mark.parametrize(
    "line", ["{", '{"sentence": "words"}', '{"sentence": "words", "questions": []}', '{"sentence": "w", "questions": ["q"]}']
)
def test_a_bad_line_is_named_with_what_was_expected(tmp_path: Path, line: str) -> None:
    (tmp_path / "questions").mkdir()
    (tmp_path / "questions" / "one.jsonl").write_text('{"sentence": "words", "questions": ["q?"]}\n' + line, encoding="utf-8")
    with pytest.raises(CorpusError, match=r"questions/one\.jsonl, line 2: .*expected"):
        load_questions(tmp_path)


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "questions").mkdir()
    (tmp_path / "questions" / "one.jsonl").write_bytes(b"\xff\xfe")
    for read in (load_questions, questions_fingerprint):
        with pytest.raises(CorpusError, match="UTF-8"):
            read(tmp_path)


def test_a_sentence_is_found_by_words_that_only_its_question_has(toy_settings: Settings) -> None:
    document_id, sentence = a_sentence(toy_settings)
    attach(toy_settings.corpus_dir, document_id, sentence, "Wherefore quibbles zanzibar?")
    embedder = HashingEmbedder()
    report = build_index(toy_settings, embedder=embedder)
    assert report.questions == 1
    answer = build_pipeline(toy_settings, embedder=embedder).answer("quibbles zanzibar wherefore")
    assert answer.passages[0].source.document_id == document_id
    assert sentence in answer.passages[0].text
    assert "zanzibar" not in answer.answer
    assert all("zanzibar" not in passage.text for passage in answer.passages)


def test_new_questions_make_the_index_new_and_embed_nothing_else(toy_settings: Settings) -> None:
    embedder = HashingEmbedder()
    build_index(toy_settings, embedder=embedder)
    document_id, sentence = a_sentence(toy_settings)
    attach(toy_settings.corpus_dir, document_id, sentence, "Wherefore quibbles zanzibar?")
    embedder.encoded.clear()
    assert build_index(toy_settings, embedder=embedder).changed
    assert embedder.encoded == ["Wherefore quibbles zanzibar?"]


def test_questions_of_ours_fit_sentences_that_stand() -> None:
    documents = load_corpus(CORPUS_DIR)
    chunks = [
        chunk for document in documents for chunk in split_document(document, max_tokens=200, count_tokens=lambda text: len(text) // 4)
    ]
    questions = load_questions(CORPUS_DIR)
    assert set(questions) == {document.source.document_id for document in documents}
    assert stale_sentences(questions, chunks) == []


def test_a_stale_sentence_is_named(toy_settings: Settings) -> None:
    document_id, sentence = a_sentence(toy_settings)
    documents = load_corpus(toy_settings.corpus_dir)
    chunks = [
        chunk for document in documents for chunk in split_document(document, max_tokens=200, count_tokens=lambda text: len(text.split()))
    ]
    questions = {document_id: {sentence: ("What?",), "Gone.": ("Where?",)}}
    assert stale_sentences(questions, chunks) == [(document_id, "Gone.")]
