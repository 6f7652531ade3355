"""Measure specialists, shipped or your own, on folders of judged data."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, Unpack

import click

from collegium.cli.chains import chain
from collegium.cli.command import command, family
from collegium.cli.evaluations import judged, progress
from collegium.cli.session import Session
from collegium.cli.suite_options import Kept, kept_options
from collegium.cli.whole_runs import case, runs

if TYPE_CHECKING:
    from collegium.evaluation.cases import SuiteName

_MOST_WORKERS: Final = 64

F = TypeVar("F", bound=Callable[..., object])


class _Chosen(Kept):
    """The options of a command on judged data."""

    data: Path
    subject: str
    workers: int


def _options(function: F) -> F:
    """What a command on judged data can be told."""
    for option in reversed(
        (
            click.option("--data", required=True, type=click.Path(path_type=Path), help="The folder of judged data."),
            click.option(
                "--subject",
                default="shipped",
                show_default=True,
                help="What is measured: a shipped subject's name, or a function of yours as module:attribute.",
            ),
            kept_options,
            click.option(
                "--workers",
                default=1,
                show_default=True,
                type=click.IntRange(1, _MOST_WORKERS),
                help="Processes that judge cases.",
            ),
        )
    ):
        function = option(function)
    return function


@command(
    "collegium evaluate retrieval --data hotpotqa --json",
    "collegium evaluate retrieval --data hotpotqa --subject bm25 --out figures",
)
@_options
def retrieval(session: Session, **chosen: Unpack[_Chosen]) -> None:
    """Rank documents for questions. Subjects: shipped (with vectors where installed), bm25."""
    _evaluate(session, "retrieval", chosen)


@command(
    "collegium evaluate verification --data scifact --json",
    "collegium evaluate verification --data scifact --subject my_package.rules:open --out figures --compare before",
)
@_options
def verification(session: Session, **chosen: Unpack[_Chosen]) -> None:
    """Judge claims against the texts that they cite. Subjects: shipped, rules (without the model)."""
    _evaluate(session, "verification", chosen)


@command("collegium evaluate contradiction --data snli --floors floors.json")
@_options
def contradiction(session: Session, **chosen: Unpack[_Chosen]) -> None:
    """Tell how two sentences relate. Subjects: shipped (analysis' comparison), rules, model (alone)."""
    _evaluate(session, "contradiction", chosen)


@command("collegium evaluate injection --data injection_strings --json")
@_options
def injection(session: Session, **chosen: Unpack[_Chosen]) -> None:
    """Read texts with instructions planted in them. Subject: shipped (what analysis takes for claims)."""
    _evaluate(session, "injection", chosen)


@command("collegium evaluate tampering --data tests/evaluation/data/tampering")
@_options
def tampering(session: Session, **chosen: Unpack[_Chosen]) -> None:
    """Tell true sentences from the same with one change. Subject: shipped (verification)."""
    _evaluate(session, "tampering", chosen)


def _evaluate(session: Session, suite: "SuiteName", chosen: _Chosen) -> None:
    from collegium.evaluation.evaluating import Plan, evaluate, report_path

    data, earlier = chosen["data"], chosen["earlier"]
    against = None if earlier is None else report_path(earlier, suite, data)
    plan = Plan(suite, data, chosen["subject"], chosen["out"], chosen["workers"], chosen["most"], against)
    judged(session, lambda: evaluate(plan, partial(progress, session)), chosen["floors"])


@family(
    retrieval=retrieval,
    verification=verification,
    contradiction=contradiction,
    injection=injection,
    tampering=tampering,
    chain=chain,
    runs=runs,
    case=case,
)
def evaluate() -> None:
    """Measure specialists, shipped or your own, on folders of judged data."""
