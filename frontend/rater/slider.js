// @ts-check
/** A scale from 0 to 100. It has no handle until it is touched, so that where it stands at first suggests nothing. */
/** @typedef {import("./types.js").Question} Question */
import { el } from "./elements.js";
import { words } from "./words.js";

const MIDDLE = 50;

export class Slider {
  /**
   * @param {Question} question
   * @param {boolean} numbered  whether the number is shown
   * @param {(value: number, event: Event) => void} onChange
   */
  constructor({ text, low_label, middle_label, high_label }, numbered, onChange) {
    this.onChange = onChange;
    this.input = el("input", { type: "range", min: 0, max: 100, step: 1, "aria-label": text, "aria-keyshortcuts": "0 1 2 3 4 5 6 7 8 9" });
    this.output = el("output", { class: "reading", "aria-hidden": "true" });
    this.numbered = numbered;
    this.touched = false;
    const notes = [low_label, middle_label, high_label].map((note) => el("span", {}, note));
    this.element = el(
      "div",
      { class: "slider" },
      this.output,
      this.input,
      el("div", { class: "notes", "aria-hidden": "true" }, ...notes),
    );
    this.notes = notes.map(({ textContent }) => textContent ?? "");
    this.input.addEventListener("input", (event) => this.#take(event));
    // Also where the hidden handle happens to stand: that changes nothing, so no "input" comes.
    for (const end of ["click", "pointerup"]) this.input.addEventListener(end, (event) => this.#take(event));
    this.reset();
  }

  reset() {
    this.touched = false;
    this.input.value = String(MIDDLE);
    this.#show();
  }

  /** Digits give tens; arrows are the slider's own. @param {KeyboardEvent} event */
  press(event) {
    if (!/^[0-9]$/.test(event.key)) return false;
    this.input.value = String(Number(event.key) * 10);
    this.input.focus();
    this.#take(event);
    return true;
  }

  /** @param {Event} event */
  #take(event) {
    this.touched = true;
    this.#show();
    this.onChange(this.input.valueAsNumber, event);
  }

  #show() {
    const { touched, numbered, input, output, notes } = this;
    input.classList.toggle("untouched", !touched);
    output.textContent = touched ? (numbered ? input.value : "") : words.slide;
    output.classList.toggle("quiet", !touched);
    const [low, , high] = notes;
    const ends = [low, high].filter(Boolean).join(" – ");
    input.setAttribute("aria-valuetext", touched ? `${input.value}${ends && ` (${ends})`}` : words.notAnswered);
  }
}
