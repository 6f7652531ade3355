"""`collegium evaluate runs` and `case`: whole runs on a suite of objectives, and cases made of runs."""

from functools import partial
from pathlib import Path
from typing import Final, TypedDict, Unpack

import click

from collegium.cli.command import command
from collegium.cli.durations import Duration
from collegium.cli.errors import NotFound, UsageFault
from collegium.cli.evaluations import faults, judged, progress
from collegium.cli.session import Session

_MOST_AT_ONCE: Final = 16


class _Chosen(TypedDict):
    """The command's options."""

    suite: Path
    corpus: Path | None
    specialists: tuple[str, ...]
    out: Path | None
    earlier: Path | None
    floors: Path | None
    workers: int
    most: int | None
    timeout: int
    through_kafka: bool
    strict: bool


@command(
    "collegium evaluate runs --suite runs.yaml --corpus docs/ --json",
    "collegium evaluate runs --suite runs.yaml --corpus docs/ --out figures --compare before --floors floors.json",
)
@click.option("--suite", required=True, type=click.Path(path_type=Path), help="The YAML file of objectives.")
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    help="The folder of documents; a suite may also bring documents of its own.",
)
@click.option(
    "--specialist",
    "specialists",
    multiple=True,
    help="Your own in place of the shipped one of its role: a function of agent settings, as module:function.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep recordings, report and corpus in this folder; a second run takes up what is there.",
)
@click.option(
    "--compare",
    "earlier",
    type=click.Path(path_type=Path, file_okay=False),
    help="Compare with the report on the same suite in this folder, and list what got worse.",
)
@click.option(
    "--floors",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Fail when a figure does not reach what this JSON file asks for.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, _MOST_AT_ONCE),
    help="Runs at the same time; each takes longer then.",
)
@click.option("--most", type=click.IntRange(min=1), help="Only so many objectives, from the first.")
@click.option("--timeout", type=Duration(), default="2m", show_default=True, help="How long a run may take.")
@click.option("--kafka", "through_kafka", is_flag=True, help="On the services of the running stack, through Kafka.")
@click.option("--strict", is_flag=True, help="Fail when a document or quote of the suite is not in the corpus.")
def runs(session: Session, **chosen: Unpack[_Chosen]) -> None:
    """Run objectives in this process and score the delivered reports by rules.

    One unmeasured run goes before, and none begins until the corpus has its sentence vectors.
    """
    from collegium.evaluation.runs.evaluating import RunPlan, evaluate_runs
    from collegium.evaluation.runs.performing import Stack

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
    with faults():
        objective = objective_of(report, case_id or run_id, kind)
        append(suite, objective)
    session.out.answer(objective, f"{suite}: {objective.id} ({objective.kind}), {len(objective.facts)} facts")
