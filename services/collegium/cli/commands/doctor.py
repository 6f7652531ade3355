"""Say what is missing on this machine and how to get it."""

import os

from rich.table import Table
from rich.text import Text

from collegium.cli.command import command
from collegium.cli.exits import Exit
from collegium.cli.session import Session
from collegium.cli.stacks import embedded_settings
from collegium.cli.variables import PREFIX, known_variables
from collegium.embedded.doctor import Level, Subject, examine

_STYLE = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


@command("collegium doctor", "collegium doctor --json")
def doctor(session: Session) -> int:
    """Examine this machine; the exit code is 1 when the main job cannot run here. Changes nothing."""
    settings = embedded_settings()
    given = tuple(name for name in os.environ if name.upper().startswith(PREFIX))  # noqa: TID251 - names, to find misspelt ones
    subject = Subject(
        data_dir=settings.data_dir,
        cache_dir=settings.cache_dir,
        kafka_bootstrap=settings.kafka_bootstrap,
        kafka_port=settings.kafka_port,
        jaeger_binary=settings.jaeger_binary,
        repository_url=settings.maven_url,
        variables=given,
        known_variables=known_variables(),
    )
    checks = session.run(examine(subject))
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for check in checks:
        told = "\n".join(line for line in (check.found, check.meaning, check.remedy) if line)
        table.add_row(Text(check.level.value, _STYLE[check.level]), check.name, told)
    fine = all(check.level is not Level.FAIL for check in checks)
    session.out.answer(
        {
            "ok": fine,
            "checks": [
                {
                    "name": check.name,
                    "level": check.level.value,
                    "found": check.found,
                    "meaning": check.meaning,
                    "remedy": check.remedy,
                }
                for check in checks
            ],
        },
        table,
    )
    return Exit.OK if fine else Exit.FAILED
