"""Give the book the address of its repository, everywhere: configuration, first cells, citation, README, workflows.

python scripts/set_repository.py https://github.com/OWNER/NAME

The address that stands in _config.yml is replaced in every text file, as are the addresses made from it (Colab's,
Binder's, that of the published pages). Run it again to move on.
"""

import argparse
import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
KINDS = {".cff", ".cfg", ".css", ".html", ".ipynb", ".js", ".md", ".py", ".sh", ".toml", ".txt", ".yaml", ".yml"}
OWN = {".github", ".binder", ".ci"}  # hidden folders of the book; others belong to tools
MADE = {"_build", "data", "node_modules"}
ADDRESS = re.compile(r"https://github\.com/([A-Za-z0-9][A-Za-z0-9-]*)/([A-Za-z0-9._-]+?)(?:\.git)?/?")
WORKFLOW = "tests.yml"
BEGIN, END = "<!-- badges: written by scripts/set_repository.py -->", "<!-- end of badges -->"


def parts(address: str) -> tuple[str, str]:
    """Return owner and name of the repository at `address`. Raises ValueError for what is not one on GitHub."""
    match = ADDRESS.fullmatch(address)
    if match is None:
        raise ValueError(f"{address!r} is not https://github.com/OWNER/NAME, and Colab opens notebooks from there only")
    return match.group(1), match.group(2)


def current(root: Path) -> str:
    """Return the address that stands in `_config.yml`."""
    return yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]


def text_files(root: Path) -> list[Path]:
    """Return the files below `root` that may name an address: the book's own text, none that a tool made."""
    found = []
    for path in sorted(root.iterdir()):
        if path.is_dir() and not path.is_symlink():
            wanted = path.name in OWN or not (path.name.startswith(".") or path.name in MADE)
            found += text_files(path) if wanted else []
        elif path.suffix in KINDS or path.name in ("Makefile", "postBuild", "run"):
            found.append(path)
    return found


def replaced(text: str, old: tuple[str, str], new: tuple[str, str]) -> str:
    """Return `text` with owner and name `new` in every address that is made from `old`."""
    (old_owner, old_name), (new_owner, new_name) = old, new
    end = r"(?![\w-])"
    text = re.sub(rf"\b{re.escape(old_owner)}/{re.escape(old_name)}{end}", f"{new_owner}/{new_name}", text)
    return re.sub(
        rf"\b{re.escape(old_owner)}\.github\.io/{re.escape(old_name)}{end}", f"{new_owner.lower()}.github.io/{new_name}", text
    )


def badges(owner: str, name: str, tag: str, tested: bool) -> str:
    """Return the README's badges: Colab, Binder, the published pages and, where a workflow runs them, the tests."""
    colab, binder, github = "https://colab.research.google.com", "https://mybinder.org", f"https://github.com/{owner}/{name}"
    chapter = f"{colab}/github/{owner}/{name}/blob/{tag}/chapters/01-reading-digits.ipynb"
    lines = [
        f"[![Open the first chapter in Colab]({colab}/assets/colab-badge.svg)]({chapter})",
        f"[![Open the book in Binder]({binder}/badge_logo.svg)]({binder}/v2/gh/{owner}/{name}/{tag}?urlpath=lab/tree/chapters)",
        f"[![Tests]({github}/actions/workflows/{WORKFLOW}/badge.svg)]({github}/actions/workflows/{WORKFLOW})",
        f"[Read it online](https://{owner.lower()}.github.io/{name}/)",
    ]
    return "\n".join(line for line in lines if tested or "[Tests]" not in line)


def with_badges(readme: str, text: str) -> str:
    """Return `readme` with `text` between the marks for badges."""
    before, _, rest = readme.partition(BEGIN)
    return f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}"


def rewrite(root: Path, address: str) -> list[Path]:
    """Put `address` in the place of the one in `_config.yml` in every text file; return the files that changed."""
    old, new, changed = parts(current(root)), parts(address), []
    tag = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))["repository"]["branch"]
    for path in text_files(root):
        before = path.read_text(encoding="utf-8")
        after = replaced(before, old, new)
        if path == root / "README.md":
            after = with_badges(after, badges(*new, tag, (root / ".github" / "workflows" / WORKFLOW).exists()))
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(path.relative_to(root))
    return changed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address", help="https://github.com/OWNER/NAME")
    address = parser.parse_args().address
    try:
        changed = rewrite(ROOT, f"https://github.com/{'/'.join(parts(address))}")
    except ValueError as error:
        sys.exit(f"error: {error}")
    print("\n".join(["Changed:", *(f"  {path}" for path in changed)] if changed else ["Nothing to change."]))
    tag = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["branch"]
    print(f"Commit this, and push it with the tag {tag}: the first cells and the launch buttons ask for that release.")


if __name__ == "__main__":
    main()
