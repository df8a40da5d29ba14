// Starts the page in the file that holds everything (`dist/highwater.html`): opened from a disk there is no server to ask, and
// a browser lets such a page load neither modules nor workers nor data by name. So this stands in for the server: what the
// page asks for by name it gets from the file itself. The page knows nothing of it.

const held = (name) => {
  const text = document.getElementById(`file:${name}`).textContent;
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
};
const unzipped = (name) => {
  const zipped = new Blob([held(name)]).stream();
  return new Response(zipped.pipeThrough(new DecompressionStream("gzip")));
};

const program = async (name) => ({
  glue: await unzipped(`${name}script`).text(),
  module: await unzipped(`${name}module`).arrayBuffer(),
});
const page = await program("");
const reader = await program("reader/");

// The page saves itself: this file without what it was saved with. Before the page has its body, for that it takes for itself.
const body = document.body.innerHTML;
const empty = () => {
  const head = document.head.cloneNode(true);
  for (const own of head.querySelectorAll("[name=link], [name=opened], [id='file:opened']")) own.remove();
  return `<!doctype html>\n<html lang="en"><head>${head.innerHTML}</head><body>${body}</body></html>\n`;
};

const fetched = self.fetch;
self.fetch = (name, ...how) => {
  const address = new URL(name.url ?? name, document.baseURI).href;
  const file = address.slice(new URL(".", document.baseURI).href.length);
  if (file === "single.html") return Promise.resolve(new Response(empty()));
  const isHeld = document.getElementById(`file:${file}`);
  return isHeld ? Promise.resolve(new Response(held(file))) : fetched(name, ...how);
};

// As start.js does it, but for the module, which comes as the first message. It imports nothing: a page from a disk may start a
// worker by a data address alone, and its policy allows no other script by one.
const starting = (glue) => `${glue}
const early = [];
const keep = (event) => early.push(event);
const answer = (event) => {
  const [port] = event.ports;
  if (!port) return;
  event.stopImmediatePropagation();
  port.onmessage = () => port.postMessage(0);
};
self.addEventListener("message", async ({ data }) => {
  self.addEventListener("message", answer);
  self.addEventListener("message", keep);
  try {
    await ${glue.match(/([$\w]+) as default/)[1]}({ module_or_path: data });
    self.removeEventListener("message", keep);
    for (const event of early) self.dispatchEvent(new MessageEvent("message", { data: event.data }));
  } catch (error) {
    setTimeout(() => { throw error; });
  }
}, { once: true });
`;
const ServedWorker = self.Worker;
self.Worker = function (_name, options) {
  const { glue, module } = options.name === "reader" ? reader : page;
  const worker = new ServedWorker(`data:text/javascript,${encodeURIComponent(starting(glue))}`, options);
  worker.postMessage(module);
  return worker;
};

// As start.js does it.
const loaded = new Map();
const file = (name) => {
  const address = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  if (!loaded.has(name)) loaded.set(name, self.fetch(name).then((answer) => answer.text()).then((text) => import(address(text))));
  return loaded.get(name);
};
const explain = async (event) => {
  const term = event.target.closest?.("[data-term]");
  if (term) (await file("glossary/glossary.js")).explain(term, event);
};
for (const kind of ["pointermove", "focusin", "click"]) addEventListener(kind, explain);
customElements.define("scenario-words", class extends HTMLElement {
  static observedAttributes = ["of"];
  async attributeChangedCallback() {
    (await file("scenarios/scenario-words.js")).tell(this);
  }
});

try {
  // An address that only a script can make.
  const address = URL.createObjectURL(new Blob([page.glue], { type: "text/javascript" }));
  const { default: begin } = await import(address);
  await begin({ module_or_path: page.module });
} catch (error) {
  self.highwaterDidNotStart(error);
}
