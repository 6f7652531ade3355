"""A suite of whole runs from file to report: what `collegium evaluate runs` does, for programs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, cast

from collegium.agent.settings import AgentSettings
from collegium.agent.specialist import Specialist
from collegium.analysis.settings import AnalysisSettings
from collegium.drafting.settings import DraftingSettings
from collegium.entailment.errors import EntailmentUnavailable
from collegium.entailment.package import CONFIG, MODEL, package_folder
from collegium.evaluation.answers import AnswerFile, AnswersInMemory
from collegium.evaluation.cases import digest_of
from collegium.evaluation.comparing import compared
from collegium.evaluation.errors import DataInvalid, SubjectInvalid
from collegium.evaluation.folds import half, sample
from collegium.evaluation.judging import version_of
from collegium.evaluation.page import render
from collegium.evaluation.report import CaseResult, EvaluationReport, parts_of, read_report
from collegium.evaluation.running import Progress
from collegium.evaluation.runs.chaining import checked_links
from collegium.evaluation.runs.checking import checked
from collegium.evaluation.runs.documents import NAME, EvaluatedCorpus, corpus_of_documents, corpus_of_folder
from collegium.evaluation.runs.explaining import explained, missed
from collegium.evaluation.runs.measuring import declared_unanswered, measure
from collegium.evaluation.runs.objectives import Behaviour, Objective, RunSuite
from collegium.evaluation.runs.performing import perform
from collegium.evaluation.runs.planting import planted
from collegium.evaluation.runs.recording import Recording
from collegium.evaluation.runs.sites import PLAYBOOK, Asked, Overrides, Site, Stack
from collegium.evaluation.runs.suite_file import SuiteFile, read_suite
from collegium.orchestrator.playbooks import Library, load_library
from collegium.orchestrator.playbooks.loader import PlaybookError
from collegium.retrieval.corpus import Corpus
from collegium.retrieval.embedding import MiniLm
from collegium.retrieval.errors import RetrievalError
from collegium.retrieval.settings import RetrievalSettings
from collegium.retrieval.vectors import MOST_VECTORS
from collegium.verification.settings import VerificationSettings

_PACKAGES: Final = (
    *("collegium.retrieval", "collegium.retrieval.parsing", "collegium.analysis", "collegium.drafting"),
    *("collegium.verification", "collegium.delivery", "collegium.language", "collegium.agent"),
    *("collegium.retrieval.data", "collegium.analysis.data", "collegium.drafting.data", "collegium.verification.data"),
    "collegium.drafting.templates",
    *("collegium.orchestrator.core", "collegium.orchestrator.playbooks", "collegium.embedded"),
    *("collegium.entailment", "collegium.evaluation.runs", "collegium_schemas"),
)
_OF_RUNS: Final = frozenset({"log_bytes", "report_bytes", "replans"})
"""Measures that a chain has none of."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What to run, and how.

    Attributes:
        suite: The file of objectives.
        corpus: The folder that they are about; None for the documents that the suite brings along.
        out: Where recordings, the report and the built corpus are kept; nothing is kept without it.
        at_once: Runs at the same time; their seconds grow with it.
        most: Only so many objectives, from all over the suite; all when None.
        timeout_ms: A run's deadline.
        specialists: `module:function` of the user's own: given agent settings, it returns a specialist, which takes
            the place of the shipped one of its role.
        strict: Whether a document or quote that the corpus does not have is an error instead of a warning.
        vectors_wait_s: How long to wait at most until the corpus's sentence vectors are computed.
        stack: The running services that do the runs, through Kafka; None: all in this process.
        earlier: A folder whose report on the same suite is compared with; it is read before this one may replace it.
        links: Roles that the objectives go through in a row, without an orchestrator; empty for whole runs.
    """

    suite: Path
    corpus: Path | None = None
    out: Path | None = None
    at_once: int = 1
    most: int | None = None
    timeout_ms: int = 120_000
    specialists: tuple[str, ...] = ()
    strict: bool = False
    vectors_wait_s: float = 1_800.0
    earlier: Path | None = None
    stack: Stack | None = None
    links: tuple[str, ...] = ()


def runs_report_path(folder: Path, suite: RunSuite, links: Sequence[str] = ()) -> Path:
    """Where the report on a suite is kept; of a chain, apart from those on whole runs and on other chains."""
    return folder / f"{_stem(suite, links)}.report.json"


def _stem(suite: RunSuite, links: Sequence[str]) -> str:
    return f"chain-{suite.name}-{'-'.join(links)}" if links else f"runs-{suite.name}"


def evaluate_runs(plan: RunPlan, on_progress: Callable[[Progress], None] = lambda progress: None) -> EvaluationReport:
    """Read the suite, build the corpus, run every objective that has not been run, and score all.

    Scoring is done anew each time: a changed expectation asks for no run.

    Raises:
        EvaluationError: the suite, the corpus or a specialist of the user cannot be used.
    """
    given = read_suite(plan.suite)
    earlier = None if plan.earlier is None else runs_report_path(plan.earlier, given.suite, plan.links)
    before = None if earlier is None else read_report(earlier)
    if plan.stack is not None and (plan.specialists or any(one.faults for one in given.suite.objectives)):
        raise DataInvalid(plan.suite, None, "faults and specialists of your own are for runs in this process")
    with TemporaryDirectory(prefix="collegium-evaluation-") as scratch:
        home = Path(scratch) if plan.out is None else plan.out / "prepared"
        suite = _with_planted(given) if not plan.links else _for_chain(plan, given)
        corpus = _corpus(plan, suite, home)
        suite, warnings = checked(given, suite, corpus, strict=plan.strict)
        objectives = sample(suite.objectives, plan.most, lambda one: one.id)
        keeping = None if plan.out is None else plan.out / f"{_stem(suite, plan.links)}.recordings.jsonl"
        kept = AnswersInMemory[Recording]() if keeping is None else AnswerFile(keeping, Recording)
        known, asked = kept.known(), _asked(plan, suite, corpus, objectives)
        done = {one.key: known[one.key] for one in asked if one.key in known}
        taken_up = len(done)

        def keep(recording: Recording) -> None:
            kept.keep(recording)
            done[recording.key] = recording
            on_progress(Progress(len(done), taken_up, len(asked)))

        if open_ones := [one for one in asked if one.key not in done]:
            perform(_site(plan, given, corpus), open_ones, keep)
        recordings = [done[one.key] for one in asked]
        runs = list(zip(objectives, recordings, strict=True))
        report = compared(_reported(plan, suite, corpus, runs, taken_up, warnings), earlier, before)
        _write(plan, suite, report, {one.id: explained(one, left, corpus.shown) for one, left in runs})
        return report


def _for_chain(plan: RunPlan, given: SuiteFile) -> RunSuite:
    """The suite without what a chain cannot do: it neither retries nor plans again, and to find is not to claim.

    Raises:
        SubjectInvalid: a playbook has no step for a link.
    """
    suite = _with_planted(given)
    library = _library(given)
    for name in {one.playbook or suite.playbook or PLAYBOOK for one in suite.objectives}:
        checked_links(plan.links, library.playbooks[name])
    left_out: dict[str, object] = {"expect": Behaviour(), "faults": {}}
    if {"analysis", "drafting"}.isdisjoint(plan.links):
        left_out |= {"conflict": None, "conflicts": (), "must_not_claim": ()}
    objectives = tuple(one.model_copy(update=left_out) for one in suite.objectives)
    return suite.model_copy(update={"objectives": objectives})


def _with_planted(given: SuiteFile) -> RunSuite:
    suite = given.suite
    if suite.planting is None:
        return suite
    documents, objectives = planted(suite.planting, given.path.parent)
    return suite.model_copy(
        update={
            "documents": (*(suite.documents or ()), *documents),
            "objectives": (*suite.objectives, *objectives),
        }
    )


def _corpus(plan: RunPlan, suite: RunSuite, home: Path) -> EvaluatedCorpus:
    if plan.corpus is not None:
        return corpus_of_folder(plan.corpus, home)
    if suite.documents is None:
        raise DataInvalid(plan.suite, None, "it brings no `documents`: name the folder of its corpus (--corpus)")
    return corpus_of_documents(suite.documents, home)


def _asked(plan: RunPlan, suite: RunSuite, corpus: EvaluatedCorpus, objectives: Sequence[Objective]) -> list[Asked]:
    """Each objective under the digest of what its run depends on; what is expected of it is no part of that."""
    surroundings = (
        *(version_of(*_PACKAGES), corpus.sha256, suite.playbook, _vectors_to_come(corpus)),
        *(() if plan.stack is None else ("through Kafka",)),
        *_settings(),
        _model(),
        *plan.links,
        *(_source_of(name) for name in plan.specialists),
    )
    return [
        Asked(digest_of((*surroundings, one.id, one.goal, one.playbook, one.params, one.budget, one.faults)), one)
        for one in objectives
    ]


def _settings() -> list[str]:
    """What the environment says to the specialists that find, compare, write and judge."""
    given = (RetrievalSettings(), AnalysisSettings(), DraftingSettings(), VerificationSettings())
    return [settings.model_dump_json() for settings in given]


def _model() -> str:
    """The digest of the installed entailment model; nothing where there is none that can be read."""
    try:
        folder = package_folder()
        return sha256((folder / CONFIG).read_bytes() + (folder / MODEL).read_bytes()).hexdigest()
    except (EntailmentUnavailable, FileNotFoundError):
        return ""


def _source_of(name: str) -> tuple[str, str]:
    """A user's module and the digest of its file: an edit runs everything anew."""
    try:
        spec = find_spec(name.partition(":")[0])
    except (ImportError, ValueError) as error:
        raise SubjectInvalid(name, f"{error}: name it as module:function; is its folder on PYTHONPATH?") from error
    origin = None if spec is None else spec.origin
    return name, "" if origin is None else sha256(Path(origin).read_bytes()).hexdigest()


def _site(plan: RunPlan, given: SuiteFile, corpus: EvaluatedCorpus) -> Site:
    return Site(
        corpus=corpus,
        library=_library(given),
        playbook=given.suite.playbook,
        replaced=tuple(_override(name) for name in plan.specialists),
        at_once=plan.at_once,
        timeout_ms=plan.timeout_ms,
        stack=plan.stack,
        vectors_wait_s=plan.vectors_wait_s if _vectors_to_come(corpus) else 0.0,
        links=plan.links,
    )


def _library(given: SuiteFile) -> Library:
    folder = given.suite.playbooks
    try:
        library = load_library(() if folder is None else (given.path.parent / folder,))
    except PlaybookError as error:
        raise DataInvalid(given.path, None, f"playbooks: {error}") from error
    for name in {given.suite.playbook, *(one.playbook for one in given.suite.objectives)} - {None}:
        if name not in library.playbooks:
            reason = library.invalid.get(str(name), "there is no such playbook")
            raise DataInvalid(given.path, None, f"playbook {name}: {reason}")
    return library


def _override(name: str) -> Overrides:
    """A user's function, which makes a specialist."""
    module, _, attribute = name.partition(":")
    try:
        build = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise SubjectInvalid(name, f"{error}: name it as module:function; is its folder on PYTHONPATH?") from error
    if not callable(build):
        raise SubjectInvalid(name, "it is no function of agent settings that returns a specialist")
    make = cast("Callable[[AgentSettings], Specialist]", build)

    def replacing(settings: AgentSettings) -> tuple[Specialist, ...]:
        return (make(settings),)

    return replacing


def _vectors_to_come(corpus: EvaluatedCorpus) -> bool:
    """Whether retrieval will search with sentence vectors once they are computed."""
    if RetrievalSettings().vectors == "off":
        return False
    passages = len(Corpus(corpus.data_dir, NAME).open().index)
    try:
        MiniLm()
    except RetrievalError:
        return False
    return 0 < passages <= MOST_VECTORS


def _reported(
    plan: RunPlan,
    suite: RunSuite,
    corpus: EvaluatedCorpus,
    runs: Sequence[tuple[Objective, Recording]],
    taken_up: int,
    warnings: tuple[str, ...],
) -> EvaluationReport:
    cases = [_case(objective, recording, corpus, plan.links) for objective, recording in runs]
    return EvaluationReport(
        suite="chain" if plan.links else "runs",
        data=_stem(suite, plan.links).partition("-")[2],
        data_sha256=digest_of((corpus.sha256, suite)),
        subject=", ".join((*([" -> ".join(plan.links)] if plan.links else ()), *plan.specialists)) or "collegium",
        version=version_of(*_PACKAGES),
        taken_up=taken_up,
        warnings=(*corpus.skipped, *warnings),
        parts=parts_of(cases),
        cases=tuple(cases),
    )


def _write(
    plan: RunPlan, suite: RunSuite, report: EvaluationReport, given: Mapping[str, tuple[tuple[str, str], ...]]
) -> None:
    if plan.out is not None:
        plan.out.mkdir(parents=True, exist_ok=True)
        path = runs_report_path(plan.out, suite, plan.links)
        path.write_bytes(report.to_json() + b"\n")
        path.with_name(f"{_stem(suite, plan.links)}.html").write_text(render(report, given), encoding="utf-8")


def _case(objective: Objective, recording: Recording, corpus: EvaluatedCorpus, links: Sequence[str]) -> CaseResult:
    score = measure(objective, recording, corpus.shown)
    return CaseResult(
        case_id=objective.id,
        half=half(objective.id),
        group=objective.kind,
        truth="not answerable" if objective.answerable is False else f"{len(objective.facts)} facts",
        label="unanswered" if declared_unanswered(recording) else recording.course.status.value,
        note="; ".join(missed(objective, recording, corpus.shown))[:1_000],
        ms=recording.ms,
        measures={name: value for name, value in score.measures.items() if not links or name not in _OF_RUNS},
        confidence=score.confidence,
        right=score.right,
        score=score.score,
    )
