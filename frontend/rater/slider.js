// @ts-check
/** A scale from 0 to 100. It has no handle until it is touched, so that where it stands at first suggests nothing. */
import { el } from "./elements.js";
import { notes } from "./questions.js";
import { words } from "./words.js";

const MIDDLE = 50;

/**
 * @param {import("./types.js").Question} question
 * @param {boolean} numbered  whether the number is shown
 * @param {(value: number, event: Event) => void} onChange
 * @returns {import("./types.js").Control}
 */
export function makeSlider({ text, low_label: low, middle_label: middle, high_label: high }, numbered, onChange) {
  const input = el("input", { type: "range", min: 0, max: 100, step: 1, "aria-label": text, "aria-keyshortcuts": "0 1 2 3 4 5 6 7 8 9" });
  const output = el("output", { "aria-hidden": "true" });
  const ends = low || high ? ` (${[low, high].filter(Boolean).join(" – ")})` : "";

  /** @param {boolean} touched */
  function show(touched) {
    input.classList.toggle("untouched", !touched);
    output.textContent = touched ? (numbered ? input.value : "") : words.slide;
    output.className = touched ? "reading" : "reading quiet";
    input.setAttribute("aria-valuetext", touched ? input.value + ends : words.notAnswered);
  }

  /** @param {Event} event */
  function take(event) {
    show(true);
    onChange(input.valueAsNumber, event);
  }

  function reset() {
    input.value = String(MIDDLE);
    show(false);
  }

  // Also where the hidden handle happens to stand: that changes nothing, so no "input" comes.
  input.oninput = input.onclick = input.onpointerup = take;
  reset();
  return {
    element: el("div", { class: "slider" }, output, input, notes([low, middle, high])),
    reset,
    /** Digits give tens; arrows are the slider's own. @param {KeyboardEvent} event */
    press(event) {
      if (!/^[0-9]$/.test(event.key)) return false;
      input.value = `${event.key}0`;
      input.focus();
      take(event);
      return true;
    },
  };
}
