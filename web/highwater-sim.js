// <highwater-sim scenario="decay" env="MALLOC_ARENA_MAX=2" panels="chart,why"></highwater-sim>: Highwater inside another page.
// Load this file with an ordinary script tag from where Highwater lies. Attributes that are not listed here are the page's own
// (class, data-*, aria-* and so on) and are not passed on.
(() => {
  if (customElements.get("highwater-sim")) return;
  const home = document.currentScript.src;

  // What goes into the address of the view: what it shows, and the parameters of what runs.
  const SHOWN = ["scenario", "env", "variant", "beside", "at", "tour", "lang", "panels", "controls", "theme", "origin"];
  const PARAMETERS = [
    "streams", "subscribers", "events", "payload", "shape", "batch", "page", "socket", "executor", "pause",
    "preload", "survivors", "survivor_size", "sessions", "kept", "trim_every", "modules", "threads", "cache",
    "requests", "concurrent", "rows", "row", "handoff", "churn", "jobs", "strings", "heavy", "weight",
    "retained", "collect", "tasks", "blocks", "block", "result", "rest", "cycles", "trim", "seed",
  ];

  class HighwaterSim extends HTMLElement {
    static observedAttributes = [...SHOWN, ...PARAMETERS, "link", "height", "title"];

    #frame;
    #isDue = false;
    #hear = ({ source, data }) => {
      if (!this.#frame || source !== this.#frame.contentWindow || data?.highwater !== 1) return;
      this.dispatchEvent(new CustomEvent(data.type, { detail: data, bubbles: true }));
    };

    connectedCallback() {
      this.style.display ||= "block";
      addEventListener("message", this.#hear);
      this.#show();
    }

    disconnectedCallback() {
      removeEventListener("message", this.#hear);
      this.#frame = undefined;
    }

    attributeChangedCallback(name, before, now) {
      if (!this.#frame || before === now) return;
      if (name === "height" || name === "title") return this.#dress();
      if (this.#isDue) return;
      // Several attributes that change together are one change.
      this.#isDue = true;
      queueMicrotask(() => {
        this.#isDue = false;
        if (this.#frame) this.#show();
      });
    }

    /** Shows what the attributes say, in a new frame: a frame that goes elsewhere would be a step in the page's history. */
    #show() {
      const page = new URL("./", home);
      page.hash = this.getAttribute("link") ?? "";
      const asked = page.searchParams;
      asked.set("embed", "1");
      if (location.origin !== "null") asked.set("origin", location.origin);
      for (const name of [...SHOWN, ...PARAMETERS]) {
        if (this.hasAttribute(name)) asked.set(name, this.getAttribute(name));
      }
      this.#frame = Object.assign(document.createElement("iframe"), { src: page.href, loading: "lazy" });
      this.#dress();
      this.replaceChildren(this.#frame);
    }

    #dress() {
      this.#frame.title = this.title || "Highwater: memory over time";
      this.#frame.style.cssText = `border: 0; width: 100%; height: ${Number(this.getAttribute("height")) || 480}px`;
    }

    #say(message) {
      this.#frame?.contentWindow?.postMessage({ highwater: 1, ...message }, new URL(home).origin);
    }

    /** Runs something else: `{ scenario, parameters, environment }`, or what an address says: `{ link }`. */
    set(what) {
      this.#say({ type: "set", ...what });
    }

    /** Moves the playhead. */
    seek(seconds) {
      this.#say({ type: "seek", seconds });
    }

    /** Plays (true), pauses (false), or the one or the other (undefined). */
    play(playing) {
      this.#say({ type: "play", playing });
    }
  }
  customElements.define("highwater-sim", HighwaterSim);
})();
