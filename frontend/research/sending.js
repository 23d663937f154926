// @ts-check
/** Requests of the researcher's pages: signed in by cookie, repeated while the server does not answer. */

import { persist, RequestFailed } from "../rater/http.js";

export { RequestFailed };

const TIMEOUT_MS = 300_000;

/**
 * Return the first element that fits; raises where the page lacks it.
 *
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} kind
 * @returns {T}
 */
export function find(root, selector, kind) {
  const found = root.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`The page has no ${selector}.`);
  return found;
}

/**
 * Post to a form's address with its token and return the JSON of the answer; a passing failure is tried again.
 *
 * @param {HTMLFormElement} form
 * @param {string | FormData} body  JSON as text, or files
 * @param {AbortSignal} signal
 * @param {(waiting: boolean) => void} onWaiting
 * @returns {Promise<any>}
 */
export function send(form, body, signal, onWaiting) {
  return persist(() => once(form, body, signal), onWaiting);
}

/** @param {HTMLFormElement} form @param {string | FormData} body @param {AbortSignal} signal */
async function once(form, body, signal) {
  signal.throwIfAborted();
  const token = find(form, "input[name=csrfmiddlewaretoken]", HTMLInputElement).value;
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", "X-CSRFToken": token };
  if (typeof body === "string") headers["Content-Type"] = "application/json";
  const until = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  let response;
  try {
    response = await fetch(form.action, { method: "POST", headers, body, signal: until });
  } catch (error) {
    signal.throwIfAborted();
    throw new RequestFailed(error instanceof Error ? error.message : "no answer", 0);
  }
  const answer = await response.json().catch(() => null);
  if (response.ok && answer) return answer;
  const words = typeof answer?.detail === "string" ? answer.detail : `The server answered ${response.status}.`;
  // A page in place of JSON is the sign-in's: no other try will help.
  throw new RequestFailed(words, response.ok ? 401 : response.status);
}

/**
 * Whether a file differs from what the set holds under its name: by size, then by SHA-256 where the browser hashes.
 *
 * @param {File} file
 * @param {{sha256: string, size: number}} held
 */
export async function changed(file, held) {
  if (file.size !== held.size) return true;
  if (!globalThis.crypto?.subtle) return false;
  try {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    return held.sha256 !== [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  } catch {
    return true;
  }
}
