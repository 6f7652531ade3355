"""What export adds to the data-only package, beside the files that the product reads."""

from typing import Final

CARD: Final = "MODEL_CARD.md"
MEASURED: Final = "measured.json"
