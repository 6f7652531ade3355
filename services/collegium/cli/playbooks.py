"""The playbooks that this machine's orchestrators use."""

from pydantic import ValidationError

from collegium.cli.errors import UsageFault
from collegium.orchestrator.playbooks import Library, PlaybookError, load_library
from collegium.orchestrator.settings import OrchestratorSettings
from collegium_schemas.envelope import explain


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
