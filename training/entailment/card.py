"""The model card that travels with the weights, filled with measured figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Template

_CARD = Template("""# Entailment verifier

Says of a premise (a window of a document) and a hypothesis (one sentence of a report) whether the premise entails,
leaves open or contradicts it. A cross-encoder of $layers layers and $hidden hidden units, int8, $megabytes MB.

## Use
For checking a report's sentences against the passages that they cite, in English. Inputs `input_ids`,
`attention_mask`, `token_type_ids` (premise first, hypothesis second, at most $max_tokens tokens, the longer one cut);
output `logits` in the order $labels. Probabilities are
softmax(logits / $temperature). `entailment.evaluate` cuts documents into windows of $sentences sentences, a new one
every $step, and takes the best one. The product asks for entailment in windows of four sentences, for contradiction
in single ones, and of a sentence's clauses for both in either, all without full stops; it weighs the answers with the
words (`support` in config.json; decision 10).

## Limits
English only. Small: it misses inferences that take arithmetic, several steps or knowledge of the world, and it was
trained on encyclopedia, news-like and everyday text, web pages and abstracts. It judges what a
passage says, not whether that is true. Below a sure probability the honest verdict is "not enough evidence". It is no
defence against text written to fool it.

## Training
Started from E5-small-v2 (Wang et al., 2022; a MiniLM of 12 layers; MIT). $pairs pairs in $steps steps, $minutes
minutes, seed $seed; the lowest loss on the held-out part was $best. $note The program, its data and the mixture are
training/entailment in the source repository. Options:

    $plan

## Figures
On held-out pairs of the training sources, and pairs made from held-out text; share right, by source:

$development

$figures

## Data and licences
The weights were trained on the following; several are CC BY-SA and ask for attribution. data/README.md of the
training folder names repositories and commits.

$sources
""")


@dataclass(frozen=True, slots=True)
class Attribution:
    """Where training text comes from, and on what terms."""

    source: str
    origin: str
    licence: str


SOURCES = (
    Attribution("fever_dev", "FEVER (Thorne et al., 2018); text from Wikipedia", "CC BY-SA 3.0"),
    Attribution("fever_symmetric", "FEVER Symmetric (Schuster et al., 2019)", "CC BY-SA 3.0"),
    Attribution("vitaminc_sample", "VitaminC (Schuster et al., 2021)", "CC BY-SA 3.0"),
    Attribution("snli_dev", "SNLI (Bowman et al., 2015), e-SNLI (Camburu et al., 2018)", "CC BY-SA 4.0, MIT"),
    Attribution("cad_nli", "Counterfactually-augmented SNLI (Kaushik et al., 2020)", "Apache-2.0, CC BY-SA 4.0"),
    Attribution("breaking_nli", "Breaking NLI (Glockner et al., 2018)", "CC BY-SA 4.0"),
    Attribution("scone_nli", "ScoNe (She et al., 2023)", "CC0 1.0; SNLI text CC BY-SA 4.0"),
    Attribution("negation_nli", "Negation and NLI (Hossain et al., 2020)", "MIT; SNLI and MNLI text"),
    Attribution(
        "mnli_dev_matched", "MultiNLI matched dev (Williams et al., 2018)", "MIT, CC BY 3.0, CC BY-SA 3.0, OANC"
    ),
    Attribution("med", "MED (Yanaka et al., 2019)", "CC BY-SA 4.0"),
    Attribution("help_conj", "HELP, conjunctions (Yanaka et al., 2019)", "CC BY-SA 4.0"),
    Attribution("conjnli", "ConjNLI (Saha et al., 2020); text from Wikipedia", "MIT; text CC BY-SA"),
    Attribution("folio", "FOLIO (Han et al., 2022)", "CC BY-SA 4.0"),
    Attribution("infotabs", "InfoTabS (Gupta et al., 2020); text from Wikipedia", "Apache-2.0; text CC BY-SA"),
    Attribution("tabfact_pairs", "TabFact (Chen et al., 2020); text from Wikipedia", "MIT; text CC BY-SA"),
    Attribution("begin_wow", "BEGIN, Wizard of Wikipedia part (Dziri et al., 2022)", "CC BY 4.0"),
    Attribution("hans_regen", "HANS templates (McCoy et al., 2019), generated anew", "MIT"),
    Attribution("wice_partial", "WiCE, unsupported tokens (Kamoi et al., 2023)", "ODC-BY 1.0; text CC BY-SA"),
    Attribution("expertqa", "ExpertQA (Malaviya et al., 2024)", "MIT"),
    Attribution(
        "generative_search",
        "Generative search engines (Liu et al., 2023), AttrScore (Yue et al., 2023), ExpertQA, Attributed-QA (Bohnet "
        "et al., 2022), by AttributionBench (Li et al., 2024)",
        "MIT, CC BY 4.0",
    ),
    Attribution("summedits", "SummEdits (Laban et al., 2023)", "Apache-2.0"),
    Attribution("factcheck_gpt", "Factcheck-GPT (Wang et al., 2023)", "Apache-2.0"),
    Attribution(
        "sufficient_facts",
        "SufficientFacts (Atanasova et al., 2022); text of FEVER, HoVer, VitaminC",
        "MIT; text CC BY-SA",
    ),
    Attribution("check_covid", "Check-COVID (Wang et al., 2023)", "MIT"),
    Attribution(
        "written_webpages",
        "Written for this project with the help of a large language model, about pages and sub-claims of WiCE",
        "Apache-2.0; sub-claims CC BY-SA, ODC-BY 1.0; pages Common Crawl terms of use",
    ),
    Attribution(
        "written_passages",
        "Written for this project with the help of a large language model, about passages that ExpertQA quotes",
        "Apache-2.0; passages MIT, the rights in the pages stay with their authors",
    ),
    *(
        Attribution(
            f"docs_{kind}",
            "Documentation of RabbitMQ, RocketMQ, DolphinScheduler, PostgreSQL and its poolers, Django, Kubernetes, "
            "Airflow, Flink, Spark, cert-manager, ActiveMQ Artemis, pnpm, Laravel, Jest, Milvus, BookKeeper",
            "Apache-2.0, PostgreSQL, ISC, Pgpool, MIT, BSD-3-Clause, CC BY 4.0",
        )
        for kind in ("statements", "compatible")
    ),
    *(
        Attribution(f"written_{kind}", "Written for this project with the help of a large language model", "Apache-2.0")
        for kind in ("pages", "trivia", "science", "versions", "additions")
    ),
)


def card(values: Mapping[str, object], development: Mapping[str, float], figures: Sequence[str]) -> str:
    """The card as Markdown."""
    return _CARD.substitute(
        dict(values)
        | {
            "development": "\n".join(f"- `{name}`: {value:.3f}" for name, value in development.items()),
            "figures": "\n".join(f"- {line}" for line in figures),
            "sources": "\n".join(f"- `{item.source}`: {item.origin}. {item.licence}." for item in SOURCES),
        }
    )
