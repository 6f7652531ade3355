"""Draws a playbook as a Mermaid flowchart or as indented text."""

from collegium_schemas.playbook import Playbook, PlaybookStep


def mermaid(playbook: Playbook) -> str:
    """A Mermaid flowchart: steps as nodes, what they wait for as arrows, the review loop dotted."""
    lines = ["flowchart LR"]
    for step in playbook.steps:
        label = f"{step.id}<br/>{step.role}" + (f"<br/>for each {step.for_each}" if step.for_each else "")
        label += f"<br/>changes {', '.join(step.effects)}" if step.effects else ""
        lines.append(f'    {_node(step.id)}["{label}"]')
        if step.compensate is not None:
            undo = f"{_node(step.id)}_undo"
            lines.append(f'    {undo}(["undo {step.id}<br/>{step.compensate.role or step.role}"])')
            lines.append(f'    {_node(step.id)} -. "when the run fails" .-> {undo}')
    for step in playbook.steps:
        lines.extend(
            f"    {_node(needed)} --> {_node(step.id)}" for needed in dict.fromkeys((*step.inputs, *step.after))
        )
    if playbook.loop is not None:
        rounds = f"at most {playbook.loop.max_rounds} rounds"
        lines.append(f'    {_node(playbook.loop.review)} -. "{rounds}" .-> {_node(playbook.loop.repeat[0])}')
    return "\n".join(lines) + "\n"


def outline(playbook: Playbook) -> str:
    """The same as text, a line a step, in the playbook's order."""
    lines = [f"{playbook.name} (version {playbook.version})"]
    for step in playbook.steps:
        needs = ", ".join(dict.fromkeys((*step.inputs, *step.after))) or "the objective"
        each = f", one for each {step.for_each}" if step.for_each else ""
        lines.append(f"  {step.id}: {step.role}{each}; after {needs}{_effects(step)}")
    if playbook.loop is not None:
        repeat = " -> ".join(playbook.loop.repeat)
        lines.append(
            f"  loop: {repeat}, until {playbook.loop.review} passes, at most {playbook.loop.max_rounds} rounds"
        )
    return "\n".join(lines) + "\n"


def _effects(step: PlaybookStep) -> str:
    if not step.effects:
        return ""
    undone = "" if step.compensate is None else f", undone by {step.compensate.role or step.role}"
    return f"; changes {', '.join(step.effects)}{undone}"


def _node(step_id: str) -> str:
    return "step_" + step_id.replace("-", "_")
