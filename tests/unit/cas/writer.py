"""A process that writes blobs until it is killed, for the crash tests: `writer.py FOLDER SEED`."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from pressrun_server.cas.blobfiles import BlobFiles
from pressrun_server.model.digest import Digest


def main() -> None:
    """Make blobs first, then do nothing but write; say so after each, so that the test knows what must be there."""
    files = BlobFiles(Path(sys.argv[1]), fsync=False)
    files.prepare()
    chance = random.Random(int(sys.argv[2]))
    blobs = [chance.randbytes(chance.randrange(1, 2_000_000)) for _ in range(4)]
    named = [(Digest.of(data), data) for data in blobs]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        for digest, data in named:
            files.write(digest, data)
            sys.stdout.write(f"{digest}\n")
            sys.stdout.flush()
        for digest, _ in named:
            sys.stdout.write(f"-{digest}\n")
            sys.stdout.flush()
            files.delete(digest)


if __name__ == "__main__":
    main()
