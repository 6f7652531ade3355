"""Delivery as a specialist: renders the reviewed report and writes it once."""

from collections.abc import Mapping, Sequence
from hashlib import sha256 as hashed
from pathlib import Path

from collegium.agent.specialist import Output, SpecialistFailure, Success, Workbench
from collegium.delivery.errors import AlreadyDelivered, FilesystemTrouble, UnreviewedDraft
from collegium.delivery.markdown import render_markdown
from collegium.delivery.page import render_html
from collegium.delivery.report import Report, guarded_report
from collegium.delivery.writing import ReportStore
from collegium_schemas import limits
from collegium_schemas.evidence import DeliveredFile, Delivery, Draft, ReportText, Review
from collegium_schemas.tasks import FailureKind, TaskRequested

_MEDIA_TYPES = {"report.md": "text/markdown", "report.html": "text/html", "report.json": "application/json"}

_MOST_MARKDOWN_BYTES = limits.MAX_MESSAGE_BYTES // 2
"""JSON escapes can nearly double a text."""


class DeliverySpecialist:
    """Publishes what the review supports to `<data>/reports/<run_id>/`, exactly once per run and subtask."""

    role = "delivery"

    def __init__(self, data_dir: Path) -> None:
        self._store = ReportStore(data_dir.absolute() / "reports")

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Deliver the draft that the last review is about; a repeated attempt finds its files and changes nothing.

        Raises:
            SpecialistFailure: `invalid_output` when no draft is the reviewed one or the place holds another report;
                `tool_error` when the files cannot be written.
        """
        drafts = await bench.inputs(Draft)
        hashes = await bench.input_sha256(Draft)
        reviews = await bench.inputs(Review)
        try:
            draft, sha256, review = reviewed_draft(drafts, hashes, reviews)
            report = await bench.tool("render", lambda: guarded_report(task.run_id, draft, sha256, review))
            return await self._publish(task, bench, report)
        except (UnreviewedDraft, AlreadyDelivered) as error:
            raise SpecialistFailure(FailureKind.INVALID_OUTPUT, str(error), permanent=True) from error

    async def _publish(self, task: TaskRequested, bench: Workbench, report: Report) -> Success:
        effect_key = f"{task.run_id}/{task.subtask_id}"
        files = await bench.tool("render_files", lambda: rendered(report))
        place = await bench.tool("write_files", lambda: self._written(task.run_id, effect_key, files))
        if isinstance(place, FilesystemTrouble):
            raise SpecialistFailure(FailureKind.TOOL_ERROR, str(place)) from place
        if isinstance(place, AlreadyDelivered):
            raise place
        return _success(report, effect_key, place, files)

    def _written(
        self, run_id: str, effect_key: str, files: Mapping[str, bytes]
    ) -> Path | FilesystemTrouble | AlreadyDelivered:
        """Deliver in a thread. What has to be told apart comes back as a value: a tool's exceptions are one kind."""
        try:
            return self._store.deliver(run_id, effect_key, files)
        except (FilesystemTrouble, AlreadyDelivered) as error:
            return error


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


def _within_message(markdown: bytes, path: Path) -> str:
    """The report as it may travel through a topic; of one that is too long, the beginning and where the rest is."""
    if len(markdown) <= _MOST_MARKDOWN_BYTES:
        return markdown.decode()
    return f"{markdown[:_MOST_MARKDOWN_BYTES].decode(errors='ignore')}\n\n… continued in {path}\n"


def _success(report: Report, effect_key: str, place: Path, files: dict[str, bytes]) -> Success:
    delivery = Delivery(
        effect_key=effect_key,
        files=tuple(
            DeliveredFile(
                path=str(place / name),
                media_type=_MEDIA_TYPES[name],
                size_bytes=len(content),
                sha256=hashed(content).hexdigest(),
            )
            for name, content in files.items()
        ),
        title=report.title,
        sentences=report.sentences,
        withheld=report.withheld,
        sources=len(report.sources),
        disagreements=len(report.disagreements),
        questions_without_evidence=report.questions_without_evidence,
    )
    text = ReportText(title=report.title, markdown=_within_message(files["report.md"], place / "report.md"))
    found = (
        f"{report.sentences} supported sentences, {len(report.sources)} sources"
        if report.answered
        else ("the corpus holds no evidence; the report says so")
    )
    return Success(
        outputs=(Output("delivery", delivery), Output("report", text)),
        confidence=1.0,
        evidence_count=report.sentences,
        note=f"{found}; {place / 'report.md'}",
    )
