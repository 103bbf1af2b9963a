"""`make demo`: boot a real Linux guest from domain XML, look at it, and remove it.

Every step is a process of its own. The one that starts the guest is killed with -9 while the guest runs: the next
step finds the guest and goes on with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VIRTKIT = Path(sys.executable).with_name("virtkit")
BOOT_SECONDS = 60
STOP_SECONDS = 30

STARTER = """
import sys, time, virtkit
conn = virtkit.open(sys.argv[1])
conn.lookup_domain_by_name("demo").create()
print("started", flush=True)
time.sleep(600)
"""


def guest() -> tuple[Path, Path, bytes]:
    """The kernel and initrd of the guest, built if need be, and the line it writes when it is up."""
    sys.path.insert(0, str(ROOT))
    from tests.guests import Cache, linux_guest

    built = linux_guest(Cache())
    return built.kernel, built.initrd, built.ready


def step(uri: str, *words: str) -> str:
    """Run one command of the `virtkit` program, show it and what it prints."""
    print(f"\n$ virtkit {' '.join(words)}", flush=True)
    done = subprocess.run([VIRTKIT, "-c", uri, *words], stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout, end="", flush=True)
    if done.returncode != 0:
        raise SystemExit(f"demo: `virtkit {' '.join(words)}` ended with status {done.returncode}")
    return done.stdout


def start_and_die(uri: str) -> None:
    """Start the guest from a process that is then killed, as a crash would."""
    print("\n$ python: conn.lookup_domain_by_name('demo').create()   (this process is killed with -9)", flush=True)
    starter = subprocess.Popen([sys.executable, "-c", STARTER, uri], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    line = starter.stdout.readline().strip()
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    if line != "started":
        raise SystemExit("demo: the guest did not start")
    print(f"killed process {starter.pid}; the guest runs on")


def wait_for_line(log: Path, wanted: bytes) -> None:
    """Print the line the guest wrote on its console."""
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline:
        for line in log.read_bytes().splitlines() if log.exists() else ():
            if wanted in line:
                print(f"\nthe guest says: {line.decode(errors='replace').strip()}", flush=True)
                return
        time.sleep(0.05)
    raise SystemExit(f"demo: {wanted.decode()} did not appear in {log} within {BOOT_SECONDS} seconds")


def wait_until_off(uri: str) -> None:
    """Wait for the guest to power itself off."""
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        state = subprocess.run([VIRTKIT, "-c", uri, "domstate", "demo"], capture_output=True, text=True, check=True)
        if state.stdout.strip() == "shut off":
            return
        time.sleep(0.1)
    raise SystemExit(f"demo: the guest was still running {STOP_SECONDS} seconds after shutdown")


def run(folder: Path) -> None:
    """The demo, with all its state in a folder."""
    kernel, initrd, ready = guest()
    uri = f"qemu:///embed?root={folder}"
    text = (ROOT / "demo" / "guest.xml").read_text()
    for word, path in {"KERNEL": kernel, "INITRD": initrd, "FOLDER": folder}.items():
        text = text.replace(f">{word}<", f">{path}<").replace(f"'{word}/", f"'{path}/")
    document = folder / "guest.xml"
    document.write_text(text)
    try:
        step(uri, "pool-create-as", "demo", "dir", "--target", str(folder / "images"), "--build")
        step(uri, "vol-create-as", "demo", "data.qcow2", "64M", "--format", "qcow2")
        step(uri, "define", str(document))
        start_and_die(uri)
        wait_for_line(folder / "console.log", ready)
        step(uri, "list", "--all")
        step(uri, "dominfo", "demo")
        step(uri, "domblklist", "demo")
        step(uri, "suspend", "demo")
        step(uri, "domstate", "demo", "--reason")
        step(uri, "resume", "demo")
        step(uri, "shutdown", "demo")
        wait_until_off(uri)
        step(uri, "undefine", "demo", "--remove-all-storage")
        step(uri, "pool-destroy", "demo")
        step(uri, "list", "--all")
    except BaseException:
        subprocess.run([VIRTKIT, "-c", uri, "destroy", "demo"], capture_output=True, check=False)
        raise


def main() -> int:
    """Run the demo in a temporary folder and say how long it took."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="virtkit-demo-") as folder:
        os.chmod(folder, 0o755)
        run(Path(folder))
    print(f"\ndone in {time.monotonic() - start:.1f} seconds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
