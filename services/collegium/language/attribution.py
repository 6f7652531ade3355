"""Sentences that say whose words they are, as in `According to the 2.8 documentation: The default of acks is 1`."""

import re
from dataclasses import dataclass

_BY_VERSION = re.compile(r"^According to the (?P<version>\S{1,64}) documentation(?:: |, )(?P<said>.+)$", re.DOTALL)
_BY_TITLE = re.compile(r"^According to “(?P<title>[^”]{1,300})”(?:: |, )(?P<said>.+)$", re.DOTALL)
_MOST_TITLE_CHARS = 120


@dataclass(frozen=True, slots=True)
class Attributed:
    """What is said, and the version or title of the document that is named as saying it."""

    said: str
    version: str | None = None
    title: str | None = None


def attribute(said: str, version: str | None, title: str) -> str:
    """The sentence with its source named: by version where the document has one, else by title."""
    if version and not re.search(r"\s", version):
        return f"According to the {version} documentation: {said}"
    return f"According to “{short_title(title)}”: {said}"


def short_title(title: str) -> str:
    """A title as an attribution quotes it: on one line, without closing quotes, cut at 120 characters."""
    return " ".join(title.replace("”", '"').split())[:_MOST_TITLE_CHARS].strip() or "untitled"


def read_attribution(sentence: str) -> Attributed:
    """A sentence taken apart; without an attribution all of it is what is said."""
    match = _BY_VERSION.match(sentence)
    if match is not None:
        return Attributed(match["said"], version=match["version"])
    match = _BY_TITLE.match(sentence)
    if match is not None:
        return Attributed(match["said"], title=match["title"])
    return Attributed(sentence)
