"""Writes the chart's README from its values.yaml; `python -m tests.chart.readme` writes, `--check` fails on drift."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

__all__ = ["CHART", "document", "values"]

CHART = Path(__file__).parents[2] / "helm" / "pressrun"
_MARK = "# -- "
_HEAD = """# Helm chart `pressrun`

Render nodes behind a headless service, for Kubernetes {kubernetes} and later. Made from `values.yaml`: change it there and run
`make chart`.

```
helm install pressrun helm/pressrun --set image.repository=YOUR/IMAGE
helm test pressrun
```

- Size a node by **`composers`** alone: its processor and memory requests follow (a processor for each composer, one more for every three).
- Clients balance themselves: `dns:///RELEASE-pressrun.NAMESPACE.svc:7070` with round_robin, which the Python client does by default.
- A node that is stopped is first taken from the endpoints (`drain.preStopSeconds`), then finishes what it has (`drain.seconds`); the
  pod's grace is longer than both.
- **More than one node** (`replicaCount`, `autoscaling`) needs a Redis or Valkey that never evicts, for templates, pushed content and news of
  assets (`events.redis`; `noeviction`, persistent), and a key (`cluster.existingSecret`); a second one that evicts saves work
  (`cache.redis`). Where `networkPolicy.egress` is set it has to allow both. The chart refuses several nodes without them, since a
  template that was published to one would be unknown to the others, and one node alone has none after it was replaced:

  ```
  kubectl create secret generic pressrun --from-literal=clusterKey=$(openssl rand -hex 32)
  helm upgrade --install pressrun helm/pressrun --set image.repository=YOUR/IMAGE --set replicaCount=3 \\
    --set events.redis=redis://redis-events:6379/0 --set cache.redis=redis://redis-cache:6379/0 --set cluster.existingSecret=pressrun
  ```

- To change the key, put the new one into the secret beside the old one, name it `cluster.existingSecretKey` and the old one
  `cluster.previousSecretKey`, upgrade, and when all nodes have both, upgrade again without the old one.
- Credentials of asset systems come from secrets that exist, as files (`secretSettings`); the chart makes no secret.
- Prometheus and KEDA are given services; the chart installs none of them.
- `ci/` holds one file of values for each supported shape; each is linted, rendered with Helm 4 and Helm 3 and checked against the
  schemas of Kubernetes in the tests.

## Values

| value | default | what it is |
|---|---|---|
"""


def values(text: str) -> Iterator[tuple[str, Any, str]]:
    """Dotted name, default and description of each value, in the order of the file.

    Raises:
        ValueError: a value has no description.
    """
    lines = text.splitlines()
    root = yaml.compose(text)
    assert isinstance(root, yaml.MappingNode)
    yield from _below(root, "", lines)


def _below(node: yaml.MappingNode, prefix: str, lines: list[str]) -> Iterator[tuple[str, Any, str]]:
    for key, value in node.value:
        name = f"{prefix}{key.value}"
        description = _description(lines, key.start_mark.line)
        if description:
            yield name, yaml.safe_load(yaml.serialize(value)), description
        elif isinstance(value, yaml.MappingNode) and value.value:
            yield from _below(value, f"{name}.", lines)
        else:
            raise ValueError(f"{name} has no description; write `{_MARK}...` above it")


def _description(lines: list[str], line: int) -> str:
    found: list[str] = []
    while line > 0 and (above := lines[line - 1].strip()).startswith("#"):
        found.insert(0, above)
        if above.startswith(_MARK):
            return " ".join(text.removeprefix(_MARK).removeprefix("# ") for text in found)
        line -= 1
    return ""


def document() -> str:
    """The whole README."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    kubernetes = re.sub(r"[^\d.]|\.0-0", "", chart["kubeVersion"])
    rows = [
        f"| `{name}` | `{json.dumps(default)}` | {description} |"
        for name, default, description in values((CHART / "values.yaml").read_text())
    ]
    return _HEAD.format(kubernetes=kubernetes) + "\n".join(rows) + "\n"


def _main() -> int:
    readme = CHART / "README.md"
    if sys.argv[1:] != ["--check"]:
        readme.write_text(document())
        return 0
    if readme.exists() and readme.read_text() == document():
        return 0
    print("helm/pressrun/README.md differs from values.yaml; run: make chart", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(_main())
