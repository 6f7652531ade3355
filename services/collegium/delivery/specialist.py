"""Delivery as a specialist: renders the reviewed report and publishes it once, at each of its targets."""

from collections.abc import Mapping, Sequence
from hashlib import sha256 as hashed
from pathlib import Path
from typing import Final

from collegium.agent.effects import Target
from collegium.agent.specialist import Output, SpecialistFailure, Success, Workbench
from collegium.delivery.errors import UnreviewedDraft
from collegium.delivery.files import Publication, ReportFiles
from collegium.delivery.markdown import render_markdown
from collegium.delivery.page import render_html
from collegium.delivery.report import Report, guarded_report
from collegium_schemas import limits
from collegium_schemas.evidence import DeliveredFile, Delivery, Draft, ReportText, Review
from collegium_schemas.tasks import FailureKind, TaskRequested

REPORTS: Final = "reports"
"""The target that every delivery has: the data directory."""

_MEDIA_TYPES = {"report.md": "text/markdown", "report.html": "text/html", "report.json": "application/json"}

_MOST_MARKDOWN_BYTES = limits.MAX_MESSAGE_BYTES // 2
"""JSON escapes can nearly double a text."""


class DeliverySpecialist:
    """Publishes what the review supports to each target that its task grants, once, and takes it back when told to.

    Args:
        data_dir: Reports go to `<data_dir>/reports/<run_id>/`, the target `reports`.
        webhooks: Further targets by name.
    """

    role = "delivery"

    def __init__(self, data_dir: Path, webhooks: Mapping[str, Target] | None = None) -> None:
        self._files = ReportFiles(data_dir.absolute() / "reports")
        self._targets: dict[str, Target] = {**(webhooks or {}), REPORTS: self._files}

    @property
    def effect_targets(self) -> Mapping[str, Target]:
        """What playbook steps may grant in `effects`."""
        return self._targets

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Deliver the draft that the last review is about; a repeated attempt finds what was done and changes nothing.

        Raises:
            SpecialistFailure: `invalid_output` when no draft is the reviewed one or the place holds another report;
                `unauthorised` when the task grants no effect; else as `bench.effects` says.
        """
        if task.compensates is not None:
            return await _withdraw(task, bench)
        drafts = await bench.inputs(Draft)
        hashes = await bench.input_sha256(Draft)
        reviews = await bench.inputs(Review)
        try:
            draft, sha256, review = reviewed_draft(drafts, hashes, reviews)
        except UnreviewedDraft as error:
            raise SpecialistFailure(FailureKind.INVALID_OUTPUT, str(error), permanent=True) from error
        report = await bench.tool("render", lambda: guarded_report(task.run_id, draft, sha256, review))
        files = await bench.tool("render_files", lambda: rendered(report))
        return await self._publish(task, bench, report, files)

    async def _publish(self, task: TaskRequested, bench: Workbench, report: Report, files: dict[str, bytes]) -> Success:
        texts = {name: content.decode() for name, content in files.items()}
        content = Publication(run_id=task.run_id, title=report.title, files=texts).to_json()
        targets = task.effects or (REPORTS,)  # without any right, the desk says so
        for name in targets:
            await bench.effects.execute(name, content)
        place = self._files.store.place(task.run_id) if REPORTS in targets else None
        return _success(report, f"{task.run_id}/{task.subtask_id}/{targets[0]}", place, files, targets)


async def _withdraw(task: TaskRequested, bench: Workbench) -> Success:
    """Take back what a subtask has delivered, in the reverse order; a target that refuses does not stop the others.

    Raises:
        SpecialistFailure: the first refusal, after all have been asked.
    """
    withdrawn: list[str] = []
    refusals: list[SpecialistFailure] = []
    for name in reversed(task.effects):
        try:
            if await bench.effects.withdraw(name) is not None:
                withdrawn.append(name)
        except SpecialistFailure as failure:
            refusals.append(failure)
    if refusals:
        raise next((failure for failure in refusals if not failure.permanent), refusals[0])
    if not withdrawn:
        return Success(note=f"{task.compensates} had delivered nothing")
    return Success(note=f"withdrawn from {', '.join(withdrawn)}")


def reviewed_draft(
    drafts: Sequence[Draft], hashes: Sequence[str], reviews: Sequence[Review]
) -> tuple[Draft, str, Review]:
    """The last review, and the draft whose content it names.

    Raises:
        UnreviewedDraft: there is no review, or none of the drafts is the one that it names.
    """
    if not reviews:
        raise UnreviewedDraft("delivery was given no review: let its playbook step name the verify step in `inputs`")
    review = reviews[-1]
    for draft, sha256 in zip(drafts, hashes, strict=True):
        if sha256 == review.draft_sha256:
            return draft, sha256, review
    raise UnreviewedDraft(f"no draft among the inputs has the hash that was reviewed, {review.draft_sha256[:12]}")


def rendered(report: Report) -> dict[str, bytes]:
    """The report's files by name; the same report gives the same bytes."""
    return {
        "report.md": render_markdown(report).encode(),
        "report.html": render_html(report).encode(),
        "report.json": report.to_json(),
    }


def _within_message(markdown: bytes, place: str) -> str:
    """The report as it may travel through a topic; of one that is too long, the beginning and where the rest is."""
    if len(markdown) <= _MOST_MARKDOWN_BYTES:
        return markdown.decode()
    return f"{markdown[:_MOST_MARKDOWN_BYTES].decode(errors='ignore')}\n\n… continued in {place}\n"


def _success(
    report: Report, effect_key: str, place: Path | None, files: Mapping[str, bytes], targets: Sequence[str]
) -> Success:
    where = ", ".join(targets) if place is None else str(place / "report.md")
    delivery = Delivery(
        effect_key=effect_key,
        files=() if place is None else _delivered(place, files),
        title=report.title,
        sentences=report.sentences,
        withheld=report.withheld,
        sources=len(report.sources),
        disagreements=len(report.disagreements),
        questions_without_evidence=report.questions_without_evidence,
    )
    text = ReportText(title=report.title, markdown=_within_message(files["report.md"], where))
    found = (
        f"{report.sentences} supported sentences, {len(report.sources)} sources"
        if report.answered
        else ("the corpus holds no evidence; the report says so")
    )
    return Success(
        outputs=(Output("delivery", delivery), Output("report", text)),
        confidence=1.0,
        evidence_count=report.sentences,
        note=f"{found}; {where}",
    )


def _delivered(place: Path, files: Mapping[str, bytes]) -> tuple[DeliveredFile, ...]:
    return tuple(
        DeliveredFile(
            path=str(place / name),
            media_type=_MEDIA_TYPES[name],
            size_bytes=len(content),
            sha256=hashed(content).hexdigest(),
        )
        for name, content in files.items()
    )
