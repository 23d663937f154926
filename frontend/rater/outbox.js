// @ts-check
/**
 * Votes on their way to the server. A vote leaves the outbox only when the server has confirmed it by its
 * key, so a lost answer, a server in trouble or a dead connection neither loses a vote nor doubles it.
 */
/** @typedef {import("./types.js").Vote} Vote */
/** @typedef {import("./types.js").Receipt} Receipt */
/** @typedef {(receipt: Receipt | null) => void} Listener */
import { RequestFailed, pause, waitOrOnline } from "./http.js";

const BATCH = 20;

/**
 * @typedef {{waiting: Map<string, Vote>, isLasting: boolean, isHeld: () => boolean, broken: () => RequestFailed | null,
 *   hear: (listener: Listener) => void, restore: () => Promise<Vote[]>, add: (vote: Vote) => void,
 *   flush: () => Promise<void>, flushOnLeaving: () => void,
 *   resultOf: (key: string) => Promise<import("./types.js").VoteResult | null>}} Outbox
 *   isHeld: whether the last try failed, so that votes have to wait; broken: why nothing can be sent any more;
 *   hear: be told of each receipt, and with null of each failed try; restore: takes back what an earlier visit
 *   left unsent; flush: resolves when nothing waits, or nothing can be sent any more; flushOnLeaving: last
 *   words, sent without an eye on the answer: they stay on the shelf until confirmed; resultOf: what the server
 *   says of a vote, null when it cannot be sent
 */

/**
 * @param {Pick<import("./types.js").Server, "sendVotes">} server
 * @param {import("./shelf.js").Shelf} shelf
 * @returns {Outbox}
 */
export function openOutbox(server, shelf) {
  /** @type {Outbox["waiting"]} */
  const waiting = new Map();
  /** @type {Set<Listener>} */
  const listeners = new Set();
  let held = false;
  /** @type {RequestFailed | null} */
  let broken = null;
  /** @type {Promise<void> | null} */
  let sending = null;

  const sendable = () => waiting.size && !broken;
  const batch = () => [...waiting.values()].slice(0, BATCH);
  const complain = (/** @type {unknown} */ error) => console.warn("A vote could not be kept on disk:", error);

  /** @param {Receipt | null} receipt */
  function tell(receipt) {
    held = !receipt;
    for (const listener of listeners) listener(receipt);
  }

  async function sendAll() {
    for (let attempt = 1; sendable(); ) {
      try {
        await sendBatch();
        attempt = 1;
      } catch (error) {
        if (!(error instanceof RequestFailed)) throw error;
        if (!error.passing) broken = error;
        tell(null);
        if (!broken) await waitOrOnline(Math.max(pause(attempt), error.waitSeconds * 1000));
        attempt += 1;
      }
    }
  }

  async function sendBatch() {
    const receipt = await server.sendVotes(batch());
    for (const { key, status, detail } of receipt.results) {
      waiting.delete(key);
      if (status === "rejected") console.warn("The server refused a vote:", detail);
    }
    await shelf.forget(receipt.results.map(({ key }) => key)).catch(complain);
    tell(receipt);
  }

  /** @returns {Promise<void>} */
  function flush() {
    sending ??= sendAll().finally(() => {
      sending = null;
      if (sendable()) return flush(); // added in the very moment of finishing
      return undefined;
    });
    return sending;
  }

  return {
    waiting,
    isLasting: shelf.lasting,
    isHeld: () => held,
    broken: () => broken,
    hear: (listener) => void listeners.add(listener),
    flush,
    async restore() {
      const left = await shelf.load().catch(() => []);
      for (const vote of left) waiting.set(vote.key, vote);
      if (left.length) void flush();
      return left;
    },
    add(vote) {
      waiting.set(vote.key, vote);
      // Memory holds the vote; a full or failing disk must not keep it from being sent.
      shelf.keep(vote).catch(complain);
      void flush();
    },
    flushOnLeaving() {
      if (sendable()) void server.sendVotes(batch(), true).catch(() => {});
    },
    resultOf(key) {
      return new Promise((resolve) => {
        /** @type {Listener} */
        const hear = (receipt) => {
          const result = receipt?.results.find((each) => each.key === key) ?? null;
          if (!result && !broken) return;
          listeners.delete(hear);
          resolve(result);
        };
        listeners.add(hear);
      });
    },
  };
}
