// Checks custom resources against the schemas of their operators: node crd.mjs FOLDER-OF-MODULES < JSON-array-of-manifests
import { pathToFileURL } from "node:url";

const root = `${pathToFileURL(process.argv[2])}/node_modules/@kubernetes-models`;
const places = {
  ServiceMonitor: "prometheus-operator/monitoring.coreos.com/v1",
  PodMonitor: "prometheus-operator/monitoring.coreos.com/v1",
  PrometheusRule: "prometheus-operator/monitoring.coreos.com/v1",
  ScaledObject: "keda/keda.sh/v1alpha1",
};
let text = "";
for await (const chunk of process.stdin) text += chunk;
for (const manifest of JSON.parse(text)) {
  const models = await import(`${root}/${places[manifest.kind]}/${manifest.kind}.js`);
  new models[manifest.kind](manifest).validate();
}
