// @ts-check
/** @typedef {import("./types.js").Server} Server */
import { request } from "./http.js";

/**
 * Begin, or come back to, this rater's session in a study.
 *
 * @param {string} api  address of the rating API, ending in a slash
 * @param {{study: string, consent: boolean, consent_hash: string, client: string,
 *   arrival: Record<string, string>, device: object, language: string}} arrival
 * @returns {Promise<import("./types.js").NewSession>}
 */
export function begin(api, arrival) {
  return request(`${api}sessions/`, { method: "POST", body: arrival });
}

/**
 * Return the server as one session sees it.
 *
 * @param {string} api
 * @param {string} token
 * @returns {Server}
 */
export function connect(api, token) {
  const post = (/** @type {string} */ path, /** @type {unknown} */ body = {}, keepalive = false) =>
    request(`${api}session/${path}`, { method: "POST", token, body, keepalive });
  return {
    session: () => request(`${api}session/`, { token }),
    assignments: () => post("assignments/"),
    sendVotes: (votes, leaving = false) => post("votes/", { votes }, leaving),
    complete: () => post("complete/"),
    comprehend: (answers) => post("comprehension/", { answers }),
    practice: () => request(`${api}session/practice/`, { token }),
    tryOut: ({ assignment, answers }) => post("practice/", { trial: assignment, answers }),
    close: (answers) => post("closing/", { answers }),
  };
}
