"""sentence + Passages -> Verdict: do the passages state this, and by which words?

Looks at single sentences of the passages, and at two or three of them where the sentence has clauses, each of which must rest on one of them. Names,
figures with what they belong to, order, negation, direction and conditions are compared strictly (`rag/names.py`, `rag/binding.py`, `rag/order.py`,
`rag/polarity.py`, `rag/strength.py`); what is left are words that the evidence does not have, weighed together with nearness in meaning and the vote of a
small network (`rag/entailment.py`). A false alarm costs fluency, a miss costs trust: in doubt the
verdict is "unsupported". Sentences that are quoted word for word do not come here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from rag.agree import number_problem, period_problem
from rag.align import Reading, read, weight
from rag.binding import figure_problem, pairing_problem
from rag.embed import Embedder, RememberingEncoder
from rag.entailment import evidence_texts, open_entailment
from rag.evidence import Evidence, Pairing, candidates, has
from rag.names import RIVAL_KINDS, name_problem
from rag.order import comparison_problem, order_problem
from rag.polarity import condition_problem, direction_problem, negation_problem
from rag.rewording import MIN_COSINE, Encode, Features, features, probability
from rag.schema import Passage, Quote, Span, Verdict
from rag.sentences import squashed
from rag.strength import absolute_problem, advice_problem, concession_problem
from rag.text import collapse

Entail = Callable[[Sequence[tuple[str, tuple[str, ...]]]], list[float]]
Check = Callable[[str, Sequence[Passage]], Verdict]

CROSSED = 0.9  # weight of words by which another sentence may not be nearer to a clause
NEARLY_ALL = 0.6  # probability from which a sentence that says otherwise is the one that was meant
SUPPORTED = 0.6  # at 0.5 too many false edits passed that nobody had tuned on; a miss costs trust


def checker(embedder: Embedder) -> Check:
    """Return the check as it runs with an embedding model: texts are encoded but once, and the network votes where it was trained with that model.

    Raises:
        ModelFileError: the network's file is damaged.
    """
    encoder = RememberingEncoder(embedder)
    network = open_entailment(encoder.tokens, embedder.revision)
    return partial(verify, encode=encoder, entail=network.logits if network else None)


def verify(sentence: str, passages: Sequence[Passage], *, encode: Encode, entail: Entail | None = None) -> Verdict:
    """Judge whether passages support a sentence.

    Args:
        sentence: One sentence, as a model worded it.
        passages: Passages it may rest on.
        encode: Texts to (n, dim) unit vectors, for nearness in meaning; one that remembers its texts makes this fast.
        entail: Sentences, each with its evidence, to logits of being stated by it; None leaves the network out.

    Returns:
        A verdict whose quotes are the supporting words. `support` is the probability of the decision, at most 0.49 when a check failed; `reason`
        names the failed check of the nearest evidence.
    """
    claim = read(collapse(sentence))
    if not claim.words and not claim.figures:
        return Verdict(False, 0.0, (), "the sentence states nothing that could be checked")
    examined = _examined(claim, passages, entail)
    if not examined:
        return Verdict(False, 0.0, (), "there is no passage to support it")
    # Of evidence that does not support the sentence, that with most of its words says why.
    judged = [_judge(claim, one, encode) for one in examined]
    put_together = any(verdict.supported and len(one.pairing) > 1 for (verdict, _), one in zip(judged, examined, strict=True))
    contradicted = put_together and any(len(one.pairing) == 1 and _gainsaid(*one.pairing[0], encode) for one in examined)
    supporting = [
        (verdict.support, -len(verdict.quotes), cosine, verdict)
        for (verdict, cosine), one in zip(judged, examined, strict=True)
        if verdict.supported and not (contradicted and len(one.pairing) > 1)
    ]
    return max(supporting, key=lambda entry: entry[:3])[3] if supporting else judged[0][0]


@dataclass(frozen=True, slots=True)
class _Examined:
    """What a sentence may rest on, the strict check that failed or "", and the network's vote where none failed and it has one."""

    pairing: Pairing
    problem: str
    vote: float | None = None


def _examined(claim: Reading, passages: Sequence[Passage], entail: Entail | None) -> list[_Examined]:
    """Return all that a sentence may rest on.

    The network learnt on sentences below the title of their document: of a bare text, which has none, it knows nothing.
    """
    found = [_Examined(pairing, strict_problem(pairing)) for pairing in candidates(claim, passages)]
    asked = [n for n, one in enumerate(found) if not one.problem and passages[one.pairing[0][1].passage].source.title]
    if entail and asked:
        for n, logit in zip(asked, entail([(claim.text, _texts(found[n].pairing, passages)) for n in asked]), strict=True):
            found[n] = replace(found[n], vote=squashed(logit))
    return found


def _texts(pairing: Pairing, passages: Sequence[Passage]) -> tuple[str, ...]:
    quotes = _quotes(pairing)
    sentences = [passages[quote.passage].text[quote.span.start : quote.span.end] for quote in quotes]
    return evidence_texts(passages[quotes[0].passage].source.title, sentences)


def _quotes(pairing: Pairing) -> tuple[Quote, ...]:
    told = [it for _, evidence in pairing for it in (evidence, evidence.beside) if it]
    places = sorted({(evidence.passage, evidence.span.start, evidence.span.end) for evidence in told})
    return tuple(Quote(passage, Span(start, end)) for passage, start, end in places)


def _judge(claim: Reading, examined: _Examined, encode: Encode) -> tuple[Verdict, float]:
    found = _measured(claim, examined.pairing, encode, examined.vote)
    chance, quotes, problem = probability(found), _quotes(examined.pairing), examined.problem
    if not problem and chance < SUPPORTED:
        problem = "no passage is near it in meaning" if found.cosine < MIN_COSINE else "it says more than its nearest passage"
    support = round(chance, 3)
    if problem:
        return Verdict(False, min(support, 0.49), quotes, problem), found.cosine
    return Verdict(True, max(support, 0.5), quotes, "figures, names, negation and meaning agree with the passage"), found.cosine


def _measured(claim: Reading, pairing: Pairing, encode: Encode, vote: float | None = None) -> Features:
    """Return the features of the poorer clause; nearness in meaning and vote are those of the whole."""
    vectors = encode([claim.text, " ".join(evidence.reading.text for _, evidence in pairing)])
    cosine = float(vectors[0] @ vectors[1])
    return min((replace(features(part, evidence, cosine, encode), vote=vote) for part, evidence in pairing), key=probability)


def _gainsaid(claim: Reading, evidence: Evidence, encode: Encode) -> bool:
    """Whether one sentence has nearly all words of a claim and says otherwise: what others say of its clauses does not mend that."""
    said = (claim.text, evidence.reading.text)
    if evidence.beside or not (contradiction(claim, evidence.reading) or period_problem(*said) or number_problem(*said)):
        return False
    return probability(_measured(claim, ((claim, evidence),), encode)) >= NEARLY_ALL


def best_pairing(claim: Reading, passages: Sequence[Passage], encode: Encode, entail: Entail | None) -> Features | None:
    """Return the features of the best evidence that passes the strict checks; None where none does. What the decision is fitted on."""
    passing = [_measured(claim, one.pairing, encode, one.vote) for one in _examined(claim, passages, entail) if not one.problem]
    return max(passing, key=probability, default=None)


def strict_problem(pairing: Pairing) -> str:
    """Return what is wrong with a sentence whatever its words are like: figures, names, negation, direction, order, conditions; or ""."""
    alone = len(pairing) == 1
    whole = pairing[0][0] if alone else read(" ".join(part.text for part, _ in pairing))
    for part, evidence in pairing:
        problem = _problem(part, evidence, evidence.context if alone else evidence.origin) or condition_problem(whole, evidence.reading)
        if problem:
            return problem
    return _inherited_problem(pairing) or _crossed_problem(pairing)


def _problem(claim: Reading, evidence: Evidence, context: Reading) -> str:
    reading = evidence.reading
    return (
        figure_problem(claim, reading, context)
        or name_problem(claim, reading, context)
        or pairing_problem(claim, reading)
        or contradiction(claim, reading)
        or advice_problem(claim, reading)
    )


def contradiction(claim: Reading, reading: Reading) -> str:
    """Return in which words a sentence says otherwise than its evidence, names and figures apart; or ""."""
    return (
        absolute_problem(claim, reading)
        or concession_problem(claim, reading)
        or negation_problem(claim, reading)
        or direction_problem(claim, reading)
        or order_problem(claim, reading)
        or comparison_problem(claim, reading)
    )


def _inherited_problem(pairing: Pairing) -> str:
    """A clause that names no drug or body of its own speaks of that of the clause before it: its evidence must not speak of another."""
    for n, (second, evidence) in enumerate(pairing[1:], start=1):
        for kind in RIVAL_KINDS:
            stated = {word.name for word in evidence.reading.words if word.kind == kind}
            inherited = {word.name for first, _ in pairing[:n] for word in first.words if word.kind == kind}
            own = {word.name for word in second.words if word.kind == kind}
            if stated and inherited and not own and not stated & inherited:
                return "one of its clauses speaks of something else in its nearest passage"
    return ""


def _crossed_problem(pairing: Pairing) -> str:
    """A clause must not rest on one sentence for its figure where another one has more of its words."""
    for part, evidence in pairing:
        own = sum(weight(word) for word in part.words if has(evidence.reading, word))
        for _, other in pairing:
            if other is not evidence and sum(weight(word) for word in part.words if has(other.reading, word)) > own + CROSSED:
                return "one of its clauses is told of something else in its nearest passage"
    return ""
