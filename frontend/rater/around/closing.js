// @ts-check
/** The questions after the trials. Their answers wait for a connection as votes do, and outlast the page. */
import { RequestFailed, persist } from "../http.js";
import { showForm } from "./form.js";
import { words } from "./words.js";

/**
 * Ask, and resolve when the server has the answers.
 *
 * @param {HTMLElement} root
 * @param {import("../types.js").Server} server
 * @param {import("../types.js").Study} study
 * @param {import("../keepsake.js").Memory} memory
 */
export async function close(root, server, study, memory) {
  const unsent = memory.recall("closing", true);
  const draft = unsent ?? memory.recall("draft") ?? {};
  const keep = (/** @type {unknown} */ given) => memory.note("draft", given);
  const form = showForm(root, words.last, [], study.flow.closing, words.send, draft, keep);
  const warn = (/** @type {Event} */ event) => event.preventDefault();
  for (let answers = unsent; ; answers = undefined) {
    form.button.disabled = Boolean(answers);
    answers ??= await form.answers();
    memory.note("closing", answers, true);
    addEventListener("beforeunload", warn);
    try {
      await persist(() => server.close(answers), (waiting) => form.say(waiting ? words.waits : ""));
      return keep(undefined);
    } catch (error) {
      if (!(error instanceof RequestFailed) || error.status !== 400) throw error;
      form.refuse(error.more.answers ?? {});
    } finally {
      memory.note("closing", undefined, true);
      removeEventListener("beforeunload", warn);
    }
  }
}
