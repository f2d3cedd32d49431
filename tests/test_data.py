"""lib.data: the files, their checks, the download and the stand-ins. The server in these tests is on this machine."""

import gzip
import hashlib
import http.server
import os
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from lib import data as book_data
from lib import files
from lib.data import data_folder, draw, load
from lib.files import FILES, SOURCES, DataError, read_idx


def idx(array: np.ndarray) -> bytes:
    """Return `array` in the IDX format, header written out by hand."""
    return bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape) + array.tobytes()


@pytest.fixture
def tiny(tmp_path, monkeypatch) -> Path:
    """A data folder with a Fashion-MNIST of 24 + 6 images whose checksums are the expected ones."""
    rng = np.random.default_rng(0)
    raw = tmp_path / "data" / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for images, labels, count in ((FILES[0], FILES[1], 24), (FILES[2], FILES[3], 6)):
        (raw / images).write_bytes(idx(rng.integers(0, 256, (count, 28, 28), np.uint8)))
        (raw / labels).write_bytes(idx(rng.integers(0, 10, count, np.uint8)))
    sums = tuple(hashlib.sha256((raw / file).read_bytes()).hexdigest() for file in FILES)
    monkeypatch.setitem(SOURCES, "fashion-mnist", replace(SOURCES["fashion-mnist"], sha256=sums))
    return tmp_path / "data"


@pytest.fixture
def raw(tiny) -> Path:
    return tiny / "FashionMNIST" / "raw"


def snapshot(folder: Path) -> dict:
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def test_the_reader_returns_the_bytes_in_the_shape_of_the_header(tmp_path):
    written = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "some-idx3-ubyte").write_bytes(idx(written))
    assert np.array_equal(read_idx(tmp_path / "some-idx3-ubyte"), written)


def test_a_dataset_holds_out_one_image_in_twelve_and_loses_none(tiny, raw):
    data = load("fashion-mnist", folder=tiny)
    assert (len(data.train), len(data.validation), len(data.test)) == (22, 2, 6)
    assert data.train.images.shape == (22, 1, 28, 28)
    assert data.train.images.dtype == torch.uint8
    assert data.train.labels.dtype == torch.long
    stored = {image.tobytes() for image in read_idx(raw / FILES[0])}
    assert {image.numpy().tobytes() for image in torch.cat([data.train.images, data.validation.images])} == stored
    assert torch.equal(load("fashion-mnist", folder=tiny).validation.images, data.validation.images)
    assert not data.stand_in


def test_labels_stay_with_their_images_through_the_split(tiny, raw):
    images, labels = read_idx(raw / FILES[0]), read_idx(raw / FILES[1])
    pairs = {(image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True)}
    data = load("fashion-mnist", folder=tiny)
    for split in (data.train, data.validation):
        assert {(image.numpy().tobytes(), int(label)) for image, label in zip(split.images, split.labels, strict=True)} <= pairs


def test_an_unknown_dataset_is_refused_with_the_known_names():
    with pytest.raises(ValueError, match="unknown dataset 'cifar': choose one of mnist, fashion-mnist"):
        load("cifar")


@pytest.mark.parametrize("keep", [10, 2000])
def test_a_truncated_file_is_named_with_both_sizes(tiny, raw, keep):
    before = (raw / FILES[0]).read_bytes()
    (raw / FILES[0]).write_bytes(before[:keep])
    with pytest.raises(DataError, match=rf"{FILES[0]} has {keep:,} bytes, its header announces .* replace it"):
        load("fashion-mnist", folder=tiny)
    assert (raw / FILES[0]).read_bytes() == before[:keep]


def test_one_altered_byte_is_found_by_the_checksum_and_nothing_is_touched(tiny, raw):
    content = bytearray((raw / FILES[2]).read_bytes())
    content[1000] ^= 1
    (raw / FILES[2]).write_bytes(content)
    before = snapshot(tiny)
    with pytest.raises(DataError, match=rf"{FILES[2]} is altered: its SHA-256 is .*; replace it"):
        load("fashion-mnist", folder=tiny)
    assert snapshot(tiny) == before


def test_a_label_file_of_another_length_is_refused_with_both_counts(tiny, raw):
    (raw / FILES[1]).write_bytes(idx(np.zeros(23, np.uint8)))
    with pytest.raises(DataError, match=r"has 24 images, train-labels-idx1-ubyte has 23 labels: they are not a pair"):
        load("fashion-mnist", folder=tiny)


def test_a_packed_file_under_the_raw_name_is_recognized(tiny, raw):
    (raw / FILES[0]).write_bytes(gzip.compress((raw / FILES[0]).read_bytes()))
    with pytest.raises(DataError, match=f"{FILES[0]} is packed with gzip: unpack it"):
        load("fashion-mnist", folder=tiny)


def test_a_packed_file_beside_the_missing_raw_one_is_named(tiny, raw):
    (raw / f"{FILES[0]}.gz").write_bytes(b"whatever")
    (raw / FILES[0]).unlink()
    with pytest.raises(DataError, match=f"{FILES[0]}.gz is still packed: unpack it with `gunzip --keep`"):
        load("fashion-mnist", folder=tiny)


def test_a_missing_file_is_named_and_the_others_are_not_downloaded_over(tiny, raw):
    (raw / FILES[3]).unlink()
    before = snapshot(tiny)
    with pytest.raises(DataError, match=f"lacks {FILES[3]}: copy what is missing"):
        load("fashion-mnist", folder=tiny)
    assert snapshot(tiny) == before


def test_a_file_that_is_no_idx_file_is_named_with_its_first_bytes(tiny, raw):
    (raw / FILES[0]).write_bytes(b"<!DOCTYPE html> not found")
    with pytest.raises(DataError, match=r"is not an IDX file of bytes .*3c 21 44 4f.*: replace it"):
        load("fashion-mnist", folder=tiny)


def test_mnist_under_the_name_of_fashion_mnist_is_recognized(tiny, raw, monkeypatch):
    sums = SOURCES["fashion-mnist"].sha256
    monkeypatch.setitem(SOURCES, "mnist", replace(SOURCES["mnist"], sha256=sums))
    monkeypatch.setitem(SOURCES, "fashion-mnist", replace(SOURCES["fashion-mnist"], sha256=("0" * 64,) * 4))
    with pytest.raises(DataError, match="is a file of MNIST, not of Fashion-MNIST: put the right one there"):
        load("fashion-mnist", folder=tiny)


def test_the_real_datasets_are_what_they_should_be(real):
    assert (len(real.train), len(real.validation), len(real.test)) == (55_000, 5_000, 10_000)
    everything = torch.cat([real.train.images, real.validation.images]).double() / 255
    assert abs(everything.mean() - real.mean) < 1e-4
    assert abs(everything.std() - real.std) < 1e-4
    counts = torch.bincount(torch.cat([real.train.labels, real.validation.labels])).tolist()
    expected = {
        "Fashion-MNIST": [6_000] * 10,
        "MNIST": [5_923, 6_742, 5_958, 6_131, 5_842, 5_421, 5_918, 6_265, 5_851, 5_949],
    }
    assert counts == expected[real.title]


def test_the_real_mnist_is_refused_as_fashion_mnist(real, tmp_path):
    if real.title == "MNIST":
        shutil.copytree(data_folder() / "MNIST" / "raw", tmp_path / "FashionMNIST" / "raw")
        with pytest.raises(DataError, match="is a file of MNIST, not of Fashion-MNIST"):
            load("fashion-mnist", folder=tmp_path)


# --- the network --------------------------------------------------------------------------------------------------


class Server(http.server.ThreadingHTTPServer):
    """Serves packed files on this machine; `broken` truncates what it sends, `silent` never answers."""

    def __init__(self, files: dict[str, bytes], broken: bool = False, silent: bool = False):
        self.files, self.broken, self.silent = files, broken, silent
        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class Answer(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, body: bool):
        if self.server.silent:
            time.sleep(30)
        content = self.server.files[self.path.lstrip("/")]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content[: len(content) // 2] if self.server.broken else content)

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(tiny, raw, monkeypatch):
    """Return a function that starts a server of the tiny dataset and makes it torchvision's only mirror."""
    monkeypatch.delenv("BOOK_OFFLINE", raising=False)
    packed = {f"{file}.gz": gzip.compress((raw / file).read_bytes()) for file in FILES}
    sums = [(name, hashlib.md5(content).hexdigest()) for name, content in packed.items()]
    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "resources", sums)
    servers = []

    def start(**how) -> Server:
        servers.append(Server(packed, **how))
        monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", [servers[-1].address])
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()


def test_the_download_puts_the_four_files_in_place_and_nothing_else(mirror, tmp_path, tiny):
    mirror()
    fetched = load("fashion-mnist", folder=tmp_path / "new")
    assert torch.equal(fetched.train.images, load("fashion-mnist", folder=tiny).train.images)
    assert not fetched.stand_in
    assert sorted(path.name for path in (tmp_path / "new").rglob("*") if path.is_file()) == sorted(FILES)


def test_the_real_files_come_through_torchvision_with_its_own_checksums(real, tmp_path, monkeypatch):
    packed = data_folder() / "FashionMNIST" / "raw"
    if real.title != "Fashion-MNIST" or not all((packed / f"{file}.gz").exists() for file in FILES):
        return  # the published .gz files need not lie beside the unpacked ones
    monkeypatch.delenv("BOOK_OFFLINE", raising=False)
    server = Server({f"{file}.gz": (packed / f"{file}.gz").read_bytes() for file in FILES})
    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", [server.address])
    fetched = load("fashion-mnist", folder=tmp_path)
    server.shutdown()
    assert torch.equal(fetched.test.images, real.test.images)


def test_a_broken_download_falls_back_on_the_stand_in_and_leaves_nothing_behind(mirror, tmp_path):
    mirror(broken=True)
    with pytest.warns(UserWarning, match="Fashion-MNIST is not at hand: using a stand-in"):
        data = load("fashion-mnist", folder=tmp_path / "new")
    assert "the download failed" in data.stand_in
    assert list((tmp_path / "new").iterdir()) == []


def test_a_server_that_never_answers_costs_seconds_only(mirror, tmp_path, monkeypatch):
    mirror(silent=True)
    monkeypatch.setattr(files, "PROBE_SECONDS", 0.5)
    started = time.perf_counter()
    with pytest.warns(UserWarning, match="no network"):
        load("fashion-mnist", folder=tmp_path / "new")
    assert time.perf_counter() - started < 8  # drawing the stand-in takes most of it


def test_an_unwritable_folder_is_named_with_the_remedy(mirror, tmp_path):
    mirror()
    (tmp_path / "file").write_text("in the way")  # a folder cannot be made below a file, even by root
    with pytest.raises(OSError, match=r"cannot write the data to .*file.*: free it or set BOOK_DATA elsewhere"):
        load("fashion-mnist", folder=tmp_path / "file" / "data")
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_full_disk_while_downloading_is_named_and_existing_files_stay(mirror, tmp_path, monkeypatch):
    mirror()
    folder = tmp_path / "new"
    folder.mkdir()
    (folder / "mine.txt").write_text("keep me")

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torchvision.datasets.mnist, "download_and_extract_archive", full)
    with pytest.raises(OSError, match=r"cannot write the data to .*No space left on device"):
        load("fashion-mnist", folder=folder)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_offline_means_that_no_connection_is_tried(mirror, tmp_path, monkeypatch):
    server = mirror()
    server.files.clear()  # any request would fail
    monkeypatch.setenv("BOOK_OFFLINE", "1")
    with pytest.warns(UserWarning, match="BOOK_OFFLINE=1"):
        assert load("fashion-mnist", folder=tmp_path).stand_in


def test_the_data_folder_comes_from_the_environment_else_lies_beside_the_package(monkeypatch):
    monkeypatch.setenv("BOOK_DATA", "/some/where")
    assert data_folder() == Path("/some/where")
    monkeypatch.delenv("BOOK_DATA")
    assert data_folder() == Path(book_data.__file__).resolve().parent.parent / "data"


# --- the stand-ins ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_a_stand_in_says_so_in_words_and_on_the_page_and_is_always_the_same(name, tmp_path, monkeypatch):
    monkeypatch.setenv("BOOK_OFFLINE", "1")
    with pytest.warns(UserWarning, match="using a stand-in"):
        first = load(name, folder=tmp_path)
    with pytest.warns(UserWarning, match="using a stand-in"):
        again = load(name, folder=tmp_path)
    assert "stand-in" in str(first)
    assert 'class="stand-in"' in first._repr_html_()
    assert "Not the real data" in first._repr_html_()
    assert torch.equal(first.train.images, again.train.images)
    assert first.train.images.shape[1:] == (1, 28, 28)
    assert len(torch.bincount(first.test.labels)) == 10
    assert os.listdir(tmp_path) == []


def test_the_drawn_silhouettes_are_balanced(tmp_path, monkeypatch):
    monkeypatch.setenv("BOOK_OFFLINE", "1")
    with pytest.warns(UserWarning, match="stand-in"):
        data = load("fashion-mnist", folder=tmp_path)
    counts = torch.bincount(torch.cat([data.train.labels, data.validation.labels]))
    assert counts.tolist() == [1_200] * 10
    assert torch.bincount(data.test.labels).tolist() == [200] * 10


def test_the_real_data_is_shown_without_a_stand_in_notice(real):
    assert "checksums verified" in str(real)
    assert "stand-in" not in real._repr_html_()


def test_images_are_drawn_by_the_seed_each_with_its_label(shapes):
    some, same, others = (draw(shapes, 100, seed).train for seed in (1, 1, 2))
    assert torch.equal(some.images, same.images)
    assert not torch.equal(some.images, others.images)
    known = {image.numpy().tobytes(): int(label) for image, label in zip(shapes.train.images, shapes.train.labels, strict=True)}
    drawn = [image.numpy().tobytes() for image in some.images]
    assert [known[image] for image in drawn] == some.labels.tolist()
    assert len(draw(shapes, 10_000, 0).train) == len(shapes.train)
    assert draw(shapes, 5, 0).test is shapes.test
