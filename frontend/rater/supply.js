// @ts-check
/**
 * The trials ahead: asked for in blocks before they run out, their images loaded while the rater looks at
 * others.
 */
/** @typedef {import("./types.js").Assignment} Assignment */
/** @typedef {import("./types.js").Parameters} Parameters */
/** @typedef {{assignment: Assignment, images: Promise<HTMLImageElement[][]>}} Prepared */
import { persist } from "./http.js";

/** A trial that waits for nothing any more: it was answered in another tab. */
export class Gone extends Error {}

const LOW_WATER = 5; // trials left when the next block is asked for
const IMAGES_AHEAD = 6; // trials whose images are loaded ahead

/**
 * @typedef {{next: () => Promise<Prepared | null>, parametersOf: (assignment: Assignment) => Promise<Parameters>,
 *   warm: () => void, isPaused: () => boolean, hear: (listeners: Listeners) => void}} Supply
 *   next: null when no trial is left for this rater; parametersOf: of a timed trial; where votes before it decide
 *   them, once these have arrived; throws Gone; warm: begin to fetch, called while the rater still reads;
 *   isPaused: whether the study hands out nothing just now but will later
 * @typedef {{onWaiting?: (waiting: boolean) => void, onProgress?: (progress: import("./types.js").Progress) => void}} Listeners
 */

/**
 * @param {import("./types.js").Server} server
 * @param {import("./outbox.js").Outbox} outbox
 * @param {import("./images.js").ImageLoader} loader
 * @param {string[]} answered  assignments whose votes are still on their way
 * @returns {Supply}
 */
export function openSupply(server, outbox, loader, answered) {
  const seen = new Set(answered);
  /** @type {Assignment[]} */
  const ahead = [];
  /** @type {Map<string, Promise<HTMLImageElement[][]>>} */
  const images = new Map();
  /** @type {Map<string, Parameters>} settled by votes since the trials came */
  const settled = new Map();
  /** @type {Listeners} */
  let heard = {};
  /** @type {Promise<void> | null} */
  let asking = null;
  let dry = false;
  let paused = false;
  outbox.hear((receipt) => {
    for (const [id, parameters] of Object.entries(receipt?.next ?? {})) settled.set(id, parameters);
  });

  const block = () => persist(server.assignments, (waiting) => heard.onWaiting?.(waiting));

  function ask() {
    asking ??= askOnce().finally(() => {
      asking = null;
    });
    return asking;
  }

  async function askOnce() {
    const { study_state: state, assignments, progress } = await block();
    const fresh = assignments.filter(({ id }) => !seen.has(id));
    for (const { id } of fresh) seen.add(id);
    ahead.push(...fresh);
    dry = !fresh.length;
    paused = state === "paused";
    heard.onProgress?.(progress);
    prepare();
  }

  /** Load the images of the trials that come next. */
  function prepare() {
    for (const { id, places } of ahead.slice(0, IMAGES_AHEAD)) {
      if (images.has(id)) continue;
      const loading = loader.load(places);
      loading.catch(() => {}); // whoever shows the trial handles the failure
      images.set(id, loading);
    }
  }

  const warm = () => void ask().catch(() => {}); // next() asks again and reports

  return {
    warm,
    isPaused: () => paused,
    hear: (listeners) => void (heard = listeners),
    async next() {
      if (!ahead.length) await asking?.catch(() => {});
      if (!ahead.length) {
        // What the server counts as unanswered is only right once it has every vote.
        await outbox.flush();
        await ask();
      }
      prepare();
      const assignment = ahead.shift();
      if (!assignment) return null;
      const loading = /** @type {Promise<HTMLImageElement[][]>} */ (images.get(assignment.id));
      images.delete(assignment.id);
      prepare();
      if (ahead.length <= LOW_WATER && !dry) warm();
      return { assignment, images: loading };
    },
    async parametersOf({ id, parameters }) {
      if (parameters) return parameters;
      if (!settled.has(id)) await outbox.flush();
      const known = settled.get(id);
      if (known) return known;
      // A vote before it may have come from another tab.
      const found = (await block()).assignments.find((each) => each.id === id);
      if (!found) throw new Gone();
      if (!found.parameters) throw new Error("The server has no parameters for the next trial.");
      return found.parameters;
    },
  };
}
