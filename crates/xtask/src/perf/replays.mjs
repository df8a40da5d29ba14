// Replays a request again and again and prints the processor time of each replay in milliseconds, without what comes before
// it: node replays.mjs RUNS REQUEST.json [TRACE]
import { readFile } from "node:fs/promises";
import start, { Simulation } from "./engine.js";

const [runs, request, trace] = process.argv.slice(2);
const text = await readFile(request, "utf8");
const bytes = trace && new Uint8Array(await readFile(trace));
await start({ module_or_path: await readFile(new URL("./engine_bg.wasm", import.meta.url)) });

const WARMING = 3;
for (let run = -WARMING; run < Number(runs); run++) {
  const simulation = new Simulation(text, bytes);
  const before = process.cpuUsage();
  while (simulation.advance(1 << 20));
  const { user, system } = process.cpuUsage(before);
  simulation.free();
  if (run >= 0) console.log((user + system) / 1000);
}
