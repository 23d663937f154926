// @ts-check
/** Questions about the instructions: nothing is shown before they are answered rightly. */
import { el, paragraphs } from "../elements.js";
import { persist } from "../http.js";
import { words as common } from "../words.js";
import { Form } from "./form.js";
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
export async function comprehend(root, server, study, memory, tries) {
  const { questions } = study.flow.comprehension;
  const asked = questions.map((question) => ({ ...question, kind: /** @type {const} */ ("choice") }));
  const form = new Form(asked, words.check, memory.recall("draft") ?? {}, (draft) => memory.note("draft", draft));
  const again = el("details", { dir: "auto" }, el("summary", {}, words.instructions), ...paragraphs(study.instructions));
  const left = el("p", { class: "quiet" }, words.triesLeft(tries));
  form.present(root, words.understand, el("p", {}, words.understandWhy), again, left);
  for (;;) {
    const answers = await form.answers();
    const result = await persist(() => server.comprehend(answers), (waiting) => {
      form.said.textContent = waiting ? common.noConnection : "";
    });
    if (result.passed || result.tries_left <= 0) {
      memory.note("draft", undefined);
      return result.passed;
    }
    left.textContent = words.triesLeft(result.tries_left);
    form.refuse(Object.fromEntries(result.wrong.map((key) => [key, words.notRight])));
  }
}
