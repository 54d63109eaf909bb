"""rag.reader: what it reads, that a reading depends on nothing but question and sentence, and that the trained one tells an answer from a near miss."""

from pathlib import Path

import numpy as np
import pytest

from rag.errors import ModelFileError
from rag.networks import padded
from rag.pipeline import Pipeline
from rag.reader import QUESTION_TOKENS, SENTENCE_TOKENS, Sight, attached_nearness, open_reader
from rag.retrieve import NOT_READ, READ
from rag.token_vectors import STEPS, pack


def vectors(*rows: tuple[float, ...]) -> np.ndarray:
    matrix = np.array(rows, np.float32)
    return np.asarray(matrix / np.linalg.norm(matrix, axis=1, keepdims=True), np.float32)


def test_matrices_are_padded_to_the_longest_and_cut() -> None:
    values, mask = padded([vectors((1, 0)), vectors((0, 1), (1, 0), (0, 1))], most=2)
    assert values.shape == (2, 2, 2)
    assert mask.tolist() == [[True, False], [True, True]]
    assert values[0].tolist() == [[1.0, 0.0], [0.0, 0.0]]


def test_nearness_is_that_of_the_nearest_attached_question_and_without_one_of_the_sentence() -> None:
    sentence, far, near = pack(vectors((0, 1))), pack(vectors((0, 1))), pack(vectors((3, 4)))
    tokens, chunk = vectors((1, 0)), vectors((1, 0))[0]
    assert attached_nearness(tokens, Sight(sentence, chunk, (far, near))) == pytest.approx([0.6], abs=1 / STEPS)
    assert attached_nearness(tokens, Sight(sentence, chunk, ())) == pytest.approx([0.0], abs=1 / STEPS)


def test_with_another_embedding_model_there_is_no_reader(shared_toy: Pipeline) -> None:
    assert open_reader("another revision") is None
    assert shared_toy.reader is None
    assert all(passage.readings == () for passage in shared_toy.search("dexamethasone dose"))


def read(pipeline: Pipeline, question: str, sentences: list[str]) -> list[float]:
    assert pipeline.reader
    whole, tokens = pipeline.embedder.encode_query_tokens(question)
    chunks, matrices = pipeline.embedder.encode_sentences(sentences)
    return pipeline.reader.read(whole, tokens, [Sight(pack(matrix), chunk, ()) for matrix, chunk in zip(matrices, chunks, strict=True)])


def test_a_reading_depends_on_the_question_and_the_sentence_alone(real_pipeline: Pipeline) -> None:
    sentence, long = "Denosumab 120 mg is given every 4 weeks.", "Bone pain is treated. " * SENTENCE_TOKENS
    question = "How often is denosumab given?"
    assert read(real_pipeline, question, [sentence])[0] == pytest.approx(read(real_pipeline, question, [long, sentence])[1], abs=1e-3)


def test_no_question_and_no_sentence_have_no_reading(real_pipeline: Pipeline) -> None:
    assert read(real_pipeline, "", ["Denosumab 120 mg is given every 4 weeks."]) == [0.0]
    assert read(real_pipeline, "How often is denosumab given?", []) == []


@pytest.mark.parametrize(
    ("question", "answers", "near_miss"),
    [
        (
            "What is the dose of zoledronic acid in myeloma?",
            "In myeloma, zoledronic acid 4 mg is given every 3 to 4 weeks.",
            "In myeloma, pamidronate 90 mg is given every 3 to 4 weeks.",
        ),
        (
            "How common are bone metastases in melanoma?",
            "In stage IV melanoma, 18% had bone metastases.",
            "In thyroid cancer, bone metastases are found in 18%.",
        ),
        (
            "What are the side effects of radium-223?",
            "Radium-223 may cause diarrhoea, nausea and low blood counts.",
            "Radium-223 is given as six injections, one every 4 weeks.",
        ),
    ],
)
def test_the_sentence_that_answers_reads_better_than_a_near_miss(
    real_pipeline: Pipeline, question: str, answers: str, near_miss: str
) -> None:
    right, wrong = read(real_pipeline, question, [answers, near_miss])
    assert right > wrong


def test_the_sentences_that_come_first_are_read_and_the_others_are_no_answer(real_pipeline: Pipeline) -> None:
    found = real_pipeline.search("How soon must an MRI be done in suspected cord compression?")
    assert all(len(passage.readings) == len(passage.sentences) for passage in found)
    readings = [reading for passage in found for reading in passage.readings]
    assert 0 < sum(reading != NOT_READ for reading in readings) <= READ
    assert NOT_READ in readings
    assert all(passage.readings[passage.best] != NOT_READ for passage in found[:3])


def test_of_a_long_case_the_end_is_read_where_it_asks(real_pipeline: Pipeline) -> None:
    case = "She is 71, lives with her daughter, and had her breast removed nine years ago. Her back has been sore since spring. " * 2
    whole, tokens = real_pipeline.embedder.encode_query_tokens(case + "How soon must an MRI be done in suspected cord compression?")
    chunks, matrices = real_pipeline.embedder.encode_sentences(["For suspected cord compression, an MRI is done within 24 hours."])
    sights = [Sight(pack(matrices[0]), chunks[0], ())]
    assert real_pipeline.reader
    assert len(tokens) > QUESTION_TOKENS
    of_all, of_end, of_beginning = (
        real_pipeline.reader.read(whole, part, sights) for part in (tokens, tokens[-QUESTION_TOKENS:], tokens[:QUESTION_TOKENS])
    )
    assert of_all == of_end
    assert of_all[0] > of_beginning[0]


def test_a_missing_reader_is_none_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    assert open_reader("any", tmp_path / "none.safetensors") is None
    (tmp_path / "bad.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ModelFileError, match="damaged"):
        open_reader("any", tmp_path / "bad.safetensors")
