"""Files of a model package, small enough to be made in a test."""

import json
from pathlib import Path

from collegium.entailment.package import CONFIG, TOKENIZER, Config

_WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "broker", "stops", "starts")


def write_tokenizer(folder: Path) -> Path:
    """A word-level tokenizer of eight words that joins pairs as BERT's does."""
    vocabulary = {word: number for number, word in enumerate(_WORDS)}
    special = [
        {"id": number, "content": word, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
        | {"special": True}
        for number, word in enumerate(_WORDS[:4])
    ]
    pieces = [_special("[CLS]", 0), _sequence("A", 0), _special("[SEP]", 0)]
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": special,
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": pieces,
            "pair": [*pieces, _sequence("B", 1), _special("[SEP]", 1)],
            "special_tokens": {
                word: {"id": word, "ids": [vocabulary[word]], "tokens": [word]} for word in ("[CLS]", "[SEP]")
            },
        },
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
    }
    path = folder / TOKENIZER
    path.write_text(json.dumps(tokenizer), encoding="utf-8")
    return path


def _special(word: str, kind: int) -> dict[str, object]:
    return {"SpecialToken": {"id": word, "type_id": kind}}


def _sequence(name: str, kind: int) -> dict[str, object]:
    return {"Sequence": {"id": name, "type_id": kind}}


def write_config(folder: Path, **changed: object) -> Path:
    """The settings of a package, with some of them otherwise."""
    Config().write(folder)
    path = folder / CONFIG
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changed), encoding="utf-8")
    return path
