"""Holds documents to PDF/UA-1 and PDF/A-2u with veraPDF; `make conformance` runs it, `make test` does not.

`python -m tests.conformance TOOLS` fetches veraPDF into a folder where it is not there yet, composes the sample records of
every shipped template, 100 statements of generated customers what tables and texts can do, and exits with 1 where veraPDF
finds anything.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.conformance.tables import TABLES, documents
from tests.conformance.texts import TEXTS

from pressrun_loadtest.bench.composition import Press
from pressrun_loadtest.bench.customers import write_records
from pressrun_loadtest.demo.orders import read_items
from pressrun_loadtest.samples import statement_path
from pressrun_server.authoring.studio import Studio

PROFILES = {"ua1": "PDF/UA-1", "2u": "PDF/A-2u"}
GENERATED = 100


def verapdf(tools: Path) -> list[str]:
    """The command; its parts are fetched by Maven on first use."""
    library = tools.resolve() / "verapdf"
    missing = [name for name in ("java", "mvn") if shutil.which(name) is None]
    if missing:
        sys.exit(f"{' and '.join(missing)} missing; install: apt-get install -y default-jre-headless maven")
    if not library.is_dir():
        pom = Path(__file__).with_name("pom.xml")
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "pom.xml"
            shutil.copy(pom, copy)
            line = ["mvn", "-q", "-B", "-f", str(copy), "dependency:copy-dependencies", f"-DoutputDirectory={library}"]
            subprocess.run(line, check=True)
    return ["java", "-cp", f"{library}/*", "org.verapdf.apps.GreenfieldCliWrapper"]


async def samples() -> dict[str, bytes]:
    """The sample records of every shipped template, as documents by name."""
    found: dict[str, bytes] = {}
    root = statement_path().parent
    for manifest in sorted(root.glob("*/template.yaml")):
        async with Studio(manifest.parent, root / "assets", datetime(2026, 1, 31, tzinfo=UTC)) as studio:
            look = await studio.look()
        for sight in look.sights:
            assert sight.failure is None, f"{manifest.parent.name}: {sight.sample.name}: {sight.failure}"
            found[f"{manifest.parent.name}-{sight.sample.name}"] = sight.document
    return found


def compose(folder: Path) -> int:
    """Write the documents; gives how many."""
    press = Press()
    shipped = asyncio.run(samples())
    for name, data in shipped.items():
        (folder / f"{name}.pdf").write_bytes(data)
    records = folder / "records.ndjson"
    write_records(records, 1, GENERATED, frozenset())
    for item in read_items(records):
        data, _ = press.compose(item.locale, bytes(item.record), item.attributes)
        (folder / f"{item.request_id}.pdf").write_bytes(data)
    small = list(documents({**TABLES, **TEXTS}))
    for name, data in small:
        (folder / f"{name}.pdf").write_bytes(data)
    return len(shipped) + GENERATED + len(small)


def main() -> int:
    """Compose, check and report."""
    command = verapdf(Path(sys.argv[1]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = compose(folder)
        failed = 0
        for flavour, profile in PROFILES.items():
            line = [*command, "--flavour", flavour, "--format", "text", "-v", *map(str, sorted(folder.glob("*.pdf")))]
            result = subprocess.run(line, capture_output=True, text=True, check=False)
            passed = sum(text.startswith("PASS ") for text in result.stdout.splitlines())
            print(f"{profile}: {passed} of {count} documents pass")
            if passed != count:
                failed += 1
                print(result.stdout[:8000], result.stderr[:2000], sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
