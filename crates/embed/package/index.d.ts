import type { Answer, Request, ScenarioInfo } from "./engine.js";
export type * from "./engine.js";

/** The cause of an error: the request, an unknown name, a parameter, the trace, the variant, the result, or a cancelled run. */
export type Code = "request" | "unknown" | "parameter" | "trace" | "variant" | "unfinished" | "result" | "cancelled";

/** Options of a run. */
export interface RunOptions {
  /** Cancels the run; the promise is rejected with the code `cancelled`. */
  signal?: AbortSignal;
  /** Receives the share that is done, from 0 to 1. */
  onProgress?: (done: number) => void;
  /** Milliseconds after which the run yields the thread (default: 12). */
  slice?: number;
}

/** Loads the engine. The other functions load it when needed; a call in advance makes the first run start sooner. */
export function load(): Promise<unknown>;
/** Returns the scenarios of the catalogue. */
export function scenarios(): Promise<ScenarioInfo[]>;
/** Runs a request. A failure rejects the promise with an `Error` that has a `code`. */
export function run(request: Request, options?: RunOptions): Promise<Answer>;
