"""Get Kafka ready on this machine."""

from collegium.cli.command import command
from collegium.cli.session import Session
from collegium.cli.stacks import embedded_faults, embedded_settings
from collegium.embedded.progress import TerminalProgress
from collegium.embedded.setup import prepare_kafka


@command("collegium setup", "collegium setup --json")
def setup(session: Session) -> None:
    """Fetch what the embedded Kafka needs, once; from then on no network is needed.

    Checks the pinned checksum of everything that is there already.
    """
    settings = embedded_settings()
    with embedded_faults(), TerminalProgress() as progress:
        runtime = session.run(prepare_kafka(settings.cache_dir, progress=progress, repository_url=settings.maven_url))
    answer = {"cache_dir": str(settings.cache_dir), "jars": len(runtime.class_path)}
    session.out.answer(answer, f"Kafka is ready: {len(runtime.class_path)} jars in {settings.cache_dir}")
