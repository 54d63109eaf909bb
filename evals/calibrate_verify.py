"""Fits the decision of the check of worded sentences (`rag/verify.py`) on the dev claims: `python -m evals.calibrate_verify`.

True are the rewordings, false the edits and corruptions; only what passes the strict checks is left to fit. Prints the
constants to put into `rag/rewording.py`, the figures of ten-fold cross-validation, and catch and false alarms by kind; deterministic, changes nothing.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from evals.claims import Claim, load_claims, load_fresh_claims
from evals.run import Bench, open_bench
from evals.settings import load_eval_settings
from rag.align import read
from rag.embed import RememberingEncoder
from rag.entailment import open_entailment
from rag.rewording import FEATURES, Encode
from rag.schema import Passage
from rag.text import collapse
from rag.verify import Entail, best_pairing, verify

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)


def main(work_dir: Path | None = None) -> int:
    """Print the fit and what the check in force makes of the claims of both splits; of `test`, rates only."""
    bench = open_bench(work_dir or load_eval_settings().work_dir)
    encode = RememberingEncoder(bench.plain.embedder)
    network = open_entailment(encode.tokens, bench.plain.embedder.revision)
    entail = network.logits if network else None
    judged = list(_with_passages(bench, load_claims(bench.documents)))
    fresh = list(_with_passages(bench, load_fresh_claims(bench.documents)))
    for name, claims in (("claims of the gate", judged), ("fresh claims", fresh)):
        print(name)
        _report([(claim, not verify(claim.sentence, passages, encode=encode, entail=entail).supported) for claim, passages in claims])
    _fit(judged + fresh, encode, entail)
    return 0


def _with_passages(bench: Bench, claims: Iterable[Claim]) -> Iterator[tuple[Claim, list[Passage]]]:
    found: dict[tuple[str, ...], list[Passage]] = {}
    for claim in claims:
        if claim.quotes not in found:
            found[claim.quotes] = bench.plain.search(" ".join(claim.quotes)[: bench.plain.settings.max_question_chars])
        yield claim, found[claim.quotes]


def _report(rows: list[tuple[Claim, bool]]) -> None:
    groups: dict[tuple[str, str, str], list[bool]] = defaultdict(list)
    for claim, refused in rows:
        side = "refused though true" if claim.true else "caught"
        groups[claim.split, side, claim.kind].append(refused)
        if claim.kind != "verbatim":
            groups[claim.split, side, "all"].append(refused)
    for (split, side, kind), values in sorted(groups.items()):
        print(f"{split:5} {side:20} {kind:13} {sum(values):4} of {len(values):4}  {np.mean(values):.3f}")


def _fit(judged: list[tuple[Claim, list[Passage]]], encode: Encode, entail: Entail | None) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    names = (*FEATURES, "vote") if entail else FEATURES
    rows, labels = [], []
    for claim, passages in judged:
        if claim.split != "dev" or claim.kind == "verbatim":
            continue
        found = best_pairing(read(collapse(claim.sentence)), passages, encode, entail)
        if found:
            rows.append([getattr(found, name) for name in names])
            labels.append(claim.true)
    features, true_ones = np.array(rows), np.array(labels)
    model = LogisticRegression(C=1.0, max_iter=1000, class_weight="balanced")
    chance = cross_val_predict(model, features, true_ones, cv=10, method="predict_proba")[:, 1]
    model.fit(features, true_ones)
    print(f"\n{len(labels)} sentences pass the strict checks, {sum(labels)} of them true")
    print(
        "BIAS = " + f"{model.intercept_[0]:.2f}  " + "  ".join(f"{name} = {w:.2f}" for name, w in zip(names, model.coef_[0], strict=True))
    )
    for threshold in THRESHOLDS:
        refused = chance < threshold
        print(f"threshold {threshold:.1f}: {refused[~true_ones].mean():.3f} caught, {refused[true_ones].mean():.3f} refused though true")


if __name__ == "__main__":
    sys.exit(main())
