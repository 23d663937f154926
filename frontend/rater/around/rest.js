// @ts-check
/** Breaks between blocks of trials. */
import { el } from "../elements.js";
import { present, pressed } from "../screens.js";
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
  const on = el("button", { type: "button", class: "primary" }, `${words.goOn} `, el("kbd", { "aria-hidden": "true" }, "↵"));
  const bar = el("progress", { "aria-label": common.progress, max: total, value: done });
  const sheet = el("div", { class: "sheet" }, el("h1", {}, words.breakTime), el("p", {}, words.breakWhy(done, total)));
  sheet.append(el("p", { class: "line" }, bar));
  if (pay) sheet.append(el("p", {}, words.earned(money((Number(pay.amount) * done) / total, pay), money(Number(pay.amount), pay))));
  sheet.append(el("p", { class: "actions" }, on));
  present(root, sheet);
  return pressed(on);
}

/**
 * @param {number} amount  rounded down to whole cents: nothing is promised that is not earned
 * @param {import("../types.js").Pay} pay
 */
function money(amount, { currency }) {
  const format = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency });
  return format.format(Math.floor(amount * 100 + 1e-6) / 100);
}
