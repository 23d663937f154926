// @ts-check
/**
 * Where votes wait until the server has confirmed them: IndexedDB, so that a closed page loses nothing, or
 * nothing at all where that is blocked (the outbox holds every waiting vote in memory anyway).
 */
/** @typedef {import("./types.js").Vote} Vote */

const DATABASE = "humaneval-rater";
const STORE = "votes";
const PATIENCE_MS = 2_000;

/** @typedef {{load: () => Promise<Vote[]>, keep: (vote: Vote) => Promise<void>,
 *   forget: (keys: string[]) => Promise<void>, lasting: boolean}} Shelf */

/** @type {Shelf} */
const NOTHING = { load: async () => [], keep: async () => {}, forget: async () => {}, lasting: false };

/**
 * @template T
 * @param {IDBRequest<T>} pending
 * @returns {Promise<T>}
 */
function settled(pending) {
  return new Promise((resolve, reject) => {
    pending.onsuccess = () => resolve(pending.result);
    pending.onerror = () => reject(pending.error);
  });
}

/** Some private windows never answer at all. @returns {Promise<never>} */
function givenUp() {
  return new Promise((_resolve, reject) => setTimeout(() => reject(new Error("no answer")), PATIENCE_MS));
}

/**
 * Open the shelf of one session.
 *
 * @param {string} owner  the session's token
 * @returns {Promise<Shelf>}
 */
export async function openShelf(owner) {
  try {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () =>
      opening.result.createObjectStore(STORE, { keyPath: "key" }).createIndex("owner", "owner");
    return shelfIn(await Promise.race([settled(opening), givenUp()]), owner);
  } catch {
    return NOTHING; // blocked in third-party frames and some private windows
  }
}

/**
 * @param {IDBDatabase} database
 * @param {string} owner
 * @returns {Shelf}
 */
function shelfIn(database, owner) {
  const store = (/** @type {IDBTransactionMode} */ mode) =>
    database.transaction(STORE, mode, { durability: "strict" }).objectStore(STORE);
  return {
    lasting: true,
    load: async () => {
      const rows = await settled(store("readonly").index("owner").getAll(owner));
      return rows.map(({ owner: _, ...vote }) => vote);
    },
    keep: async (vote) => void (await settled(store("readwrite").put({ ...vote, owner }))),
    forget: async (keys) => {
      const votes = store("readwrite");
      await Promise.all(keys.map((key) => settled(votes.delete(key))));
    },
  };
}
