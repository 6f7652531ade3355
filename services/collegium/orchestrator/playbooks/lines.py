"""Where in a YAML text something stands, for messages to whoever wrote it."""

import yaml


def line_of(root: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """The line of the innermost node on the way to a location that exists."""
    node, line = root, 1
    for part in location:
        following: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == part:
                    line, following = key.start_mark.line + 1, value
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            following = node.value[part]
            line = node.value[part].start_mark.line + 1
        if following is None:
            break
        node = following
    return line
