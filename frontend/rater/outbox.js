// @ts-check
/**
 * Votes on their way to the server. A vote leaves the outbox only when the server has confirmed it by its
 * key, so a lost answer, a server in trouble or a dead connection neither loses a vote nor doubles it.
 */
/** @typedef {import("./types.js").Vote} Vote */
/** @typedef {import("./types.js").Receipt} Receipt */
import { RequestFailed, pause, waitOrOnline } from "./http.js";

const BATCH = 20;

export class Outbox extends EventTarget {
  /**
   * @param {Pick<import("./types.js").Server, "sendVotes">} server
   * @param {import("./shelf.js").Shelf} shelf
   */
  constructor(server, shelf) {
    super();
    this.server = server;
    this.shelf = shelf;
    /** @type {Map<string, Vote>} */
    this.waiting = new Map();
    /** Whether the last try failed, so that votes have to wait. */
    this.held = false;
    /** @type {RequestFailed | null} why nothing can be sent any more */
    this.broken = null;
    /** @type {Promise<void> | null} */
    this.sending = null;
  }

  /** Take back what an earlier visit left unsent. @returns {Promise<Vote[]>} */
  async restore() {
    const left = await this.shelf.load().catch(() => []);
    for (const vote of left) this.waiting.set(vote.key, vote);
    if (left.length) void this.flush();
    return left;
  }

  /** @param {Vote} vote */
  add(vote) {
    this.waiting.set(vote.key, vote);
    // Memory holds the vote; a full or failing disk must not keep it from being sent.
    this.shelf.keep(vote).catch((error) => console.warn("A vote could not be kept on disk:", error));
    void this.flush();
  }

  /**
   * Resolve with what the server says of a vote, or null when it cannot be sent.
   *
   * @param {string} key
   * @returns {Promise<import("./types.js").VoteResult | null>}
   */
  resultOf(key) {
    const heard = new AbortController();
    return new Promise((resolve) => {
      const hear = (/** @type {Event} */ event) => {
        const receipt = /** @type {CustomEvent<Receipt | null>} */ (event).detail;
        const result = receipt?.results.find((each) => each.key === key) ?? null;
        if (!result && !this.broken) return;
        heard.abort();
        resolve(result);
      };
      this.addEventListener("change", hear, { signal: heard.signal });
    });
  }

  /** Send until nothing waits. Resolves when the outbox is empty or can send no more. @returns {Promise<void>} */
  flush() {
    this.sending ??= this.#sendAll().finally(() => {
      this.sending = null;
      if (this.waiting.size && !this.broken) return this.flush(); // added in the very moment of finishing
      return undefined;
    });
    return this.sending;
  }

  /** Last words: send what waits without an eye on the answer; it stays on the shelf until confirmed. */
  flushOnLeaving() {
    if (this.waiting.size && !this.broken) void this.server.sendVotes(this.#batch(), true).catch(() => {});
  }

  /** @returns {Vote[]} */
  #batch() {
    return [...this.waiting.values()].slice(0, BATCH);
  }

  async #sendAll() {
    for (let attempt = 1; this.waiting.size && !this.broken; ) {
      try {
        await this.#sendBatch(this.#batch());
        attempt = 1;
      } catch (error) {
        if (!(error instanceof RequestFailed)) throw error;
        if (!error.passing) this.broken = error;
        this.#tell(true);
        if (error.passing) await waitOrOnline(Math.max(pause(attempt), error.waitSeconds * 1000));
        attempt += 1;
      }
    }
  }

  /** @param {Vote[]} votes */
  async #sendBatch(votes) {
    const receipt = await this.server.sendVotes(votes);
    for (const { key, status, detail } of receipt.results) {
      this.waiting.delete(key);
      if (status === "rejected") console.warn("The server refused a vote:", detail);
    }
    await this.shelf.forget(receipt.results.map(({ key }) => key)).catch((error) => console.warn(error));
    this.#tell(false, receipt);
  }

  /**
   * @param {boolean} held
   * @param {Receipt} [receipt]
   */
  #tell(held, receipt) {
    this.held = held;
    this.dispatchEvent(new CustomEvent("change", { detail: receipt }));
  }
}
