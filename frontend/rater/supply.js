// @ts-check
/**
 * The trials ahead: asked for in blocks before they run out, their images loaded while the rater looks at
 * others.
 */
/** @typedef {import("./types.js").Assignment} Assignment */
/** @typedef {{assignment: Assignment, images: Promise<HTMLImageElement[][]>}} Prepared */
import { persist } from "./http.js";

/** A trial that waits for nothing any more: it was answered in another tab. */
export class Gone extends Error {}

const LOW_WATER = 5; // trials left when the next block is asked for
const IMAGES_AHEAD = 6; // trials whose images are loaded ahead

export class Supply extends EventTarget {
  /**
   * @param {import("./types.js").Server} server
   * @param {import("./outbox.js").Outbox} outbox
   * @param {import("./images.js").ImageLoader} loader
   * @param {string[]} answered  assignments whose votes are still on their way
   */
  constructor(server, outbox, loader, answered) {
    super();
    this.server = server;
    this.outbox = outbox;
    this.loader = loader;
    this.seen = new Set(answered);
    /** @type {Assignment[]} */
    this.ahead = [];
    /** @type {Map<string, Promise<HTMLImageElement[][]>>} */
    this.images = new Map();
    this.waiting = (/** @type {boolean} */ detail) => void this.dispatchEvent(new CustomEvent("waiting", { detail }));
    /** @type {Promise<number> | null} */
    this.asking = null;
    this.dry = false;
    /** Whether the study hands out nothing just now but will later. */
    this.paused = false;
    /** @type {Map<string, import("./types.js").Parameters>} settled by votes since the trials came */
    this.settled = new Map();
    outbox.addEventListener("change", (event) => {
      const receipt = /** @type {CustomEvent<import("./types.js").Receipt | null>} */ (event).detail;
      for (const [id, parameters] of Object.entries(receipt?.next ?? {})) this.settled.set(id, parameters);
    });
  }

  /** Begin to fetch: called while the rater still reads. */
  warm() {
    this.#ask().catch(() => {}); // next() asks again and reports
  }

  /**
   * Return the next trial, or null when there is none left for this rater.
   * @returns {Promise<Prepared | null>}
   */
  async next() {
    if (!this.ahead.length && !(await this.#refill())) return null;
    const assignment = /** @type {Assignment} */ (this.ahead.shift());
    this.#prepare(assignment);
    const images = /** @type {Promise<HTMLImageElement[][]>} */ (this.images.get(assignment.id));
    this.images.delete(assignment.id);
    this.#lookAhead();
    return { assignment, images };
  }

  /**
   * Return a timed trial's parameters; where votes before it decide them, once these have arrived.
   *
   * @param {Assignment} assignment
   * @returns {Promise<import("./types.js").Parameters>}
   * @throws {Gone}
   */
  async parametersOf({ id, parameters }) {
    const known = parameters ?? this.settled.get(id);
    if (known) return known;
    await this.outbox.flush();
    return this.settled.get(id) ?? this.#askFor(id);
  }

  /** Ask for the parameters of one trial: a vote before it may have come from another tab. @param {string} id */
  async #askFor(id) {
    const { assignments } = await persist(() => this.server.assignments(), this.waiting);
    const found = assignments.find((each) => each.id === id);
    if (!found) throw new Gone();
    if (!found.parameters) throw new Error("The server has no parameters for the next trial.");
    return found.parameters;
  }

  #lookAhead() {
    for (const assignment of this.ahead.slice(0, IMAGES_AHEAD)) this.#prepare(assignment);
    if (this.ahead.length <= LOW_WATER && !this.dry) this.warm();
  }

  /** @param {Assignment} assignment */
  #prepare({ id, places }) {
    if (this.images.has(id)) return;
    const images = this.loader.load(places);
    images.catch(() => {}); // whoever shows the trial handles the failure
    this.images.set(id, images);
  }

  /** Ask until a new trial came or none is left. @returns {Promise<boolean>} whether there is one */
  async #refill() {
    if (this.asking) await this.asking.catch(() => {});
    if (this.ahead.length) return true;
    // What the server counts as unanswered is only right once it has every vote.
    await this.outbox.flush();
    await this.#ask();
    return this.ahead.length > 0;
  }

  /** @returns {Promise<number>} how many new trials came */
  #ask() {
    this.asking ??= this.#askOnce().finally(() => {
      this.asking = null;
    });
    return this.asking;
  }

  async #askOnce() {
    const { study_state: state, assignments, progress } = await persist(() => this.server.assignments(), this.waiting);
    const fresh = assignments.filter(({ id }) => !this.seen.has(id));
    for (const { id } of fresh) this.seen.add(id);
    this.ahead.push(...fresh);
    this.dry = fresh.length === 0;
    this.paused = state === "paused";
    this.dispatchEvent(new CustomEvent("progress", { detail: progress }));
    for (const assignment of this.ahead.slice(0, IMAGES_AHEAD)) this.#prepare(assignment);
    return fresh.length;
  }
}
