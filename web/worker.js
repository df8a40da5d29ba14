// Starts the simulator's worker. Trunk gives worker files no hash in their names, so a browser may keep an old copy:
// `no-cache` makes it ask the server whether its copy is still the current one, for both files, before they are used.
const script = new URL("./highwater-worker.js", import.meta.url);
const module = new URL("./highwater-worker_bg.wasm", import.meta.url);

// The page may write before the module is ready; its messages are handed over as soon as it is.
const early = [];
const keep = (event) => early.push(event);
self.addEventListener("message", keep);

try {
  const wasm = fetch(module, { cache: "no-cache" });
  await fetch(script, { cache: "no-cache" });
  const { default: start } = await import(script);
  await start({ module_or_path: wasm });
  self.removeEventListener("message", keep);
  for (const event of early) self.dispatchEvent(new MessageEvent("message", { data: event.data }));
} catch (error) {
  // A rejected module script reaches nobody: report it as an ordinary worker error, which the page listens for.
  setTimeout(() => { throw error; });
}
