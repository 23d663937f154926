#!/bin/sh
# Writes the locks anew from pyproject.toml: exact versions with hashes, for every platform and Python
# from 3.11 on. PyTorch is kept apart (deploy/bootstrap.py says why), and so are the CUDA packages that
# its Linux build brings along by itself.
set -eu
cd "$(dirname "$0")/.."
uv=${UV:-uv}
torch=requirements/torch.lock
skip='torch torchvision triton cuda-bindings cuda-pathfinder cuda-toolkit'
skip="$skip $(for name in cublas cuda-cupti cuda-nvrtc cuda-runtime cudnn-cu13 cufft cufile curand cusolver cusparse \
  cusparselt-cu13 nccl-cu13 nvjitlink nvshmem-cu13 nvtx; do printf 'nvidia-%s ' "$name"; done)"
flags=$(for name in $skip; do printf -- '--no-emit-package %s ' "$name"; done)
common="--universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet -c $torch $flags"
$uv pip compile pyproject.toml $common --extra demo --extra otel -o requirements/runtime.lock
$uv pip compile pyproject.toml $common --extra demo --group dev -o requirements/dev.lock
# Web processes and workers of the default queue need neither PyTorch nor the demo.
without=$(mktemp)
printf 'torch\ntorchvision\n' >"$without"
$uv pip compile pyproject.toml $common --extra otel --excludes "$without" -o requirements/server.lock
rm "$without"
