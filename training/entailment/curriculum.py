"""What a pass trains on, and what the run is judged by: annotated and made pairs together."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from entailment.made import Material, Recipe, make, material
from entailment.mixture import SOURCES, development_part, draw, held_out, load, training_part
from entailment.pairs import Pair, check_sums

DATA = Path(__file__).parent / "data"
_JUDGED_MADE = Recipe(copied=60, tampered=250, windowed=250, elsewhere=120, joined=400, apart=120)


@dataclass(frozen=True, slots=True)
class Curriculum:
    """Draws the pairs of a pass."""

    annotated: Mapping[str, list[Pair]]
    source: Material
    recipe: Recipe

    def __call__(self, chance: random.Random, /) -> list[Pair]:
        """Every source's share, and made pairs."""
        drawn = [pair for rule in SOURCES for pair in draw(self.annotated[rule.name], rule.rows_per_pass, chance)]
        return drawn + make(self.source, self.recipe, chance)


def read(folder: Path = DATA, recipe: Recipe | None = None) -> Curriculum:
    """The training part's curriculum; checks the files' sums first."""
    check_sums(folder)
    training = training_part(load(folder))
    return Curriculum(training, material(training), recipe or Recipe())


def development(folder: Path = DATA, most: int = 250) -> dict[str, list[Pair]]:
    """What a run is judged by, by source: held-out pairs and pairs made from held-out text, at most so many each."""
    pairs = load(folder)
    part = development_part(pairs, most=most)
    held = {name: [pair for pair in rows if held_out(pair)] for name, rows in pairs.items()}
    for pair in make(material(held), _JUDGED_MADE, random.Random("development")):
        part.setdefault(pair.source, []).append(pair)
    return {name: rows[:most] for name, rows in part.items()}
