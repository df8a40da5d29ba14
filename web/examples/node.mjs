// Compares the variants of a scenario: node dist/examples/node.mjs [SCENARIO], after `cargo xtask dist`.
import { run, scenarios } from "../package/index.js";

const name = process.argv[2] ?? "environment";
const scenario = (await scenarios()).find((known) => known.name === name);
if (!scenario) throw new Error(`unknown scenario ${name}`);
const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`.padStart(11);
console.log(scenario.title);
for (const variant of scenario.variants) {
  const { figures } = await run({ scenario: name, variant });
  console.log(variant.padEnd(34), mib(figures.peak), mib(figures.afterRest), mib(figures.atEnd));
}
