// What happens where the engine stops in the middle of a run: words of its memory are overwritten while it runs.
import assert from "node:assert/strict";
import test from "node:test";

// The memory of the instance in use, which the package keeps to itself. Node has modules of its own.
let memory;
const note = ({ exports }) => {
  if ("simulation_advance" in exports) memory = exports.memory;
};
const { instantiate, Instance } = WebAssembly;
WebAssembly.instantiate = async (...given) => {
  const made = await instantiate(...given);
  note(made.instance ?? made);
  return made;
};
WebAssembly.Instance = function (...given) {
  const made = new Instance(...given);
  note(made);
  return made;
};
WebAssembly.Instance.prototype = Instance.prototype;
const { Simulation } = await import("./engine.js");
const { run } = await import("./index.js");

const request = { pattern: "async_fanout", parameters: { events: 12 } };
const advance = Simulation.prototype.advance;
/** A simulation that is left alone. */
let spared;
/** Runs with a word of the simulation overwritten at its second step. */
async function overwritten(offset, value) {
  let steps = 0;
  Simulation.prototype.advance = function (events) {
    if (this !== spared && ++steps === 2) new Uint32Array(memory.buffer, this.__wbg_ptr + offset, 1)[0] = value;
    return advance.call(this, events);
  };
  try {
    return await run(request, { slice: 0 });
  } catch (error) {
    return error;
  } finally {
    Simulation.prototype.advance = advance;
  }
}

test("where no memory is left, a run says so with its code, and the next run is right", async () => {
  const right = await run(request);
  let grown = 65536 - memory.buffer.byteLength / 65536;
  while (grown > 0) {
    try {
      memory.grow(grown);
    } catch {
      grown >>= 1;
    }
  }
  await assert.rejects(run({ pattern: "async_fanout", parameters: { events: 200 } }), { code: "internal" });
  assert.deepEqual((await run(request)).figures, right.figures);
});

test("a run that stops the engine says so with its code, and the next run is right", async () => {
  const right = await run(request);
  const stopped = [];
  for (let offset = 8; offset < 480 && stopped.length < 12; offset += 4) {
    const before = memory;
    const came = await overwritten(offset, 0);
    if (!(came instanceof Error)) continue;
    assert.equal(came.code, "internal", came.message);
    assert.match(came.message, /^the engine stopped: /);
    assert.notEqual(memory, before, "the instance that stopped is not kept");
    stopped.push(came.message);
    assert.deepEqual((await run(request)).figures, right.figures, `after ${came.message}`);
  }
  // A panic carries its message and place.
  const told = stopped.filter((message) => / at crates\/[a-z]+\/[a-z]+\/src\/[a-z_/]+\.rs:\d+:\d+;/.test(message));
  assert.ok(told.length > 0, `${stopped.length} stopped: ${stopped.join("\n")}`);
});

test("a run beside one that stops the engine goes on in the next and is right", async () => {
  const trace = new TextEncoder().encode("highwater-trace 1\n" + "m 10 0 0x1000 1000000\nf 10 0 0x1000\n".repeat(1000000));
  const right = await run({ trace });
  const told = [];
  const beside = run({ trace }, { slice: 0, onProgress: (done) => told.push(done) });
  // The first simulation to go on is the one that goes on beside the others.
  Simulation.prototype.advance = function (events) {
    spared = this;
    Simulation.prototype.advance = advance;
    return advance.call(this, events);
  };
  while (told.length < 2) await new Promise((go) => setTimeout(go));
  const before = memory;
  for (let offset = 8; memory === before && offset < 480; offset += 4) await overwritten(offset, 0);
  assert.notEqual(memory, before, "the engine stopped");
  assert.ok(told.at(-1) < 1, "while the run went on");
  assert.deepEqual((await beside).figures, right.figures);
  assert.equal(told.at(-1), 1);
});
