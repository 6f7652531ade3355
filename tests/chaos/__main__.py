"""Carries out the crash matrix on this machine, and writes the document when all of it was run."""

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from chaos.brokers import Site
from chaos.cells import CELLS
from chaos.document import Row, document, record, recorded
from chaos.matrix import AnyCell
from chaos.running import Runner
from chaos.services import SETTINGS
from collegium.embedded.progress import SilentProgress
from collegium.embedded.settings import EmbeddedSettings
from collegium.embedded.setup import prepare_kafka


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only the cells that CI runs")
    parser.add_argument("--only", action="append", default=[], metavar="TEXT", help="only cells whose name holds it")
    parser.add_argument("--list", action="store_true", help="name the cells and do nothing")
    parser.add_argument("--keep", action="store_true", help="keep data and logs, also of a matrix that passed")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the document there")
    parser.add_argument(
        "--resume", type=Path, metavar="FILE", help="keep each trial's row there; cells that passed there are not run"
    )
    return parser.parse_args()


async def _run(given: argparse.Namespace) -> int:
    cells = chosen(quick=given.quick, only=given.only)
    if not cells:
        _say(f"no cell's name holds {' or '.join(given.only)}: see --list")
        return 2
    if given.list:
        _say("\n".join(cell.name for cell in cells))
        return 0
    missing = [(cell, cell.brokers.missing()) for cell in cells]
    for cell, reason in missing:
        if reason is not None:
            _say(f"not run: {cell.name}: {reason}")
    rows = {} if given.resume is None else recorded(given.resume)
    wanted = [cell for cell, reason in missing if reason is None and not (cell.name in rows and rows[cell.name].passed)]
    directory = Path(tempfile.mkdtemp(prefix="collegium-chaos-"))
    runtime = await prepare_kafka(EmbeddedSettings().cache_dir, progress=SilentProgress())
    async for outcome in Runner(Site(runtime, directory), _say).run(wanted):
        row = rows[outcome.cell.name] = Row.of(outcome)
        if given.resume is not None:
            record(given.resume, row)
    if given.write is not None:
        given.write.write_text(page(rows, quick=given.quick, resumed=given.resume is not None), encoding="utf-8")
    return _end([rows[cell.name] for cell in cells if cell.name in rows], directory, keep=given.keep)


def page(rows: Mapping[str, Row], *, quick: bool, resumed: bool = False) -> str:
    """The document of the whole matrix, whatever was asked for this time: what has no row is listed, too."""
    cells = chosen(quick=quick, only=[])
    without = [(cell, cell.brokers.missing()) for cell in cells if cell.name not in rows]
    return document(
        [rows[cell.name] for cell in cells if cell.name in rows],
        [(cell, reason) for cell, reason in without if reason is not None],
        never_run=[cell for cell, reason in without if reason is None],
        command=("make chaos-quick" if quick else "make chaos") + (", resumed after a mend" if resumed else ""),
        session_ms=SETTINGS["COLLEGIUM_KAFKA_SESSION_TIMEOUT_MS"],
    )


def _end(rows: Sequence[Row], directory: Path, *, keep: bool) -> int:
    failed = [row for row in rows if not row.passed]
    _say(f"{len(rows) - len(failed)} of {len(rows)} cells passed")
    if failed or keep:
        _say(f"data and logs: {directory}")
    else:
        shutil.rmtree(directory)
    return 1 if failed else 0


def chosen(*, quick: bool, only: list[str]) -> list[AnyCell]:
    """The cells that were asked for."""
    wanted = [cell for cell in CELLS if cell.quick or not quick]
    return [cell for cell in wanted if not only or any(text in cell.name for text in only)]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    # The harness's own clients meet the faults, too; what they say of them is no news.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    sys.exit(asyncio.run(_run(_arguments())))
