// @ts-check
/** Every protocol's page part, loaded only where it is used. A new protocol adds its line here. */

/** @type {Record<string, () => Promise<{part: import("../types.js").Part}>>} */
const PARTS = {
  two_afc: () => import("./two_afc.js"),
  likert: () => import("./likert.js"),
  pairwise: () => import("./pairwise.js"),
  duplicates: () => import("./duplicates.js"),
  ranking: () => import("./ranking.js"),
  real_or_fake: () => import("./real_or_fake.js"),
  timed_real_or_fake: () => import("./timed_real_or_fake.js"),
};

/**
 * @param {string} protocol
 * @returns {Promise<import("../types.js").Part>}
 */
export async function loadPart(protocol) {
  const load = PARTS[protocol];
  if (!load) throw new Error(`The player has no part for the protocol “${protocol}”.`);
  return (await load()).part;
}
