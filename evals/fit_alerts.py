"""Fit the model that stands beside the rules of the alerts: python -m evals.fit_alerts [--write]

Fitted on the train half of `evals/alert_phrases.jsonl`, on the calibration questions and on every ninth attached question, none of which tell of an
emergency. Prints what rules alone and rules with the model make of the test phrases, and with --write replaces `rag/alert_weights.json`.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from evals.calibrate import QUESTIONS
from rag.alerts import examine, find_alerts
from rag.attached import load_questions
from rag.build import make_embedder
from rag.embed import SentenceTransformerEmbedder
from rag.emergencies import WEIGHTS_FILE, features_of, find_emergencies, load_weights
from rag.settings import Settings

PHRASES_FILE = Path(__file__).with_name("alert_phrases.jsonl")
NONE = "none"
REGULARISATION = 10.0  # C of the logistic regression; 30 and 100 did no better in four-fold cross-validation
EVERY = 9


def phrases(split: str) -> list[dict[str, Any]]:
    """Return the phrases of a split."""
    rows = [json.loads(line) for line in PHRASES_FILE.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if row["split"] == split]


def fit(settings: Settings, embedder: SentenceTransformerEmbedder) -> dict[str, Any]:
    """Return classes, weights and bias, as they are kept in the file."""
    from sklearn.linear_model import LogisticRegression

    train = phrases("train")
    ordinary = [json.loads(line)["question"] for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    attached = load_questions(settings.corpus_dir)
    ordinary += [question for of in attached.values() for questions in of.values() for question in questions][::EVERY]
    texts = [row["question"] for row in train] + ordinary
    labels = [row["alerts"][0] if row["alerts"] else NONE for row in train] + [NONE] * len(ordinary)
    classes = [NONE, *sorted({label for label in labels if label != NONE})]
    vectors = embedder.encode_documents(texts)
    features = np.stack([features_of(examine(text), vector) for text, vector in zip(texts, vectors, strict=True)])
    model = LogisticRegression(C=REGULARISATION, max_iter=5000).fit(features, [classes.index(label) for label in labels])
    return {
        "revision": embedder.revision,
        "classes": classes,
        "bias": [round(float(value), 3) for value in model.intercept_],
        "weights": [[round(float(value), 3) for value in row] for row in model.coef_],
    }


def report(embedder: SentenceTransformerEmbedder) -> None:
    """Print the shares of test phrases that are flagged, by the rules alone and with the model."""
    test = phrases("test")
    for name, flagged in (
        ("rules alone", [[alert.id for alert in find_alerts(row["question"])] for row in test]),
        (
            "with the model",
            [
                [alert.id for alert in find_emergencies(row["question"], encode=embedder.encode_query, revision=embedder.revision)]
                for row in test
            ],
        ),
    ):
        caught = [row["alerts"][0] in found for row, found in zip(test, flagged, strict=True) if row["alerts"]]
        false = [bool(found) for row, found in zip(test, flagged, strict=True) if not row["alerts"]]
        print(f"{name}: {np.mean(caught):.3f} of {len(caught)} emergencies, {np.mean(false):.3f} of {len(false)} others flagged")


def main() -> int:
    """Fit, write when asked to, and report."""
    settings = Settings(llm="none")
    embedder = make_embedder(settings)
    if "--write" in sys.argv:
        WEIGHTS_FILE.write_text(json.dumps(fit(settings, embedder)) + "\n", encoding="utf-8")
        load_weights.cache_clear()
    report(embedder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
