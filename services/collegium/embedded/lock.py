"""Pin every jar that the embedded Kafka needs: `python -m collegium.embedded.lock`.

jgo resolves the transitive dependencies (about 20 s with no POM cached), each jar is fetched once and hashed, and
`jars.lock` beside this module is written anew. Only a maintainer who changes a version runs this; everybody
else's machine fetches what the lock names, which takes one request per jar and no resolution.
"""

import asyncio
import hashlib
import tempfile
from pathlib import Path
from typing import Final

import click
import httpx
from jgo.maven import Dependency, MavenContext

from collegium.embedded.artifacts import Jar, JarLock, render_lock
from collegium.embedded.fetch import default_repository_url

KAFKA: Final = "4.2.1"
"""Not 4.3.0 to 4.4.0: there a transaction that ends while one of its partitions has no leader is noted as complete
without its end being written (KAFKA-20734), which breaks exactly-once; docs/operations.md says more."""
REQUESTED: Final = (
    f"org.apache.kafka:kafka_2.13:{KAFKA}",
    f"org.apache.kafka:kafka-tools:{KAFKA}",
    # Kafka 4 logs through slf4j 1.7 to log4j 2: this is the binding for that slf4j, not log4j-slf4j2-impl.
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4",
)
# kafka-tools drags in Kafka Connect with Jetty and Jersey (43 jars) for commands that nobody here starts.
_EXCLUDED: Final = (
    ("org.apache.kafka", "connect-runtime"),
    ("com.fasterxml.jackson.jakarta.rs", "jackson-jakarta-rs-json-provider"),
)
_SCOPES: Final = frozenset({"compile", "runtime"})
_TIMEOUT_S: Final = 120.0


def resolve(requested: tuple[str, ...], pom_cache: Path) -> tuple[tuple[str, str, str], ...]:
    """All (group, artifact, version) that the requested coordinates need to run, sorted."""
    context = MavenContext(repo_cache=pom_cache)
    excluded = [context.project(group, artifact) for group, artifact in _EXCLUDED]
    # "!" keeps one coordinate's managed versions from overriding the others': log4j's parent would otherwise
    # put kafka-clients 3.9.1 beside the broker.
    wanted = [context.create_dependency(f"{coordinate}:compile!", excluded) for coordinate in requested]
    direct, transitive = context.resolver.resolve(wanted)
    needed: list[Dependency] = [*direct, *(dependency for dependency in transitive if dependency.scope in _SCOPES)]
    return tuple(sorted({(item.groupId, item.artifactId, item.version) for item in needed}))


async def pin(resolved: tuple[tuple[str, str, str], ...], repository_url: str) -> tuple[Jar, ...]:
    """Fetch and hash each jar."""
    slots = asyncio.Semaphore(8)
    async with httpx.AsyncClient(timeout=_TIMEOUT_S) as client, asyncio.TaskGroup() as tasks:

        async def one(group: str, artifact: str, version: str) -> Jar:
            unpinned = Jar(group, artifact, version, sha256="", size_bytes=0)
            async with slots:
                response = await client.get(f"{repository_url}/{unpinned.repository_path}")
            response.raise_for_status()
            digest = hashlib.sha256(response.content).hexdigest()
            return Jar(group, artifact, version, digest, len(response.content))

        pinned = [tasks.create_task(one(*coordinate)) for coordinate in resolved]
    return tuple(task.result() for task in pinned)


@click.command(help=__doc__)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path(__file__).with_name("jars.lock"),
    help="The file to write.",
)
def main(output: Path) -> None:
    """Resolve, hash and write."""
    with tempfile.TemporaryDirectory() as pom_cache:
        resolved = resolve(REQUESTED, Path(pom_cache))
    lock = JarLock(REQUESTED, asyncio.run(pin(resolved, default_repository_url())))
    output.write_text(render_lock(lock), "utf-8")
    click.echo(f"{output}: {len(lock.jars)} jars, {lock.size_bytes / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
