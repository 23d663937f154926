// @ts-check
/**
 * The researcher's preview: the same screens on sample trials, with nothing sent and nothing stored.
 * `?screen=` in the address begins at a screen, `?trial=` at a trial.
 */
/** @typedef {import("./types.js").Server} Server */
/** @typedef {import("./types.js").SessionInfo} SessionInfo */
/** @typedef {import("./types.js").Assignment} Assignment */
/**
 * @typedef {{study: import("./types.js").Study, assignments: Assignment[], practice: Assignment[],
 *   comprehension: Record<string, number>, unfit: string, first: number, trials: number,
 *   truths: Record<string, {right: Record<string, import("./types.js").Shown[]>, why: string}>}} Previewed
 *   comprehension: right answers; truths: of practice trials; unfit: what a device that does not do is told
 */
import { RequestFailed, request } from "./http.js";
import { again, message } from "./screens.js";
import { runSession } from "./session.js";
import { words } from "./words.js";

const root = /** @type {HTMLElement} */ (document.getElementById("player"));
const { preview = "", language = "" } = root.dataset;
const asked = new URLSearchParams(location.search);
const screen = asked.get("screen") ?? "";
/** From which screen on a session is previewed that already has passed the ones before. */
const ORDER = ["instructions", "comprehension", "practice", "trials", "break", "closing", "end"];
const has = (/** @type {string} */ passed) => ORDER.indexOf(screen) > ORDER.indexOf(passed);

/** @type {import("./shelf.js").Shelf} */
const NO_SHELF = { load: async () => [], keep: async () => {}, forget: async () => {}, lasting: true };
/** @type {import("./keepsake.js").Memory} */
const NO_MEMORY = { recall: (what) => (what === "read" ? has("instructions") : undefined), note: () => {} };

/** The frames a second of the display that the refusal of slow ones is shown for. */
const SLOW_HZ = 24;

/** @param {Previewed} previewed @returns {SessionInfo} how a session stands that begins at the screen asked for */
function standAt({ study: asMade, assignments, practice }) {
  const { comprehension, closing } = asMade.flow;
  const every = asMade.flow.break_every || Number(asMade.page["block_length"] ?? 0); // of timed trials
  const study = screen === "break" ? { ...asMade, flow: { ...asMade.flow, break_every: every } } : asMade;
  const total = assignments.length + (screen === "break" ? every : 0);
  const done = screen === "break" ? every : has("break") ? total : 0;
  return {
    state: screen === "sorry" ? "screened_out" : "active",
    study,
    progress: { done, total },
    completion: screen === "end" || screen === "sorry" ? { code: "PREVIEW", url: "" } : null,
    standing: {
      understood: !comprehension.questions.length || has("comprehension"),
      tries_left: comprehension.tries,
      practice_left: has("practice") ? 0 : practice.length,
      closed: !closing.length,
    },
    pay: null,
  };
}

/**
 * A server that forgets everything.
 *
 * @param {SessionInfo} info
 * @param {Previewed} previewed
 * @returns {Server}
 */
function pretend(info, { assignments, practice, comprehension, truths }) {
  const { progress, standing } = info;
  let left = has("break") ? [] : assignments;
  let { done } = progress;
  return {
    session: async () => info,
    assignments: async () => {
      const block = { study_state: "open", assignments: left, progress };
      left = [];
      return block;
    },
    sendVotes: async (votes) => {
      const results = votes.map(({ key, assignment }) => ({ key, assignment, status: "stored", late: false }));
      done += votes.length;
      return { results: /** @type {import("./types.js").VoteResult[]} */ (results), progress: { ...progress, done } };
    },
    comprehend: async (answers) => {
      const given = /** @type {Record<string, number>} */ (answers);
      const wrong = Object.keys(comprehension).filter((key) => given[key] !== comprehension[key]);
      standing.tries_left -= 1;
      if (wrong.length && !standing.tries_left) info.state = "screened_out";
      return { passed: !wrong.length, tries_left: standing.tries_left, wrong };
    },
    practice: async () => ({ trials: practice, total: practice.length }),
    tryOut: async ({ assignment, answers }) => {
      const { right, why } = /** @type {Previewed["truths"][string]} */ (truths[assignment]);
      const correct = Object.entries(right).every(([key, values]) => values.some((value) => String(value) === String(answers[key])));
      return { correct, right, why };
    },
    close: async () => {
      standing.closed = true;
    },
    complete: async () => {
      if (!standing.closed) throw new RequestFailed("", 409, "closing");
      return { state: "completed", completion: { code: "PREVIEW", url: "" } };
    },
  };
}

/** Look at the screen asked for, and at what follows it. */
async function look() {
  try {
    const query = new URLSearchParams({ trial: asked.get("trial") ?? "1", language });
    /** @type {Previewed} */
    const previewed = await request(`${preview}?${query}`, { credentials: "same-origin" });
    if (screen === "device") {
      const { inspect, refuse } = await import("./around/gate.js");
      const wanted = (root.dataset["gate"] ?? "").split(" ").filter(Boolean);
      await inspect(root, wanted);
      const completion = { code: "PREVIEW", url: "" };
      await refuse(root, new RequestFailed(previewed.unfit, 409, "device_unfit", 0, { completion }));
    }
    if (screen === "slow") return message(root, words.tooSlow, words.tooSlowWhy(SLOW_HZ));
    const info = standAt(previewed);
    await runSession(root, pretend(info, previewed), NO_SHELF, info, NO_MEMORY);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    message(root, words.noPreview, reason, again(words.tryAgain));
  }
}

const button = /** @type {HTMLButtonElement} */ (document.getElementById("agree"));
button.disabled = false;
button.addEventListener("click", () => {
  button.disabled = true;
  void look();
});
if (screen) void look();
