"""Templates: which parts a report has, in which order, and how much of each. A YAML file as a contract.

A template chooses and arranges; it has no words of its own but headings and the lead of a disagreement, which may hold
nothing but what is disputed and whether versions explain it.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import yaml
from pydantic import Field, StringConstraints, ValidationError, model_validator

from collegium.drafting.errors import TemplateInvalid
from collegium_schemas import limits
from collegium_schemas.base import Contract, Name, Text
from collegium_schemas.envelope import explain
from collegium_schemas.evidence import LAYOUT, LaidOut

DEFAULT: Final = "report"
_SHIPPED: Final = Path(__file__).parent / "templates"
MOST_PER_SECTION: Final = 64
"""Findings of one section that a template may ask for; the shipped ones ask for twelve at most."""
_MOST_BYTES: Final = 65_536
_MOST_TEMPLATES: Final = 100
_LEAD_CHARS: Final = 60

Lead = Annotated[str, StringConstraints(pattern=r"^(On|About) \{about\}(, \{by\})?:$", max_length=_LEAD_CHARS)]


class SummaryBounds(Contract):
    """How many sentences the summary has, as far as there are findings."""

    fewest: Annotated[int, Field(ge=1, le=limits.MAX_SENTENCES)] = 3
    most: Annotated[int, Field(ge=1, le=limits.MAX_SENTENCES)] = 6

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.fewest > self.most:
            raise ValueError("`fewest` is more than `most`")
        return self


class FindingBounds(Contract):
    """How many findings there are."""

    in_all: Annotated[int, Field(ge=1, le=limits.MAX_SENTENCES)] = 32
    """Of all sections together, shared evenly: eight for each of four questions, sixteen for each of two."""
    fewest: Annotated[int, Field(ge=1, le=limits.MAX_SENTENCES)] = 6
    """Of a section, however many there are."""
    most: Annotated[int, Field(ge=1, le=MOST_PER_SECTION)] = 20
    """Of a section."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.fewest > self.most:
            raise ValueError("`fewest` is more than `most`")
        return self


class Template(Contract):
    """How a report is put together."""

    name: Name
    description: Text = ""
    parts: Annotated[tuple[LaidOut, ...], Field(min_length=1, max_length=len(LAYOUT))] = LAYOUT
    """In reading order; a part that is not named is left out. Findings are always there: a review looks for them."""
    arrange: Literal["relevance", "reading", "version"] = "relevance"
    """The findings of a section: the most relevant first; as their sources have them; the oldest version first. The
    most relevant are chosen in any case."""
    summary: SummaryBounds = SummaryBounds()
    findings: FindingBounds = FindingBounds()
    disagreements: Annotated[int, Field(ge=0, le=20)] = 10
    """At most."""
    lead: Lead = "On {about}, {by}:"
    """Of a disagreement: `{about}` is what the sources disagree on, in their words, `{by}` is `by version` or `by
    source`."""

    @model_validator(mode="after")
    def _parts_are_sound(self) -> Self:
        names = [one.part for one in self.parts]
        if len(set(names)) < len(names):
            raise ValueError("a part stands in `parts` twice")
        if "findings" not in names:
            raise ValueError("`parts` has no `findings`")
        return self

    def has(self, part: str) -> bool:
        """Whether the report has this part."""
        return any(one.part == part for one in self.parts)


def load_templates(folders: Iterable[Path] = ()) -> Mapping[str, Template]:
    """The shipped templates and those of further folders, by name; a later one replaces an earlier one of its name.

    Raises:
        TemplateInvalid: a folder does not exist, or a file in it is no template.
    """
    found: dict[str, Template] = {}
    for folder in (_SHIPPED, *folders):
        if not folder.is_dir():
            raise TemplateInvalid(folder, "no such folder")
        for path in sorted(folder.glob("*.y*ml"))[:_MOST_TEMPLATES]:
            template = read_template(path)
            found[template.name] = template
    return found


def read_template(path: Path) -> Template:
    """One template from its file.

    Raises:
        TemplateInvalid: it cannot be read, or is none.
    """
    try:
        content = path.read_bytes()
        if len(content) > _MOST_BYTES:
            raise TemplateInvalid(path, f"it has {len(content)} bytes; a template may have {_MOST_BYTES}")
        return Template.model_validate(yaml.safe_load(content))
    except OSError as error:
        raise TemplateInvalid(path, error.strerror or str(error)) from error
    except yaml.YAMLError as error:
        raise TemplateInvalid(path, " ".join(str(error).split())) from error
    except ValidationError as error:
        raise TemplateInvalid(path, explain(error)) from error
