"""The report as Markdown. Everything that came from a source is escaped: it can be read, but format nothing."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from collegium.delivery.report import NOTHING_FOUND, Report
from collegium_schemas.evidence import Sentence, Source

_SPECIAL = re.compile(r"([\\`*\[\]<>|~$])|(?<!\w)(_)|(_)(?!\w)")
_LEADING = re.compile(r"^(\s*)([#+\-=>]|\d{1,9}(?=[.)](?:\s|$)))")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_QUOTE_CHARS = 2_000


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
    yield from ("## Summary", "")
    if report.answered:
        yield from (*(f"- {_cited(sentence)}" for sentence in report.summary), "")
    else:
        yield from (f"**{NOTHING_FOUND}** No sentence of this report could be supported by a source.", "")
    yield from ("## Findings", "")
    for section in report.sections:
        yield from (f"### {escaped(section.heading)}", "")
        yield from (*(_findings(section.sentences)), "")
    if report.disagreements:
        yield from ("## Disagreements", "")
        for disagreement in report.disagreements:
            yield from (escaped(disagreement.lead), "")
            yield from (*(f"- {_cited(side)}" for side in disagreement.sides), "")
    if report.limitations:
        yield from ("## Limits", "", *(f"- {escaped(limit)}" for limit in report.limitations), "")
    if report.sources:
        yield from ("## Sources", "")
        for source in report.sources:
            yield from _source(source)


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
