"""`collegium evaluate runs` and `case`: whole runs on a suite of objectives, and cases made of runs."""

from functools import partial
from pathlib import Path
from typing import Final, Unpack

import click

from collegium.cli.command import command
from collegium.cli.durations import Duration
from collegium.cli.errors import NotFound, UsageFault
from collegium.cli.evaluations import faults, judged, progress
from collegium.cli.session import Session
from collegium.cli.suite_options import SuiteChosen, suite_options

_MOST_AT_ONCE: Final = 16


class _Chosen(SuiteChosen):
    """The command's options."""

    workers: int
    timeout: int
    through_kafka: bool


@command(
    "collegium evaluate runs --suite runs.yaml --corpus docs/ --json",
    "collegium evaluate runs --suite runs.yaml --corpus docs/ --out figures --compare before --floors floors.json",
)
@suite_options
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, _MOST_AT_ONCE),
    help="Runs at the same time; each takes longer then.",
)
@click.option("--timeout", type=Duration(), default="2m", show_default=True, help="How long a run may take.")
@click.option("--kafka", "through_kafka", is_flag=True, help="On the services of the running stack, through Kafka.")
def runs(session: Session, **chosen: Unpack[_Chosen]) -> None:
    """Run objectives in this process and score the delivered reports by rules.

    One unmeasured run goes before, and none begins until the corpus has its sentence vectors.
    """
    from collegium.evaluation.runs.evaluating import RunPlan, evaluate_runs
    from collegium.evaluation.runs.sites import Stack

    plan = RunPlan(
        suite=chosen["suite"],
        corpus=chosen["corpus"],
        out=chosen["out"],
        at_once=chosen["workers"],
        most=chosen["most"],
        timeout_ms=chosen["timeout"],
        specialists=chosen["specialists"],
        strict=chosen["strict"],
        earlier=chosen["earlier"],
        stack=Stack(session.kafka, session.settings.data_dir) if chosen["through_kafka"] else None,
    )
    judged(session, lambda: evaluate_runs(plan, partial(progress, session)), chosen["floors"])


@command(
    "collegium evaluate case 01926b1e-0000-7000-8000-000000000000 --suite regressions.yaml",
    "collegium evaluate case RUN_ID --suite regressions.yaml --id acks-default --kind single_fact",
)
@click.argument("run_id")
@click.option("--suite", required=True, type=click.Path(path_type=Path), help="The suite's file; made when not there.")
@click.option("--id", "case_id", help="The case's id; the run's when not given.")
@click.option("--kind", default="recorded", show_default=True, help="The case's kind, by which figures are grouped.")
def case(session: Session, run_id: str, suite: Path, case_id: str | None, kind: str) -> None:
    """Make a case of a run whose report lies on this machine: it expects what was delivered. Look it over."""
    from pydantic import ValidationError

    from collegium.delivery.report import Report
    from collegium.evaluation.runs.recorded import append, objective_of

    place = session.settings.data_dir / "reports" / run_id / "report.json"
    try:
        report = Report.read(place.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"{place} does not exist: the run delivered no report here (COLLEGIUM_DATA_DIR)") from error
    except ValidationError as error:
        raise UsageFault(f"{place} is no report") from error
    with faults("--suite"):
        objective = objective_of(report, case_id or run_id, kind)
        append(suite, objective)
    session.out.answer(objective, f"{suite}: {objective.id} ({objective.kind}), {len(objective.facts)} facts")
