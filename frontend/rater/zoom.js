// @ts-check
/**
 * A closer look: all places of a trial, enlarged alike around the same point, so that what is compared stays
 * side by side. Loaded only where the study allows it.
 */
import { el } from "./elements.js";
import { arrange } from "./layout.js";
import { words } from "./words.js";

const MOST = 8;
const STEP = 0.1; // of the image, for an arrow key
const ROOM = 150; // CSS pixels that the dialog's buttons and edges need
/** @type {Record<string, [number, number]>} */
const MOVES = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

export class Zoom {
  constructor() {
    this.button = el("button", { type: "button", class: "plain", "aria-keyshortcuts": "z" }, `${words.zoom} `, key("Z"));
    const tool = (/** @type {string} */ name, /** @type {string} */ sign, /** @type {() => void} */ act) => {
      const button = el("button", { type: "button", class: "secondary", "aria-label": name }, sign);
      button.addEventListener("click", act);
      return button;
    };
    this.level = el("output", { class: "level" });
    const tools = [
      tool(words.smaller, "−", () => this.#enlarge(0.5)),
      this.level,
      tool(words.larger, "+", () => this.#enlarge(2)),
      tool(words.close, "✕", () => this.dialog.close()),
    ];
    this.panes = el("div", { class: "panes" });
    this.dialog = el("dialog", { class: "zoom", "aria-label": words.zoom }, el("div", { class: "tools" }, ...tools), this.panes);
    this.dialog.append(el("p", { class: "quiet hint" }, words.zoomHow));
    this.dialog.addEventListener("close", () => this.#closed());
    this.dialog.addEventListener("keydown", (event) => this.#press(event));
    this.panes.addEventListener("wheel", (event) => this.#turn(event), { passive: false });
    this.panes.addEventListener("pointerdown", (event) => this.#drag(event));
    this.factor = 1;
    this.at = { x: 0.5, y: 0.5 };
    this.looks = 0;
    this.total = 0;
    this.since = 0;
    this.width = 0;
    this.own = 1;
  }

  /** Count from here on. */
  restart() {
    this.looks = 0;
    this.total = 0;
  }

  /** @returns {{zooms: number, zoom_ms: number}} closer looks since the last restart, and how long they took */
  read() {
    return { zooms: this.looks, zoom_ms: Math.round(this.total) };
  }

  get open() {
    return this.dialog.open;
  }

  /**
   * @param {HTMLElement[]} places  as they stand on the stage
   */
  show(places) {
    const image = places[0]?.querySelector("img");
    if (!image) return;
    const box = { width: innerWidth - 48, height: innerHeight - ROOM };
    const own = { width: image.naturalWidth, height: image.naturalHeight };
    const cells = places[0]?.querySelectorAll("img").length ?? 1;
    const { width, across, columns } = arrange({ box, image: own, places: places.length, cells, wanted: 1e6 });
    this.width = width;
    this.own = own.width;
    this.panes.style.gridTemplateColumns = `repeat(${across}, max-content)`;
    this.panes.replaceChildren(...places.map((place) => el("div", { class: "pane" }, copyOf(place, width, columns))));
    this.factor = 2;
    this.at = { x: 0.5, y: 0.5 };
    this.#move();
    this.dialog.showModal();
    this.looks += 1;
    this.since = performance.now();
  }

  #closed() {
    this.total += performance.now() - this.since;
    this.panes.replaceChildren();
  }

  /** @param {number} times */
  #enlarge(times) {
    this.factor = Math.min(MOST, Math.max(1, this.factor * times));
    this.#move();
  }

  #move() {
    const inside = (/** @type {number} */ value) => Math.min(1, Math.max(0, value));
    this.at = { x: inside(this.at.x), y: inside(this.at.y) };
    for (const copy of this.panes.querySelectorAll(".place")) {
      const { style } = /** @type {HTMLElement} */ (copy);
      style.scale = String(this.factor);
      style.transformOrigin = `${100 * this.at.x}% ${100 * this.at.y}%`;
    }
    this.level.textContent = `${Math.round((100 * this.factor * this.width) / this.own)}%`;
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const move = MOVES[event.key];
    if (move) this.at = { x: this.at.x + move[0], y: this.at.y + move[1] };
    if (move) this.#move();
    else if (event.key === "+") this.#enlarge(2);
    else if (event.key === "-") this.#enlarge(0.5);
    else if (event.key.toLowerCase() === "z") this.dialog.close();
    else return;
    event.preventDefault();
    event.stopPropagation(); // the key that closes must not open again
  }

  /** @param {WheelEvent} event */
  #turn(event) {
    event.preventDefault();
    this.#enlarge(event.deltaY < 0 ? 2 : 0.5);
  }

  /** @param {PointerEvent} down */
  #drag(down) {
    const { width, height } = (this.panes.firstElementChild ?? this.panes).getBoundingClientRect();
    const from = { ...this.at };
    const spare = Math.max(1, this.factor - 1);
    this.panes.setPointerCapture(down.pointerId);
    const move = (/** @type {PointerEvent} */ event) => {
      const [x, y] = [event.clientX - down.clientX, event.clientY - down.clientY];
      this.at = { x: from.x - x / (width * spare), y: from.y - y / (height * spare) };
      this.#move();
    };
    this.panes.addEventListener("pointermove", move);
    for (const end of ["pointerup", "pointercancel"]) {
      this.panes.addEventListener(end, () => this.panes.removeEventListener("pointermove", move), { once: true });
    }
  }
}

/**
 * @param {HTMLElement} place
 * @param {number} width  of one image
 * @param {number} columns
 */
function copyOf(place, width, columns) {
  const copy = /** @type {HTMLElement} */ (place.cloneNode(true));
  copy.style.gridTemplateColumns = `repeat(${columns}, ${width}px)`;
  for (const image of copy.querySelectorAll("img")) {
    image.style.width = `${width}px`;
    image.classList.add("enlarged");
  }
  return copy;
}

/** @param {string} sign */
function key(sign) {
  return el("kbd", { "aria-hidden": "true" }, sign);
}
