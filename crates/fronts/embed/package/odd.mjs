// Requests and options of any kind: each is answered, or rejected with a documented code and a message of one line.
// `SEED=N node --test odd.mjs` repeats a run whose seed was printed.
import assert from "node:assert/strict";
import { readFile, mkdtemp, copyFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import test from "node:test";
import { load, run } from "./index.js";

const documented = new Set(
  (await readFile(new URL("./index.d.ts", import.meta.url), "utf8"))
    .match(/export type Code =([^;]+);/)[1]
    .match(/[a-z]+/g),
);
const bytes = (text) => new TextEncoder().encode(text);
const small = bytes("highwater-trace 1\nm 10 0 0x1000 1000000\nf 20 0 0x1000\nm 30 0 0x2000 5000\n");
const throwing = (name) => ({ get [name]() { throw new RangeError("no"); } });
const revoked = () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; };
// Whether it is a list; one that refuses to be asked is none.
const isList = (value) => { try { return Array.isArray(value); } catch { return false; } };
const detached = () => { const array = small.slice(); structuredClone(array, { transfer: [array.buffer] }); return array; };

/** Whatever a promise of the package comes to: the code of an error, or `answered`. */
async function came(promise) {
  try {
    await promise;
    return "answered";
  } catch (error) {
    assert.ok(error instanceof Error, String(error));
    assert.ok(documented.has(error.code), `${error.code}: ${error.stack}`);
    assert.ok(error.message.length > 5 && !/[\n\u001b]/.test(error.message), error.message);
    return `${error.code}: ${error.message}`;
  }
}

test("each wrong value is an error that names its key", async () => {
  const wrong = [NaN, Infinity, -1, 1.5, 1e300, 10n, true, "1", Symbol("a"), () => 1, {}, [], new Date(), revoked()];
  for (const key of ["cap", "cores", "samples", "frames"]) {
    for (const value of wrong.filter((value) => value !== "1")) {
      assert.match(await came(run({ trace: small, [key]: value })), new RegExp(`^request: ${key}: `));
    }
    const object = throwing(key);
    assert.match(await came(run(object)), new RegExp(`^request: ${key}: reading it threw an exception: no$`));
  }
  for (const key of ["scenario", "variant", "pattern", "allocator", "environment", "python"]) {
    for (const value of wrong.filter((value) => !["string", "number"].includes(typeof value) && !isList(value))) {
      assert.match(await came(run({ [key]: value })), new RegExp(`^request: ${key}: `));
    }
    const object = throwing(key);
    assert.match(await came(run(object)), new RegExp(`^request: ${key}: reading it threw an exception: no$`));
  }
  for (const value of wrong.filter((value) => typeof value !== "boolean")) {
    const said = await came(run({ trace: small, withoutRecordedEnv: value }));
    assert.match(said, /^request: withoutRecordedEnv: expected true or false, not /);
  }
  for (const value of [...wrong, new ArrayBuffer(3), new Float64Array(2), new Proxy(small, {}), detached()]) {
    assert.match(await came(run({ trace: value })), /^request: trace: /);
  }
  for (const value of [...wrong.filter((value) => typeof value !== "string" && !(Number.isFinite(value)))]) {
    assert.match(await came(run({ pattern: "sync", parameters: { events: value } })), /^request: parameters\.events: /);
  }
  for (const value of [-1, 0, 1e300, "none"]) {
    assert.match(await came(run({ pattern: "sync", parameters: { events: value } })), /^parameter: parameters\.events: /);
  }
  assert.match(await came(run({ pattern: "sync", parameters: { nosuch: 1 } })), /^parameter: parameters\.nosuch: /);
  assert.match(await came(run({ pattern: "sync", parameters: { tasks: 1 } })), /^parameter: parameters\.tasks: /);
  assert.match(await came(run({ pattern: "sync", parameters: throwing("events") })), /^request: parameters\.events: /);
  assert.match(await came(run({ trace: small, parameters: { events: 1 } })), /^parameter: parameters\.events: /);
  assert.match(await came(run({ scenario: "incident", variant: "x" })), /^unknown: variant 1: base: /);
  assert.match(await came(run({ pattern: "sync", variant: "x" })), /^request: variant 1: base: /);
  assert.match(await came(run({ trace: small, allocator: "mimalloc" })), /^variant: allocator: /);
  assert.match(await came(run({ trace: small, python: "2.7" })), /^variant: python: /);
  for (const request of [undefined, null, 5, "sync", [], revoked(), new Proxy({}, { ownKeys: () => { throw 1; } })]) {
    assert.match(await came(run(request)), /^request: the request/);
  }
});

test("options are checked, and any slice goes on", async () => {
  for (const slice of [0, -0, 0.5, 1e-300, 12, 1000, 1e300, Infinity, undefined]) {
    const told = [];
    const request = { pattern: "async_fanout", parameters: { events: 4 } };
    assert.equal(await came(run(request, { slice, onProgress: (done) => told.push(done) })), "answered");
    assert.equal(told[0], 0);
    assert.equal(told.at(-1), 1);
    assert.ok(told.every((done, at) => at === 0 || done > told[at - 1]), String(told));
  }
  for (const [options, key] of [
    [{ slice: NaN }, "slice"], [{ slice: -1 }, "slice"], [{ slice: -Infinity }, "slice"], [{ slice: 5n }, "slice"],
    [{ slice: "12" }, "slice"], [{ signal: {} }, "signal"], [{ onProgress: 1 }, "onProgress"],
    [throwing("slice"), "slice"], [{ slices: 1 }, "unknown option"], [5, "the options"],
  ]) {
    const said = await came(run({ trace: small }, options));
    assert.ok(said.startsWith(`request: ${key}`), said);
  }
  const thrown = new Error("mine");
  const error = await run({ trace: small }, { onProgress: () => { throw thrown; } }).catch((error) => error);
  assert.equal(error.code, "callback");
  assert.equal(error.cause, thrown);
  const gone = await run({ trace: small }, { signal: AbortSignal.abort("enough") }).catch((error) => error);
  assert.equal(gone.code, "cancelled");
  assert.equal(gone.cause, "enough");
});

test("a release that is not modelled runs as the nearest, with a remark", async () => {
  for (const [asked, runs] of [["glibc 2.33", "glibc@2.31"], ["jemalloc 5.2.0", "jemalloc@5.2.1"], ["libc6 2.38-1ubuntu6", "glibc@2.39"]]) {
    const { remarks } = await run({ trace: small, allocator: asked });
    assert.equal(remarks.length, 1);
    assert.equal(remarks[0].name, "allocator");
    assert.equal(remarks[0].value, runs);
    assert.match(remarks[0].says, /is not modelled/);
  }
  const recorded = bytes("highwater-trace 1\nallocator glibc 2.38\nm 10 0 0x1000 10\n");
  assert.equal((await run({ trace: recorded })).remarks[0].value, "glibc@2.39");
  const exact = await run({ trace: small, allocator: "glibc 2.36-9+deb12u9", environment: "MALLOC_ARENA_MAX=2" });
  assert.deepEqual(exact.remarks.map(({ name, value, effect }) => [name, value, effect]), [["MALLOC_ARENA_MAX", "2", "obeyed"]]);
});

test("phases cover the run", async () => {
  const lines = ["highwater-trace 1"];
  for (let at = 0; at < 3000; at++) lines.push(`m ${at * 10} 0 0x${(at + 1).toString(16)}000 3000`);
  lines.push("k 40000 0 burst:0", "m 9000000 0 0xf000000 10", "k 9000010 0 rest:0");
  const { phases, series } = await run({ trace: bytes(lines.join("\n") + "\n") });
  assert.ok(phases.some((phase) => phase.kind === "rest" && phase.name === "rest:0" && phase.is_marked));
  for (const [at, phase] of phases.entries()) {
    assert.ok(phase.begin.event <= phase.end.event && phase.begin.time <= phase.end.time);
    if (at > 0) assert.deepEqual(phase.begin, phases[at - 1].end);
  }
  assert.equal(phases.at(-1).end.time / 1e6, series.seconds.at(-1));
});

test("a start that failed is tried again", async () => {
  await load();
  const folder = await mkdtemp(`${tmpdir()}/highwater-`);
  try {
    for (const file of ["index.js", "engine.js", "package.json"]) await copyFile(new URL(file, import.meta.url), `${folder}/${file}`);
    const other = await import(`file://${folder}/index.js`);
    await assert.rejects(other.load(), { code: "load" });
    await assert.rejects(other.run({ trace: small }), { code: "load" });
    await copyFile(new URL("engine_bg.wasm", import.meta.url), `${folder}/engine_bg.wasm`);
    assert.equal((await other.run({ trace: small })).figures.live, 5000);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("thousands of odd requests are each answered or rejected with a documented code", async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 32);
  console.log(`odd requests: SEED=${seed}`);
  let state = seed >>> 0;
  const random = (below) => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
  const one = (choices) => choices[random(choices.length)];
  const value = () =>
    one([
      undefined, null, true, NaN, -1, 0, 1, 2, 3.5, 64, 1e9, 1e300, -Infinity, 5n, "", "2", "none", "3.11", "sync", "a\nb\u001b[31m",
      "glibc 2.31", "jemalloc@5.3.0", "MALLOC_ARENA_MAX=1", "x".repeat(300), Symbol("s"), () => 0, {}, [], small,
      new Uint8Array(random(40)), detached(), revoked(), new Proxy(small, {}), new Map(), Object.create(null),
    ]);
  const mutated = () => {
    const copy = small.slice();
    for (let times = random(4); times > 0; times--) copy[random(copy.length)] = random(256);
    return copy.subarray(0, random(3) ? copy.length : random(copy.length));
  };
  const keys = ["scenario", "variant", "pattern", "trace", "parameters", "allocator", "environment", "withoutRecordedEnv", "python", "cap", "cores", "samples", "frames"];
  const tally = new Map();
  const right = (await run({ trace: small })).figures;
  for (let number = 0; number < 4000; number++) {
    const request = one([
      () => ({}), () => ({ trace: mutated() }), () => ({ trace: small }),
      () => ({ pattern: one(["sync", "threads", "nosuch"]), parameters: { events: 1, [one(["seed", "streams", "x", "requests"])]: value() } }),
    ])();
    for (let more = random(4); more > 0; more--) {
      const key = random(12) ? one(keys) : one(["__proto__", "constructor", "toString", "cOres", "\n"]);
      if (random(15) === 0) Object.defineProperty(request, key, { enumerable: true, configurable: true, get() { throw value(); } });
      else Object.defineProperty(request, key, { enumerable: true, configurable: true, writable: true, value: value() });
    }
    const options = random(4) ? undefined : { [one(["slice", "signal", "onProgress", "other"])]: value() };
    const said = (await came(run(random(10) ? request : new Proxy(request, {}), options))).split(":")[0];
    assert.notEqual(said, "internal", `request ${number} of seed ${seed}`);
    tally.set(said, (tally.get(said) ?? 0) + 1);
  }
  console.log([...tally].map(([said, times]) => `${times} ${said}`).join(", "));
  assert.ok(tally.get("answered") > 100 && tally.get("request") > 100);
  assert.deepEqual((await run({ trace: small })).figures, right);
});
