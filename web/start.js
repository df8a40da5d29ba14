// Starts the program: on the page, and once more in each worker, where it becomes the simulator. A file of its own, so that a
// policy can refuse scripts in the page. The page says which files the program is made of, and a worker is told by its name:
// they carry a hash, as this one does, and what the browser has loaded for the page serves the workers, too.
const link = (what) => document.querySelector(`link[${what}]`).getAttribute("href");
const [script, module] = self.document ? [link("rel=modulepreload"), link("as=fetch")] : self.name.split(" ");

// A built module is packed, in fewer bytes than a server's own packing takes. Beside it lies the module as it is, for browsers
// that unpack nothing.
const plain = module.replace(/\.bin$/, ".wasm");
const isPacked = plain !== module && "DecompressionStream" in self;
const unpacked = (answer) => {
  if (!isPacked || !answer.ok) return answer;
  const stream = answer.body.pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream, { headers: { "content-type": "application/wasm" } });
};

// The page may write to a worker before the module is ready; its messages are handed over as soon as it is.
const early = [];
const keep = (event) => early.push(event);
// The guard hears by a port that the worker lives: the port is closed with it.
const answer = (event) => {
  const [port] = event.ports;
  if (!port) return;
  event.stopImmediatePropagation();
  port.onmessage = () => port.postMessage(0);
};
if (!self.document) {
  self.addEventListener("message", answer);
  self.addEventListener("message", keep);
}

// The explanation of a term is loaded for the first who asks.
const explain = async (event) => {
  const term = event.target.closest?.("[data-term]");
  if (term) (await import(new URL("glossary/glossary.js", document.baseURI))).explain(term, event);
};
if (self.document) for (const kind of ["pointermove", "focusin", "click"]) addEventListener(kind, explain);

// So are the words of a scenario.
if (self.document) customElements.define("scenario-words", class extends HTMLElement {
  static observedAttributes = ["of"];
  async attributeChangedCallback() {
    (await import(new URL("scenarios/scenario-words.js", document.baseURI))).tell(this);
  }
});

try {
  const wasm = fetch(new URL(isPacked ? module : plain, import.meta.url)).then(unpacked);
  const { default: start } = await import(script);
  await start({ module_or_path: wasm });
  self.removeEventListener("message", keep);
  for (const event of early) self.dispatchEvent(new MessageEvent("message", { data: event.data }));
} catch (error) {
  // A rejected module script reaches nobody. On the page the guard shows a way on; a worker reports it as an ordinary error,
  // which the page listens for.
  if (self.highwaterDidNotStart) self.highwaterDidNotStart(error);
  else setTimeout(() => { throw error; });
}
