"""Rotations and biases in torch, as a network uses them at every step."""

from __future__ import annotations

import torch
from torch import Tensor

from embcourse.positions import reference


def rotary_tables(positions: Tensor, d: int, base: float = reference.BASE) -> tuple[Tensor, Tensor]:
    """Cosines and sines (n, d / 2) of position times frequency, computed once for all layers.

    Angles are computed in float64: of position 100,000 a float32 angle is off by 0.004.

    >>> [table.shape for table in rotary_tables(torch.arange(5), 8)]
    [torch.Size([5, 4]), torch.Size([5, 4])]
    """
    angles = positions.double()[:, None] * torch.from_numpy(reference.frequencies(d, base))
    return angles.cos().float(), angles.sin().float()


def rotate(x: Tensor, cosines: Tensor, sines: Tensor, *, interleaved: bool = True) -> Tensor:
    """`reference.rotate` in torch: (..., n, d) turned by the tables of its n positions.

    >>> x = torch.tensor([[1.0, 0.0]])
    >>> rotate(x, *rotary_tables(torch.tensor([1]), 2)).numpy().round(3)
    array([[0.54 , 0.841]], dtype=float32)
    """
    if interleaved:
        a, b = x[..., 0::2], x[..., 1::2]
    else:
        a, b = x.chunk(2, dim=-1)
    turned = (a * cosines - b * sines, a * sines + b * cosines)
    if interleaved:
        return torch.stack(turned, dim=-1).flatten(-2)
    return torch.cat(turned, dim=-1)
