// @ts-check
/** The line above the trials: how far the rater is, and whether answers still wait to be sent. */
import { el } from "./elements.js";
import { words } from "./words.js";

export class Header {
  /** @param {string} title */
  constructor(title) {
    this.count = el("span", { class: "count", "aria-live": "polite" });
    this.bar = el("progress", { "aria-label": words.progress, max: 1, value: 0 });
    /** @type {Map<string, string>} */
    this.said = new Map();
    this.sign = el("p", { class: "sign", role: "status" });
    const line = el("div", { class: "line" }, el("h1", { class: "unseen" }, title), this.count, this.bar);
    this.element = el("header", { class: "above" }, line, this.sign);
  }

  /**
   * @param {number} done
   * @param {number} total
   */
  progress(done, total) {
    this.count.textContent = words.countOf(Math.min(done + 1, total), total);
    this.bar.max = Math.max(1, total);
    this.bar.value = done;
  }

  /**
   * Say something of a matter, in place of what was said of it before; "" for nothing.
   *
   * @param {"votes" | "trials" | "image"} matter
   * @param {string} text
   */
  say(matter, text) {
    this.said.set(matter, text);
    const all = [...this.said.values()].filter(Boolean).join(" ");
    if (this.sign.textContent !== all) this.sign.textContent = all;
  }
}

/**
 * The calm sign while answers wait.
 *
 * @param {import("./outbox.js").Outbox} outbox
 * @returns {string}
 */
export function waitingSign({ held, waiting, shelf }) {
  if (!held || waiting.size === 0) return "";
  return words.waiting(waiting.size, shelf.lasting);
}
