"""A BERT encoder with a three-way head, in plain PyTorch: reads the weights of any BERT-shaped `model.safetensors`.

Devlin et al. (2019), section 3; names of the weights as in the Hugging Face checkpoints.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from entailment.pairs import LABELS


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of an encoder."""

    vocabulary: int
    hidden: int
    layers: int
    heads: int
    inner: int
    positions: int
    epsilon: float

    @classmethod
    def read(cls, path: Path) -> "Shape":
        """From a checkpoint's config.json."""
        config = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            vocabulary=config["vocab_size"],
            hidden=config["hidden_size"],
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            inner=config["intermediate_size"],
            positions=config["max_position_embeddings"],
            epsilon=config["layer_norm_eps"],
        )


class Layer(nn.Module):
    """Self-attention and the feed-forward part, each with its residual and normalisation after it."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.heads = shape.heads
        self.query_key_value = nn.Linear(shape.hidden, 3 * shape.hidden)
        self.mixed = nn.Linear(shape.hidden, shape.hidden)
        self.mixed_norm = nn.LayerNorm(shape.hidden, eps=shape.epsilon)
        self.inner = nn.Linear(shape.hidden, shape.inner)
        self.outer = nn.Linear(shape.inner, shape.hidden)
        self.outer_norm = nn.LayerNorm(shape.hidden, eps=shape.epsilon)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        """[batch, tokens, hidden] to the same; `bias` is added to the attention's logits."""
        batch, tokens, hidden = states.shape
        triple = self.query_key_value(states).view(batch, tokens, 3, self.heads, hidden // self.heads)
        query, key, value = triple.permute(2, 0, 3, 1, 4).unbind(0)
        # Written out: at 128 tokens no slower on a CPU than the fused kernel, and it exports to plain operators.
        weights = torch.softmax(query @ key.transpose(-1, -2) / (hidden // self.heads) ** 0.5 + bias, dim=-1)
        seen = (self.dropout(weights) @ value).transpose(1, 2).reshape(batch, tokens, hidden)
        states = self.mixed_norm(states + self.dropout(self.mixed(seen)))
        return self.outer_norm(states + self.dropout(self.outer(functional.gelu(self.inner(states)))))


class CrossEncoder(nn.Module):
    """Premise and hypothesis in one sequence; the head sees the first token's state and the mean of all."""

    def __init__(self, shape: Shape, dropout: float = 0.1) -> None:
        super().__init__()
        self.words = nn.Embedding(shape.vocabulary, shape.hidden)
        self.positions = nn.Embedding(shape.positions, shape.hidden)
        self.segments = nn.Embedding(2, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden, eps=shape.epsilon)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(Layer(shape, dropout) for _ in range(shape.layers))
        self.head = nn.Linear(2 * shape.hidden, len(LABELS))

    def states(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """[batch, tokens] to [batch, tokens, hidden]."""
        places = torch.arange(input_ids.shape[1], device=input_ids.device).unsqueeze(0)
        states = self.words(input_ids) + self.positions(places) + self.segments(token_type_ids)
        states = self.dropout(self.norm(states))
        bias = (1.0 - attention_mask.to(states.dtype))[:, None, None, :] * -10_000.0
        for layer in self.layers:
            states = layer(states, bias)
        return states

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """[batch, tokens] to logits [batch, 3]."""
        states = self.states(input_ids, attention_mask, token_type_ids)
        return self.head(self.dropout(torch.cat([states[:, 0], mean(states, attention_mask)], dim=-1)))


def mean(states: Tensor, attention_mask: Tensor) -> Tensor:
    """The mean state of the tokens that are no padding."""
    kept = attention_mask.unsqueeze(-1).to(states.dtype)
    return (states * kept).sum(1) / kept.sum(1)


def start_from(folder: Path, seed: int, dropout: float = 0.1) -> CrossEncoder:
    """An encoder with the weights in `folder` (config.json, model.safetensors) and a new head."""
    torch.manual_seed(seed)
    shape = Shape.read(folder / "config.json")
    encoder = CrossEncoder(shape, dropout)
    nn.init.normal_(encoder.head.weight, std=0.02)
    nn.init.zeros_(encoder.head.bias)
    given = {name.removeprefix("bert."): value for name, value in load_file(folder / "model.safetensors").items()}
    missing, unexpected = encoder.load_state_dict(_renamed(given, shape.layers), strict=False)
    if unexpected or set(missing) != {"head.weight", "head.bias"}:
        raise ValueError(f"{folder} holds no BERT encoder: missing {missing}, unexpected {unexpected}")
    return encoder


def _renamed(given: dict[str, Tensor], layers: int) -> dict[str, Tensor]:
    names = {
        "words.weight": "embeddings.word_embeddings.weight",
        "positions.weight": "embeddings.position_embeddings.weight",
        "segments.weight": "embeddings.token_type_embeddings.weight",
        "norm.weight": "embeddings.LayerNorm.weight",
        "norm.bias": "embeddings.LayerNorm.bias",
    }
    ours: dict[str, Tensor] = {}
    for number in range(layers):
        mine, theirs = f"layers.{number}", f"encoder.layer.{number}"
        for kind in ("weight", "bias"):
            triple = [given[f"{theirs}.attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
            ours[f"{mine}.query_key_value.{kind}"] = torch.cat(triple)
            names[f"{mine}.mixed.{kind}"] = f"{theirs}.attention.output.dense.{kind}"
            names[f"{mine}.mixed_norm.{kind}"] = f"{theirs}.attention.output.LayerNorm.{kind}"
            names[f"{mine}.inner.{kind}"] = f"{theirs}.intermediate.dense.{kind}"
            names[f"{mine}.outer.{kind}"] = f"{theirs}.output.dense.{kind}"
            names[f"{mine}.outer_norm.{kind}"] = f"{theirs}.output.LayerNorm.{kind}"
    return ours | {mine: given[theirs] for mine, theirs in names.items()}
