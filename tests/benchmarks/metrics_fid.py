"""FID, and FID with IS, KID and precision/recall, of two folders of PNGs against torch-fidelity.

The same folders, the same random weights, one process: ``python -m tests.benchmarks.metrics_fid``.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from pathlib import Path

import torch

from metrics.comparing import compare
from metrics.extractors import load_extractor
from metrics.extractors.vision_ops import import_torchvision
from tests.benchmarks.metrics_peers import (
    Measured,
    measure,
    picture_folder,
    random_inception_weights,
    report,
)


def ours(folders: tuple[Path, Path], weights: Path, precision: str, metrics: list[str]) -> dict[str, float]:
    """Return scores by this library: decoding, network and distances, without a cache."""
    extractor = load_extractor("inception", weights=weights, verify=False, precision=precision)
    size = len(list(folders[0].iterdir()))
    found = compare(
        *folders,
        metrics=metrics,
        extractor=extractor,
        settings={"kernel_distance": {"subset_size": min(1000, size // 2)}},
    )
    return {score.metric: score.value for score in found.scores}


def theirs(folders: tuple[Path, Path], weights: Path, metrics: list[str]) -> dict[str, float]:
    """Return scores by torch-fidelity."""
    import_torchvision()
    import torch_fidelity

    four = len(metrics) > 1
    found: dict[str, float] = torch_fidelity.calculate_metrics(
        input1=str(folders[1]),
        input2=str(folders[0]),
        cuda=torch.cuda.is_available(),
        fid=True,
        isc=four,
        kid=four,
        kid_subset_size=min(1000, len(list(folders[0].iterdir())) // 2),
        prc=four,
        feature_extractor="inception-v3-compat",
        feature_layer_prc="2048",
        feature_extractor_weights_path=str(weights),
        verbose=False,
        cache=False,
        save_cpu_ram=True,
    )
    return found


def main() -> None:
    """Time both and print ratios."""
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", type=int, default=300, help="pictures in each folder")
    parser.add_argument("--size", type=int, default=256)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        weights = random_inception_weights(root / "weights.pth")
        folders = (
            picture_folder(root / "real", options.n, options.size, 0),
            picture_folder(root / "generated", options.n, options.size, 1),
        )
        compare_all(folders, weights)


def compare_all(folders: tuple[Path, Path], weights: Path) -> None:
    """Run the three comparisons and print them."""
    four = ["fid", "is", "kid", "prc"]
    runs: dict[str, Measured] = {
        "peer fid": measure(lambda: theirs(folders, weights, ["fid"])),
        "fid, reference": measure(lambda: ours(folders, weights, "reference", ["fid"])),
        "fid, draft": measure(lambda: ours(folders, weights, "draft", ["fid"])),
        "peer four": measure(lambda: theirs(folders, weights, four)),
        "four, reference": measure(lambda: ours(folders, weights, "reference", four)),
    }
    print(f"two folders, {torch.get_num_threads()} threads, {torch.__version__}")
    peer = runs["peer fid"].result["frechet_inception_distance"]
    print(f"  FID {runs['fid, reference'].result['frechet_distance']:.6f}, torch-fidelity {peer:.6f}")
    for name, against, target in (
        ("fid, reference", "peer fid", 2.4),
        ("fid, draft", "peer fid", 4.9),
        ("four, reference", "peer four", 2.4),
    ):
        report(name, runs[name], runs[against], target)


if __name__ == "__main__":
    main()
