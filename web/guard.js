// Shows a way on when the page cannot start or stops: what happened, what to do, and how to report it. An ordinary script
// that needs nothing of the program, so it also runs where the program does not.
(() => {
  // What was typed into each box, by its variant: nobody else remembers it once the program has stopped.
  const typed = new Map();
  const keep = (box) => { if (box && box.value.trim()) typed.set(box.dataset.letter || "A", box.value); };
  addEventListener("input", ({ target }) => {
    if (target.id !== "environment") return;
    typed.delete(target.dataset.letter || "A");
    keep(target);
  }, true);

  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  const button = (id, words, onclick) => element("button", { id, type: "button", className: "button", textContent: words, onclick });

  // The address without what it opens; how the page is embedded stays.
  const plainAddress = () => {
    const kept = new URLSearchParams();
    for (const [name, value] of new URLSearchParams(location.search)) {
      if (["embed", "panels", "controls", "theme", "origin"].includes(name)) kept.set(name, value);
    }
    return `${location.pathname}?${kept}`;
  };

  const version = () => {
    const named = document.querySelector("meta[name=generator]");
    return named ? named.content : "Highwater (development build)";
  };

  const tellAround = (error) => {
    const origin = new URLSearchParams(location.search).get("origin") || "*";
    try {
      if (parent !== self) parent.postMessage({ highwater: 1, type: "stopped", error }, origin);
    } catch (_) { /* Not an origin. */ }
  };

  const save = () => {
    const text = [...typed].map(([variant, text]) => `# Variant ${variant}\n${text}\n`).join("\n");
    const href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    element("a", { href, download: "highwater-settings.txt" }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60000);
  };

  let shown;
  const show = (title, sentence, details) => {
    if (shown) {
      const again = document.querySelector("#stopped-again");
      if (again) again.click();
      return;
    }
    // Nothing of a program that has stopped may go on by itself.
    for (let timer = setTimeout(() => {}); timer > 0; timer--) clearTimeout(timer);
    keep(document.querySelector("#environment"));
    const report = element("textarea", { id: "stopped-report", readOnly: true, rows: 6, value: [
      `${version()}: ${title}`, details, `Link: ${location.href}`, `Browser: ${navigator.userAgent}`,
    ].filter(Boolean).join("\n") });
    report.setAttribute("aria-label", "Report");
    const copy = button("stopped-copy", "Copy the report", () => {
      report.select();
      const copied = () => { copy.textContent = "Report copied"; };
      const refused = () => { copy.textContent = "Copy the marked text"; };
      if (navigator.clipboard) navigator.clipboard.writeText(report.value).then(copied, refused);
      else refused();
    });
    shown = element("dialog", { id: "stopped", className: "stopped" },
      element("h2", { id: "stopped-title", textContent: title }),
      element("p", { id: "stopped-says", textContent: sentence }),
      element("p", { textContent: "Recordings stay in their files. Settings that you typed can be saved here first." }),
      element("div", { className: "stopped__buttons" },
        button("stopped-reload", "Reload with this link", () => location.reload()),
        element("a", { id: "stopped-plain", className: "button", href: plainAddress(), textContent: "Open the page without this link" }),
        ...(typed.size ? [button("stopped-save", "Save the settings", save)] : []),
        button("stopped-close", "Look at the page as it is", () => shown.close())),
      element("p", { textContent: "To report this, copy the text below into an issue of the project (see its SECURITY.md). "
        + "It holds the link, so the name of a recording and the allocator's settings." }),
      report, copy);
    shown.setAttribute("aria-labelledby", "stopped-title");
    // Once it is closed, a button leads back to it.
    const again = button("stopped-again", title, () => {
      again.remove();
      shown.showModal();
    });
    again.className += " stopped__again";
    shown.addEventListener("close", () => document.documentElement.append(again));
    // Beside the body, which belongs to the program.
    document.documentElement.append(shown);
    shown.showModal();
    tellAround(sentence);
  };

  // The program has panicked.
  self.highwaterStopped = (details) => show("Highwater stopped",
    "An error in Highwater has stopped this page. Reload it; if it stops again, open it without this link.", details);

  // The program did not start.
  self.highwaterDidNotStart = (error) => {
    const details = String(error);
    const says = typeof WebAssembly !== "object"
      ? "This browser does not run WebAssembly, or a policy forbids it. Use another browser or allow WebAssembly for this page."
      : /memory/i.test(details)
        ? "The browser has no memory left for this page. Close other tabs and reload."
        : location.protocol === "file:"
          ? "A browser loads no program from a folder of a disk. Serve the folder, or open highwater.html, which holds all of it."
          : self.origin === "null"
            ? "The page around this frame keeps it in a sandbox, in which its program cannot be loaded. Add allow-same-origin to "
              + "the frame, or have the server send Access-Control-Allow-Origin."
            : "Its program could not be loaded. Check the connection to the server and reload.";
    show("Highwater could not start", says, details);
  };

  // Watches a worker. The browser ends one without a word where its memory is used up, which is told here as an error of the
  // worker: once the port that it got is closed, or, where the browser does not tell that, after a minute without an answer.
  self.highwaterWatch = (worker) => {
    const { port1: ear, port2: mouth } = new MessageChannel();
    let unanswered = 0;
    const end = (message) => {
      clearInterval(asking);
      ear.close();
      worker.dispatchEvent(new ErrorEvent("error", { message }));
    };
    const asking = setInterval(() => {
      if (unanswered++ < 12) ear.postMessage(0);
      else end("it did not answer for a minute");
    }, 5000);
    ear.onmessage = () => { unanswered = 0; };
    ear.addEventListener("close", () => end("the browser ended it, perhaps out of memory"));
    worker.addEventListener("message", ear.onmessage);
    worker.postMessage(0, [mouth]);
  };

  // Firefox keeps a page that was left while its program was on its way, and shows it again without one: it is loaded anew.
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted && !document.querySelector("[data-worker=ready]")) location.reload();
  });

  addEventListener("error", (event) => {
    const { target, error, message } = event;
    if (target instanceof HTMLScriptElement) return self.highwaterDidNotStart(`cannot load ${target.src}`);
    if (error instanceof SyntaxError) return self.highwaterDidNotStart(`this browser is too old: ${message}`);
    // WebAssembly ends without a panic where memory or the stack is used up.
    const isTrap = typeof WebAssembly === "object" && error instanceof WebAssembly.RuntimeError;
    const isFull = error instanceof RangeError && /call stack|memory|alloc/i.test(message);
    if (isTrap || isFull) show("Highwater stopped",
      "This page has stopped, probably because its memory is used up. Reload it; if it stops again, open it without this link.", message);
  }, true);
})();
