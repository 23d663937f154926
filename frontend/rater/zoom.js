// @ts-check
/**
 * A closer look: all places of a trial, enlarged alike around the same point, so that what is compared stays
 * side by side. Loaded only where the study allows it.
 */
import { button, el } from "./elements.js";
import { arrange } from "./layout.js";
import { sizePlace } from "./stage.js";
import { words } from "./words.js";

const MOST = 8;
const STEP = 0.1; // of the image, for an arrow key
const ROOM = 150; // CSS pixels that the dialog's buttons and edges need
/** @type {Record<string, [number, number]>} */
const MOVES = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

/**
 * @typedef {{button: HTMLButtonElement, dialog: HTMLDialogElement, show: (places: HTMLElement[]) => void,
 *   restart: () => void, read: () => {zooms: number, zoom_ms: number}}} Zoom
 *   show: as they stand on the stage; read: closer looks since the last restart, and how long they took
 * @returns {Zoom}
 */
export function makeZoom() {
  const level = el("output", { class: "level" });
  const panes = el("div", { class: "places panes" });
  const dialog = el("dialog", { class: "zoom", "aria-label": words.zoom });
  const opener = button("plain", words.zoom, null, "Z");
  opener.setAttribute("aria-keyshortcuts", "z");
  let factor = 1;
  let at = [0.5, 0.5];
  let looks = 0;
  let total = 0;
  let since = 0;
  let scale = 1; // of an image that is not enlarged here

  /** @param {string} name @param {string} sign @param {() => void} act */
  const tool = (name, sign, act) => {
    const made = button("secondary", sign, act);
    made.setAttribute("aria-label", name);
    return made;
  };
  /** @param {number} times */
  const enlarge = (times) => {
    factor = Math.min(MOST, Math.max(1, factor * times));
    move(at);
  };
  /** @param {number[]} to  the point that stands still, as shares of the image's width and height */
  const move = (to) => {
    at = to.map((share) => Math.min(1, Math.max(0, share)));
    for (const copy of panes.querySelectorAll(".place")) {
      const { style } = /** @type {HTMLElement} */ (copy);
      style.scale = String(factor);
      style.transformOrigin = at.map((share) => `${100 * share}%`).join(" ");
    }
    level.textContent = `${Math.round(100 * factor * scale)}%`;
  };

  /** @param {KeyboardEvent} event */
  const press = (event) => {
    const step = MOVES[event.key];
    if (step) move(at.map((share, axis) => share + /** @type {number} */ (step[axis])));
    else if (event.key === "+") enlarge(2);
    else if (event.key === "-") enlarge(0.5);
    else if (event.key.toLowerCase() === "z") dialog.close();
    else return;
    event.preventDefault();
    event.stopPropagation(); // the key that closes must not open again
  };

  /** @param {PointerEvent} down */
  const drag = (down) => {
    const { width, height } = (panes.firstElementChild ?? panes).getBoundingClientRect();
    const from = at;
    const spare = Math.max(1, factor - 1);
    panes.setPointerCapture(down.pointerId);
    panes.onpointermove = (event) => {
      const by = [(event.clientX - down.clientX) / width, (event.clientY - down.clientY) / height];
      move(from.map((share, axis) => share - /** @type {number} */ (by[axis]) / spare));
    };
  };
  const drop = () => (panes.onpointermove = null);

  dialog.append(
    el(
      "div",
      { class: "tools" },
      tool(words.smaller, "−", () => enlarge(0.5)),
      level,
      tool(words.larger, "+", () => enlarge(2)),
      tool(words.close, "✕", () => dialog.close()),
    ),
    panes,
    el("p", { class: "quiet hint" }, words.zoomHow),
  );
  dialog.onkeydown = press;
  dialog.onclose = () => {
    total += performance.now() - since;
    panes.replaceChildren();
  };
  panes.addEventListener("wheel", (event) => {
    event.preventDefault();
    enlarge(event.deltaY < 0 ? 2 : 0.5);
  }, { passive: false });
  panes.onpointerdown = drag;
  panes.onpointerup = drop;
  panes.onpointercancel = drop;

  return {
    button: opener,
    dialog,
    restart() {
      looks = 0;
      total = 0;
    },
    read: () => ({ zooms: looks, zoom_ms: Math.round(total) }),
    show(places) {
      const images = places[0]?.querySelectorAll("img") ?? [];
      const [first] = images;
      if (!first) return;
      const image = { width: first.naturalWidth, height: first.naturalHeight };
      const box = { width: innerWidth - 48, height: innerHeight - ROOM };
      const { width, columns, extent } = arrange({ box, image, places: places.length, cells: images.length, wanted: 1e6 });
      scale = width / image.width;
      panes.style.width = `${extent.width}px`;
      panes.replaceChildren(
        ...places.map((place) => {
          const copy = /** @type {HTMLElement} */ (place.cloneNode(true));
          sizePlace(copy, width, columns);
          return el("div", { class: "pane" }, copy);
        }),
      );
      factor = 2;
      move([0.5, 0.5]);
      dialog.showModal();
      looks += 1;
      since = performance.now();
    },
  };
}
