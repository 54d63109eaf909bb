"""Looking up: the sentence of each passage that answers, and documents to read."""

from rag.load import load_corpus
from rag.lookup import best_sentences, read_document
from rag.pipeline import Pipeline
from tests.library import passage_of


def even(stem: str) -> float:
    return 1.0


def test_the_sentence_with_the_figure_asked_for_is_the_best_of_its_passage() -> None:
    passage = passage_of("Zoledronic acid is a bisphosphonate.", "Zoledronic acid is dosed at 3.3 mg at a clearance of 40 to 49 mL/min.")
    (hit,) = best_sentences("dose of zoledronic acid at a clearance of 45", [passage], rarity=even)
    assert hit.sentence == "Zoledronic acid is dosed at 3.3 mg at a clearance of 40 to 49 mL/min."


def test_hits_keep_the_order_of_passages() -> None:
    passages = [passage_of("Bone pain is common.", rank=1), passage_of("Bone pain wants radiotherapy of 8 Gy.", rank=2)]
    assert [hit.passage.rank for hit in best_sentences("bone pain", passages, rarity=even)] == [1, 2]


def test_a_document_is_read_whole_with_its_tables_heads(shared_toy: Pipeline) -> None:
    documents = {document.source.document_id: document for document in load_corpus(shared_toy.settings.corpus_dir)}
    document = documents["zoledronic-label"]
    (section,) = read_document(shared_toy.index, "zoledronic-label", document)
    assert section.heading == "What is the dose by creatinine clearance?"
    assert section.text.startswith("| Creatinine clearance |")
    assert document.text[section.start :].lstrip().startswith(section.text)


def test_a_document_that_only_the_index_knows_is_pieced_together_from_its_chunks(shared_toy: Pipeline) -> None:
    sections = read_document(shared_toy.index, "alpha-2023")
    assert [section.heading for section in sections] == ["How fast must an MRI be done?", "Which steroid is given?"]
    assert "within 24 hours" in sections[0].text


def test_an_unknown_document_has_no_sections(shared_toy: Pipeline) -> None:
    assert read_document(shared_toy.index, "nobody") == []
