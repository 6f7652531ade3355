"""Makes a file like data/tampering/sentences.jsonl: true sentences of kafka_docs and WiCE's pages, with their passages.

Run it in the project's environment: `.venv/bin/python tests/evaluation/tampering_sentences.py --out FILE`. Sentences
are taken in the order of a hash; each kind of tampering gets its share. What is a document's text and what a statement
of it, the product's own readers say, so a later version of them chooses other sentences here and there. The committed
file is therefore kept as it was made, so that figures stay comparable; `--check FILE` says whether a file is sound:
each sentence stands in its source once white space is aside, each is there once, every kind has its share.
"""

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from collegium.analysis.statements import statements
from collegium.evaluation.changes.names import names_in
from collegium.evaluation.subjects.passages import passage_of
from collegium.evaluation.tampering import tamperings
from collegium.language.sentences import sentences
from collegium.retrieval.parsing.formats import format_of, parse
from collegium.retrieval.passages import passages

_HERE: Final = Path(__file__).parent
_CORPUS: Final = _HERE / "corpora" / "kafka_docs" / "files"
_WICE: Final = _HERE / "data" / "verify_wice" / "claims.jsonl"
_MOST_CHARS: Final = 5_000_000
_RARE: Final = ("number", "unit", "date", "version")
_WANTED: Final = dict.fromkeys(_RARE, 350) | {"negation": 400, "name": 400, "quantifier": 350}
_SHARE: Final = 0.5
"""A kind has its share when it has so much of what the rarest was to have."""
_FEWEST_WORDS, _MOST_WORDS = 7, 60
_AROUND: Final = 4
"""WiCE: so many rows before and after a sentence belong to its passage."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A line of the file."""

    id: str
    sentence: str
    source: str


def _whole(text: str) -> bool:
    """A sentence of its own: of common length, begun with a capital, ended with a full stop."""
    return _FEWEST_WORDS <= len(text.split()) <= _MOST_WORDS and text[0].isupper() and text.endswith(".")


def _of_kafka() -> Iterator[Stated]:
    for path in sorted(_CORPUS.rglob("*")):
        form = format_of(path)
        if not path.is_file() or form is None:
            continue
        name = path.relative_to(_CORPUS).as_posix()
        for span in passages(parse(form, path.read_bytes(), _MOST_CHARS)):
            for one in statements(passage_of(span.text, name)):
                text = " ".join(one.text.split())
                if one.setting is None and _whole(text):
                    yield Stated(f"{name}:{span.start + one.span.start}", text, span.text)


def _of_wice() -> Iterator[Stated]:
    for line in _WICE.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for number, chunk in enumerate(row["chunks"]):
            rows: list[str] = chunk["sentences"]
            for at in range(len(rows)):
                around = "\n\n".join(rows[max(0, at - _AROUND) : at + _AROUND + 1])
                for place, span in enumerate(sentences(rows[at])):
                    text = " ".join(span.of(rows[at]).split())
                    if _whole(text):
                        yield Stated(f"wice/{row['id']}:{number}:{at}:{place}", text, around)


def _chosen(found: list[Stated]) -> list[Stated]:
    """Until every kind has its share; a sentence is taken when it allows a kind that is still wanted."""
    names = sorted({name for one in found for name in names_in(one.sentence)})
    have: Counter[str] = Counter()
    taken: list[Stated] = []
    for one in sorted(found, key=lambda one: hashlib.sha256(one.id.encode()).digest()):
        kinds = [made.kind for made in tamperings(one.sentence, one.source, names, one.id)]
        rare = [kind for kind in kinds if have[kind] < _WANTED.get(kind, 0)]
        if any(kind in _RARE for kind in rare) or len(rare) > 1:
            taken.append(one)
            have.update(kinds)
    print(dict(have))  # noqa: T201 - a script's report
    return taken


def faults_of(path: Path) -> list[str]:
    """What is wrong with a file of sentences, a line each; empty when it is sound."""
    rows = [Stated(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    found = [f"{one.id}: the sentence does not stand in its source" for one in rows if not _stands(one)]
    for what, values in (("id", [one.id for one in rows]), ("sentence", [one.sentence for one in rows])):
        found += [f"{what} {value!r} is there {times} times" for value, times in Counter(values).items() if times > 1]
    names = sorted({name for one in rows for name in names_in(one.sentence)})
    made = Counter(t.kind for one in rows for t in tamperings(one.sentence, one.source, names, one.id))
    least = _SHARE * min(_WANTED.values())
    return found + [f"{kind}: {made[kind]} changes, fewer than {least:.0f}" for kind in _WANTED if made[kind] < least]


def _stands(one: Stated) -> bool:
    return "".join(one.sentence.split()) in "".join(one.source.split())


def main() -> int:
    """Reads, chooses, writes; or looks a file over."""
    parser = argparse.ArgumentParser(description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--out", type=Path, help="the file to write")
    which.add_argument("--check", type=Path, help="the file to look over")
    given = parser.parse_args()
    if given.check is not None:
        faults = faults_of(given.check)
        print("\n".join(faults) or f"{given.check} is sound")  # noqa: T201 - a script's report
        return 1 if faults else 0
    found = {one.sentence: one for one in (*_of_kafka(), *_of_wice())}
    kafka = [one for one in found.values() if not one.id.startswith("wice/")]
    wice = [one for one in found.values() if one.id.startswith("wice/")]
    print(f"{len(kafka)} sentences of kafka_docs, {len(wice)} of wice")  # noqa: T201 - a script's report
    lines = [json.dumps(asdict(one), ensure_ascii=False) for one in _chosen([*kafka, *wice])]
    given.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} sentences, {given.out.stat().st_size} bytes")  # noqa: T201 - a script's report
    return 0


if __name__ == "__main__":
    sys.exit(main())
