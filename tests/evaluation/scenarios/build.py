"""Writes sources.yaml: small made-up sources that contradict, resemble, outdate, convert or deny each other.

Run it from the repository root after an edit: `.venv/bin/python tests/evaluation/scenarios/build.py`. Made by rule
from the rows below, so that none of it was worded with a specialist in mind.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

Record: TypeAlias = dict[str, Any]
"""A part of the YAML file."""


@dataclass(frozen=True)
class Thing:
    """Something with a capacity that sources speak about."""

    name: str
    other: str
    does: str
    asks: str
    low: str
    high: str
    unit: str
    filler: str


THINGS = (
    Thing(
        "Orla ferry",
        "Brisk ferry",
        "carries at most",
        "How many passengers does the {} carry at most?",
        "180",
        "240",
        "passengers",
        "It leaves the pier on the hour.",
    ),
    Thing(
        "Vesta pump",
        "Juno pump",
        "delivers",
        "How many litres per minute does the {} deliver?",
        "45",
        "60",
        "litres per minute",
        "The casing is made of bronze.",
    ),
    Thing(
        "Nadir telescope",
        "Zenith telescope",
        "has a mirror of",
        "How large is the mirror of the {}?",
        "120",
        "150",
        "centimetres",
        "It stands on a hill outside the town.",
    ),
    Thing(
        "Saffron oven",
        "Thyme oven",
        "reaches",
        "How many degrees does the {} reach?",
        "280",
        "320",
        "degrees",
        "The door has two panes of glass.",
    ),
    Thing(
        "Larch archive",
        "Maple archive",
        "keeps records for",
        "For how many years does the {} keep records?",
        "7",
        "10",
        "years",
        "Visitors sign the book at the entrance.",
    ),
    Thing(
        "Tern drone",
        "Gull drone",
        "flies for",
        "For how many minutes does the {} fly?",
        "25",
        "40",
        "minutes",
        "The rotors fold for transport.",
    ),
    Thing(
        "Cobalt tram",
        "Ochre tram",
        "stops at",
        "At how many stations does the {} stop?",
        "14",
        "19",
        "stations",
        "The cars were painted last spring.",
    ),
    Thing(
        "Fennel greenhouse",
        "Sorrel greenhouse",
        "is heated to",
        "To how many degrees is the {} heated?",
        "18",
        "22",
        "degrees",
        "Its roof opens by itself in summer.",
    ),
    Thing(
        "Quill printer",
        "Reed printer",
        "prints",
        "How many pages per minute does the {} print?",
        "30",
        "55",
        "pages per minute",
        "The tray holds two sizes of paper.",
    ),
    Thing(
        "Basalt bridge",
        "Granite bridge",
        "bears",
        "How many tonnes does the {} bear?",
        "32",
        "44",
        "tonnes",
        "Cyclists have a lane of their own.",
    ),
)
CONVERTED = (
    ("90 seconds", "1.5 minutes"),
    ("2 kilometres", "2000 metres"),
    ("3 hours", "180 minutes"),
    ("500 grams", "0.5 kilograms"),
    ("4 GB", "4096 MB"),
    ("36 hours", "1.5 days"),
    ("250 milliseconds", "0.25 seconds"),
    ("1200 metres", "1.2 kilometres"),
    ("2 weeks", "14 days"),
    ("64 KB", "65536 bytes"),
)
RIGS = ("Alder", "Birch", "Cedar", "Dogwood", "Elder", "Fir", "Ginkgo", "Hazel", "Ivy", "Juniper")
ABILITIES = (
    "support night operation",
    "accept card payments",
    "need a licence",
    "allow remote control",
    "store personal data",
    "require a second operator",
    "run on solar power",
    "work below freezing point",
    "record sound",
    "open on Sundays",
)


def document(path: str, title: str, sentences: list[str], **stated: str) -> Record:
    """A document of the suite's corpus."""
    return {"path": path, "title": title, "text": f"# {title}\n\n" + "\n\n".join(sentences) + "\n", **stated}


def contradictory(n: int, thing: Thing) -> tuple[list[Record], Record]:
    """Two sources give one number each."""
    said = f"The {thing.name} {thing.does} {{}} {thing.unit}."
    documents = [
        document(f"contra/{n}-a.md", f"{thing.name}: handbook", [said.format(thing.low), thing.filler]),
        document(f"contra/{n}-b.md", f"{thing.name}: inspection report", [thing.filler, said.format(thing.high)]),
    ]
    return documents, {
        "kind": "contradictory",
        "goal": thing.asks.format(thing.name),
        "facts": [{"id": "one-side", "any": [[thing.low], [thing.high]]}],
        "conflict": [[f"{thing.name} {thing.does} {value}"] for value in (thing.low, thing.high)],
        "answerable": True,
        "expect": {"status": "completed", "disagreements_at_least": 1},
    }


def near_duplicates(n: int, thing: Thing) -> tuple[list[Record], Record]:
    """Another thing's document is the same but for a name and a number."""
    name, other = f"{thing.name} mark {n + 2}", f"{thing.other} mark {n + 2}"
    documents = [
        document(
            f"near/{n}-{at}.md", f"{one}: data sheet", [f"The {one} {thing.does} {value} {thing.unit}.", thing.filler]
        )
        for at, (one, value) in enumerate(((name, thing.low), (other, thing.high)))
    ]
    return documents, {
        "kind": "near_duplicates",
        "goal": thing.asks.format(name),
        "facts": [{"id": "value", "any": [[name, thing.low]], "document": f"near/{n}-0.md"}],
        "must_cite": [f"near/{n}-0.md"],
        "must_not_claim": [[name, thing.high]],
        "answerable": True,
        "expect": {"status": "completed"},
    }


def outdated(n: int, thing: Thing) -> tuple[list[Record], Record]:
    """An old version's page says something else than the new one's."""
    subject = f"{thing.other} control software"
    said = f"The default {thing.unit.split()[0]} limit of the {subject} is {{}}."
    documents = [
        document(
            f"dated/{n}-old.md",
            f"{subject} 1.0",
            [said.format(thing.low), thing.filler],
            version="1.0",
            date="2014-03-01",
        ),
        document(
            f"dated/{n}-new.md",
            f"{subject} 4.2",
            [said.format(thing.high), thing.filler],
            version="4.2",
            date="2025-03-01",
        ),
    ]
    return documents, {
        "kind": "outdated",
        "goal": f"What is the default {thing.unit.split()[0]} limit of the {subject} in version 4.2?",
        "facts": [{"id": "current", "any": [["limit", thing.high]], "document": f"dated/{n}-new.md"}],
        "must_cite": [f"dated/{n}-new.md"],
        "must_not_claim": [["4.2", f"is {thing.low}"]],
        "answerable": True,
        "expect": {"status": "completed"},
    }


def units(n: int, thing: Thing) -> tuple[list[Record], Record]:
    """Two sources say the same in different units: no disagreement."""
    one, other = CONVERTED[n]
    subject = f"calibration run of the {RIGS[n]} rig"
    documents = [
        document(
            f"units/{n}-a.md",
            f"Calibration of the {RIGS[n]} rig",
            [f"The {subject} has a limit of {one}.", thing.filler],
        ),
        document(
            f"units/{n}-b.md", f"Notes on the {RIGS[n]} rig", [thing.filler, f"The {subject} has a limit of {other}."]
        ),
    ]
    return documents, {
        "kind": "units",
        "goal": f"What is the limit of the {subject}?",
        "facts": [{"id": "limit", "any": [["limit", one], ["limit", other]]}],
        "answerable": True,
        "expect": {"status": "completed", "disagreements_at_most": 0},
    }


def negations(n: int, thing: Thing) -> tuple[list[Record], Record]:
    """One source affirms what another denies."""
    ability, subject = ABILITIES[n], f"{thing.other} of the northern depot"
    verb, rest = ability.split(" ", 1)
    affirmed = f"The {subject} {verb}{'es' if verb.endswith('ss') else 's'} {rest}."
    documents = [
        document(f"negated/{n}-a.md", f"{thing.other}: overview", [affirmed, thing.filler]),
        document(
            f"negated/{n}-b.md", f"{thing.other}: restrictions", [thing.filler, f"The {subject} does not {ability}."]
        ),
    ]
    return documents, {
        "kind": "negations",
        "goal": f"Does the {subject} {ability}?",
        "facts": [{"id": "either", "any": [rest.split()]}],
        "conflict": [[affirmed.split()[-len(rest.split()) - 1], *rest.split()], ["not", *rest.split()]],
        "answerable": True,
        "expect": {"status": "completed", "disagreements_at_least": 1},
    }


KINDS: tuple[Callable[[int, Thing], tuple[list[Record], Record]], ...] = (
    contradictory,
    near_duplicates,
    outdated,
    units,
    negations,
)


def suite() -> Record:
    """Every kind for every thing."""
    documents: list[Record] = []
    objectives: list[Record] = []
    for make in KINDS:
        for n, thing in enumerate(THINGS):
            more, objective = make(n, thing)
            documents += more
            objectives.append({"id": f"{make.__name__.replace('_', '-')}-{n}", **objective})
    return {"name": "scenarios-sources", "documents": documents, "objectives": objectives}


if __name__ == "__main__":
    head = "# Written by build.py: edit that.\n"
    Path(__file__).with_name("sources.yaml").write_text(
        head + yaml.safe_dump(suite(), sort_keys=False, width=120, allow_unicode=True), encoding="utf-8"
    )
    sys.exit(0)
