from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "server" / "Dockerfile"
NOBODY = 65532


def steps(kind: str) -> list[str]:
    """The instructions of one kind, joined lines as one."""
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    return [line.removeprefix(kind).strip() for line in text.splitlines() if line.startswith(f"{kind} ")]


def test_lint() -> None:
    """The Dockerfile passes its linter."""
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint, "hadolint is missing; run: make setup-dev"
    result = subprocess.run([hadolint, str(DOCKERFILE)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_last_stage() -> None:
    """The image runs as a number that is not root, has a health check, and its last stage installs nothing."""
    last = DOCKERFILE.read_text().split("\nFROM ")[-1]
    assert f"USER {NOBODY}:{NOBODY}" in last
    assert "HEALTHCHECK" in last
    assert "pip" not in last
    assert "apt-get" not in last


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that any user may enter, which those of pytest are not."""
    folder = Path("/tmp") / f"pressrun-image-{os.getpid()}"
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_same_steps_start_a_node(public: Path) -> None:
    """What the Dockerfile runs, run in a clean virtual environment, gives a node that serves as nobody on a read-only root."""
    assert os.geteuid() == 0, "run as root: the node is started as another user in a mount namespace of its own"
    python = next(
        (path for path in ("/usr/bin/python3.12", "/usr/bin/python3.11", "/usr/bin/python3") if Path(path).exists()),
        None,
    )
    assert python, "a Python that any user may run is missing; install it: apt-get install -y python3-venv"
    environment, source = public / "pressrun", public / "source"
    source.mkdir()
    for step in steps("COPY"):
        if step.startswith("--from"):
            continue
        *names, target = step.split()
        for name in names:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, source / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, source / name)
    # The commands as they stand, with the folder of this test in the place of the image's.
    [first, *runs] = [step for step in steps("RUN") if "chown" not in step]
    commands = [
        first.replace("python -m", f"{python} -m"),
        *(step.replace("python -c", f"{python} -c") for step in runs),
    ]
    for command in commands:
        line = command.replace("/opt/pressrun", str(environment))
        built = subprocess.run(
            ["bash", "-ec", line], cwd=source, capture_output=True, text=True, check=False, timeout=500
        )
        assert built.returncode == 0, built.stderr[-2000:]
    data = public / "data"
    data.mkdir()
    os.chown(data, NOBODY, NOBODY)
    settings = {
        **dict(re.findall(r"(PRESSRUN_\w+)=(\S+)", steps("ENV")[-1])),
        "PRESSRUN_DATA_DIR": str(data), "PRESSRUN_LISTEN": "127.0.0.1:0", "PRESSRUN_HTTP_LISTEN": "127.0.0.1:0",
        "PATH": f"{environment}/bin:/usr/bin:/bin:/usr/sbin:/sbin", "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    # A mount namespace in which all but the data folder and /dev is read-only, and then another user.
    locked = (
        f"mount --bind {data} {data} && mount -o remount,bind,ro / "
        f"&& exec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups --no-new-privs pressrun serve"
    )
    with subprocess.Popen(
        ["unshare", "--mount", "bash", "-ec", locked],
        env=settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as node:
        try:
            said = _until_ready(node)
            found = re.search(r"metrics: (http://\S+)/metrics", said)
            assert found, said[-3000:]
            with urllib.request.urlopen(f"{found[1]}/readyz", timeout=5) as answer:
                assert answer.status == 200
            status = Path(f"/proc/{node.pid}/status").read_text()
            assert re.search(rf"Uid:\t{NOBODY}\t", status)
            assert re.search(r"NoNewPrivs:\t1", status)
        finally:
            node.send_signal(signal.SIGTERM)
            node.wait(30)
    assert node.returncode == 0


def _until_ready(node: subprocess.Popen[str]) -> str:
    assert node.stdout is not None
    said = ""
    while "ready on" not in said:
        ready, _, _ = select.select([node.stdout], [], [], 60)
        line = node.stdout.readline() if ready else ""
        if not line:
            return said
        said += line
    return said
