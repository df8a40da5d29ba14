import type { Answer, Request, ScenarioInfo } from "./engine.js";
export type * from "./engine.js";

/** What an error is about: what to run, a name, a parameter, a trace, the allocator and its machine, a result that cannot be had, or a cancelled run. */
export type Code = "request" | "unknown" | "parameter" | "trace" | "variant" | "unfinished" | "result" | "cancelled";

/** How a run goes on. */
export interface RunOptions {
  /** Cancels the run; the promise is rejected with the code `cancelled`. */
  signal?: AbortSignal;
  /** Hears of the share that is done, from 0 to 1. */
  onProgress?: (done: number) => void;
  /** Milliseconds after which the thread is let go for others; 12 if not said. */
  slice?: number;
}

/** Loads the engine. Every other function does it by itself; called first, it keeps the first run from waiting. */
export function load(): Promise<unknown>;
/** The scenarios of the catalogue. */
export function scenarios(): Promise<ScenarioInfo[]>;
/** Runs what is asked for. Rejected with an `Error` that has a `code`. */
export function run(request: Request, options?: RunOptions): Promise<Answer>;
