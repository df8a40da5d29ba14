// <highwater-sim scenario="decay" env="MALLOC_ARENA_MAX=2" panels="chart,why"></highwater-sim>: Highwater inside another page.
// Load this file with an ordinary script tag from where Highwater lies. Attributes that are not known here are parameters.
(() => {
  const home = document.currentScript.src;
  class HighwaterSim extends HTMLElement {
    #frame;
    #hear = ({ source, data }) => {
      if (source !== this.#frame?.contentWindow || data?.highwater !== 1) return;
      this.dispatchEvent(new CustomEvent(data.type, { detail: data, bubbles: true }));
    };

    connectedCallback() {
      const page = new URL("./", home);
      page.hash = this.getAttribute("link") ?? "";
      const asked = page.searchParams;
      asked.set("embed", "1");
      if (location.origin !== "null") asked.set("origin", location.origin);
      for (const { name, value } of this.attributes) {
        if (!["link", "height", "style", "class", "id", "title"].includes(name)) asked.set(name, value);
      }
      this.style.display ||= "block";
      this.#frame = Object.assign(document.createElement("iframe"), {
        src: page.href,
        title: this.title || "Highwater: memory over time",
        loading: "lazy",
      });
      this.#frame.style.cssText = `border: 0; width: 100%; height: ${Number(this.getAttribute("height")) || 480}px`;
      addEventListener("message", this.#hear);
      this.replaceChildren(this.#frame);
    }

    disconnectedCallback() {
      removeEventListener("message", this.#hear);
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
