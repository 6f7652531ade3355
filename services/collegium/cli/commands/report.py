"""Print a run's report, or open it."""

import click

from collegium.cli.command import command
from collegium.cli.outputs import read_output
from collegium.cli.pages import page
from collegium.cli.session import Session
from collegium_schemas.evidence import ReportText


@command("collegium report latest", "collegium report latest --format html --open")
@click.argument("run")
@click.option("--format", "form", type=click.Choice(["md", "html", "json"]), default="md", show_default=True)
@click.option("--open", "opened", is_flag=True, help="Write it below the data directory and open it.")
def report(session: Session, run: str, form: str, opened: bool) -> None:  # noqa: FBT001 - an option
    """Print the report of RUN as its delivery put it into the shared context.

    RUN is a run_id, the unique beginning of one, or `latest`. `--format json` is the same as `--json`.
    """
    run_id, text = session.run(_report(session, run))
    body = page(text.title, text.markdown) if form == "html" else text.markdown
    if opened:
        path = session.settings.data_dir / "opened" / f"{run_id}.{'html' if form == 'html' else 'md'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")
        session.out.aside(f"opening {path}")
        click.launch(str(path.absolute()))
    if session.out.json or form == "json":
        session.out.json_line({"run_id": run_id, **text.model_dump(mode="json")})
    elif not opened:
        session.out.text(body)


async def _report(session: Session, reference: str) -> tuple[str, ReportText]:
    view = await session.lookup.view(reference)
    async with session.log() as log:
        return view.run_id, await read_output(log, session.names, view, "report", ReportText)
