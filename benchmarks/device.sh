#!/usr/bin/env bash
# Measures a CUDA device on a machine that has one and no network. Packages come as wheels in a
# folder, made beforehand where there is a network:
#   bash benchmarks/device.sh wheels FOLDER
#   bash benchmarks/device.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
python="${PYTHON:-python3}"

if [ "${1:-}" = wheels ]; then
  "$python" -m pip download --only-binary :all: --dest "$2" '.[cuda]' 'hatchling>=1.27'
  exit
fi

environment="$(mktemp -d)"
trap 'rm -rf "$environment"' EXIT
"$python" -m venv "$environment"
"$environment/bin/python" -m pip install --quiet --no-index --find-links "$1" '.[cuda]'
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
ROEHUB_ENV=dev "$environment/bin/python" -m benchmarks.device
[ -z "${OUT:-}" ] || cp benchmarks/results/device.md "$OUT"
