// What the package promises, in Node: `node test.mjs`, in the folder that `cargo xtask dist` wrote it to.
import assert from "node:assert/strict";
import test from "node:test";
import { advise, compare, run, scenarios } from "./index.js";

const refused = (code, part) => (error) => {
  assert.ok(error instanceof Error);
  assert.equal(error.code, code);
  assert.ok(error.message.includes(part), error.message);
  return true;
};

test("the catalogue is there", async () => {
  const all = await scenarios();
  assert.ok(all.length >= 20);
  assert.ok(all.every((scenario) => scenario.variants.length > 1 && scenario.title && scenario.shows));
});

test("a scenario runs, and everything of it is there", async () => {
  const told = [];
  const request = { scenario: "incident", variant: "malloc_trim(0) at the end", parameters: { events: 20 }, frames: 5 };
  const answer = await run(request, { onProgress: (done) => told.push(done), slice: 1 });
  const { figures, marks, reasons, series, frames } = answer;
  assert.ok(figures.peak > figures.afterRest && figures.afterRest > figures.live);
  assert.equal(figures.trims, 1);
  assert.equal(figures.afterRest - figures.atEnd, figures.trimmed);
  assert.ok(series.rss instanceof Float64Array && series.rss.length === series.seconds.length);
  assert.equal(Math.max(...series.rssPeak), figures.peak);
  assert.equal(marks.at(-1).name, "trimmed");
  assert.ok(reasons.sentences.length > 0 && reasons.pins.length > 0);
  assert.ok(reasons.findings.length > 0 && reasons.findings.every((finding) => finding.kind && finding.words.length > 0));
  const words = reasons.findings.flatMap((finding) => finding.words);
  assert.deepEqual(reasons.sentences.slice(1), words, "the first sentence, then those of the findings");
  assert.ok(frames.length >= 5 && frames[0].strips.every((strip) => strip.runs instanceof Uint32Array));
  assert.deepEqual(frames[0].huge, [], "there are none where the machine leaves them to programs");
  assert.ok(told.length > 1 && told.at(-1) === 1);
  assert.deepEqual((await run(request)).figures, figures, "the same again");
});

test("a setting changes what comes out", async () => {
  const plain = await run({ pattern: "async_fanout", parameters: { events: 20 } });
  const mapped = await run({ pattern: "async_fanout", parameters: { events: 20 }, environment: "MALLOC_MMAP_THRESHOLD_=16384" });
  assert.ok(mapped.figures.syscalls > plain.figures.syscalls * 3);
  const jemalloc = await run({ pattern: "async_fanout", parameters: { events: 20, shape: "mixed" }, allocator: "jemalloc" });
  assert.notEqual(jemalloc.figures.peak, plain.figures.peak);
});

test("a trace runs", async () => {
  const text = "highwater-trace 1\nm 10 0 0x1000 1000000\nf 20 0 0x1000\nm 30 0 0x2000 5000\n";
  const { figures } = await run({ trace: new TextEncoder().encode(text) });
  assert.ok(figures.peak >= 1_000_000);
  assert.equal(figures.live, 5000);
});

test("the environment that a trace recorded counts, unless it is left out", async () => {
  const lines = ["highwater-trace 1", "env MALLOC_TOP_PAD_=4096", "env MALLOC_TRIM_THRESHOLD_=1", "env HOME=/root", "m 10 0 0x1000 100000", "f 20 0 0x1000"];
  const trace = new TextEncoder().encode(lines.join("\n") + "\n");
  const given = "MALLOC_TOP_PAD_=4096\nMALLOC_TRIM_THRESHOLD_=1\n";
  const wanted = await run({ trace, withoutRecordedEnv: true, environment: given });
  const plain = await run({ trace, withoutRecordedEnv: true });
  assert.deepEqual(plain.remarks, []);
  assert.notDeepEqual(plain.figures, wanted.figures);

  const recorded = await run({ trace });
  assert.deepEqual(recorded.figures, wanted.figures);
  assert.deepEqual(recorded.reasons, wanted.reasons);
  const names = recorded.remarks.map(({ name }) => name);
  assert.deepEqual(names, ["MALLOC_TOP_PAD_", "MALLOC_TRIM_THRESHOLD_", "the recorded environment"]);
  assert.deepEqual((await run({ trace, withoutRecordedEnv: false })).remarks, recorded.remarks);

  // What is given is set over it: the later value counts, and the rest stays.
  const over = await run({ trace, environment: "MALLOC_TOP_PAD_=0" });
  const same = await run({ trace, withoutRecordedEnv: true, environment: "MALLOC_TOP_PAD_=0\nMALLOC_TRIM_THRESHOLD_=1\n" });
  assert.deepEqual(over.figures, same.figures);
  assert.equal(over.remarks.filter(({ name }) => name === "MALLOC_TOP_PAD_").length, 1);

  const unlike = { pattern: "sync", parameters: { events: 1 }, withoutRecordedEnv: true };
  await assert.rejects(run(unlike), refused("request", "withoutRecordedEnv: only a trace"));
});

test("what is wrong is an Error with a code", async () => {
  await assert.rejects(run({}), refused("request", "exactly one"));
  await assert.rejects(run({ colour: 1, pattern: "sync" }), refused("request", "colour"));
  await assert.rejects(run({ scenario: "nosuch" }), refused("unknown", "incident"));
  await assert.rejects(run({ scenario: "incident", variant: "nosuch" }), refused("unknown", "no setting"));
  await assert.rejects(run({ pattern: "sync", parameters: { events: 0 } }), refused("parameter", "between 1 and 20000"));
  await assert.rejects(run({ trace: new Uint8Array([1, 2, 3]) }), refused("trace", "a binary file"));
  await assert.rejects(run({ trace: "text" }), refused("request", "Uint8Array"));
  await assert.rejects(run({ pattern: "sync", allocator: "tcmalloc" }), refused("variant", "glibc@2.36"));
});

test("findings are data with their words", async () => {
  const lines = ["highwater-trace 1"];
  for (let block = 1; block <= 20000; block++) lines.push(`m ${block} 0 0x${(block * 256).toString(16)} 100`);
  for (let block = 1; block <= 20000; block++) lines.push(`f 30000 0 0x${(block * 256).toString(16)}`);
  const trace = new TextEncoder().encode(lines.join("\n") + "\n");
  const environment = "MALLOC_TRIM_THRESHOLD_=18446744073709551615";
  const { reasons } = await run({ trace, environment });
  const parked = reasons.findings.find((finding) => finding.kind === "parked");
  assert.equal(parked.cache, "fastbin");
  assert.equal(parked.chunks, 20000 - 7);
  assert.equal(parked.bytes, parked.chunks * 112);
  assert.equal(parked.rule.function, "_int_free");
  assert.ok(parked.words[0].includes("19,993 freed chunks"), parked.words[0]);
});

test("an error is thrown with its code, and its message is whole", async () => {
  const error = await run({ pattern: "nosuch: pattern" }).catch((error) => error);
  assert.ok(error instanceof Error);
  assert.equal(error.code, "unknown");
  assert.ok(!error.message.startsWith("unknown: "), error.message);
});

test("a run is cancelled", async () => {
  const controller = new AbortController();
  const running = run({ scenario: "decay" }, { signal: controller.signal, onProgress: () => controller.abort() });
  await assert.rejects(running, refused("cancelled", "cancelled"));
  await assert.rejects(run({ pattern: "sync" }, { signal: AbortSignal.abort() }), refused("cancelled", "cancelled"));
});

test("all variants of a scenario are compared", async () => {
  const shares = [];
  const request = { scenario: "decay", parameters: { events: 20 } };
  const answers = await compare(request, { onProgress: (done) => shares.push(done) });
  const scenario = (await scenarios()).find(({ name }) => name === "decay");
  assert.deepEqual(answers.map(({ name }) => name), scenario.variants);
  for (const { name, figures } of answers) {
    assert.deepEqual(figures, (await run({ ...request, variant: name })).figures, name);
  }
  assert.ok(shares.every((share, at) => at === 0 || share > shares[at - 1]) && shares.at(-1) === 1);
});

test("what would help is searched for", async () => {
  const lines = ["highwater-trace 1"];
  let time = 0;
  const at = (number) => `0x${(number * 0x20000).toString(16)}`;
  for (let burst = 0; burst < 2; burst++) {
    for (let block = 1; block <= 400; block++) lines.push(`m ${++time} 0 ${at(block)} 100000`);
    for (let block = 1; block < 400; block++) lines.push(`f ${++time} 0 ${at(block)}`);
    lines.push(`m ${++time} 0 ${at(500 + burst)} 64`);
    time += 4000000;
    lines.push(`f ${time} 0 ${at(400)}`);
  }
  const trace = new TextEncoder().encode(lines.join("\n") + "\n");
  const runs = [];
  const { changes, impossible } = await advise({ trace }, { image: "python:3.12-slim-bookworm", onProgress: (count) => runs.push(count) });
  assert.deepEqual(impossible, []);
  const [baseline, best] = changes;
  assert.equal(baseline.name, "as it is");
  const { figures } = await run({ trace });
  assert.deepEqual([baseline.peak, baseline.afterRest, baseline.faults], [figures.peak, figures.afterRest, figures.faults]);
  assert.ok(best.isWorth && best.memory < baseline.memory, best.name);
  assert.ok(best.paste.length === 7 && best.words.length > 0 && best.cpuSeconds.length === 3);
  const setting = changes.find((change) => change.isWorth && change.doer === "settings" && change.settings.length > 0);
  const environment = setting.settings.map(({ name, value }) => `${name}=${value}`).join("\n");
  const again = await run({ trace, environment });
  assert.deepEqual([setting.peak, setting.afterRest, setting.faults], [again.figures.peak, again.figures.afterRest, again.figures.faults]);
  assert.ok(setting.paste.find(({ form }) => form === "dockerfile").text.startsWith("ENV "));
  assert.ok(changes.filter(({ isUsual }) => isUsual).length >= 2);
  assert.ok(runs.length > 1 && runs.at(-1) >= changes.length);

  const few = await advise({ trace }, { only: "settings", seconds: 1e-9 }).catch((error) => error);
  assert.ok(few.code === "unfinished" || few.notRun.length > 0);
  await assert.rejects(advise({ trace }, { only: "nosuch" }), refused("request", "only"));
  await assert.rejects(advise({ trace }, { image: 1 }), refused("request", "image"));
  await assert.rejects(advise({ trace }, { seconds: -1 }), refused("request", "seconds"));
  await assert.rejects(advise({ trace }, { colour: 1 }), refused("request", "colour"));
  await assert.rejects(advise({ trace }, { signal: AbortSignal.abort() }), refused("cancelled", "cancelled"));
});
