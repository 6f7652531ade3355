"""A statement without the version that its own document describes: `Copyright Kafka 2.8.0` in the pages of 2.8."""

import re

from collegium.analysis.comparing import version_of, versions_differ
from collegium.analysis.statements import Statement


def unversioned(text: str, version: str | None) -> str:
    """A text without a version and its releases (`2.8`, `v2.8.1`)."""
    if not version:
        return text
    bare = re.escape(version.removeprefix("v"))
    return re.sub(rf"(?<![\d.])v?{bare}(?:\.\d+)*(?!\w|\.\d)", "", text)


def only_version_differs(one: Statement, other: Statement) -> bool:
    """Whether two statements say the same, each of the version that its document describes."""
    if not versions_differ(one, other):
        return False
    first, second = (" ".join(unversioned(each.text, version_of(each)).split()) for each in (one, other))
    return first.casefold() == second.casefold()
