"""Put what a release consists of into _build/release: `make release` calls it, before and after the build.

python scripts/paper/make_release.py [--check]
"""

import argparse
import gzip
import hashlib
import importlib.metadata
import io
import json
import platform
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import make_epub as epub
import make_pdf as pdf
from printable import ROOT, SITE, NothingToPrint, about
from site_checks import EXECUTED, notebooks

from lib.data import data_folder
from lib.files import SOURCES, checksums, is_present

TARGET = ROOT / "_build" / "release"
NAME = "from-lenet-to-alexnet"
EPOCH = 315_532_800  # 1980-01-01, the earliest that every archive can hold: equal contents are equal files


def git(*arguments: str) -> str:
    """Return what git answers. Raises NothingToPrint where this is no checkout, or git is missing."""
    try:
        answer = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NothingToPrint("A release is made from a git checkout, and git finds none here: clone the repository.") from error
    return answer.stdout.rstrip("\n")


def require_clean_tree() -> None:
    """Raise NothingToPrint where a file differs from the commit that the release would name."""
    if changed := git("status", "--porcelain").splitlines():
        differ = f"{len(changed)} file(s) differ from the commit, {changed[0][3:]} first"
        raise NothingToPrint(f"{differ}: commit or stash them, then make the release.")


def site_files() -> list[Path]:
    """Return the files of the built site, without the build's own notes."""
    return sorted(path for path in SITE.rglob("*") if path.is_file() and "reports" not in path.relative_to(SITE).parts)


def executed_notebooks() -> list[Path]:
    """Return the chapters as the build ran them, with all outputs."""
    return [EXECUTED / f"{page}.ipynb" for page in notebooks()]


def archive(files: list[Path], base: Path, folder: str) -> bytes:
    """Return a packed archive of `files` below `folder`, named as they are below `base`; it holds no dates and no owner."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=EPOCH, filename="") as stream,
        tarfile.open(fileobj=stream, mode="w") as tar,
    ):
        for file in files:
            entry = tarfile.TarInfo(f"{folder}/{file.relative_to(base).as_posix()}")
            entry.size, entry.mtime, entry.mode = file.stat().st_size, EPOCH, 0o644
            with file.open("rb") as content:
                tar.addfile(entry, content)
    return packed.getvalue()


def data_checksums() -> dict[str, dict[str, str] | str]:
    """Return the SHA-256 of each data file that the chapters read, or "stand-in" for a dataset that was not at hand."""
    found = {}
    for source in SOURCES.values():
        found[source.title] = checksums(source, data_folder()) if is_present(source, data_folder()) else "stand-in"
    return found


def manifest() -> dict:
    """Return what the release was made from and with: version, commit, Python, packages, data."""
    pinned = re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.M)
    installed = {each.metadata["Name"].lower().replace("_", "-"): each.version for each in importlib.metadata.distributions()}
    packages = {
        name: installed[name] for name in sorted({name.lower().replace("_", "-") for name in pinned}) if name in installed
    }
    return {
        "title": about().title,
        "version": about().version,
        "commit": git("rev-parse", "HEAD"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": packages,
        "data": data_checksums(),
        "seconds": json.loads((SITE.parent / "execution.json").read_text(encoding="utf-8")),
    }


def write_release(folder: Path) -> None:
    """Write all files of the release into `folder`, whose older self goes only when the new one is complete."""
    version = about().version
    contents = {
        f"{NAME}-{version}-site.tar.gz": archive(site_files(), SITE, f"{NAME}-{version}"),
        f"{NAME}-{version}-notebooks.tar.gz": archive(executed_notebooks(), EXECUTED, f"{NAME}-{version}-notebooks"),
        f"{NAME}-{version}.pdf": pdf.TARGET.read_bytes(),
        f"{NAME}-{version}.epub": epub.TARGET.read_bytes(),
        "manifest.json": (json.dumps(manifest(), indent=1) + "\n").encode(),
    }
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(contents.items()))
    new = folder.with_name(f".{folder.name}-new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for name, content in {**contents, "SHA256SUMS": sums.encode()}.items():
        (new / name).write_bytes(content)
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)


def main() -> str | None:
    """Check the tree and write the release; what comes back is a sentence on what is missing, or None."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say whether a release can be made from this tree")
    try:
        require_clean_tree()
        if not parser.parse_args().check:
            write_release(TARGET)
            for file in sorted(TARGET.iterdir()):
                print(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1e6:.1f} MB")
    except NothingToPrint as error:
        return str(error)
    except FileNotFoundError as error:
        return f"{error.filename} is missing: make release builds everything that it needs."
    return None


if __name__ == "__main__":
    sys.exit(main())
