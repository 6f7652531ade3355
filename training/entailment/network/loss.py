"""The loss over what a label says, and no more."""

from collections.abc import Sequence

import torch
from torch import Tensor

from entailment.pairs import LABELS, Reading


def masks(readings: Sequence[Reading]) -> tuple[Tensor, Tensor]:
    """Two boolean tensors [batch, 3]: the classes of `truth` and of `among`."""
    truth = torch.tensor([[label in reading.truth for label in LABELS] for reading in readings])
    among = torch.tensor([[label in reading.among for label in LABELS] for reading in readings])
    return truth, among


def partial_loss(logits: Tensor, truth: Tensor, among: Tensor, smoothing: float = 0.0) -> Tensor:
    """[batch] of -log(P(truth) / P(among)).

    With `smoothing`, that share of each target is spread evenly over `among`. A class outside `among` gets no
    gradient.
    """
    logs = torch.log_softmax(logits.float().masked_fill(~among, float("-inf")), dim=-1)
    missed = -torch.logsumexp(logs.masked_fill(~truth, float("-inf")), dim=-1)
    if smoothing == 0.0:
        return missed
    spread = -logs.masked_fill(~among, 0.0).sum(-1) / among.sum(-1)
    return (1.0 - smoothing) * missed + smoothing * spread
