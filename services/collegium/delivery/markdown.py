"""The report as Markdown. Everything that came from a source is escaped: it can be read, but format nothing."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from collegium.delivery.report import NOTHING_FOUND, Report
from collegium_schemas.evidence import Sentence, Source

_SPECIAL = re.compile(r"([\\`*\[\]<>|~$])|(?<!\w)(_)|(_)(?!\w)")
_LEADING = re.compile(r"^(\s*)([#+\-=>]|\d{1,9}(?=[.)](?:\s|$)))")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_QUOTE_CHARS = 2_000
_NOTHING = f"**{NOTHING_FOUND}** No sentence of this report could be supported by a source."


def escaped(text: str) -> str:
    """Text on one line in which no character has a meaning in Markdown or HTML, and none is invisible."""
    line = " ".join(visible(text).split())
    line = _ENTITY.sub("&amp;", line)
    line = _SPECIAL.sub(lambda match: f"\\{match.group()}", line)
    return _LEADING.sub(lambda m: f"{m[1]}{m[2]}\\" if m[2].isdigit() else f"{m[1]}\\{m[2]}", line)


def visible(text: str) -> str:
    """Text without control, bidirectional-override and other format characters, which may hide or reorder words."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in "\n\t " or unicodedata.category(c) not in {"Cc", "Cf", "Co", "Cs"} else " " for c in text)


def render_markdown(report: Report) -> str:
    """The whole report; the same report gives the same text."""
    return "\n".join(_lines(report)).rstrip() + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield from (f"# {escaped(report.title)}", "")
    goal = escaped(report.goal)
    if goal.rstrip(" .?!") != escaped(report.title).rstrip(" .?!"):
        yield from (f"**Objective:** {goal}", "")
    if not report.answered and all(laid_out.part != "summary" for laid_out in report.layout):
        yield from (_NOTHING, "")
    for laid_out in report.layout:
        yield from _PARTS[laid_out.part](report, escaped(laid_out.heading))
    if report.limitations:
        yield from ("## Limits", "", *(f"- {escaped(limit)}" for limit in report.limitations), "")
    if report.sources:
        yield from ("## Sources", "")
        for source in report.sources:
            yield from _source(source)


def _summary(report: Report, heading: str) -> Iterator[str]:
    said = [f"- {_cited(sentence)}" for sentence in report.summary] if report.answered else [_NOTHING]
    yield from (f"## {heading}", "", *said, "")


def _sections(report: Report, heading: str) -> Iterator[str]:
    yield from (f"## {heading}", "")
    for section in report.sections:
        yield from (f"### {escaped(section.heading)}", "", *_findings(section.sentences), "")


def _disagreements(report: Report, heading: str) -> Iterator[str]:
    if report.disagreements:
        yield from (f"## {heading}", "")
    for disagreement in report.disagreements:
        yield from (escaped(disagreement.lead), "", *(f"- {_cited(side)}" for side in disagreement.sides), "")


_PARTS: Final[Mapping[str, Callable[[Report, str], Iterator[str]]]] = {
    "summary": _summary,
    "findings": _sections,
    "disagreements": _disagreements,
}


def _findings(sentences: Sequence[Sentence]) -> list[str]:
    return [f"- {_cited(sentence)}" for sentence in sentences] or [NOTHING_FOUND]


def _cited(sentence: Sentence) -> str:
    marks = "".join(f"[[{number}]](#source-{number})" for number in sentence.citations)
    return f"{escaped(sentence.text)} {marks}"


def _source(source: Source) -> Iterator[str]:
    passage = source.passage
    quote = passage.text[:_QUOTE_CHARS] + ("…" if len(passage.text) > _QUOTE_CHARS else "")
    yield f'{source.number}. <a id="source-{source.number}"></a>{describe(source)}'
    yield ""
    yield f"   > {escaped(quote)}"
    yield ""


def describe(source: Source) -> str:
    """One line that says exactly where a passage stands."""
    passage = source.passage
    parts = [f"**{escaped(passage.title)}**"]
    if passage.heading:
        parts.append(escaped(passage.heading))
    if passage.version:
        parts.append(f"version {escaped(passage.version)}")
    if passage.date:
        parts.append(escaped(passage.date))
    parts.append(f"{escaped(passage.document_id)}, characters {passage.start}–{passage.end}")
    return f"{', '.join(parts)}, sha256 {passage.sha256[:12]}"
