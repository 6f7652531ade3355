"""All cells, in the document's order."""

from chaos.cells import owner
from chaos.matrix import AnyCell

CELLS: tuple[AnyCell, ...] = (*owner.CELLS,)
