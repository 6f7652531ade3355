"""All cells, in the document's order; cells of the same brokers stand together, so that they share them."""

from chaos.cells import (
    broker,
    cluster,
    compensation,
    disk,
    large,
    membership,
    namesakes,
    network,
    owner,
    pauses,
    poison,
    specialists,
    unknown,
)
from chaos.matrix import AnyCell

CELLS: tuple[AnyCell, ...] = (
    *owner.CELLS,
    *large.CELLS,
    *specialists.CELLS,
    *compensation.CELLS,
    *pauses.CELLS,
    *membership.CELLS,
    *poison.CELLS,
    *broker.CELLS,
    *namesakes.CELLS,
    *owner.LOSSY_CELLS,
    *unknown.CELLS,
    *cluster.CELLS,
    *network.CELLS,
    *disk.CELLS,
)
