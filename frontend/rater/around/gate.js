// @ts-check
/** What a study needs of the rater's device, beyond what the browser tells at once. */
import { button, el } from "../elements.js";
import { RequestFailed } from "../http.js";
import { again, partWith, sheet } from "../screens.js";
import { words } from "./words.js";

/**
 * Return what can only be found out by measuring or asking.
 *
 * @param {HTMLElement} root
 * @param {string[]} wanted  "refresh", "keyboard"
 */
export async function inspect(root, wanted) {
  /** @type {{refresh_hz?: number, keyboard?: boolean}} */
  const found = {};
  if (wanted.includes("refresh")) {
    sheet(root, words.measuring, []);
    const { measureRefresh } = await import("../refresh.js");
    found.refresh_hz = Math.round(10_000 / (await measureRefresh())) / 10;
  }
  if (wanted.includes("keyboard")) found.keyboard = await askForKeyboard(root);
  return found;
}

/** @param {HTMLElement} root @returns {Promise<boolean>} */
function askForKeyboard(root) {
  return new Promise((resolve) => {
    const done = (/** @type {boolean} */ has) => {
      document.removeEventListener("keydown", onKey);
      resolve(has);
    };
    const none = button("secondary", words.noKeyboard, () => done(false));
    const onKey = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== " " || document.activeElement === none) return; // there it presses the button
      event.preventDefault();
      done(true);
    };
    document.addEventListener("keydown", onKey);
    sheet(root, words.keyboard, [el("p", {}, words.keyboardWhy)], none);
  });
}

/**
 * Say politely that the device does not do, with the way back where a panel has one; there is no way on.
 *
 * @param {HTMLElement} root
 * @param {unknown} error
 * @returns {Promise<never>}
 */
export function refuse(root, error) {
  if (!(error instanceof RequestFailed) || error.code !== "device_unfit") throw error;
  const { completion = null } = error.more;
  const texts = [error.message, words.unfitWhy, completion ? words.unfitPaid : ""];
  partWith(root, words.unfit, texts, completion, false, again(words.checkAgain, "secondary"));
  return new Promise(() => {});
}
