// @ts-check
/** Breaks between blocks of trials. */
import { el } from "../elements.js";
import { read } from "../screens.js";
import { words as common } from "../words.js";
import { words } from "./words.js";

/**
 * Let the rater rest; resolve when they want to go on.
 *
 * @param {HTMLElement} root
 * @param {import("../types.js").Progress} progress
 * @param {import("../types.js").Pay | null} pay  for the whole session, where it is known
 */
export function rest(root, { done, total }, pay) {
  const bar = el("progress", { "aria-label": common.progress, max: total, value: done });
  const content = [el("p", {}, words.breakWhy(done, total)), el("p", { class: "line" }, bar)];
  if (pay) content.push(el("p", {}, words.earned(money(pay, done / total), money(pay, 1))));
  return read(root, words.breakTime, content, words.goOn);
}

/**
 * @param {import("../types.js").Pay} pay
 * @param {number} share  of it; rounded down to whole cents: nothing is promised that is not earned
 */
function money({ amount, currency }, share) {
  const format = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency });
  return format.format(Math.floor(Number(amount) * share * 100 + 1e-6) / 100);
}
