import type { Answer, Found, Request, ScenarioInfo } from "./engine.js";
export type * from "./engine.js";

/**
 * The cause of an error: `request` (a key, option or value of the wrong kind), `unknown` (an unknown name), `parameter`,
 * `trace`, `variant`, `unfinished`, `result`, `cancelled` (its `cause` is the signal's reason), `callback` (`onProgress`
 * threw its `cause`), `load` (the engine's file could not be loaded; a later call tries again) and `internal` (the engine
 * stopped: a fault of Highwater's, or no memory left; the next run gets a new engine).
 */
export type Code =
  | "request" | "unknown" | "parameter" | "trace" | "variant" | "unfinished" | "result"
  | "cancelled" | "callback" | "load" | "internal";

/** What every promise here is rejected with. The message names the key that is wrong. */
export interface Failure extends Error {
  code: Code;
}

/** Options of a run. */
export interface RunOptions {
  /** Cancels the run; the promise is rejected with the code `cancelled`. */
  signal?: AbortSignal;
  /** Receives the share that is done, from 0 to 1; it never falls. */
  onProgress?: (done: number) => void;
  /** Milliseconds after which the run yields the thread (default: 12); at least 0, which yields after each portion, and more
   * than 1000 is taken as 1000. */
  slice?: number;
}

/** Loads the engine. The other functions load it when needed; a call in advance makes the first run start sooner. */
export function load(): Promise<void>;
/** Returns the scenarios of the catalogue. */
export function scenarios(): Promise<ScenarioInfo[]>;
/** Runs a request. Whatever fails rejects the promise with a `Failure`. */
export function run(request: Request, options?: RunOptions): Promise<Answer>;

/** The result of a variant. */
export type NamedAnswer = Answer & { name: string };

/** Options of a search. */
export interface AdviceOptions {
  /** Cancels the search; the promise is rejected with the code `cancelled`. */
  signal?: AbortSignal;
  /** Receives how many runs were begun. */
  onProgress?: (runs: number) => void;
  /** Milliseconds after which the search yields the thread (default: 12). */
  slice?: number;
  /** The kinds of change that are tried, such as `settings`, `jemalloc` and `malloc_trim` (default: all). */
  only?: string | string[];
  /** Kinds of change that are not tried. */
  not?: string | string[];
  /** The memory that counts: `peak`, `rest` or `mean`, or several with weights, such as `peak=1,mean=2`. */
  weigh?: string | string[];
  /** The container image, such as `python:3.12-slim-bookworm`. */
  image?: string;
  /** Seconds after which nothing more is tried; the changes that were not run are named. */
  seconds?: number;
}

/** Runs every variant of a request. */
export function compare(request: Request, options?: RunOptions): Promise<NamedAnswer[]>;
/** Searches for changes that lower the memory of a request's first variant, and runs each of them. */
export function advise(request: Request, options?: AdviceOptions): Promise<Found>;
