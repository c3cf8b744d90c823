"""The exercises of the self-attention chapter: from one head to a layer that works, its gradients,
and what the heads of a real model do."""

from embcourse.self_attention.exercises.grouped_query_attention import GROUPED_QUERY_ATTENTION
from embcourse.self_attention.exercises.head_roles import HEAD_ROLES
from embcourse.self_attention.exercises.layer_cost import LAYER_COST
from embcourse.self_attention.exercises.layer_gradients import LAYER_GRADIENTS
from embcourse.self_attention.exercises.merge_heads import MERGE_HEADS
from embcourse.self_attention.exercises.multi_head_attention import MULTI_HEAD_ATTENTION
from embcourse.self_attention.exercises.one_head import ONE_HEAD
from embcourse.self_attention.exercises.reordered_mask import REORDERED_MASK
from embcourse.self_attention.exercises.split_heads import SPLIT_HEADS

EXERCISES = (
    ONE_HEAD,
    REORDERED_MASK,
    SPLIT_HEADS,
    MERGE_HEADS,
    MULTI_HEAD_ATTENTION,
    GROUPED_QUERY_ATTENTION,
    LAYER_COST,
    LAYER_GRADIENTS,
    HEAD_ROLES,
)
