// Starts the page's program once more, in a worker of its own, where it becomes the simulator. The page says which files it
// was started from: their names carry a hash, and what the browser has loaded for the page serves the worker too.
const asked = new URL(import.meta.url).searchParams;
const file = (name) => {
  if (!asked.has(name)) throw new Error("the page does not say which files it was built from: build it anew");
  const url = new URL(asked.get(name), import.meta.url);
  if (url.origin !== self.location.origin) throw new Error(`${name} is on another server`);
  return url;
};

// The page may write before the module is ready; its messages are handed over as soon as it is.
const early = [];
const keep = (event) => early.push(event);
self.addEventListener("message", keep);

try {
  const wasm = fetch(file("module"));
  const { default: start } = await import(file("script"));
  await start({ module_or_path: wasm });
  self.removeEventListener("message", keep);
  for (const event of early) self.dispatchEvent(new MessageEvent("message", { data: event.data }));
} catch (error) {
  // A rejected module script reaches nobody: report it as an ordinary worker error, which the page listens for.
  setTimeout(() => { throw error; });
}
