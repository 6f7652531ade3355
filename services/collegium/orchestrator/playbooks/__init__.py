"""Playbooks as YAML files: loading with line-numbered errors, checking, drawing."""

from collegium.orchestrator.playbooks.loader import (
    Library,
    PlaybookError,
    PlaybookFault,
    load_library,
    load_playbook,
    parse_playbook,
)

__all__ = ["Library", "PlaybookError", "PlaybookFault", "load_library", "load_playbook", "parse_playbook"]
