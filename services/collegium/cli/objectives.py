"""Makes a valid objective from options and a file, with errors that say what to change."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from collegium.cli.durations import parse_deadline
from collegium.cli.errors import NotFound, UsageFault
from collegium_schemas import limits
from collegium_schemas.envelope import explain
from collegium_schemas.objective import ObjectiveSubmitted


@dataclass(frozen=True, slots=True)
class Wish:
    """What was given on the command line; None is not given."""

    goal: str | None = None
    file: Path | None = None
    corpus: str | None = None
    playbook: str | None = None
    budget_tokens: int | None = None
    budget_usd: float | None = None
    budget_steps: int | None = None
    deadline: str | None = None
    run_id: str | None = None
    requester: str | None = None
    """Who is at the keyboard; a requester in the file wins."""


def objective_of(wish: Wish, *, new_run_id: str, now_ms: int) -> ObjectiveSubmitted:
    """The objective to send; options win over the file. It has a run_id, so that sending it again is harmless.

    Args:
        wish: What the user gave.
        new_run_id: The run_id when the user chose none.
        now_ms: What relative deadlines count from.

    Raises:
        NotFound: the file does not exist.
        UsageFault: the objective is invalid; the message says which field and why.
    """
    base = _from_file(wish.file) if wish.file is not None else None
    if base is None and wish.goal is None:
        raise UsageFault('say what the run is for: `collegium submit "GOAL"`, or give `--file objective.json`')
    fields = {} if base is None else base.model_dump(exclude_unset=True)
    budget = dict(fields.get("budget") or {})
    chosen: dict[str, object] = {
        "goal": wish.goal,
        "corpus": wish.corpus,
        "playbook": wish.playbook,
        "requester": fields.get("requester") or wish.requester,
        "run_id": wish.run_id or fields.get("run_id") or new_run_id,
        "deadline": _deadline(wish.deadline, now_ms),
    }
    usd = None if wish.budget_usd is None else round(wish.budget_usd * 1_000_000)
    limits_given = {"tokens": wish.budget_tokens, "micro_usd": usd, "steps": wish.budget_steps}
    budget |= {name: value for name, value in limits_given.items() if value is not None}
    fields |= {name: value for name, value in chosen.items() if value is not None} | {"budget": budget}
    try:
        objective = ObjectiveSubmitted.model_validate(fields)
    except ValidationError as error:
        raise UsageFault(f"the objective is invalid: {explain(error)}") from error
    _check_size(len(objective.to_json()), "the objective")
    return objective


def _from_file(path: Path) -> ObjectiveSubmitted:
    try:
        size_bytes = path.stat().st_size
        _check_size(size_bytes, str(path))
        data = path.read_bytes()
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        return ObjectiveSubmitted.read_strict(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UsageFault(f"{path} is not UTF-8: save it as UTF-8 (byte {error.start})") from error
    except ValidationError as error:
        raise UsageFault(f"{path} is no valid objective: {explain(error)}") from error


def _check_size(size_bytes: int, what: str) -> None:
    if size_bytes > limits.MAX_MESSAGE_BYTES:
        raise UsageFault(
            f"{what} has {size_bytes} bytes; at most {limits.MAX_MESSAGE_BYTES} are allowed: "
            "put documents into a corpus with `collegium corpus add`"
        )


def _deadline(text: str | None, now_ms: int) -> object:
    if text is None:
        return None
    try:
        return parse_deadline(text, now_ms)
    except ValueError as error:
        raise UsageFault(str(error)) from error
