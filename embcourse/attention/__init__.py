"""Attention: a weighted mean of values, with weights from how well keys answer a query."""

from embcourse.attention.reference import (
    additive_scores,
    attention,
    attention_gradients,
    attention_scores,
    causal_mask,
    general_scores,
    kernel_regression,
    padding_mask,
    softmax,
    softmax_gradient,
)

__all__ = [
    "additive_scores",
    "attention",
    "attention_gradients",
    "attention_scores",
    "causal_mask",
    "general_scores",
    "kernel_regression",
    "padding_mask",
    "softmax",
    "softmax_gradient",
]
