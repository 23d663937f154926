"""The FID Inception-v3 of 2015-12-05 as a PyTorch module, with the names of its published weights.

Szegedy et al. 2016, with the three peculiarities of the TensorFlow graph behind FID: average pools
that do not count padding, a max pool in the last block, and 1008 classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import nn
from torch.nn import functional

Size = int | tuple[int, int]
CUDNN = torch.version.cuda is not None  # AMD's devices go by the name of cuda as well
ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_convolution_pointwise")
TAPS = (64, 192, 768, 2048)
CHUNK = 2
FOLDED = 32


class Convolution(nn.Module):
    """Convolution, batch normalisation (epsilon 0.001), rectifier; ``fold`` makes one convolution of them."""

    def __init__(self, inputs: int, outputs: int, size: Size, stride: int = 1, padding: Size = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride=stride, padding=padding, bias=False)
        self.bn: nn.Module = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the rectified response; once folded it is computed in one step where the device can."""
        conv = self.conv
        if conv.bias is None or torch.compiler.is_compiling():
            return functional.relu_(self.bn(conv(x)))
        if x.device.type == "cuda" and CUDNN:  # to the same bits
            padding = cast(tuple[int, ...], conv.padding)
            return torch.cudnn_convolution_relu(
                x, conv.weight, conv.bias, conv.stride, padding, conv.dilation, 1
            )
        if _onednn_takes(x):
            return _onednn_convolution(conv, x, "relu")
        return functional.relu_(conv(x))

    def of_mean_pool(self, x: torch.Tensor) -> torch.Tensor:
        """Return the rectified response to the mean pool of x, for a 1 x 1 convolution.

        Both are linear and means of constants are constants, so that the pool may come after the
        convolution, where there are a quarter to a tenth of the channels.
        """
        conv = self.conv
        if conv.bias is None or torch.compiler.is_compiling() or not _onednn_takes(x):
            return functional.relu_(_mean_pool(self.bn(conv(x))))
        return functional.relu_(_mean_pool(_onednn_convolution(conv, x, "none")))

    def fold(self) -> None:
        """Take the normalisation into the convolution, computed in float64, in channels-last order."""
        bn = self.bn
        if not isinstance(bn, nn.BatchNorm2d) or bn.running_var is None or bn.running_mean is None:
            return
        factor = bn.weight.double() / (bn.running_var.double() + bn.eps).sqrt()
        bias = bn.bias.double() - bn.running_mean.double() * factor
        weight = torch.empty_like(self.conv.weight, memory_format=torch.channels_last)
        parts = (tensor.split(FOLDED) for tensor in (weight, self.conv.weight, factor[:, None, None, None]))
        for folded, part, scale in zip(*parts, strict=True):  # a few at a time need no new memory
            folded.copy_(part.double() * scale)
        self.conv.weight = nn.Parameter(weight, requires_grad=False)
        self.conv.bias = nn.Parameter(bias.float(), requires_grad=False)
        self.bn = nn.Identity()


def _onednn_takes(x: torch.Tensor) -> bool:
    if not ONEDNN or x.device.type != "cpu":
        return False
    if x.dtype == torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return x.dtype == torch.float32


def _onednn_convolution(conv: nn.Conv2d, x: torch.Tensor, after: str) -> torch.Tensor:
    """Return the response, rectified where ``after`` is "relu" and not where it is "none".

    ``conv`` itself would rectify in a second pass through memory, and gives 1 x 1 convolutions on one thread
    to a slower routine; together that is 5% of the network's time.
    """
    response: torch.Tensor = torch.ops.mkldnn._convolution_pointwise(
        x, conv.weight, conv.bias, conv.padding, conv.stride, conv.dilation, 1, after, [], ""
    )
    return response


def _mean_pool(x: torch.Tensor) -> torch.Tensor:
    return functional.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


def max_pool(x: torch.Tensor) -> torch.Tensor:
    """Return the maxima of 3 x 3 windows at every second place.

    On a GPU from maxima of shifted copies, in a third of the time of its kernel, which also says where they
    are.
    """
    if x.device.type != "cuda":
        return functional.max_pool2d(x, 3, stride=2)
    return shifted_maxima(shifted_maxima(x, 2), 3)


def shifted_maxima(x: torch.Tensor, axis: int) -> torch.Tensor:
    """Return the maxima of three neighbours at every second place of an axis."""
    last = (x.shape[axis] - 3) // 2 * 2
    first, second, third = (
        x[(slice(None),) * axis + (slice(start, start + last + 1, 2),)] for start in range(3)
    )
    return torch.maximum(torch.maximum(first, second), third)


class BlockA(nn.Module):
    """35 x 35: 1x1, 5x5, double 3x3 and pooled branches."""

    def __init__(self, inputs: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = Convolution(inputs, 64, 1)
        self.branch5x5_1 = Convolution(inputs, 48, 1)
        self.branch5x5_2 = Convolution(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = Convolution(inputs, 64, 1)
        self.branch3x3dbl_2 = Convolution(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Convolution(96, 96, 3, padding=1)
        self.branch_pool = Convolution(inputs, pooled, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the branches side by side."""
        five = self.branch5x5_2(self.branch5x5_1(x))
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch1x1(x), five, double, self.branch_pool.of_mean_pool(x)], 1)


class ReductionA(nn.Module):
    """35 x 35 to 17 x 17."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3 = Convolution(inputs, 384, 3, stride=2)
        self.branch3x3dbl_1 = Convolution(inputs, 64, 1)
        self.branch3x3dbl_2 = Convolution(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Convolution(96, 96, 3, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the branches side by side."""
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), double, max_pool(x)], 1)


class BlockB(nn.Module):
    """17 x 17: 1x1, factorised 7x7, double factorised 7x7 and pooled branches."""

    def __init__(self, inputs: int, inner: int) -> None:
        super().__init__()
        wide, tall = ((1, 7), (0, 3)), ((7, 1), (3, 0))
        self.branch1x1 = Convolution(inputs, 192, 1)
        self.branch7x7_1 = Convolution(inputs, inner, 1)
        self.branch7x7_2 = Convolution(inner, inner, wide[0], padding=wide[1])
        self.branch7x7_3 = Convolution(inner, 192, tall[0], padding=tall[1])
        self.branch7x7dbl_1 = Convolution(inputs, inner, 1)
        self.branch7x7dbl_2 = Convolution(inner, inner, tall[0], padding=tall[1])
        self.branch7x7dbl_3 = Convolution(inner, inner, wide[0], padding=wide[1])
        self.branch7x7dbl_4 = Convolution(inner, inner, tall[0], padding=tall[1])
        self.branch7x7dbl_5 = Convolution(inner, 192, wide[0], padding=wide[1])
        self.branch_pool = Convolution(inputs, 192, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the branches side by side."""
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return torch.cat([self.branch1x1(x), seven, double, self.branch_pool.of_mean_pool(x)], 1)


class ReductionB(nn.Module):
    """17 x 17 to 8 x 8."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3_1 = Convolution(inputs, 192, 1)
        self.branch3x3_2 = Convolution(192, 320, 3, stride=2)
        self.branch7x7x3_1 = Convolution(inputs, 192, 1)
        self.branch7x7x3_2 = Convolution(192, 192, (1, 7), padding=(0, 3))
        self.branch7x7x3_3 = Convolution(192, 192, (7, 1), padding=(3, 0))
        self.branch7x7x3_4 = Convolution(192, 192, 3, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the branches side by side."""
        three = self.branch3x3_2(self.branch3x3_1(x))
        seven = self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x)))
        return torch.cat([three, self.branch7x7x3_4(seven), max_pool(x)], 1)


class BlockC(nn.Module):
    """8 x 8 with branches that fork; the last of the two pools by maximum, as the FID graph does."""

    def __init__(self, inputs: int, *, max_pool: bool) -> None:
        super().__init__()
        self.max_pool = max_pool
        self.branch1x1 = Convolution(inputs, 320, 1)
        self.branch3x3_1 = Convolution(inputs, 384, 1)
        self.branch3x3_2a = Convolution(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3_2b = Convolution(384, 384, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1 = Convolution(inputs, 448, 1)
        self.branch3x3dbl_2 = Convolution(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = Convolution(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = Convolution(384, 384, (3, 1), padding=(1, 0))
        self.branch_pool = Convolution(inputs, 192, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the branches side by side."""
        three = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        branches = [
            self.branch1x1(x),
            self.branch3x3_2a(three),
            self.branch3x3_2b(three),
            self.branch3x3dbl_3a(double),
            self.branch3x3dbl_3b(double),
            self._pooled(x),
        ]
        return torch.cat(branches, 1)

    def _pooled(self, x: torch.Tensor) -> torch.Tensor:
        if self.max_pool:
            return self.branch_pool(functional.max_pool2d(x, 3, stride=1, padding=1))
        return self.branch_pool.of_mean_pool(x)


class InceptionNetwork(nn.Module):
    """The network up to one tap: 64, 192, 768 or 2048 features, the last with 1008 unbiased logits.

    Takes (n, 3, 299, 299) from -1 to 1. Load weights into it whole; then ``prepare`` for use.
    """

    def __init__(self, tap: int = 2048) -> None:
        super().__init__()
        self.tap = tap
        self.Conv2d_1a_3x3 = Convolution(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = Convolution(32, 32, 3)
        self.Conv2d_2b_3x3 = Convolution(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = Convolution(64, 80, 1)
        self.Conv2d_4a_3x3 = Convolution(80, 192, 3)
        self.Mixed_5b = BlockA(192, 32)
        self.Mixed_5c = BlockA(256, 64)
        self.Mixed_5d = BlockA(288, 64)
        self.Mixed_6a = ReductionA(288)
        self.Mixed_6b = BlockB(768, 128)
        self.Mixed_6c = BlockB(768, 160)
        self.Mixed_6d = BlockB(768, 160)
        self.Mixed_6e = BlockB(768, 192)
        self.Mixed_7a = ReductionB(768)
        self.Mixed_7b = BlockC(1280, max_pool=False)
        self.Mixed_7c = BlockC(2048, max_pool=True)
        self.fc = nn.Linear(2048, 1008)

    def prepare(self, dtype: torch.dtype = torch.float32) -> InceptionNetwork:
        """Fold the normalisations, put the weights into channels-last order and freeze them; return self."""
        self.eval().requires_grad_(False)
        for module in self.modules():
            if isinstance(module, Convolution):
                module.fold()
        return self.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return the tap's mean features (n, tap) and, at 2048, the logits without bias (n, 1008)."""
        x = x.contiguous(memory_format=torch.channels_last)
        x = (
            self._stem(x)
            if x.device.type != "cpu"
            else _joined([self._stem(part) for part in x.split(CHUNK)])
        )
        if self.tap <= 192:
            return _average(x), None
        x = self.Mixed_6a(self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x))))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(x))))
        if self.tap == 768:
            return _average(x), None
        features = _average(self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x))))
        return features, features @ self.fc.weight.T.to(features.dtype)

    def _stem(self, x: torch.Tensor) -> torch.Tensor:
        """Return the response up to the first block, or to the tap before it.

        Its layers are the large ones: few images at a time stay in a CPU's caches, and in memory that the
        process keeps, rather than in pages that are taken from the system for each layer.
        """
        x = max_pool(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))))
        return x if self.tap == 64 else max_pool(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)))


def _joined(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))


def _average(x: torch.Tensor) -> torch.Tensor:
    return x.mean(dim=(2, 3), dtype=torch.float32)
