// @ts-check
/** The way to another session, where a study lets its raters come again. */
import { el } from "./elements.js";
import { words } from "./words.js";

/**
 * Add to the last screen the link to the rater's next session, if there is one.
 *
 * The session's number in the link makes it one of its own: a reload comes back to it.
 *
 * @param {HTMLElement} root
 * @param {number | null | undefined} number
 */
export function offerAgain(root, number) {
  if (!number) return;
  const address = new URL(location.href);
  address.hash = "";
  address.searchParams.set("again", String(number));
  const link = el("a", { class: "button", href: address.href }, words.again);
  root.querySelector(".sheet")?.append(el("p", { class: "quiet" }, words.againWhy), el("p", { class: "actions" }, link));
}
