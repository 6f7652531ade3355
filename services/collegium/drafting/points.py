"""What a report can say: points made of claims, each with the passages that say it in the same words."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from collegium.language.attribution import attribute, short_title
from collegium.language.plain import plain, trimmed
from collegium.language.settings import settings
from collegium.language.terms import content, terms
from collegium.language.versions import version_key
from collegium_schemas.evidence import Analysis, Claim, ClaimCluster, Contradiction, Evidence, Passage, QuestionAnalysis

_MOST_CITATIONS: Final = 4
_ROW: Final = re.compile(r"\s\|\s")
_ALIKE: Final = 0.7
_ABOUT_AS_MUCH: Final = 0.85


@dataclass(frozen=True, slots=True)
class Point:
    """One sentence that the report could hold.

    Attributes:
        said: the source's sentence, at most without its leading connective or list marker.
        passages: where it stands in these words, the best first, one per document.
        claim_ids: the claims behind it.
        score: how much it bears on the question.
        agreement: how many documents agree on it.
        setting: True for a labelled value, which always names its version.
        disputed: True when another source contradicts it.
    """

    said: str
    passages: tuple[Passage, ...]
    claim_ids: tuple[str, ...]
    score: float
    agreement: int
    setting: bool
    disputed: bool
    places: tuple[tuple[str, int, int], ...] = ()
    """Document and characters [start, end) of each claim behind it."""
    by_title: bool = False
    """Whether its source is named by its title: what contradicts it is of the same version, by another title."""
    beside: bool = False
    """Whether it holds no word of the question and is told for a sentence right beside it."""

    @property
    def key(self) -> str:
        """Equal for two spellings of the same sentence about the same version."""
        return f"{plain(self.said)}|{self.passages[0].version if self.setting else ''}"

    @property
    def begins(self) -> int:
        """Where it begins in the document that is cited first; 0 where that is not known."""
        document = self.passages[0].document_id
        return min((start for name, start, _ in self.places if name == document), default=0)

    def attributed(self) -> str:
        """The sentence with its (first) source named."""
        first = self.passages[0]
        return attribute(self.said, None if self.by_title else first.version, first.title)


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that a report is made from, by id."""

    passages: Mapping[str, Passage]
    claims: Mapping[str, Claim]
    questions: tuple[QuestionAnalysis, ...]
    rejected: frozenset[str]
    """Plain forms of sentences that a review did not find supported; they are not written again."""
    by_title: frozenset[str] = frozenset()
    """Claims whose every contradiction is with a page of the same version that has another title."""

    def said(self, claim: Claim) -> str:
        """The claim as a sentence of a report."""
        passage = self.passages[claim.passage_id]
        for row in settings(passage.text, passage.heading):
            if (row.span.start, row.span.end) == (claim.start, claim.end):
                return row.statement()
        text = trimmed(_ROW.sub("; ", _ROW.sub(": ", claim.text, count=1)))
        return f"{text[:-1].rstrip()}." if text.endswith(":") else text

    def place(self, claim: Claim) -> tuple[str, int, int]:
        """Where a claim stands in its document."""
        passage = self.passages[claim.passage_id]
        return passage.document_id, passage.start + claim.start, passage.start + claim.end

    def is_setting(self, claim: Claim) -> bool:
        """Whether the claim is a labelled value."""
        passage = self.passages[claim.passage_id]
        rows = settings(passage.text, passage.heading)
        return any((row.span.start, row.span.end) == (claim.start, claim.end) for row in rows)


def gather(evidence: Sequence[Evidence], analysis: Analysis, rejected: frozenset[str]) -> Material:
    """Index the inputs; claims whose passage is not in the evidence are left out."""
    passages = {ranked.passage.passage_id: ranked.passage for found in evidence for ranked in found.passages}
    claims = {
        claim.claim_id: claim
        for question in analysis.questions
        for claim in question.claims
        if claim.passage_id in passages
    }
    return Material(passages, claims, analysis.questions, rejected, _by_title(passages, claims, analysis))


def _by_title(passages: Mapping[str, Passage], claims: Mapping[str, Claim], analysis: Analysis) -> frozenset[str]:
    titled: dict[str, bool] = {}
    for question in analysis.questions:
        for contradiction in question.contradictions:
            pair = contradiction.first_claim_id, contradiction.second_claim_id
            if all(claim_id in claims for claim_id in pair):
                one, other = (passages[claims[claim_id].passage_id] for claim_id in pair)
                for claim_id in pair:
                    titled[claim_id] = titled.get(claim_id, True) and told_by_title(one, other)
    return frozenset(claim_id for claim_id, alone in titled.items() if alone)


def told_by_title(one: Passage, other: Passage) -> bool:
    """Whether two pages are told apart by their titles, and by no version."""
    return one.version == other.version and short_title(one.title) != short_title(other.title)


def points_of(material: Material, question: QuestionAnalysis) -> list[Point]:
    """The points on one question, the most worth reporting first, without near-duplicates."""
    disputed = {
        claim_id
        for other in material.questions
        for contradiction in other.contradictions
        for claim_id in (contradiction.first_claim_id, contradiction.second_claim_id)
    }
    scores = {claim.claim_id: claim.score for claim in question.claims}
    beside = {claim.claim_id for claim in question.claims if claim.beside}
    found = [
        point
        for cluster in question.clusters
        for members in _sides(material, cluster)
        if (point := _point(material, members, cluster, disputed, scores)) is not None
    ]
    found = [replace(one, beside=beside.issuperset(one.claim_ids)) for one in found]
    found.sort(key=lambda point: (-int(point.score * 5), -min(point.agreement, 2), -point.score, point.key))
    return _distinct(found)


def contradictions_of(material: Material) -> list[tuple[Contradiction, Point, Point]]:
    """Every contradiction with its two sides as points, the most relevant first, each dispute once."""
    found: list[tuple[Contradiction, Point, Point]] = []
    seen: set[frozenset[str]] = set()
    for question in material.questions:
        for contradiction in question.contradictions:
            first, second = (
                _side(material, claim_id) for claim_id in (contradiction.first_claim_id, contradiction.second_claim_id)
            )
            if first is None or second is None or frozenset((first.key, second.key)) in seen:
                continue
            by_title = told_by_title(first.passages[0], second.passages[0])
            first, second = (replace(side, by_title=by_title) for side in (first, second))
            if any(plain(side.attributed()) in material.rejected for side in (first, second)):
                continue
            seen.add(frozenset((first.key, second.key)))
            one, other = sorted((first, second), key=_by_version)
            found.append((contradiction, one, other))
    return sorted(found, key=lambda one: (-max(one[1].score, one[2].score), one[1].key, one[2].key))


def alike(one: str, other: str) -> bool:
    """Whether two sentences share most of their words."""
    first, second = ({t.key for t in content(terms(text))} for text in (one, other))
    return len(first & second) >= _ALIKE * max(1, len(first | second))


def accompanied(points: Sequence[Point]) -> list[Point]:
    """The points without those that are told for a sentence right beside them which is not among the points."""
    return [one for one in points if not one.beside or any(_right_beside(one, other) for other in points)]


def _right_beside(one: Point, other: Point) -> bool:
    passage = one.passages[0]
    [(document, start, end), *_] = one.places
    spans = [(s, e) for name, s, e in other.places if name == document and not other.beside]
    gaps = [(e, start) if e <= start else (end, s) for s, e in spans if e <= start or end <= s]
    inside = [(a - passage.start, b - passage.start) for a, b in gaps if passage.start <= a and b <= passage.end]
    return any(not passage.text[a:b].strip() for a, b in inside)


def _sides(material: Material, cluster: ClaimCluster) -> Iterable[list[Claim]]:
    """A cluster's claims as groups that are each one point: all of them, or those of one wording if they contradict."""
    claims = [material.claims[claim_id] for claim_id in cluster.claim_ids if claim_id in material.claims]
    if cluster.agreement != "contradict":
        return [claims] if claims else []
    by_wording: dict[str, list[Claim]] = {}
    for claim in claims:
        version = material.passages[claim.passage_id].version if material.is_setting(claim) else ""
        by_wording.setdefault(f"{plain(material.said(claim))}|{version}", []).append(claim)
    return by_wording.values()


def _point(
    material: Material, claims: list[Claim], cluster: ClaimCluster, disputed: set[str], scores: Mapping[str, float]
) -> Point | None:
    """The best claim that no review rejected, with all passages that say it in the same words.

    Among claims that bear on the question about as much, the one of the newest version.
    """
    best = max((scores.get(c.claim_id, c.score) for c in claims), default=0.0)

    def order(claim: Claim) -> tuple[bool, tuple[int, ...], float]:
        score = scores.get(claim.claim_id, claim.score)
        version = version_key(material.passages[claim.passage_id].version)
        return score >= _ABOUT_AS_MUCH * best, version, score

    for claim in sorted(claims, key=order, reverse=True):
        said = material.said(claim)
        if plain(said) in material.rejected:
            continue
        same = [claim, *(c for c in claims if c is not claim and plain(material.said(c)) == plain(said))]
        setting = material.is_setting(claim)
        if setting:
            version = material.passages[claim.passage_id].version
            same = [c for c in same if material.passages[c.passage_id].version == version]
        return Point(
            said=said,
            places=tuple(material.place(c) for c in same),
            passages=_one_per_document(material.passages[c.passage_id] for c in same),
            claim_ids=tuple(c.claim_id for c in claims)[:32],
            score=scores.get(claim.claim_id, claim.score),
            agreement=1 if cluster.agreement == "contradict" else cluster.sources,
            setting=setting,
            disputed=any(c.claim_id in disputed for c in same),
            by_title=not setting and claim.claim_id in material.by_title,
        )
    return None


def _side(material: Material, claim_id: str) -> Point | None:
    claim = material.claims.get(claim_id)
    if claim is None:
        return None
    passage, said = material.passages[claim.passage_id], material.said(claim)
    point = Point(said, (passage,), (claim_id,), claim.score, 1, material.is_setting(claim), disputed=True)
    return None if plain(said) in material.rejected else point


def _by_version(point: Point) -> tuple[tuple[int, ...], str]:
    return version_key(point.passages[0].version), point.key


def _one_per_document(passages: Iterable[Passage]) -> tuple[Passage, ...]:
    by_document: dict[str, Passage] = {}
    for passage in passages:
        by_document.setdefault(passage.document_id, passage)
    return tuple(by_document.values())[:_MOST_CITATIONS]


def _distinct(found: Sequence[Point]) -> list[Point]:
    """Without points that say nearly the same as one before; a labelled value is never nearly another one.

    Of two versions of one sentence the newer is kept, where it bears on the question about as much.
    """
    kept: list[Point] = []
    for point in found:
        twin = next((other for other in kept if other.key == point.key), None)
        if twin is not None:
            passages = _one_per_document((*twin.passages, *point.passages))
            kept[kept.index(twin)] = replace(twin, passages=passages)
            continue
        if any(overlap(point, other) for other in kept):
            continue
        older = None if point.setting or point.disputed else next((o for o in kept if alike(point.said, o.said)), None)
        if older is None:
            kept.append(point)
        elif not older.disputed and _supersedes(point, older):
            kept[kept.index(older)] = point
    return kept


def _supersedes(point: Point, older: Point) -> bool:
    newer = _by_version(point)[0] > max(version_key(passage.version) for passage in older.passages)
    return newer and point.score >= _ABOUT_AS_MUCH * older.score


def overlap(one: Point, other: Point) -> bool:
    """Whether the two quote some of the same words of one document."""
    return any(a == b and s < f and t < e for a, s, e in one.places for b, t, f in other.places)
