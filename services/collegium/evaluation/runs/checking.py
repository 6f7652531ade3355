"""Whether what a suite says of its corpus is so: documents that it names, quotes from them."""

from collections.abc import Iterator

from collegium.evaluation.errors import DataInvalid
from collegium.evaluation.runs.documents import EvaluatedCorpus
from collegium.evaluation.runs.matching import squeezed
from collegium.evaluation.runs.objectives import Objective, RunSuite
from collegium.evaluation.runs.suite_file import SuiteFile


def checked(
    given: SuiteFile, suite: RunSuite, corpus: EvaluatedCorpus, *, strict: bool
) -> tuple[RunSuite, tuple[str, ...]]:
    """The suite with its documents under the names that the corpus shows, and what could not be found.

    Args:
        given: The file, for its lines.
        suite: What it holds, with what was planted.
        corpus: The corpus that was built.
        strict: Whether something that cannot be found is an error.

    Raises:
        DataInvalid: with `strict`, a document or a quote is not in the corpus.
    """
    texts: dict[str, str] = {}
    warnings: list[str] = []
    objectives: list[Objective] = []
    for number, objective in enumerate(suite.objectives):
        named = {name: corpus.resolved(name) for name in objective.expected_documents}
        for problem in _problems(objective, named, corpus, texts):
            line = given.line_of(number) if number < len(given.suite.objectives) else None
            if strict:
                raise DataInvalid(given.path, line, problem)
            warnings.append(f"line {line}: {problem}"[:1_000])
        objectives.append(_renamed(objective, {name: found or name for name, found in named.items()}))
    return suite.model_copy(update={"objectives": tuple(objectives)}), tuple(warnings)


def _problems(
    objective: Objective, named: dict[str, str | None], corpus: EvaluatedCorpus, texts: dict[str, str]
) -> Iterator[str]:
    for name, found in named.items():
        if found is None:
            yield f"{objective.id}: document {name!r} is not in the corpus, or stands for several"
    for fact in objective.facts:
        document = None if fact.document is None else named[fact.document]
        if fact.quote is None or document is None:
            continue
        if document not in texts:
            texts[document] = squeezed(corpus.text(document))
        if squeezed(fact.quote) not in texts[document]:
            yield f"{objective.id}, fact {fact.id}: the quote does not stand in {document}"


def _renamed(objective: Objective, names: dict[str, str]) -> Objective:
    facts = tuple(
        fact if fact.document is None else fact.model_copy(update={"document": names[fact.document]})
        for fact in objective.facts
    )
    return objective.model_copy(update={"must_cite": tuple(names[one] for one in objective.must_cite), "facts": facts})
