"""torchvision beside a torch that lacks its compiled operators.

torchvision's wheel for Linux is built for CUDA; beside the CPU build of torch its import fails at
``operator torchvision::nms does not exist``. Models and transforms need none of these operators: their
names are declared, and the import tried again. With matching builds nothing of this happens.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import torch

from metrics.errors import MissingPackage

_LIBRARIES: list[Any] = []  # a Library undoes its definitions when it is collected


def import_torchvision() -> ModuleType:
    """Return torchvision with its models usable. Raises MissingPackage when it is not installed."""
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        torchvision = _with_declared_operators()
    except ImportError as error:
        raise MissingPackage("torchvision models need torchvision: pip install torchvision") from error
    module: ModuleType = torchvision
    return module


def _with_declared_operators() -> ModuleType:
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "FRAGMENT")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _LIBRARIES.append(library)
    import torchvision

    module: ModuleType = torchvision
    return module
