// @ts-check
/**
 * Slots from best to worst that images are put into: by tap and by number into the first free one, or
 * dragged into any. The images stand still above, so that all are seen alike; their numbers move.
 */
import { el } from "./elements.js";
import { words } from "./words.js";

const DRAG_PX = 8; // a finger that moves less has tapped
const REACH_PX = 32; // how far from a slot a number may be let go

export class Ranking {
  /**
   * @param {number} places
   * @param {boolean} bestWorst  whether only the best and the worst are asked for
   * @param {Record<string, string>} keys  that the study sets in place of the images' numbers
   * @param {(value: number[] | null, event: Event) => void} onChange
   */
  constructor(places, bestWorst, keys, onChange) {
    this.onChange = onChange;
    this.keys = Array.from({ length: places }, (_, place) => keys[place + 1] ?? String(place + 1));
    this.bestWorst = bestWorst;
    const names = bestWorst ? [words.best, words.worst] : Array.from({ length: places }, (_, rank) => rankName(rank, places));
    /** @type {(number | null)[]} the place in each slot */
    this.slots = names.map(() => null);
    this.names = names;
    this.chips = Array.from({ length: places }, (_, place) => this.#chip(place));
    this.holders = names.map((name) => el("li", { class: "slot" }, el("span", { class: "rank" }, name)));
    this.pool = el("div", { class: "pool" });
    const hint = el("p", { class: "quiet hint" }, bestWorst ? words.howBestWorst : words.howOrder);
    this.element = el("div", { class: "ranking" }, hint, el("ol", { class: "slots" }, ...this.holders), this.pool);
    this.reset();
  }

  reset() {
    this.slots.fill(null);
    this.#show();
  }

  /** Numbers, or the study's keys, stand for the images; Backspace starts over. @param {KeyboardEvent} event */
  press(event) {
    const place = this.keys.findIndex((key) => key.toLowerCase() === event.key.toLowerCase());
    if (event.key === "Backspace") this.slots.fill(null);
    else if (!this.chips[place]) return false;
    else this.#toggle(place);
    this.#tell(event);
    return true;
  }

  /**
   * @param {number} place
   * @param {Event} event
   */
  choosePlace(place, event) {
    this.#toggle(place);
    this.#tell(event);
  }

  /** @param {number} place */
  #toggle(place) {
    const slot = this.slots.indexOf(place);
    if (slot >= 0) this.slots[slot] = null;
    else this.#put(place, this.slots.indexOf(null));
  }

  /**
   * Put an image into a slot; what stood there goes where it came from. The last one falls into place.
   *
   * @param {number} place
   * @param {number} slot
   */
  #put(place, slot) {
    if (slot < 0) return;
    const from = this.slots.indexOf(place);
    if (from >= 0) this.slots[from] = this.slots[slot] ?? null;
    this.slots[slot] = place;
    const free = this.slots.indexOf(null);
    const left = this.chips.findIndex((_, each) => !this.slots.includes(each));
    if (!this.bestWorst && free >= 0 && free === this.slots.lastIndexOf(null)) this.slots[free] = left;
  }

  /** @param {Event} event */
  #tell(event) {
    this.#show();
    const full = !this.slots.includes(null);
    this.onChange(full ? /** @type {number[]} */ ([...this.slots]) : null, event);
  }

  #show() {
    const focused = document.activeElement;
    this.chips.forEach((chip, place) => {
      const slot = this.slots.indexOf(place);
      const holder = this.holders[slot] ?? this.pool;
      if (chip.parentElement !== holder) holder.append(chip);
      const state = slot >= 0 ? this.names[slot] : words.unranked;
      chip.setAttribute("aria-label", `${words.imageOf(place + 1, this.chips.length)}: ${state}`);
    });
    if (focused instanceof HTMLElement && this.chips.includes(/** @type {HTMLButtonElement} */ (focused))) focused.focus();
  }

  /** @param {number} place */
  #chip(place) {
    const key = /** @type {string} */ (this.keys[place]);
    const chip = el("button", { type: "button", class: "choice chip", "aria-keyshortcuts": key }, String(place + 1));
    if (key !== String(place + 1)) chip.append(el("kbd", { "aria-hidden": "true" }, key.toUpperCase()));
    let dragged = false;
    chip.addEventListener("pointerdown", (down) => {
      dragged = false;
      chip.setPointerCapture(down.pointerId);
      const move = (/** @type {PointerEvent} */ event) => {
        const [x, y] = [event.clientX - down.clientX, event.clientY - down.clientY];
        dragged ||= Math.hypot(x, y) > DRAG_PX;
        if (dragged) chip.style.translate = `${x}px ${y}px`;
      };
      const end = (/** @type {PointerEvent} */ event) => {
        chip.removeEventListener("pointermove", move);
        chip.style.translate = "";
        if (dragged && event.type === "pointerup") this.#drop(place, event);
        chip.blur(); // Enter later on is for the answer
      };
      chip.addEventListener("pointermove", move);
      chip.addEventListener("pointerup", end, { once: true });
      chip.addEventListener("pointercancel", end, { once: true });
    });
    chip.addEventListener("click", (event) => {
      if (event.detail) chip.blur();
      if (!dragged) this.choosePlace(place, event);
    });
    return chip;
  }

  /**
   * @param {number} place
   * @param {PointerEvent} event
   */
  #drop(place, event) {
    const near = this.holders.findIndex((holder) => {
      const { left, right, top, bottom } = holder.getBoundingClientRect();
      const { clientX: x, clientY: y } = event;
      return x >= left && x <= right && y >= top - REACH_PX && y <= bottom + REACH_PX;
    });
    const from = this.slots.indexOf(place);
    if (near >= 0) this.#put(place, near);
    else if (from >= 0) this.slots[from] = null;
    this.#tell(event);
  }
}

/** @param {number} rank  from 0 @param {number} count */
function rankName(rank, count) {
  if (rank === 0) return words.best;
  return rank === count - 1 ? words.worst : String(rank + 1);
}
