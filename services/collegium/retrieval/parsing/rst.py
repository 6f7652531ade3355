"""reStructuredText by docutils, with the roles that Sphinx adds read as their text."""

import re

from docutils import nodes
from docutils.core import publish_doctree
from docutils.utils import SystemMessage

from collegium.retrieval.documents import ParsedText
from collegium.retrieval.errors import DocumentError
from collegium.retrieval.parsing.builder import TextBuilder
from collegium.retrieval.parsing.decoding import decode
from collegium.retrieval.parsing.metadata import iso_date

_SETTINGS = {
    "file_insertion_enabled": False,  # `include` could read any file of the machine
    "raw_enabled": False,
    "halt_level": 5,
    "report_level": 5,
    "warning_stream": False,
    "_disable_config": True,
    "line_length_limit": 1_000_000_000,
    "input_encoding": "unicode",
    "smart_quotes": False,
}
_SPHINX_ROLE = re.compile(r":[a-z][a-z0-9:+-]{0,30}:`(~|!)?([^`<]+?)(?:\s*<[^`>]*>)?`")
_SPHINX_DIRECTIVE = re.compile(
    r"^(\s*)\.\. (?:versionadded|versionchanged|deprecated|seealso|centered|rubric|tip|only|tab)::[ \t]*(.*)$",
    re.MULTILINE,
)
_SKIPPED = (nodes.system_message, nodes.comment, nodes.substitution_definition, nodes.target, nodes.topic)


def parse_rst(data: bytes, max_chars: int) -> ParsedText:
    """Read a reStructuredText file; what docutils cannot read is left out and noted.

    Raises:
        DocumentError: when the bytes are no text, the markup cannot be read at all, or the text is too long.
    """
    text, notes = decode(data)
    if len(text) > max_chars:
        raise DocumentError(f"it is longer than {max_chars:,} characters", "split it into several files")
    source = _SPHINX_DIRECTIVE.sub(r"\1\2", _SPHINX_ROLE.sub(r"``\2``", text))
    try:
        tree = publish_doctree(source, settings_overrides=dict(_SETTINGS))
    except SystemMessage as error:
        raise DocumentError(f"docutils cannot read it: {error}", "check its markup with rst2html") from error
    builder = TextBuilder(max_chars)
    _Writer(builder).write(tree)
    problems = len(list(tree.findall(nodes.system_message)))
    if problems:
        notes += (f"{problems} places of its markup could not be read and were left out",)
    fields = _fields(tree)
    title = tree.get("title")
    return builder.build(
        title=str(title) if title else None,
        version=fields.get("version"),
        date=iso_date(fields.get("date")),
        notes=notes,
    )


def _fields(tree: nodes.document) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in tree.findall(lambda n: isinstance(n, nodes.version | nodes.date | nodes.field)):
        if isinstance(node, nodes.field):
            found.setdefault(node[0].astext().strip().lower(), node[1].astext().strip())
        else:
            found.setdefault(type(node).__name__, node.astext().strip())
    return found


class _Writer:
    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder

    def write(self, tree: nodes.document) -> None:
        stack: list[tuple[nodes.Node, int, bool]] = [(tree, 0, False)]
        while stack:
            node, depth, item = stack.pop()
            if isinstance(node, _SKIPPED) or self._leaf(node, depth, item=item):
                continue
            below = depth + 1 if isinstance(node, nodes.section) else depth
            children = list(node.children)
            for position in reversed(range(len(children))):
                first_of_item = isinstance(node, nodes.list_item) and position == 0
                stack.append((children[position], below, first_of_item))

    def _leaf(self, node: nodes.Node, depth: int, *, item: bool) -> bool:
        """Write a node that holds text; false when its children are to be read instead."""
        match node:
            case nodes.title():
                self._builder.heading(node.astext(), max(1, depth))
            case nodes.subtitle() | nodes.rubric():
                self._builder.heading(node.astext(), max(1, depth) + 1)
            case nodes.literal_block() | nodes.doctest_block() | nodes.math_block():
                self._builder.code(node.astext())
            case nodes.row():
                self._builder.row([cell.astext() for cell in node.children])
            case nodes.definition_list_item() if len(node.children) == 2 and _is_short(node):
                self._builder.item(": ".join(child.astext() for child in node.children))
            case nodes.field():
                self._builder.item(": ".join(child.astext() for child in node.children))
            case nodes.paragraph() if item:
                self._builder.item(node.astext())
            case nodes.TextElement():
                self._builder.paragraph(node.astext())
            case _:
                return False
        return True


def _is_short(node: nodes.definition_list_item) -> bool:
    """A term with one paragraph; longer definitions keep their blocks."""
    return len(node.children[1].children) == 1
