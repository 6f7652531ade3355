"""The playbooks that this machine's orchestrators use."""

from collections.abc import Sequence
from pathlib import Path

import yaml
from pydantic import ValidationError

from collegium.cli.errors import UsageFault
from collegium.drafting.errors import TemplateInvalid
from collegium.drafting.forms import load_templates
from collegium.drafting.settings import DraftingSettings
from collegium.orchestrator.playbooks import Library, PlaybookError, PlaybookFault, load_library, load_playbook
from collegium.orchestrator.playbooks.lines import line_of
from collegium.orchestrator.settings import OrchestratorSettings
from collegium_schemas.envelope import explain
from collegium_schemas.playbook import Playbook


def checked(path: Path) -> Playbook:
    """A playbook from its file, held also against what a specialist of ours would refuse when it runs.

    Raises:
        PlaybookError: it is no valid playbook, or a step of drafting names a template that there is not.
        UsageFault: COLLEGIUM_DRAFTING_TEMPLATE_DIRS cannot be used.
    """
    playbook = load_playbook(path)
    try:
        known = load_templates(DraftingSettings().template_dirs)
    except TemplateInvalid as error:
        raise UsageFault(f"COLLEGIUM_DRAFTING_TEMPLATE_DIRS: {error}") from error
    if wrong := _template_faults(playbook, path.read_text(encoding="utf-8"), sorted(known)):
        raise PlaybookError(str(path), wrong)
    return playbook


def _template_faults(playbook: Playbook, text: str, known: Sequence[str]) -> list[PlaybookFault]:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    found: list[PlaybookFault] = []
    for number, step in enumerate(playbook.steps):
        named = {**playbook.params, **step.params}.get("template")
        if step.role == "drafting" and named is not None and str(named) not in known:
            at = ("steps", number, "params", "template") if "template" in step.params else ("params", "template")
            message = f"drafting has no template {str(named)!r}; known: {', '.join(known)}"
            found.append(PlaybookFault(line_of(root, at), ".".join(map(str, at)), message))
    return found


def library() -> Library:
    """The built-in playbooks, and those of COLLEGIUM_ORCHESTRATOR_PLAYBOOK_DIRS.

    Raises:
        UsageFault: the variable cannot be used, or names a directory that does not exist.
    """
    try:
        return load_library(OrchestratorSettings().playbook_dirs)
    except ValidationError as error:
        raise UsageFault(f"environment COLLEGIUM_ORCHESTRATOR_*: {explain(error)}") from error
    except PlaybookError as error:
        raise UsageFault(str(error)) from error
