"""Add documents to a corpus, list corpora, remove documents."""

from pathlib import Path

import click
from rich.table import Table

from collegium.cli.command import command, family
from collegium.cli.corpora import add_documents, corpus_faults
from collegium.cli.errors import NotFound
from collegium.cli.output import JsonValue
from collegium.cli.session import Session
from collegium.retrieval.corpus import Corpus, corpora

_NAME = click.option("--corpus", "name", default="default", show_default=True, help="The corpus's name.")


@command("collegium corpus add docs/ paper.pdf", "collegium corpus add --corpus kafka-docs examples/corpora/kafka-docs")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@_NAME
def add(session: Session, paths: tuple[Path, ...], name: str) -> None:
    """Add files and directories; what is unchanged is not read again, what cannot be read is reported and skipped."""
    report = add_documents(session, name, paths)
    session.out.answer(
        {
            "corpus": report.corpus,
            "snapshot_id": report.snapshot_id,
            "documents": report.documents,
            "passages": report.passages,
            "ignored": report.ignored,
            "files": [
                {
                    "path": file.path,
                    "status": file.status.value,
                    "document_id": file.document_id,
                    "reason": file.reason,
                    "advice": file.advice,
                    "notes": list(file.notes),
                }
                for file in report.files
            ],
        },
        f"corpus {report.corpus}: {report.documents} documents, {report.passages} passages"
        + (f"; {len(report.skipped)} files skipped" if report.skipped else ""),
    )


@command("collegium corpus list", "collegium corpus list --corpus kafka-docs", name="list")
@click.option("--corpus", "name", help="List this corpus's documents instead of all corpora.")
def list_corpora(session: Session, name: str | None) -> None:
    """List corpora, or the documents of one."""
    data_dir = session.settings.data_dir
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    with corpus_faults():
        if name is None:
            names = corpora(data_dir)
            counts = {found: len(Corpus(data_dir, found).documents()) for found in names}
            table.add_column("CORPUS")
            table.add_column("DOCUMENTS", justify="right")
            for found, count in counts.items():
                table.add_row(found, str(count))
            all_corpora: list[JsonValue] = [{"corpus": found, "documents": count} for found, count in counts.items()]
            session.out.answer(
                all_corpora, table if names else "no corpus yet: create one with `collegium corpus add PATH...`"
            )
            return
        documents = Corpus(data_dir, name).documents()
    for heading in ("DOCUMENT", "VERSION", "BYTES", "TITLE"):
        table.add_column(heading, overflow="fold")
    for document in documents:
        table.add_row(document.document_id, document.version or "", str(document.size_bytes), document.title)
    listed: list[JsonValue] = [
        {
            "document_id": document.document_id,
            "title": document.title,
            "version": document.version,
            "date": document.date,
            "media_type": document.media_type,
            "source": document.source,
            "sha256": document.sha256,
            "size_bytes": document.size_bytes,
        }
        for document in documents
    ]
    session.out.answer(listed, table)


@command("collegium corpus remove old-guide.pdf --corpus kafka-docs")
@click.argument("documents", nargs=-1, required=True)
@_NAME
def remove(session: Session, documents: tuple[str, ...], name: str) -> None:
    """Remove DOCUMENTS by id, by the path they were added from, or by a directory of either."""
    with corpus_faults():
        report = Corpus(session.settings.data_dir, name).remove(documents)
    if not report.removed:
        raise NotFound(f"corpus {name} has no such document: `collegium corpus list --corpus {name}` lists them")
    answer = {"corpus": report.corpus, "snapshot_id": report.snapshot_id, "documents": report.documents}
    removed = {"removed": list(report.removed)}
    session.out.answer(answer | removed, f"corpus {name}: {len(report.removed)} removed, {report.documents} left")


@family(add=add, list=list_corpora, remove=remove)
def corpus() -> None:
    """Add documents to a corpus, list corpora, remove documents."""
