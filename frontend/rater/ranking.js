// @ts-check
/**
 * Slots from best to worst that images are put into: by tap and by number into the first free one, or
 * dragged into any. The images stand still above, so that all are seen alike; their numbers move.
 */
import { button, el, key } from "./elements.js";
import { words } from "./words.js";

const DRAG_PX = 8; // a finger that moves less has tapped
const REACH_PX = 32; // how far from a slot a number may be let go

/**
 * @param {number} count  of places
 * @param {boolean} bestWorst  whether only the best and the worst are asked for
 * @param {Record<string, string>} own  keys that the study sets in place of the images' numbers
 * @param {(value: number[] | null, event: Event) => void} onChange
 * @returns {import("./types.js").Control}
 */
export function makeRanking(count, bestWorst, own, onChange) {
  const places = Array.from({ length: count }, (_, place) => place);
  const keys = places.map((place) => own[place + 1] ?? String(place + 1));
  const names = bestWorst ? [words.best, words.worst] : places.map((rank) => rankName(rank, count));
  /** @type {(number | null)[]} the place in each slot */
  const slots = names.map(() => null);
  const chips = places.map(chipOf);
  const holders = names.map((name) => el("li", { class: "slot" }, el("span", { class: "rank" }, name)));
  const pool = el("div", { class: "pool" });

  /** Numbers, or the study's keys, stand for the images; Backspace starts over. @param {KeyboardEvent} event */
  function press(event) {
    const place = keys.findIndex((each) => each.toLowerCase() === event.key.toLowerCase());
    if (event.key === "Backspace") slots.fill(null);
    else if (place < 0) return false;
    else toggle(place);
    tell(event);
    return true;
  }

  /** @param {number} place */
  function toggle(place) {
    const slot = slots.indexOf(place);
    if (slot < 0) put(place, slots.indexOf(null));
    else slots[slot] = null;
  }

  /** @param {number} place @param {Event} event */
  function choosePlace(place, event) {
    toggle(place);
    tell(event);
  }

  /**
   * Put an image into a slot; what stood there goes where it came from. The last one falls into place.
   *
   * @param {number} place
   * @param {number} slot
   */
  function put(place, slot) {
    if (slot < 0) return;
    const from = slots.indexOf(place);
    if (from >= 0) slots[from] = slots[slot] ?? null;
    slots[slot] = place;
    const free = slots.indexOf(null);
    const left = places.find((each) => !slots.includes(each)) ?? null;
    if (!bestWorst && free >= 0 && free === slots.lastIndexOf(null)) slots[free] = left;
  }

  /** @param {Event} event */
  function tell(event) {
    show();
    onChange(slots.includes(null) ? null : /** @type {number[]} */ ([...slots]), event);
  }

  function show() {
    const focused = document.activeElement;
    chips.forEach((chip, place) => {
      const slot = slots.indexOf(place);
      const holder = holders[slot] ?? pool;
      if (chip.parentElement !== holder) holder.append(chip);
      chip.setAttribute("aria-label", `${words.imageOf(place + 1, count)}: ${names[slot] ?? words.unranked}`);
      if (chip === focused) chip.focus(); // moved, it has lost it
    });
  }

  /** @param {number} place */
  function chipOf(place) {
    const number = String(place + 1);
    const sign = /** @type {string} */ (keys[place]);
    const chip = button("choice chip", number);
    chip.setAttribute("aria-keyshortcuts", sign);
    if (sign !== number) chip.append(key(sign.toUpperCase()));
    let dragged = false;
    chip.onpointerdown = (down) => {
      dragged = false;
      chip.setPointerCapture(down.pointerId);
      chip.onpointermove = (event) => {
        const [x, y] = [event.clientX - down.clientX, event.clientY - down.clientY];
        dragged ||= Math.hypot(x, y) > DRAG_PX;
        if (dragged) chip.style.translate = `${x}px ${y}px`;
      };
    };
    chip.onpointerup = chip.onpointercancel = (event) => {
      chip.onpointermove = null;
      chip.style.translate = "";
      if (dragged && event.type === "pointerup") drop(place, event);
      chip.blur(); // Enter later on is for the answer
    };
    chip.onclick = (event) => {
      if (event.detail) chip.blur();
      if (!dragged || !event.detail) choosePlace(place, event); // a key presses it even after it was dragged
    };
    return chip;
  }

  /** @param {number} place @param {PointerEvent} event */
  function drop(place, event) {
    const near = holders.findIndex((holder) => {
      const { left, right, top, bottom } = holder.getBoundingClientRect();
      const { clientX: x, clientY: y } = event;
      return x >= left && x <= right && y >= top - REACH_PX && y <= bottom + REACH_PX;
    });
    const from = slots.indexOf(place);
    if (near >= 0) put(place, near);
    else if (from >= 0) slots[from] = null;
    tell(event);
  }

  const hint = el("p", { class: "quiet hint" }, bestWorst ? words.howBestWorst : words.howOrder);
  const reset = () => {
    slots.fill(null);
    show();
  };
  reset();
  const element = el("div", { class: "ranking" }, hint, el("ol", { class: "slots" }, ...holders), pool);
  return { element, reset, press, choosePlace };
}

/** @param {number} rank  from 0 @param {number} count */
function rankName(rank, count) {
  if (rank === 0) return words.best;
  return rank === count - 1 ? words.worst : String(rank + 1);
}
