"""lib.batches: order, augmentation and up-sampling of a batch, against loops written out."""

import pytest
import torch
from torch import Generator
from torch.nn import functional as F

from lib.batches import batches, crop, flip, shift, to_input, upsample
from lib.data import Split


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randint(1, 256, (40, 1, 12, 12), generator=Generator().manual_seed(0), dtype=torch.uint8)


def test_every_example_comes_exactly_once_and_the_partial_batch_counts():
    split = Split(torch.arange(10).reshape(10, 1, 1, 1), torch.arange(10))
    for generator in (None, Generator().manual_seed(1)):
        seen = list(batches(split, 4, generator))
        assert [len(labels) for _, labels in seen] == [4, 4, 2]
        labels = torch.cat([labels for _, labels in seen])
        assert labels.sort().values.tolist() == list(range(10))
        assert torch.equal(torch.cat([images.flatten() for images, _ in seen]), labels)


def test_the_order_is_stored_without_a_generator_and_drawn_anew_each_pass_with_one():
    split = Split(torch.zeros(100, 1, 1, 1), torch.arange(100))
    generator = Generator().manual_seed(1)
    first, second = (torch.cat([labels for _, labels in batches(split, 8, generator)]) for _ in range(2))
    assert torch.cat([labels for _, labels in batches(split, 8)]).tolist() == list(range(100))
    assert not torch.equal(first, second)


def test_flip_mirrors_about_half_of_the_images_and_leaves_the_rest(images):
    flipped = flip(images, Generator().manual_seed(0))
    mirrored = [bool(torch.equal(after, before.flip(-1))) for before, after in zip(images, flipped, strict=True)]
    same = [bool(torch.equal(after, before)) for before, after in zip(images, flipped, strict=True)]
    assert all(one != other for one, other in zip(mirrored, same, strict=True))
    assert 10 <= sum(mirrored) <= 30  # 40 fair coins: outside once in 1,000 seeds


def test_shift_moves_every_image_by_its_own_offset_and_fills_with_zeros(images):
    moved = shift(images, 2, Generator().manual_seed(0))
    found = []
    for before, after in zip(images, moved, strict=True):
        windows = F.pad(before, (2, 2, 2, 2))[0].unfold(0, 12, 1).unfold(1, 12, 1)  # 5 x 5 windows of 12 x 12
        places = [(top, left) for top in range(5) for left in range(5) if torch.equal(windows[top, left], after[0])]
        assert len(places) == 1
        found += places
    assert len(set(found)) > 10


def test_crop_cuts_a_window_of_the_size_asked_for(images):
    for before, after in zip(images, crop(images, 7, Generator().manual_seed(0)), strict=True):
        windows = before.unfold(1, 7, 1).unfold(2, 7, 1).reshape(-1, 1, 7, 7)
        assert any(torch.equal(window, after) for window in windows)


def test_a_crop_larger_than_the_image_is_refused_with_both_sizes(images):
    with pytest.raises(ValueError, match="cannot cut 13 x 13 pixels out of images of 12 x 12"):
        crop(images, 13, Generator())


def test_augmentation_repeats_with_the_seed_and_differs_with_another(images):
    assert torch.equal(shift(images, 2, Generator().manual_seed(3)), shift(images, 2, Generator().manual_seed(3)))
    assert not torch.equal(shift(images, 2, Generator().manual_seed(3)), shift(images, 2, Generator().manual_seed(4)))


def test_upsampling_interpolates_between_the_centers_of_neighboring_pixels():
    row = torch.tensor([[[[0.0, 4.0]]]]).expand(1, 1, 2, 2)
    assert upsample(row, 4)[0, 0, 0].tolist() == [0, 1, 3, 4]


def test_the_input_of_a_network_has_zero_mean_and_unit_spread(images):
    pixels = images.float() / 255
    inputs = to_input(images, pixels.mean().item(), pixels.std().item(), size=12)
    assert abs(inputs.mean()) < 1e-5
    assert abs(inputs.std() - 1) < 1e-5
    assert to_input(images, 0, 1, size=24).shape == (40, 1, 24, 24)
