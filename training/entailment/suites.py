"""Folders of judged claims, laid out as the public sets name their files, read as cases with windows."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collegium.entailment.windows import WindowRule, split, windows
from collegium.evaluation.folds import half
from entailment.pairs import Label


@dataclass(frozen=True, slots=True)
class Case:
    """A claim and what it is judged against: the case's score is that of its best window.

    `label` is None where the truth is only whether the claim is supported.
    """

    identity: str
    claim: str
    windows: tuple[str, ...]
    supported: bool
    label: Label | None = None

    @property
    def reported(self) -> bool:
        """Whether the case is in the reporting half; the other half is for tuning."""
        return half(self.identity) == "reporting"


def read_suite(folder: Path, rule: WindowRule) -> list[Case]:
    """All cases of a folder, recognised by its files and fields.

    `pairs.jsonl` has premise, hypothesis and ENTAILMENT, NEUTRAL or CONTRADICTION; `claims.jsonl` has evidence
    sentences and SUPPORTS or REFUTES, or `chunks` of whole pages and `supported`, `partially_supported` or
    `not_supported`.
    """
    pairs = folder / "pairs.jsonl"
    if pairs.exists():
        return [_pair(row) for row in _rows(pairs)]
    return [_page(row, rule) if "chunks" in row else _claim(row) for row in _rows(folder / "claims.jsonl")]


def _rows(path: Path) -> Iterator[dict[str, object]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON


def _pair(row: dict[str, object]) -> Case:
    label = Label(str(row["label"])[0])
    windows_of = (str(row["premise"]),)
    return Case(str(row["id"]), str(row["hypothesis"]), windows_of, label is Label.ENTAILMENT, label)


def _claim(row: dict[str, object]) -> Case:
    supported = row["label"] == "SUPPORTS"
    evidence = " ".join(_texts(row["evidence"]))
    return Case(str(row["id"]), str(row["claim"]), (evidence,), supported)


def _page(row: dict[str, object], rule: WindowRule) -> Case:
    chunks = row["chunks"]
    found: list[str] = []
    for chunk in chunks if isinstance(chunks, list) else []:  # pyright: ignore[reportUnknownVariableType] - JSON
        # A row of a crawled page may hold several sentences, or be a heading or a menu item.
        rows = [part for text in _texts(chunk["sentences"]) for part in split(text)]  # pyright: ignore[reportUnknownArgumentType] - JSON
        found.extend(windows(rows, rule))
    return Case(str(row["id"]), str(row["claim"]), tuple(dict.fromkeys(found)), row["label"] == "supported")
