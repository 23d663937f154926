// @ts-check
/** The researcher's preview: the same screens on sample trials, with nothing sent and nothing stored. */
/** @typedef {import("./types.js").Server} Server */
import { request } from "./http.js";
import { message } from "./screens.js";
import { runSession } from "./session.js";
import { words } from "./words.js";

const root = /** @type {HTMLElement} */ (document.getElementById("player"));
const { preview = "" } = root.dataset;

/** @type {import("./shelf.js").Shelf} */
const NO_SHELF = { load: async () => [], keep: async () => {}, forget: async () => {}, lasting: true };

/**
 * A server that forgets everything.
 *
 * @param {import("./types.js").SessionInfo} info
 * @param {import("./types.js").Assignment[]} assignments
 * @returns {Server}
 */
function pretend(info, assignments) {
  const { progress } = info;
  let left = assignments;
  return {
    session: async () => info,
    assignments: async () => {
      const block = { study_state: "open", assignments: left, progress };
      left = [];
      return block;
    },
    sendVotes: async (votes) => {
      progress.done += votes.length;
      const results = votes.map(({ key, assignment }) => ({ key, assignment, status: "stored", late: false }));
      return { results: /** @type {import("./types.js").VoteResult[]} */ (results), progress };
    },
    complete: async () => ({ state: "completed", completion: { code: "PREVIEW", url: "" } }),
  };
}

const button = /** @type {HTMLButtonElement} */ (document.getElementById("agree"));
button.disabled = false;
button.addEventListener("click", async () => {
  button.disabled = true;
  try {
    const { study, assignments } = await request(preview, { credentials: "same-origin" });
    const progress = { done: 0, total: assignments.length };
    const info = { state: "active", study, progress, completion: null };
    await runSession(root, pretend(info, assignments), NO_SHELF, info);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    message(root, words.noPreview, reason, { label: words.tryAgain, act: () => location.reload() });
  }
});
