#!/usr/bin/env bash
# Record everything that needs a GPU: the speed ladder, the memory by batch size, the rates of the machine, the book's recipe with
# its three seeds, the recipes of the articles.
# Interrupted, it goes on where it was when called again. BOOK_DATA names the folder of the real data, PYTHON an interpreter
# with torch, torchvision, numpy, safetensors and tqdm (default: the one of `make book`).
set -euo pipefail
cd "$(dirname "$0")/.."

python="${PYTHON:-.venv/bin/python}"
export PYTHONPATH=.
[ -f runs/speed-ladder-cuda/measurement.json ] || "$python" benchmarks/speed_ladder.py --device cuda --record
[ -f runs/memory-cuda/measurement.json ] || "$python" benchmarks/memory.py --device cuda --record
[ -f runs/hardware-cuda/measurement.json ] || "$python" benchmarks/hardware.py --device cuda --record
"$python" scripts/record.py --all --device cuda
du -sk runs/*
