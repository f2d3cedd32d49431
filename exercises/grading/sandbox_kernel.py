"""A Jupyter kernel for code that nobody has read yet: IPython inside bubblewrap.

    python sandbox_kernel.py CONNECTION_FILE LIMITS     (Jupyter calls it; LIMITS is JSON)

Inside there is no network, no other process, no environment and nothing of this machine but Python and its
packages, all read-only. Three small folders in memory can be written, and the one that holds the kernel's sockets.
"""

import json
import os
import platform
import resource
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

MB = 1024 * 1024
ROOT = Path(__file__).resolve().parents[2]
SOCKETS = "sockets"  # the one folder that inside and outside share

# The limit to processes is set inside: outside it would count all that the user runs, other submissions among them.
INSIDE = """
import resource, runpy, sys
most = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
runpy.run_module("ipykernel_launcher", run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True)
class Limits:
    """What one submission may use."""

    cell: int = 30  # seconds for a cell; it is interrupted then, and the next one runs
    notebook: int = 120  # seconds for all cells together
    wall: int = 240  # seconds for everything, the start of the kernel included
    cpu: int = 300  # processor seconds of one process
    memory: int = 3000  # MB, all its processes together
    address: int = 4096  # MB of address space of one process; importing torch takes 1600
    files: int = 64  # MB in each folder that can be written, and in one file
    processes: int = 128  # importing torch takes 24
    sockets: int = 100  # MB in the folder of the sockets
    output: int = 200_000  # characters of output that are kept of a cell
    message: int = 20  # MB of one message of the kernel


def readable() -> list[str]:
    """Return the folders that Python and its packages need, outside /usr, and the book's library."""
    packages = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    folders = {sys.prefix, sys.base_prefix, *packages, str(ROOT / "lib")}
    return sorted(folder for folder in folders if Path(folder).is_dir() and not folder.startswith("/usr/"))


def jail(sockets: str | None, files: int) -> list[str]:
    """Return bubblewrap's command line, up to the command to run; `files` MB is the size of each writable folder."""
    size = ["--size", str(files * MB), "--tmpfs"]
    command = ["bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"]
    command += ["--cap-drop", "ALL", "--uid", "65534", "--gid", "65534", "--hostname", "grading", "--clearenv"]
    command += ["--ro-bind", "/usr", "/usr", "--proc", "/proc"]
    # --dev alone would leave a /dev of unlimited size that can be written
    command += ["--dev", "/dev", *size, "/dev/shm", "--remount-ro", "/dev", *size, "/tmp", *size, "/sandbox"]
    for folder in ("/bin", "/sbin", "/lib", "/lib64", "/lib32"):
        if os.path.islink(folder):
            command += ["--symlink", os.readlink(folder), folder]
        elif os.path.isdir(folder):
            command += ["--ro-bind", folder, folder]
    for path in ("/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/etc/alternatives"):
        command += ["--ro-bind-try", path, path]
    for folder in readable():
        command += ["--ro-bind", folder, folder]
    if sockets:
        command += ["--bind", sockets, sockets]
    # last, or files could be made at the root
    command += ["--remount-ro", "/", "--chdir", "/sandbox"]
    environment = {
        "PATH": f"{sys.prefix}/bin:/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),  # of it, only lib is there
        "HOME": "/sandbox",
        "USER": "student",
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "BOOK_OFFLINE": "1",
        "IPYTHONDIR": "/tmp/ipython",
        "MPLCONFIGDIR": "/tmp/matplotlib",
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NBGRADER_EXECUTION": "autograde",
    }
    for name, value in environment.items():
        command += ["--setenv", name, value]
    return command


def trouble() -> str | None:
    """Return why this machine cannot run code in the sandbox and what to do about it, or None if it can."""
    if platform.system() != "Linux":
        return "Grading needs Linux, whose kernel provides the sandbox: use a Linux machine or container, or WSL 2 on Windows."
    if not shutil.which("bwrap"):
        return (
            "bubblewrap is missing, and submissions are never run without it: "
            "install it (Debian and Ubuntu: sudo apt install bubblewrap; Fedora: sudo dnf install bubblewrap)."
        )
    tried = subprocess.run([*jail(None, 1), "/usr/bin/env", "true"], capture_output=True, text=True, check=False)
    if tried.returncode == 0:
        return None
    return (
        f"bubblewrap cannot make its sandbox ({tried.stderr.strip()}), and submissions are never run without it. "
        "On Ubuntu 23.10 and later AppArmor forbids it: "
        "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 allows it until the next start. "
        "In a container: start the container with --privileged."
    )


def restrict(limits: Limits) -> None:
    """Set what the kernel enforces for this process and its children."""
    for what, most in (
        (resource.RLIMIT_AS, limits.address * MB),
        (resource.RLIMIT_CPU, limits.cpu),
        (resource.RLIMIT_FSIZE, limits.files * MB),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def kernel_spec(limits: Limits) -> dict:
    """Return what Jupyter needs to know to start this kernel."""
    return {
        "argv": [sys.executable, str(Path(__file__).resolve()), "{connection_file}", json.dumps(asdict(limits))],
        "display_name": "Grading sandbox",
        "language": "python",
        "interrupt_mode": "message",  # a signal would kill bubblewrap, and with it the marks of the other tasks
    }


def main() -> None:
    connection, limits = sys.argv[1], Limits(**json.loads(sys.argv[2]))
    kernel = [sys.executable, "-c", INSIDE, str(limits.processes), "-f", connection, "--HistoryManager.hist_file=:memory:"]
    command = [*jail(os.path.dirname(connection), limits.files), *kernel]
    restrict(limits)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
