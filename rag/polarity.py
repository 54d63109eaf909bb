"""Do a sentence and its evidence affirm, deny, order and bound the same things? Each check returns its finding in plain words, or "".

Negation is bound to the words that it stands with, an opposite to the words around it: a sentence may leave a negated clause of its evidence out, but
not the negation alone. Knows readings only; which evidence is looked at is decided in `rag/evidence.py`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.align import Reading, Word, alike
from rag.text import content_stems
from rag.wordings import groups_of, opposites

SCOPE_WORDS = 5  # words after a negation that it can reach
NEIGHBOURS = 3  # words on each side that tell which of several opposites is meant

_BOUND = re.compile(
    r"\b(?:no|not|never) (?:be )?(?:less|more|fewer|longer|later|greater|higher|earlier) than\b|\bnot only\b|\bwhether\b[^.;]{0,40}?\bor not\b|\bif not\b|\bwith(?:out)? (?:and|or) with(?:out)?\b",
    re.IGNORECASE,
)
_FORWARD = re.compile(
    r"\b(?:no|not|never|neither|nor|without|cannot|\w+n't|fails? to|failed to|avoids?|avoiding|lack(?:s|ed|ing)?|missing|unlike|in the absence of|absence of|free (?:of|from)|"
    r"(?:advis\w+|recommend\w*|warn\w*|caution\w*|decid\w+) against|rather than|instead of|unable to|refus\w+|"
    r"insufficient|keeps?(?=\b[^.]{0,60}\bfrom\b)|rarely|seldom|"
    r"excludes?|non-(?=[a-z]))(?![\w])|\bnon-(?=[a-z])|"
    r"\b(?:un(?!der|it|ti|iq|io|iv|iform|less|known[ -]prim|usual)(?=[a-z]{5})|in(?=operabl|effectiv|adequat|complet|appropriat|curabl|eligib|separab|signific|suffici)|"
    r"im(?=possib)|ir(?=revers|regul)|a(?=symptom))",
    re.IGNORECASE,
)
_BACKWARD = re.compile(
    r"\b(?:contraindicated|contra-indicated|contraindication|absent|none|avoided|prevented|excluded|ineligible|(?<=-)free)\b", re.IGNORECASE
)
_BARE = re.compile(r"\s+(?:be |been |being )?(?:given|used|done|needed|made|taken|had)\b", re.IGNORECASE)
_PREFIXES = {"un", "in", "im", "ir", "a", "non-"}
_CONDITION = re.compile(
    r"\b(?:(?P<if>if|provided|in case of)|(?P<unless>unless|except|other than|apart from)|(?P<only>only (?:after|when|if|for|in|with|on))|(?P<until>until|without))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Cue:
    text: str
    scope: tuple[Word, ...]  # what it can deny
    head: tuple[Word, ...]  # what it most likely denies
    around: tuple[Word, ...]  # what tells whether a sentence speaks of it at all
    bare: bool = False  # what it denies stands before it: "X must not be given"


def negation_problem(claim: Reading, evidence: Reading) -> str:
    """Return what is wrong when a sentence denies what its evidence does not, or the other way round."""
    claimed, stated = _cues(claim, evidence), _cues(evidence, claim)
    able = [[n for n, other in enumerate(stated) if _meet(cue, other)] for cue in claimed]
    for cue, options in zip(claimed, able, strict=True):
        options.sort(key=lambda n: -_overlap(cue.head[:1], stated[n].head[:1]))
    partners: dict[int, int] = {}
    for n, cue in enumerate(claimed):
        if not _partnered(n, able, partners, set()) and (cue.text.lower() not in {"nor", "neither"} or not able[n]):
            return f"it negates ({cue.text!r}) what its nearest passage states"
    for cue in (cue for n, cue in enumerate(stated) if n not in partners):
        denied = cue.head[:1] and _share(cue.head[:1], claim)  # the very word that is denied is told: less of its surroundings will do
        if cue.around and _share(cue.head, claim) and _share(cue.around, claim) >= (0.3 if denied else 0.5):
            return f"it leaves out a negation ({cue.text!r}) of its nearest passage"
    return ""


def _partnered(cue: int, able: Sequence[Sequence[int]], partners: dict[int, int], tried: set[int]) -> bool:
    """Find a negation of the evidence for one of the sentence; one that another has taken is given up where that other has a second choice."""
    for option in able[cue]:
        if option not in tried:
            tried.add(option)
            if option not in partners or _partnered(partners[option], able, partners, tried):
                partners[option] = cue
                return True
    return False


def _meet(one: _Cue, other: _Cue) -> bool:
    if not one.scope or not other.scope:
        return True
    if one.bare or other.bare:  # "it is never used": what is denied stands before, wherever that is
        return _overlap(one.around, other.around) > 0
    return _overlap(one.head, other.scope) > 0 or _overlap(one.scope, other.head) > 0


def _share(words: Sequence[Word], reading: Reading) -> float:
    return _overlap(words, reading.words) / len(words) if words else 0.0


def _cues(reading: Reading, other: Reading) -> list[_Cue]:
    text = reading.text
    bounds = [(match.start(), match.end()) for match in _BOUND.finditer(text)]
    # A negation within a wording that the other text has another wording for is compared as a word: "symptom-free", "without symptoms".
    bounds += [(w.start, w.end) for w in reading.words if any(w.groups & o.groups and w.stems != o.stems for o in other.words)]
    found: dict[int, _Cue] = {}
    for match in _FORWARD.finditer(text):
        if any(start <= match.start() and match.end() <= end for start, end in bounds):
            continue
        if match.group().lower() in _PREFIXES:
            word = _base(text, match.end())
            found[match.start()] = _Cue(text[match.start() : word.end], (word,), (word,), (word,))
            continue
        before, after = _before(reading, match.start()), _after(reading, match.end())
        bare = not after or bool(_BARE.match(text, match.end()))
        near = (*before, *after[:2]) if bare else (*before[-2:], *after[:2])
        found[match.start()] = _Cue(match.group(), after or before, (after or before)[:2], near, bare)
    for match in _BACKWARD.finditer(text):
        if match.start() not in found and not any(start <= match.start() and match.end() <= end for start, end in bounds):
            before = _before(reading, match.start())
            near = (*before, *_after(reading, match.end()))
            found[match.start()] = _Cue(match.group(), near, before[-2:] or near[:2], near)
    return [found[start] for start in sorted(found)]


def _base(text: str, at: int) -> Word:
    """The word behind a negating prefix: "available" of "unavailable"."""
    said = re.match(r"\w*", text[at:])
    base = said.group() if said else ""
    return Word(base, "", frozenset(content_stems(base)), groups_of(base), at, at + len(base))


def _after(reading: Reading, at: int) -> tuple[Word, ...]:
    stop = min((start for start, _ in _strong_breaks(reading) if start >= at), default=len(reading.text))
    return tuple(word for word in reading.words if word.end > at and word.start < stop and not _is_cue(word))[:SCOPE_WORDS]


def _before(reading: Reading, at: int) -> tuple[Word, ...]:
    stop = max((end for _, end in _strong_breaks(reading) if end <= at), default=0)
    return tuple(word for word in reading.words if stop <= word.start and word.end <= at and not _is_cue(word))[-SCOPE_WORDS:]


def _strong_breaks(reading: Reading) -> list[tuple[int, int]]:
    return [(start, end) for start, end in reading.breaks if reading.text[start:end].strip().lower() not in {"and", "or", "and/or"}]


def _is_cue(word: Word) -> bool:
    return word.text.lower() in {"no", "not", "never", "without", "against", "nor", "neither", "none", "rather"}


def direction_problem(claim: Reading, evidence: Reading) -> str:
    """Return what is wrong when a word of a sentence has only its opposite in the evidence, or its opposite beside the same words."""
    for sides in opposites():
        stated = [
            (n, match.start()) for n, side in enumerate(sides) for match in side.finditer(evidence.text) if not _of_bound(evidence, match)
        ]
        if not stated:
            continue
        for n, side in enumerate(sides):
            for match in side.finditer(claim.text):
                if (
                    _within_phrase(claim, match)
                    or _of_bound(claim, match)
                    or any(other.search(match.group()) for m, other in enumerate(sides) if m != n)
                ):
                    continue
                own = [it.start() for m, it_side in enumerate(sides) if m != n for it in it_side.finditer(claim.text)]
                if _turned(claim, match.start(), n, evidence, stated, own):
                    return f"{match.group()!r} turns round what its nearest passage says"
    return ""


def _of_bound(reading: Reading, match: re.Match[str]) -> bool:
    """Whether a word only bounds a figure ("grade 3 or higher"): figures are compared with their bounds elsewhere."""
    return any(figure.start < match.start() and match.end() <= figure.end for figure in reading.figures)


def _within_phrase(reading: Reading, match: re.Match[str]) -> bool:
    """Whether a word is part of a longer one with a meaning of its own: "low" of "low calcium", which is hypocalcaemia."""
    return any(
        word.start <= match.start() and match.end() <= word.end and word.groups and len(word.text) > len(match.group()) + 1
        for word in reading.words
        if " " in word.text
    )


def _turned(claim: Reading, at: int, side: int, evidence: Reading, stated: Sequence[tuple[int, int]], own: Sequence[int]) -> bool:
    """Whether a word's opposite stands where it should; an opposite that the sentence has, too, beside the same words (`own`), is none of it."""
    same = [place for n, place in stated if n == side]
    other = [place for n, place in stated if n != side]
    if not other:
        return False
    around = _neighbours(claim, at)
    beside = [_neighbours(evidence, place) for place in other]
    kept = [_neighbours(claim, it) for it in own]
    left = [there for there in beside if all(_overlap(it, there) <= _overlap(around, there) for it in kept)]
    if not same or not left:
        return bool(left)
    near_same = max(_overlap(around, _neighbours(evidence, place)) for place in same)
    return max(_overlap(around, there) for there in left) > near_same


def _neighbours(reading: Reading, at: int) -> tuple[Word, ...]:
    return (*_before(reading, at)[-NEIGHBOURS:], *_after(reading, at + 1)[: NEIGHBOURS + 1])


def _overlap(ones: Sequence[Word], others: Sequence[Word]) -> int:
    return sum(any(alike(one, other) for other in others) for one in ones)


def condition_problem(claim: Reading, evidence: Reading) -> str:
    """Return what is wrong when a sentence leaves out a condition that its evidence makes."""
    for match in _CONDITION.finditer(evidence.text):
        scope = _after(evidence, match.end())[:4]
        if scope and not any(alike(word, other) for word in scope for other in claim.words):
            return f"it leaves out the condition {match.group()!r} of its nearest passage"
    return ""
