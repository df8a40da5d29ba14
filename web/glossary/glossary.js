// Explains a term of the field where it is pointed at, tapped, or has the focus. The page loads this file for the first who asks; the
// words are those of the book (`docs/glossary.md`).

// What the page calls a term besides its name there.
const NAMES = {
  after_burst: "resident", after_rest: "resident", at_end: "resident", faults: "page fault", syscalls: "system call",
  "the allocator's own": "allocator's own", "slab less than ½ in use": "slab", "slab less than ⅛ in use": "slab",
  "parked in a cache": "parked", "free but resident": "free", "dirty: free, waiting": "dirty",
  "dirty, due at the next check": "decay", "muzzy: free, offered back": "muzzy", given_back_by_trim: "trim",
  memory_current: "memory.current", huge: "huge page", lazy_free: "LazyFree",
};

const read = (text) => {
  const terms = text.split(/^## /m).slice(1).map((part) => {
    const [name, ...rest] = part.split("\n");
    const words = rest.join("\n").trim().split(/\n\s*\n/)[0];
    return [name.trim(), words.replace(/\s+/g, " ").replaceAll("`", "")];
  });
  return new Map(terms);
};
let terms;
const known = () => (terms ??= fetch("glossary/glossary.md").then((answer) => answer.text()).then(read));

const box = document.createElement("div");
box.id = "glossary";
box.popover = "manual";
box.setAttribute("role", "tooltip");
box.style.cssText = "position: fixed; inset: auto; margin: 0; max-width: min(340px, calc(100vw - 16px)); padding: 8px 12px;"
  + "border: 1px solid var(--border); border-radius: 8px; background: var(--panel); color: var(--ink); font-size: 14px; line-height: 1.4;"
  + "box-shadow: 0 4px 18px rgb(0 0 0 / 22%)";

// The element that is explained, the one that is to be once the words are there, the one that the mouse rests on,
// and the one that was pressed by mouse or finger.
let of;
let wanted;
let pointed;
let pressed;
let waiting;

const leave = () => {
  clearTimeout(waiting);
  if (wanted === pointed) wanted = undefined;
  pointed = undefined;
};

const close = () => {
  leave();
  wanted = undefined;
  if (!of) return;
  of.removeAttribute("aria-describedby");
  of = undefined;
  if (box.matches(":popover-open")) box.hidePopover();
};

const place = () => {
  // Measured at the left edge: further right there may be less room than it takes.
  box.style.left = "0";
  const at = of.getBoundingClientRect();
  const { width, height } = box.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.left, innerWidth - width - 8));
  const below = at.bottom + 6;
  const top = below + height > innerHeight ? Math.max(8, at.top - height - 6) : below;
  box.style.left = `${left}px`;
  box.style.top = `${top}px`;
};

const show = async (element) => {
  wanted = element;
  const name = element.dataset.term;
  const words = (await known()).get(NAMES[name] ?? name);
  if (wanted !== element || of === element || !words || !element.isConnected) return;
  const rests = pointed;
  close();
  pointed = rests;
  of = element;
  // Where the page draws itself anew it leaves alone what it does not know.
  if (!box.isConnected) document.documentElement.append(box);
  const head = Object.assign(document.createElement("b"), { textContent: NAMES[name] ?? name });
  // It does not lie in the body, whose letters it has.
  box.style.fontFamily = getComputedStyle(document.body).fontFamily;
  box.replaceChildren(head, `: ${words}`);
  of.setAttribute("aria-describedby", "glossary");
  box.showPopover();
  place();
};

// A mouse that only crosses a term asks for nothing, nor does one that lies still while the page moves below it: an explanation would
// cover what is about to be pressed.
const rest = (element) => {
  if (pointed === element) return;
  leave();
  pointed = element;
  if (of !== element) waiting = setTimeout(() => element.matches(":hover") && show(element), 250);
};

const list = async (keys) => {
  if (keys.firstChild) return;
  const answer = await fetch("glossary/keys.html");
  if (answer.ok) keys.innerHTML = await answer.text();
};

/** Explains the term of an element to which an event came. The help's is the list of all keys. */
export const explain = (element, event) => {
  if (element.matches("dialog")) return void list(element.querySelector("dl"));
  if (event.type !== "pointermove") pressed = event.type === "click" && event.detail > 0 ? element : undefined;
  // A term alone opens and closes by a press; a button that does something else is explained beside that.
  if (event.type === "click" && of === element && element.matches(".term") && event.detail === 0) close();
  else if (event.type !== "pointermove") show(element);
  else if (event.pointerType === "mouse") rest(element);
};

// Escape closes the explanation and does nothing else.
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && of) {
    event.preventDefault();
    event.stopImmediatePropagation();
    close();
  }
}, true);
// By key. A button that was pressed has the focus, too, and its explanation would stay over what is pressed next.
const isFocused = () => document.activeElement === of && pressed !== of;
const isWithin = (target) => of && target instanceof Node && (of.contains(target) || box.contains(target));
addEventListener("pointerover", ({ target, pointerType }) => {
  if (pointerType !== "mouse") return;
  if (pointed && !isWithin(target) && !(target instanceof Node && pointed.contains(target))) leave();
  if (of && !isWithin(target) && !isFocused()) close();
});
addEventListener("pointerdown", ({ target }) => isWithin(target) || close(), true);
addEventListener("focusin", ({ target }) => isWithin(target) || (of && close()));
// What is explained to the mouse is left where it scrolls away from below it.
const follow = ({ type, target }) => {
  if (!of) return;
  const scrolled = type === "scroll" && target.contains(of);
  if (!of.isConnected || (scrolled && pointed === of && !isFocused())) close();
  else place();
};
addEventListener("scroll", follow, true);
addEventListener("resize", follow);
