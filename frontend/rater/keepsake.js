// @ts-check
/**
 * What the browser remembers of a session: its token, and a random name for this browser.
 *
 * Local storage keeps both where it is allowed. Where it is blocked (a third-party frame), the token goes
 * into the address's fragment, which a reload keeps and no server ever sees; it does not go there otherwise,
 * so that an address copied to a friend carries no session with it.
 */

/**
 * @typedef {"read" | "draft" | "closing"} Note
 * @typedef {{recall: (what: Note, lasting?: boolean) => any, note: (what: Note, value: unknown, lasting?: boolean) => void}} Memory
 */

const FRAGMENT = "#session=";

/** @returns {Storage | null} */
function openStorage() {
  try {
    const probe = "humaneval:probe";
    localStorage.setItem(probe, "1");
    localStorage.removeItem(probe);
    return localStorage;
  } catch {
    return null;
  }
}

export class Keepsake {
  /** @param {string} slug  the study's */
  constructor(slug) {
    this.storage = openStorage();
    // The query is part of the key: on a shared computer the next person arrives with another panel id.
    this.name = `humaneval:${slug}:${location.search}`;
  }

  /** Whether what is remembered outlives this page in storage. */
  get lasting() {
    return this.storage !== null;
  }

  /** @returns {string | null} */
  get token() {
    if (location.hash.startsWith(FRAGMENT)) return decodeURIComponent(location.hash.slice(FRAGMENT.length));
    return this.storage?.getItem(this.name) ?? null;
  }

  set token(value) {
    if (this.storage) {
      if (value) this.storage.setItem(this.name, value);
      else this.storage.removeItem(this.name);
    }
    const fragment = value && !this.storage ? FRAGMENT + encodeURIComponent(value) : "";
    history.replaceState(history.state, "", location.pathname + location.search + fragment);
  }

  /**
   * What was noted in this session: in this tab, over a reload; or lasting, as long as storage does.
   *
   * @param {Note} what
   * @returns {any}
   */
  recall(what, lasting = false) {
    const notes = lasting && this.storage ? JSON.parse(this.storage.getItem(`${this.name}:notes`) ?? "null") : history.state;
    return notes?.owner === this.token ? notes?.[what] : undefined;
  }

  /**
   * @param {Note} what
   * @param {unknown} value
   */
  note(what, value, lasting = false) {
    if (lasting && this.storage) {
      this.storage.setItem(`${this.name}:notes`, JSON.stringify({ owner: this.token, [what]: value }));
      return;
    }
    const known = history.state?.owner === this.token ? history.state : {};
    history.replaceState({ ...known, owner: this.token, [what]: value }, "");
  }

  /** A random name that this browser keeps, so that coming back by the same link leads to the same session. */
  get client() {
    const name = "humaneval:client";
    const known = this.storage?.getItem(name) ?? randomId();
    this.storage?.setItem(name, known);
    return known;
  }
}

/** Return a random UUID (version 4), also where the page is not served over HTTPS. @returns {string} */
export function randomId() {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (/** @type {number} */ (bytes[6]) & 0x0f) | 0x40;
  bytes[8] = (/** @type {number} */ (bytes[8]) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
