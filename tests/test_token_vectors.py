"""Late interaction: the mean over the query's tokens of the nearest token of a sentence, from a file of bytes."""

from pathlib import Path

import numpy as np
import pytest

from rag.token_vectors import TokenVectors, pack, write_token_vectors


def unit(*rows: tuple[float, ...]) -> np.ndarray:
    matrix = np.array(rows, dtype=np.float32)
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def test_similarity_is_the_mean_of_each_query_tokens_best(tmp_path: Path) -> None:
    one, two = unit((1, 0, 0), (0, 1, 0)), unit((1, 1, 0))
    write_token_vectors(tmp_path, [("one", pack(one)), ("two", pack(two))])
    query = unit((1, 0, 0), (0, 0, 1), (3, 4, 0))
    by_hand = [(1.0 + 0.0 + 0.8) / 3, (1 / np.sqrt(2) + 0.0 + 7 / (5 * np.sqrt(2))) / 3]
    assert TokenVectors(tmp_path).similarities(query, ["one", "two"]) == pytest.approx(by_hand, abs=0.005)


def test_the_order_asked_for_is_the_order_returned(tmp_path: Path) -> None:
    write_token_vectors(tmp_path, [("a", pack(unit((1, 0)))), ("b", pack(unit((0, 1))))])
    near = TokenVectors(tmp_path).similarities(unit((0, 1)), ["b", "gone", "a", "b"])
    assert near == pytest.approx([1.0, 0.0, 0.0, 1.0], abs=0.01)


@pytest.mark.parametrize("rows", [[], [("empty", np.zeros((0, 4), np.int8))]])
def test_a_sentence_without_tokens_is_near_to_nothing(tmp_path: Path, rows: list[tuple[str, np.ndarray]]) -> None:
    write_token_vectors(tmp_path, rows)
    assert TokenVectors(tmp_path).similarities(unit((1, 0, 0, 0)), ["empty"]) == [0.0]
    assert TokenVectors(tmp_path).similarities(np.zeros((0, 4), np.float32), ["empty"]) == [0.0]


def test_packed_vectors_come_back_as_they_were_written(tmp_path: Path) -> None:
    matrices = {"a": pack(unit((1, 2, 3))), "b": pack(unit((0, 1, 0), (2, 2, 1)))}
    write_token_vectors(tmp_path, matrices.items())
    read = dict(TokenVectors(tmp_path).packed(["b", "a", "gone"]))
    assert {key: value.tolist() for key, value in read.items()} == {key: value.tolist() for key, value in matrices.items()}
