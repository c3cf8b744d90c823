"""The Triton softmax loss against float64. Without a GPU the kernels run in Triton's
interpreter."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.nn.functional import cross_entropy
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"  # read when triton is imported
pytest.importorskip("triton", reason="Triton is for Linux")

from embcourse.word2vec import fast, gpu

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Triton is for Linux")

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
# Half a unit in the last place. The interpreter does not round to bfloat16, it cuts: a whole unit.
BFLOAT16 = 2.0**-8 if DEVICE == "cuda" else 2.0**-7
ROUNDING = {torch.float32: 2.0**-24, torch.bfloat16: BFLOAT16, torch.float16: 2.0**-11}


def batch(examples, words, dim, *, dtype=torch.float32, size=1.0, seed=0):
    random = torch.Generator().manual_seed(seed)
    hidden = (
        (size * torch.randn(examples, dim, generator=random)).to(dtype).to(DEVICE).requires_grad_()
    )
    outputs = torch.randn(words, dim, generator=random).to(dtype).to(DEVICE).requires_grad_()
    return hidden, outputs, torch.randint(words, (examples,), generator=random).to(DEVICE)


def exact(hidden, outputs, targets):
    """Loss and gradients in float64, of the values that the kernel was given."""
    hidden, outputs = (tensor.detach().double().requires_grad_() for tensor in (hidden, outputs))
    loss = cross_entropy(hidden @ outputs.T, targets)
    return loss.detach(), *torch.autograd.grad(loss, (hidden, outputs))


def assert_right(hidden, outputs, targets, **options):
    """Within the bounds that follow from rounding every product, sum and probability once.

    A logit is a sum of d products: its error is at most (d + 4) roundings of sum |h_k u_k|; the 4
    are the scaling to base 2, the difference from the largest and the two of the log-sum-exp. A
    probability then has that error, relative, plus its own rounding to the tables' format; a
    gradient is a sum of probability x row, with as many roundings again as it has terms, in
    float32.
    """
    loss = gpu.softmax_loss(hidden, outputs, targets, **options)
    got = torch.autograd.grad(3.0 * loss, (hidden, outputs))  # an upstream gradient other than 1
    wanted, for_hidden, for_outputs = exact(hidden, outputs, targets)
    unit = ROUNDING[torch.float32]
    absolute = hidden.detach().double().abs() @ outputs.detach().double().abs().T
    logit_error = (hidden.shape[1] + 4) * unit * absolute.max() + 4 * unit
    assert abs(loss.double() - wanted) <= 2 * logit_error + unit * wanted, "loss"

    # |d loss / d logit| in double, which bounds what the errors are relative to.
    logits = hidden.detach().double() @ outputs.detach().double().T
    errors = torch.softmax(logits, dim=1)
    here = torch.arange(len(targets), device=DEVICE)
    spread = errors.clone()
    spread[here, targets] += 1
    spread /= len(targets)
    for tensor, result, right, scale in (
        (hidden, got[0], for_hidden, spread @ outputs.detach().double().abs()),
        (outputs, got[1], for_outputs, spread.T @ hidden.detach().double().abs()),
    ):
        assert result.dtype == tensor.dtype and result.shape == tensor.shape
        relative = (
            2 * torch.expm1(2 * logit_error)
            + ROUNDING[tensor.dtype]
            + (len(targets) + len(outputs)) * unit
        )
        allowed = 3 * scale * relative + 3 * ROUNDING[tensor.dtype] * right.abs()
        # float16 has a smallest number, below which it rounds by the absolute size.
        allowed = allowed + (2.0**-24 if tensor.dtype == torch.float16 else 1e-38)
        excess = ((result.double() - 3 * right).abs() - allowed).max()
        assert excess <= 0, f"gradient, beyond the bound by {excess}"


@pytest.mark.parametrize(
    ("examples", "words", "dim"),
    [
        (1, 1, 1),
        (1, 50, 3),
        (40, 1, 5),
        (16, 32, 16),
        (17, 33, 17),
        (40, 300, 100),
        (5, 290, 128),
        (3, 40, 300),
    ],
)
def test_loss_and_gradients_are_right_whatever_the_shape(examples, words, dim):
    assert_right(*batch(examples, words, dim), precision="ieee")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_sixteen_bit_tables_keep_their_dtype_and_sum_in_float32(dtype):
    assert_right(*batch(37, 150, 33, dtype=dtype))


def test_float32_tables_may_be_multiplied_in_bfloat16():
    hidden, outputs, targets = batch(37, 150, 33)
    loss = gpu.softmax_loss(hidden, outputs, targets, precision="bf16")
    for_hidden, for_outputs = torch.autograd.grad(loss, (hidden, outputs))
    assert for_hidden.dtype == for_outputs.dtype == torch.float32
    rounded = [tensor.detach().bfloat16().requires_grad_() for tensor in (hidden, outputs)]
    same = gpu.softmax_loss(*rounded, targets)
    torch.testing.assert_close(loss, same, rtol=0, atol=0)
    wanted = torch.autograd.grad(same, rounded)
    for full, short in zip((for_hidden, for_outputs), wanted, strict=True):
        torch.testing.assert_close(short.float(), full, rtol=BFLOAT16, atol=0)


def test_logits_of_ten_thousand_do_not_overflow():
    hidden, outputs, targets = batch(20, 90, 40, size=1000.0)
    assert float((hidden @ outputs.T).detach().abs().max()) > 1e4
    loss = gpu.softmax_loss(hidden, outputs, targets, precision="ieee")
    wanted, for_hidden, _for_outputs = exact(hidden, outputs, targets)
    # At this size a float32 logit is known to some hundredths, and a mean loss of thousands to as
    # much.
    largest = (hidden.detach().double().abs() @ outputs.detach().double().abs().T).max()
    assert abs(loss.double() - wanted) <= 2 * 44 * 2.0**-24 * largest
    got = torch.autograd.grad(loss, (hidden, outputs))
    # Where one word is certain, the gradients do not depend on the logits' last bits.
    certain = (
        torch.softmax(hidden.detach().double() @ outputs.detach().double().T, dim=1)
        .max(dim=1)
        .values
        > 1 - 1e-12
    )
    assert certain.sum() > 10
    torch.testing.assert_close(got[0][certain].double(), for_hidden[certain], rtol=1e-5, atol=1e-6)
    assert all(torch.isfinite(gradient).all() for gradient in got)


def test_a_certain_prediction_costs_nothing_and_never_less():
    hidden = torch.full((3, 7), 30.0, device=DEVICE)
    outputs = torch.zeros(5, 7, device=DEVICE)
    outputs[2] = 30.1
    loss = gpu.softmax_loss(
        hidden, outputs, torch.tensor([2, 2, 2], device=DEVICE), precision="ieee"
    )
    assert float(loss) == 0.0


def test_small_probabilities_survive_float16():
    """With 3,000 words P is about 2^-12, and its product with 1 / B would be lost."""
    hidden, outputs, targets = batch(64, 3000, 16, dtype=torch.float16, size=0.01)
    upstream = 2.0**12  # what a loss scaler does
    got = torch.autograd.grad(
        upstream * gpu.softmax_loss(hidden, outputs, targets), (hidden, outputs)
    )
    _, *wanted = exact(hidden, outputs, targets)
    for result, right in zip(got, wanted, strict=True):
        error = (result.double() / upstream - right).norm() / right.norm()
        assert error < 2.0**-10


def test_only_the_gradients_that_are_wanted_are_computed():
    hidden, outputs, targets = batch(20, 70, 9)
    loss = gpu.softmax_loss(hidden.detach(), outputs.detach(), targets)
    assert not loss.requires_grad
    (for_outputs,) = torch.autograd.grad(
        gpu.softmax_loss(hidden.detach(), outputs, targets), outputs
    )
    (for_hidden,) = torch.autograd.grad(gpu.softmax_loss(hidden, outputs.detach(), targets), hidden)
    both = torch.autograd.grad(gpu.softmax_loss(hidden, outputs, targets), (hidden, outputs))
    assert torch.equal(for_hidden, both[0]) and torch.equal(for_outputs, both[1])


def test_two_runs_agree_to_the_last_bit():
    results = []
    for _ in range(2):
        hidden, outputs, targets = batch(50, 200, 24)
        loss = gpu.softmax_loss(hidden, outputs, targets)
        results.append([loss, *torch.autograd.grad(loss, (hidden, outputs))])
    assert all(torch.equal(first, second) for first, second in zip(*results, strict=True))


def test_views_with_gaps_and_short_integers_are_read_right():
    hidden, outputs, targets = batch(18, 60, 12)
    gaps = torch.zeros(18, 24, device=DEVICE)
    gaps[:, ::2] = hidden.detach()
    turned = outputs.detach().T.contiguous().T
    got = gpu.softmax_loss(gaps[:, ::2], turned, targets.int())
    assert torch.equal(got, gpu.softmax_loss(hidden, outputs, targets).detach())


def test_it_agrees_with_the_cpu_path():
    hidden, outputs, targets = batch(30, 130, 20)
    ours = gpu.softmax_loss(hidden, outputs, targets, precision="ieee").cpu()
    theirs = fast.softmax_loss(hidden.cpu(), outputs.cpu(), targets.cpu())
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=0)


def test_wrong_arguments_are_named():
    hidden, outputs, targets = batch(4, 6, 3)
    with pytest.raises(ValueError, match="targets must lie in 0..5 .* got 6"):
        gpu.softmax_loss(hidden, outputs, torch.full((4,), 6, device=DEVICE))
    with pytest.raises(ValueError, match="must not be empty"):
        gpu.softmax_loss(hidden[:0], outputs, targets[:0])
    with pytest.raises(
        TypeError, match="hidden must be float32 or bfloat16 or float16, got float64"
    ):
        gpu.softmax_loss(hidden.double(), outputs.double(), targets)
    with pytest.raises(ValueError, match="precision must be "):
        gpu.softmax_loss(hidden, outputs, targets, precision="fp8")
    with pytest.raises(ValueError, match="precision is for float32"):
        gpu.softmax_loss(hidden.half(), outputs.half(), targets, precision="tf32")
    with pytest.raises(ValueError, match="d must be at most 512, got 600"):
        gpu.softmax_loss(*batch(2, 3, 600))


def test_tensors_on_the_cpu_are_refused_outside_the_interpreter(monkeypatch):
    monkeypatch.setattr(gpu, "INTERPRETED", False)
    hidden, outputs, targets = (tensor.cpu() for tensor in batch(4, 6, 3))
    with pytest.raises(ValueError, match="must lie on a CUDA device, got cpu"):
        gpu.softmax_loss(hidden, outputs, targets)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("width", [16, 128, 256, 512])
def test_every_dimension_has_tiles_that_fit(monkeypatch, width, dtype):
    """Kernels are tuned on a GPU only; which tile sizes are tried there can be checked anywhere."""
    monkeypatch.setattr(gpu, "INTERPRETED", False)
    named = {"hidden": torch.empty(1, dtype=dtype)}
    tried = gpu._fitting(
        gpu._configurations(("BLOCK_B", "BLOCK_V")), named, D=width, PRODUCT="ieee"
    )
    assert tried
    for configuration in tried:
        held, step = configuration.kwargs["BLOCK_B"], configuration.kwargs["BLOCK_V"]
        # of Hopper
        assert (held + configuration.num_stages * step) * width * dtype.itemsize <= 227 * 1024


@pytest.mark.parametrize("batch_size", [1, 100, 5_000, 16_384, 18_000, 10**6])
def test_the_vocabulary_is_cut_into_parts_that_fill_the_gpu(monkeypatch, batch_size):
    properties = type("Properties", (), {"multi_processor_count": 132})
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: properties)
    parts = gpu._parts(batch_size, 100_000, torch.device("cuda"))
    programs = parts * -(-batch_size // 128)
    assert 1 <= parts <= 32 and gpu._parts(batch_size, 100, torch.device("cuda")) == 1
    # of the places in the rounds
    assert parts == 32 or programs / (-(-programs // 264) * 264) > 0.86
    assert parts == 2 or batch_size != 16_384


class LargestTensor(TorchDispatchMode):
    """How many bytes the largest tensor takes that any operation makes."""

    bytes = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                self.bytes = max(self.bytes, tensor.nbytes)
        return result


def test_nothing_as_large_as_the_logits_is_made():
    hidden, outputs, targets = batch(64, 3000, 16)
    with LargestTensor() as eager:
        cross_entropy(hidden @ outputs.T, targets).backward()
    assert eager.bytes >= 4 * 64 * 3000  # so the counter would see it
    with LargestTensor() as ours:
        gpu.softmax_loss(hidden, outputs, targets).backward()
    assert ours.bytes <= max(outputs.nbytes, gpu._parts(64, 3000, hidden.device) * hidden.nbytes)


# ------------------------------------------------------------------------------------ the benchmark

ROOT = Path(__file__).parents[1]
PROGRAM = [sys.executable, "-m", "benchmarks.gpu"]


def test_the_benchmark_measures_what_it_says_at_tiny_sizes(tmp_path):
    path = tmp_path / "result.json"
    command = [*PROGRAM, "--smoke", "--rounds", "2", "--output", path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(path.read_text())
    assert (
        result["smoke"]
        and result["kind"] == "gpu"
        and result["versions"]["torch"] == torch.__version__
    )
    rows = result["softmax"]["rows"]
    assert not [row for row in rows if "failed" in row]
    # Errors are relative: float32 adds up some roundings, bfloat16 has eight bits.
    for row in rows:
        most = 0.02 if row["group"] == "bf16" else 2e-3 if row["group"] == "tf32" else 1e-5
        assert 0 < row["error_hidden"] < most and 0 < row["error_outputs"] < most, row
        assert len(row["samples_ms"]) == 2 and row["ms"] > 0
    assert {row["group"] for row in rows if row["name"] == "ours"} == {"float32", "tf32", "bf16"}
    for row in result["training"]["rows"]:
        assert len(row["samples"]) == 2 and min(row["samples"]) > 0 and 0 < row["loss"] < 3
    names = {row["name"] for row in result["training"]["rows"]} | set(result["training"]["skipped"])
    assert names == {"ours, GPU", "ours, CPU", "gensim"}


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_the_benchmark_refuses_to_run_without_a_gpu():
    done = subprocess.run(PROGRAM, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (
        done.returncode == 2
        and done.stderr.startswith("error: no GPU")
        and "Traceback" not in done.stderr
    )
