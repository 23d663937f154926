// @ts-check
/** Questions about the instructions: nothing is shown before they are answered rightly. */
import { el, paragraphs } from "../elements.js";
import { persist } from "../http.js";
import { words as common } from "../words.js";
import { showForm } from "./form.js";
import { words } from "./words.js";

/**
 * Ask until all is right or no try is left.
 *
 * @param {HTMLElement} root
 * @param {import("../types.js").Server} server
 * @param {import("../types.js").Study} study
 * @param {import("../keepsake.js").Memory} memory
 * @param {number} tries  left
 * @returns {Promise<boolean>} whether the rater has understood
 */
export async function comprehend(root, server, { flow, instructions }, memory, tries) {
  const asked = flow.comprehension.questions.map((question) => ({ ...question, kind: /** @type {const} */ ("choice") }));
  const again = el("details", { dir: "auto" }, el("summary", {}, words.instructions), ...paragraphs(instructions));
  const left = el("p", { class: "quiet" }, words.triesLeft(tries));
  const before = [el("p", {}, words.understandWhy), again, left];
  const keep = (/** @type {unknown} */ draft) => memory.note("draft", draft);
  const form = showForm(root, words.understand, before, asked, words.check, memory.recall("draft") ?? {}, keep);
  for (;;) {
    const answers = await form.answers();
    const result = await persist(() => server.comprehend(answers), (waiting) => form.say(waiting ? common.noConnection : ""));
    if (result.passed || result.tries_left <= 0) {
      keep(undefined);
      return result.passed;
    }
    left.textContent = words.triesLeft(result.tries_left);
    form.refuse(Object.fromEntries(result.wrong.map((key) => [key, words.notRight])));
  }
}
