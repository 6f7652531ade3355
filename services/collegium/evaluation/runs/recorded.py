"""A run that was made becomes a case: what its report says is what later runs are to say, until a person mends it."""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final

import yaml

from collegium.delivery.report import Report
from collegium.evaluation.errors import DataInvalid
from collegium.evaluation.runs.matching import holds, plain, squeezed
from collegium.evaluation.runs.objectives import Fact, Objective, Side
from collegium.evaluation.runs.suite_file import SuiteFile, read_suite
from collegium_schemas.evidence import Sentence, Source

_MOST_TERMS: Final = 6
_LONG: Final = 5
_WORD: Final = re.compile(r"-?\w+(?:[.\-_/]\w+)*")
_MARKED: Final = re.compile(r"\d|[._/]|.[A-Z]")


def objective_of(report: Report, case_id: str, kind: str) -> Objective:
    """What a report says, as expectations: its summary as facts, its sources, its disagreements.

    Args:
        report: What a run delivered.
        case_id: The objective's id in the suite.
        kind: Its kind; a report without any fact makes an unanswerable one.
    """
    sources = {source.number: source for source in report.sources}
    sentences = report.summary or tuple(one for section in report.sections for one in section.sentences)
    cited = [_path(sources[number]) for one in sentences for number in one.citations[:1] if number in sources]
    told = [_told(one.sides[0].text, one.sides[1].text) for one in report.disagreements]
    return Objective(
        id=case_id,
        kind=kind if report.answered else "unanswerable",
        goal=report.goal,
        facts=tuple(_fact(f"s{n}", one, sources) for n, one in enumerate(sentences, 1) if terms_of(one.text)),
        must_cite=tuple(dict.fromkeys(cited)),
        conflicts=tuple(pair for pair in told if pair is not None),
        answerable=report.answered,
        note=f"from run {report.run_id}",
    )


def terms_of(text: str, without: Sequence[str] = ()) -> tuple[str, ...]:
    """What tells a sentence from others: numbers, identifiers and names, then its longest words."""
    said = text.partition(": ")[2] or text
    known = {plain(word) for word in without}
    words = [word for word in dict.fromkeys(_WORD.findall(said)) if plain(word) not in known]
    marked = [word for word in words if _MARKED.search(word)]
    longest = sorted((w for w in words if w not in marked and len(w) >= _LONG), key=lambda w: (-len(w), words.index(w)))
    chosen = [*marked, *longest][:_MOST_TERMS]
    return tuple(word for word in words if word in chosen and holds(text, (word,)))


def _told(one: str, other: str) -> tuple[Side, Side] | None:
    """What tells the sides of a disagreement apart."""
    first, second = terms_of(one, _WORD.findall(other)), terms_of(other, _WORD.findall(one))
    return (first, second) if first and second else None


def _fact(name: str, sentence: Sentence, sources: dict[int, Source]) -> Fact:
    source = next((sources[number] for number in sentence.citations if number in sources), None)
    said = sentence.text.partition(": ")[2] or sentence.text
    stands = source is not None and squeezed(said) in squeezed(source.passage.text)
    return Fact(
        id=name,
        any=(terms_of(sentence.text),),
        document=None if source is None else _path(source),
        quote=said if stands else None,
    )


def _path(source: Source) -> str:
    """The document's path in its corpus; the folder that it was added from may have another name elsewhere."""
    parts = PurePosixPath(source.passage.document_id).parts
    return PurePosixPath(*(parts[1:] or parts)).as_posix()


def append(path: Path, objective: Objective) -> SuiteFile:
    """Add an objective at the end of a suite's file, which is made when it is not there; comments stay.

    Raises:
        EvaluationError: the file is no suite, has that id already, or does not end with its objectives.
    """
    before = path.read_text(encoding="utf-8") if path.exists() else None
    if before is None:
        text = f"name: {re.sub(r'[^A-Za-z0-9_.-]', '-', path.stem)}\nobjectives:\n"
        indent = 2
    else:
        given = read_suite(path)
        if any(one.id == objective.id for one in given.suite.objectives):
            raise DataInvalid(path, None, f"it has an objective {objective.id!r} already: choose another id")
        text, indent = before.rstrip("\n") + "\n\n", given.indent
    content = yaml.safe_load(objective.model_dump_json(exclude_defaults=True, exclude_none=True))
    block = yaml.safe_dump([content], sort_keys=False, allow_unicode=True, width=110)
    path.write_text(text + "".join(f"{' ' * indent}{line}\n" for line in block.splitlines()), encoding="utf-8")
    try:
        return read_suite(path)
    except DataInvalid as error:
        if before is None:
            path.unlink()
        else:
            path.write_text(before, encoding="utf-8")
        raise DataInvalid(path, None, "its objectives must stand last, one a block: add the case by hand") from error
