// <highwater-sim scenario="decay" env="MALLOC_ARENA_MAX=2" panels="chart,why"></highwater-sim>: Highwater inside another page.
// Load this file with an ordinary script tag from where Highwater lies. Attributes of HTML (class, hidden and so on) and names
// that are no plain word (data-*, aria-*, those of frameworks) are the page's own and are not passed on.
(() => {
  if (customElements.get("highwater-sim")) return;
  const home = document.currentScript.src;

  // What goes into the address of the view besides the parameters of what runs, and what stays in this page.
  const SHOWN = ["scenario", "trace", "env", "variant", "beside", "at", "tour", "lang", "depth", "panels", "controls", "theme", "origin"];
  const KEPT = ["link", "height", "title"];

  // The attributes that HTML gives to every element: those with a property, and a few that have none of their name.
  const OF_HTML = new Set(["class", "is", "exportparts", "itemid", "itemprop", "itemref", "itemscope", "itemtype"]);
  for (let of = HTMLElement.prototype; of; of = Object.getPrototypeOf(of)) {
    for (const name of Object.getOwnPropertyNames(of)) OF_HTML.add(name.toLowerCase());
  }
  // Any other word may be a parameter: the view knows them all and notes those that it does not have.
  const isParameter = (name) =>
    /^[a-z][a-z0-9_]*$/.test(name) && ![...SHOWN, ...KEPT].includes(name) && !OF_HTML.has(name);

  class HighwaterSim extends HTMLElement {
    #frame;
    // Attributes that change together are one change.
    #changes = new MutationObserver(() => (this.#address() === this.#frame.src ? this.#dress() : this.#show()));
    // Whether this page is dark where the element stands, as far as its `color-scheme` says that.
    #dark = matchMedia("(prefers-color-scheme: dark)");
    #told;
    #follow = () => {
      const schemes = getComputedStyle(this).colorScheme.split(" ");
      const [light, dark] = ["light", "dark"].map((scheme) => schemes.includes(scheme));
      if (this.hasAttribute("theme") || (!light && !dark)) return;
      const theme = dark && (!light || this.#dark.matches) ? "dark" : "light";
      if (theme !== this.#told) this.#say({ type: "theme", theme: (this.#told = theme) });
    };
    #scheme = new MutationObserver(this.#follow);
    #hear = ({ source, data }) => {
      if (!this.#frame || source !== this.#frame.contentWindow || data?.highwater !== 1) return;
      if (data.type === "ready") {
        this.#told = undefined;
        this.#follow();
      }
      this.dispatchEvent(new CustomEvent(data.type, { detail: data, bubbles: true }));
    };

    connectedCallback() {
      this.style.display ||= "block";
      addEventListener("message", this.#hear);
      this.#show();
      this.#changes.observe(this, { attributes: true });
      for (const of of [document.documentElement, document.body]) this.#scheme.observe(of, { attributes: true });
      this.#dark.addEventListener("change", this.#follow);
    }

    disconnectedCallback() {
      this.#changes.disconnect();
      this.#scheme.disconnect();
      this.#dark.removeEventListener("change", this.#follow);
      removeEventListener("message", this.#hear);
      this.#frame = undefined;
    }

    /** The address of the view that the attributes describe. */
    #address() {
      const page = new URL("./", home);
      page.hash = this.getAttribute("link") ?? "";
      const asked = page.searchParams;
      asked.set("embed", "1");
      if (location.origin !== "null") asked.set("origin", location.origin);
      for (const name of [...SHOWN, ...this.getAttributeNames().filter(isParameter)]) {
        if (this.hasAttribute(name)) asked.set(name, this.getAttribute(name));
      }
      // The page that names a recording means its own folder.
      if (asked.has("trace") && URL.canParse(asked.get("trace"), document.baseURI)) {
        asked.set("trace", new URL(asked.get("trace"), document.baseURI).href);
      }
      return page.href;
    }

    /** Shows what the attributes say, in a new frame: a frame that goes elsewhere would be a step in the page's history. */
    #show() {
      this.#frame = Object.assign(document.createElement("iframe"), { src: this.#address(), loading: "lazy" });
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
