// @ts-check
/** The line above the trials: how far the rater is, and whether answers still wait to be sent. */
import { el } from "./elements.js";
import { words } from "./words.js";

/**
 * @typedef {"votes" | "trials" | "image"} Matter
 * @param {string} title
 * @returns {{element: HTMLElement, progress: (done: number, total: number) => void, say: (matter: Matter, text: string) => void}}
 *   say: something of a matter, in place of what was said of it before; "" for nothing
 */
export function makeHeader(title) {
  const count = el("span", { class: "count", "aria-live": "polite" });
  const bar = el("progress", { "aria-label": words.progress, max: 1, value: 0 });
  const sign = el("p", { class: "sign", role: "status" });
  /** @type {Partial<Record<Matter, string>>} */
  const said = {};
  return {
    element: el("header", { class: "above" }, el("div", { class: "line" }, el("h1", { class: "unseen" }, title), count, bar), sign),
    progress(done, total) {
      count.textContent = words.countOf(Math.min(done + 1, total), total);
      bar.max = Math.max(1, total);
      bar.value = done;
    },
    say(matter, text) {
      said[matter] = text;
      const all = Object.values(said).filter(Boolean).join(" ");
      if (sign.textContent !== all) sign.textContent = all;
    },
  };
}
