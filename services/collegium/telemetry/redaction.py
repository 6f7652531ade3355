"""Keeps known secrets out of what leaves the process as text."""

import json
import re
from collections.abc import Iterable
from typing import Final

MASK: Final = "[redacted]"
_SHORTEST = 6
"""Shorter values would tear holes into ordinary words; such a secret protects nothing anyway."""


class Redactor:
    """Replaces known secret values, plain or inside JSON. Without secrets it returns a text as it is."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        plain = {secret for secret in secrets if len(secret) >= _SHORTEST}
        escaped = {json.dumps(secret, ensure_ascii=False)[1:-1] for secret in plain}
        values = sorted(plain | escaped, key=len, reverse=True)
        self._pattern = re.compile("|".join(re.escape(v) for v in values)) if values else None

    def __call__(self, text: str) -> str:
        """The text with every known secret masked."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)
