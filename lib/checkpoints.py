"""Weights on disk, in the safetensors format: no code in the file, and never half a file."""

import os
import tempfile
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn


class CheckpointError(ValueError):
    """A checkpoint that cannot be written or used; the message names it and the remedy."""


def save_checkpoint(model: nn.Module, path: Path | str) -> None:
    """Write the weights of `model` to `path`; a file that was there stays whole until the new one is complete.

    Raises CheckpointError when the folder is not writable or the disk is full.
    """
    path = Path(path)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        os.close(handle)
        try:
            save_file(weights, scratch, metadata={"network": type(model).__name__})
            os.replace(scratch, path)
        finally:
            Path(scratch).unlink(missing_ok=True)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"cannot write {path} ({error}): free space there, or choose another folder") from error


def load_checkpoint(model: nn.Module, path: Path | str) -> None:
    """Fill `model` with the weights of `path`. Raises CheckpointError for a damaged file or another network's."""
    try:
        with safe_open(str(path), "pt") as file:
            network = (file.metadata() or {}).get("network", "an unknown network")
        weights = load_file(str(path))
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"cannot read {path} ({error}): it is missing or truncated; record it again") from error
    expected = model.state_dict()
    if _shapes(weights) != _shapes(expected):
        stored, wanted = (f"{sum(tensor.numel() for tensor in each.values()):,}" for each in (weights, expected))
        model_name = type(model).__name__
        raise CheckpointError(
            f"{path} holds a {network} of {stored} numbers, not this {model_name} of {wanted}: build the same network"
        )
    model.load_state_dict(weights)


def _shapes(weights: dict[str, torch.Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in weights.items()}
