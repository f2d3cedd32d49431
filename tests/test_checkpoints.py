"""lib.checkpoints: what is written comes back, and what cannot be used is refused by name."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from lib.checkpoints import CheckpointError, load_checkpoint, save_checkpoint
from lib.configs import Config, State
from lib.data import subset
from lib.models import LeNet5
from lib.training import train


@pytest.fixture
def saved(tmp_path) -> Path:
    save_checkpoint(LeNet5(), tmp_path / "lenet.safetensors")
    return tmp_path / "lenet.safetensors"


def test_weights_come_back_bit_for_bit_also_from_channels_last(tmp_path):
    model = LeNet5().to(memory_format=torch.channels_last)
    save_checkpoint(model, tmp_path / "new" / "weights.safetensors")
    other = LeNet5()
    load_checkpoint(other, tmp_path / "new" / "weights.safetensors")
    assert all(torch.equal(one, two) for one, two in zip(model.parameters(), other.parameters(), strict=True))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["weights.safetensors"]


def test_the_state_of_a_run_comes_back_with_the_weights(tmp_path, shapes):
    model, state = LeNet5(), State()
    train(model, subset(shapes, 64), Config(epochs=1, flip=True), state=state)
    save_checkpoint(model, tmp_path / "run.safetensors", state)
    back = load_checkpoint(LeNet5(), tmp_path / "run.safetensors")
    assert back.config == state.config
    assert back.history == state.history
    assert back.tensors.keys() == state.tensors.keys()
    assert {"momentum.0", "random.order", "random.cpu"} <= back.tensors.keys()
    assert all(torch.equal(back.tensors[name], tensor) for name, tensor in state.tensors.items())


def test_weights_without_a_run_come_back_with_an_empty_state(saved):
    assert load_checkpoint(LeNet5(), saved) == State()


def test_another_networks_checkpoint_is_refused_and_both_are_named(saved):
    model = nn.Linear(3, 2)
    before = model.weight.clone()
    with pytest.raises(CheckpointError, match="holds a LeNet5 of 61,706 numbers, not this Linear of 8: build the same network"):
        load_checkpoint(model, saved)
    assert torch.equal(model.weight, before)


@pytest.mark.parametrize("keep", [0, 5, 1000])
def test_a_truncated_checkpoint_is_refused(saved, keep):
    saved.write_bytes(saved.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=r"cannot read .*lenet.safetensors .*: it is missing or truncated"):
        load_checkpoint(LeNet5(), saved)


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"cannot read .*nowhere.safetensors"):
        load_checkpoint(LeNet5(), tmp_path / "nowhere.safetensors")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CheckpointError, match=r"cannot write .*weights.safetensors .*: free space there"):
        save_checkpoint(LeNet5(), tmp_path / "file" / "weights.safetensors")


def test_a_disk_that_fills_up_half_way_leaves_the_old_checkpoint_whole(saved):
    """The limit on file size stops a real write in the middle, as a full disk does."""
    before = saved.read_bytes()
    script = f"""
import resource, signal
from lib.checkpoints import CheckpointError, save_checkpoint
from lib.models import LeNet5
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
model = LeNet5()
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    save_checkpoint(model, {str(saved)!r})
except CheckpointError as error:
    print(error)
"""
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert "cannot write" in answer.stdout
    assert "free space there" in answer.stdout
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]
