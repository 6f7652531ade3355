"""What `collegium evaluate runs` and `chain` can both be told."""

from collections.abc import Callable
from pathlib import Path
from typing import TypedDict, TypeVar

import click

F = TypeVar("F", bound=Callable[..., object])


class SuiteChosen(TypedDict):
    """The options' values."""

    suite: Path
    corpus: Path | None
    specialists: tuple[str, ...]
    out: Path | None
    earlier: Path | None
    floors: Path | None
    most: int | None
    strict: bool


_OPTIONS = (
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
    click.option(
        "--out",
        type=click.Path(path_type=Path, file_okay=False),
        help="Keep recordings, report and corpus in this folder; a second evaluation takes up what is there.",
    ),
    click.option(
        "--compare",
        "earlier",
        type=click.Path(path_type=Path, file_okay=False),
        help="Compare with the report on the same suite in this folder, and list what got worse.",
    ),
    click.option(
        "--floors",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Fail when a figure does not reach what this JSON file asks for.",
    ),
    click.option("--most", type=click.IntRange(min=1), help="Only so many objectives, always the same ones."),
    click.option("--strict", is_flag=True, help="Fail when a document or quote of the suite is not in the corpus."),
)


def suite_options(function: F) -> F:
    """Give a command the options, in the order of its help."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
