// @ts-check
/** Requests that end: each has a time-out, and a failure says whether another try may help. */

export class RequestFailed extends Error {
  /**
   * @param {string} message  fit to be shown to the rater
   * @param {number} status  HTTP status; 0 where no answer came at all
   * @param {string} code  the server's machine-readable reason, if it gave one
   * @param {number} waitSeconds  how long the server asks to wait; 0 if it does not say
   * @param {{answers?: Record<string, string>, completion?: import("./types.js").Completion}} more
   *   answers: by question, what is wrong; completion: the way back for who is turned away
   */
  constructor(message, status, code = "", waitSeconds = 0, more = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.waitSeconds = waitSeconds;
    this.more = more;
  }

  /** Whether the same request may succeed later: no answer, a time-out, too many requests, a server in trouble. */
  get passing() {
    return this.status === 0 || this.status === 408 || this.status === 425 || this.status === 429 || this.status >= 500;
  }
}

const TIMEOUT_MS = 15_000;

/**
 * Send a request and return the JSON of its answer.
 *
 * @param {string} url
 * @param {{method?: string, token?: string, body?: unknown, keepalive?: boolean, credentials?: RequestCredentials}} options
 * @returns {Promise<any>}
 * @throws {RequestFailed}
 */
export async function request(url, { method = "GET", token, body, keepalive = false, credentials = "omit" } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (token) headers["Authorization"] = `Session ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  /** @type {RequestInit} */
  const init = { method, headers, keepalive, credentials, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) };
  if (body !== undefined) init.body = JSON.stringify(body);
  let response;
  try {
    response = await fetch(url, init);
    if (response.ok) return await response.json();
  } catch (error) {
    throw new RequestFailed(error instanceof Error ? error.message : "no answer", 0);
  }
  throw await failureOf(response);
}

/** @param {Response} response */
async function failureOf(response) {
  const reason = await response.json().catch(() => ({}));
  const detail = typeof reason?.detail === "string" ? reason.detail : `The server answered ${response.status}.`;
  const code = typeof reason?.code === "string" ? reason.code : "";
  return new RequestFailed(detail, response.status, code, Number(response.headers.get("Retry-After")) || 0, reason);
}

/**
 * Return how long to wait before try number `attempt` (from 1): doubling from half a second to half a
 * minute, with up to a quarter more by chance so that many raters do not come back at once.
 *
 * @param {number} attempt
 */
export function pause(attempt) {
  return Math.min(30_000, 500 * 2 ** (attempt - 1)) * (1 + Math.random() / 4);
}

/** Resolve after `ms` milliseconds, or as soon as the browser says it is online again. @param {number} ms */
export function waitOrOnline(ms) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      resolve(undefined);
    };
    const timer = setTimeout(done, ms);
    addEventListener("online", done);
  });
}

/**
 * Repeat `action` until it succeeds or fails for good.
 *
 * @template T
 * @param {() => Promise<T>} action
 * @param {(waiting: boolean) => void} onWaiting  told true when a try failed, false when one succeeded again
 * @returns {Promise<T>}
 */
export async function persist(action, onWaiting = () => {}) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const result = await action();
      if (attempt > 1) onWaiting(false);
      return result;
    } catch (error) {
      if (!(error instanceof RequestFailed) || !error.passing) throw error;
      onWaiting(true);
      await waitOrOnline(Math.max(pause(attempt), error.waitSeconds * 1000));
    }
  }
}
