// Highwater's engine: run a scenario, a pattern or a trace, and get its curves, marks, reasons and maps.
import start, { Simulation, scenarios as listed } from "./engine.js";

let ready;

/** Loads the engine. Every other function does it by itself; called first, it keeps the first run from waiting. */
export function load() {
  ready ??= (async () => {
    const file = new URL("./engine_bg.wasm", import.meta.url);
    if (file.protocol === "file:" && typeof process !== "undefined") {
      const { readFile } = await import("node:fs/promises");
      return start({ module_or_path: await readFile(file) });
    }
    return start({ module_or_path: file });
  })();
  return ready;
}

/** The scenarios of the catalogue. */
export async function scenarios() {
  await load();
  return listed();
}

/**
 * Runs what is asked for. The thread is let go every `slice` milliseconds (12 if not said), so that a page stays
 * responsive; `signal` cancels, `onProgress` hears of the share that is done.
 */
export async function run(request, { signal, onProgress, slice = 12 } = {}) {
  await load();
  const cancelled = () => Object.assign(new Error("the run was cancelled"), { code: "cancelled" });
  if (signal?.aborted) throw cancelled();
  let simulation;
  try {
    simulation = new Simulation(request);
    for (let goesOn = true; goesOn; ) {
      const until = performance.now() + slice;
      while (goesOn && performance.now() < until) goesOn = simulation.advance(1 << 14);
      onProgress?.(simulation.progress);
      if (goesOn) await new Promise((go) => setTimeout(go));
      if (signal?.aborted) throw cancelled();
    }
    return simulation.result();
  } finally {
    simulation?.free();
  }
}
