// Highwater's engine: run a scenario, a pattern or a trace, and get its curves, marks, reasons and maps.
import start, {
  __wbg_reset_state as replaceInstance, Advising, Simulation, scenarios as listed, variants as named,
} from "./engine.js";

/** The longest that a run keeps the thread, in milliseconds, whatever `slice` says. */
const LONGEST_SLICE = 1000;
/** The longest message, in characters. */
const LONGEST_MESSAGE = 1000;
/** How often a run is begun again because another one stopped the engine. */
const MOST_ATTEMPTS = 3;

/** An error with its code, whose message is one line, whatever the names in it hold. */
const failure = (code, message, cause) => {
  const line = message.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").slice(0, LONGEST_MESSAGE);
  return Object.assign(new Error(line, { cause }), { code });
};
const codes = new Set(["callback", "request", "unknown", "parameter", "trace", "variant", "unfinished", "result"]);
/** Whether an exception is one of the package's own. What a getter throws may be anything, even what cannot be asked. */
const isCoded = (error) => {
  try {
    return error instanceof Error && codes.has(error.code);
  } catch {
    return false;
  }
};

let ready;
/** Counts the instances of the engine. What was made by one cannot be used with the next. */
let generation = 0;
let isBroken = false;

/** Loads the engine. Every other function does it by itself; called first, it keeps the first run from waiting. */
export async function load() {
  const loading = (ready ??= instantiate());
  try {
    await loading;
  } catch (error) {
    // A later call tries again.
    if (ready === loading) ready = undefined;
    throw failure("load", `the engine could not be loaded: ${words(error)}`, error);
  }
  if (isBroken) renew();
}

async function instantiate() {
  const file = new URL("./engine_bg.wasm", import.meta.url);
  if (file.protocol === "file:" && typeof process !== "undefined") {
    const { readFile } = await import("node:fs/promises");
    return start({ module_or_path: await readFile(file) });
  }
  return start({ module_or_path: file });
}

/** Puts a new instance in the place of one that stopped, whose memory is then free. */
function renew() {
  try {
    replaceInstance();
  } catch (error) {
    throw failure("internal", `the engine stopped and could not be started again: ${words(error)}`, error);
  }
  generation++;
  isBroken = false;
}

/** Calls the engine. What it throws without a code of its own has stopped this instance. */
function call(engine) {
  try {
    return engine();
  } catch (error) {
    if (isCoded(error)) throw error;
    isBroken = true;
    try {
      renew();
    } catch {
      // The next call tries again, and says why where it cannot.
    }
    throw error?.code === "internal" ? error : failure("internal", `the engine stopped: ${words(error)}`, error);
  }
}

/** An exception in words, whatever was thrown. */
function words(error) {
  try {
    return String(error?.message ?? error);
  } catch {
    return "something without a name was thrown";
  }
}

/** The scenarios of the catalogue. */
export async function scenarios() {
  await load();
  return call(listed);
}

/**
 * Runs what is asked for. The thread is let go every `slice` milliseconds (12 if not said), so that a page stays
 * responsive; `signal` cancels, `onProgress` hears of the share that is done.
 */
export async function run(request, options) {
  const { text, trace } = described(request);
  const controls = optionsOf(options);
  refuseCancelled(controls.signal);
  await load();
  const told = teller(controls.onProgress);
  return await repeated(() => attempted(() => new Simulation(text, trace), controls, (it) => told(it.progress)));
}

/** Runs every variant of a request, one after the other. */
export async function compare(request, options) {
  const { text, trace } = described(request);
  const controls = optionsOf(options);
  refuseCancelled(controls.signal);
  await load();
  const names = call(() => named(text, trace));
  const told = teller(controls.onProgress);
  const answers = [];
  for (const [at, name] of names.entries()) {
    const tell = (it) => told((at + it.progress) / names.length);
    const answer = await repeated(() => attempted(() => new Simulation(text, trace, at), controls, tell));
    answers.push({ name, ...answer });
  }
  return answers;
}

/** Searches for changes that lower the memory of a request's first variant, and runs each of them. */
export async function advise(request, options) {
  const { only, not, weigh, image, seconds, ...others } = copied(options ?? {}, "the options");
  const { text, trace } = described(request);
  const controls = optionsOf(others, ["only", "not", "weigh", "image", "seconds"]);
  const wishes = JSON.stringify({
    only: texts(only, "only"),
    not: texts(not, "not"),
    weigh: texts(weigh, "weigh").join(","),
    image: texts(image, "image").join(","),
  });
  if (seconds != null && !(typeof seconds === "number" && seconds > 0)) refuse("seconds: expected a number above 0");
  refuseCancelled(controls.signal);
  await load();
  const until = seconds == null ? Infinity : performance.now() + seconds * 1000;
  const told = teller(controls.onProgress);
  const tell = (it) => {
    if (performance.now() >= until) it.stop();
    told(it.begun);
  };
  return await repeated(() => attempted(() => new Advising(text, trace, wishes), controls, tell));
}

/** A list of texts, from one text or a list. */
function texts(given, key) {
  const all = given == null ? [] : Array.isArray(given) ? given : [given];
  if (!all.every((text) => typeof text === "string")) refuse(`${key}: expected a text or a list of texts`);
  return all;
}

/** A request as the engine takes it: a text, and the bytes of a trace. */
function described(request) {
  const { trace: given, ...others } = copied(request, "the request");
  const trace = given == null ? undefined : bytes(given);
  return { text: JSON.stringify(plain(trace ? { ...others, trace: "the trace" } : others)), trace };
}

/** Thrown where another run stopped the engine, and with it this run's part of it: it begins again. */
const lost = Symbol("lost");

async function repeated(attempt) {
  for (let count = 1; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      if (error !== lost) throw error;
      if (count === MOST_ATTEMPTS) {
        throw failure("internal", "other runs stopped the engine again and again; run this one by itself");
      }
      await load();
    }
  }
}

/** Advances what `make` makes until it is over, and returns its result. `tell` is called after each slice. */
async function attempted(make, { signal, slice }, tell) {
  const begun = generation;
  refuseCancelled(signal);
  const made = call(make);
  const check = () => {
    if (isBroken || begun !== generation) throw lost;
    refuseCancelled(signal);
  };
  try {
    call(() => tell(made));
    for (let goesOn = true; goesOn; ) {
      check();
      const until = performance.now() + slice;
      do goesOn = call(() => made.advance(1 << 14));
      while (goesOn && performance.now() < until);
      call(() => tell(made));
      if (goesOn) await new Promise((go) => setTimeout(go));
      check();
    }
    return call(() => made.result());
  } finally {
    // What belongs to an instance that stopped goes with it.
    if (!isBroken && begun === generation) call(() => made.free());
  }
}

/** Tells of a share that never falls. */
function teller(onProgress) {
  let most = -1;
  return (done) => {
    if (!onProgress || done <= most) return;
    most = done;
    try {
      onProgress(done);
    } catch (error) {
      throw failure("callback", `onProgress: it threw an exception: ${words(error)}`, error);
    }
  };
}

function refuseCancelled(signal) {
  if (signal == null) return;
  let aborted, reason;
  try {
    ({ aborted, reason } = signal);
  } catch (error) {
    refuse(`signal: reading it threw an exception: ${words(error)}`, error);
  }
  if (typeof aborted !== "boolean") refuse("signal: expected an AbortSignal");
  if (aborted) throw failure("cancelled", "the run was cancelled", reason);
}

const refuse = (message, cause) => {
  throw failure("request", message, cause);
};

/** The options of a run, each checked. `more` are those that were taken already. */
function optionsOf(options, more = []) {
  const { signal, onProgress, slice = 12, ...others } = copied(options ?? {}, "the options", {});
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) refuse(`unknown option \`${unknown}\`; the options are ${["signal", "onProgress", "slice", ...more].join(", ")}`);
  if (onProgress != null && typeof onProgress !== "function") refuse("onProgress: expected a function");
  if (typeof slice !== "number" || Number.isNaN(slice) || slice < 0) {
    refuse("slice: expected a number of milliseconds, 0 or more");
  }
  return { signal, onProgress, slice: Math.min(slice, LONGEST_SLICE) };
}

/** How deep lists and objects of a request may lie in one another. */
const DEEPEST = 8;

/** A copy of a request's value with numbers as texts. What is no number, text, list or object is an error that names the key. */
function plain(value, path = "", depth = 0) {
  if (value == null) return undefined;
  const isObject = typeof value === "object";
  const isFlag = path === "withoutRecordedEnv";
  const isNumber = typeof value === "number";
  if (isFlag ? typeof value === "boolean" : typeof value === "string" || Number.isFinite(value)) return String(value);
  const isBytes = isObject && ArrayBuffer.isView(value);
  if (isFlag || !isObject || isBytes) {
    const kind = isBytes ? "bytes" : isObject ? "an object" : isNumber ? value : `a ${typeof value}`;
    refuse(`${path}: expected ${isFlag ? "true or false" : "a number or a text"}, not ${kind}`);
  }
  if (depth === DEEPEST) refuse(`${path}: lists and objects lie too deep in one another`);
  const inside = (key) => [path, key].filter((part) => part).join(".");
  const pairs = [];
  let isList, key;
  try {
    isList = Array.isArray(value);
    for (key of Object.keys(value)) pairs.push([key, value[key]]);
  } catch (error) {
    refuse(`${inside(key)}: reading it threw an exception: ${words(error)}`, error);
  }
  const copies = pairs.map(([key, value]) => [key, plain(value, inside(key), depth + 1)]);
  return isList ? copies.map(([, copy]) => copy) : Object.fromEntries(copies);
}

/** A copy of an object's own keys. What reading it throws, as a getter or a proxy may, is an error that names the key. */
function copied(object, what, readers = {}) {
  let key;
  try {
    if (typeof object !== "object" || object === null || Array.isArray(object)) refuse(`${what} must be an object`);
    const copy = Object.create(null);
    for (key of Object.keys(object)) {
      const value = object[key];
      copy[key] = Object.hasOwn(readers, key) && value != null ? readers[key](value) : value;
    }
    return copy;
  } catch (error) {
    if (isCoded(error)) throw error;
    const place = key === undefined ? what : what.startsWith("the ") ? key : `${what}.${key}`;
    return refuse(`${place}: reading it threw an exception: ${words(error)}`, error);
  }
}

const TypedArray = Object.getPrototypeOf(Uint8Array.prototype);
const inner = (name) => Object.getOwnPropertyDescriptor(TypedArray, name).get;
const tag = inner(Symbol.toStringTag);
const [buffer, byteOffset, byteLength] = ["buffer", "byteOffset", "byteLength"].map(inner);

/** The bytes of a `Uint8Array` of any realm, as one of this, with nothing of its own in between. */
function bytes(value) {
  const isBytes = typeof value === "object" && tag.call(value) === "Uint8Array";
  if (!isBytes) refuse("trace: expected a Uint8Array");
  try {
    return new Uint8Array(buffer.call(value), byteOffset.call(value), byteLength.call(value));
  } catch (error) {
    return refuse("trace: its bytes are gone: its buffer was detached, as by a transfer to a worker", error);
  }
}
