// Checks pages against HTML as it is standardised: node validate.mjs FOLDER-OF-MODULES < JSON-object-of-pages-by-name
import { pathToFileURL } from "node:url";

const root = `${pathToFileURL(process.argv[2])}/node_modules/html-validate/dist/esm`;
const { HtmlValidate, StaticConfigLoader } = await import(`${root}/index.js`);
const checker = new HtmlValidate(
  new StaticConfigLoader({ root: true, extends: ["html-validate:standard", "html-validate:a11y"] }),
);
let text = "";
for await (const chunk of process.stdin) text += chunk;
const found = {};
for (const [name, page] of Object.entries(JSON.parse(text))) {
  const report = await checker.validateString(page, name);
  const told = report.results.flatMap((result) => result.messages);
  found[name] = told.map((one) => `${one.line}:${one.column} ${one.ruleId}: ${one.message}`);
}
process.stdout.write(JSON.stringify(found));
