"""What the commands of `collegium evaluate` can be told: each of them, and those of objectives."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypedDict, TypeVar

import click

F = TypeVar("F", bound=Callable[..., object])


class Kept(TypedDict):
    """The values of `kept_options`."""

    out: Path | None
    earlier: Path | None
    floors: Path | None
    most: int | None


class SuiteChosen(Kept):
    """The values of `suite_options`."""

    suite: Path
    corpus: Path | None
    specialists: tuple[str, ...]
    strict: bool


_KEPT = (
    click.option(
        "--out",
        type=click.Path(path_type=Path, file_okay=False),
        help="Keep answers or recordings, and the report, in this folder; a second evaluation takes up what is there.",
    ),
    click.option(
        "--compare",
        "earlier",
        type=click.Path(path_type=Path, file_okay=False),
        help="Compare with the report on the same data in this folder, and list what got worse.",
    ),
    click.option(
        "--floors",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Fail when a figure does not reach what this JSON file asks for.",
    ),
    click.option("--most", type=click.IntRange(min=1), help="Only so many cases, always the same ones."),
)
_OF_OBJECTIVES = (
    click.option("--suite", required=True, type=click.Path(path_type=Path), help="The YAML file of objectives."),
    click.option(
        "--corpus",
        type=click.Path(path_type=Path),
        help="The folder of documents; a suite may also bring documents of its own.",
    ),
    click.option(
        "--specialist",
        "specialists",
        multiple=True,
        help="Your own in place of the shipped one of its role: a function of agent settings, as module:function.",
    ),
    click.option("--strict", is_flag=True, help="Fail when a document or quote of the suite is not in the corpus."),
)


def kept_options(function: F) -> F:
    """Give a command what every evaluation can be told, in the order of its help."""
    return _given(function, _KEPT)


def suite_options(function: F) -> F:
    """Give a command what evaluations of objectives can be told."""
    return _given(kept_options(function), _OF_OBJECTIVES)


def _given(function: F, options: Sequence[Callable[[F], F]]) -> F:
    for option in reversed(options):
        function = option(function)
    return function
