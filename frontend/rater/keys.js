// @ts-check
/** Keys that a study sets in place of the player's own: loaded only where one does. */
/** @typedef {import("./types.js").Choice} Choice */
/** @typedef {import("./types.js").Wording} Wording */

/** @type {Record<string, string>} */
const SIGNS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", " ": "␣" };

/** What a button shows of a key. @param {string} key */
export const signOf = (key) => SIGNS[key] ?? key.toUpperCase();

/**
 * Give choices the keys that a study sets for them; a key set for one answer no longer gives another.
 *
 * @param {Choice[]} choices
 * @param {Record<string, string>} keys  by the answer's name
 * @returns {Choice[]}
 */
export function rekeyed(choices, keys) {
  const taken = new Set(Object.values(keys).map((key) => (key.length === 1 ? key.toLowerCase() : key)));
  return choices.map((choice) => {
    const key = keys[choice.answer ?? String(choice.value)];
    /** @template {Wording} W @param {W} wording @returns {W} */
    const changed = (wording) => {
      if (key) return { ...wording, keys: [key.length === 1 ? key.toLowerCase() : key], sign: signOf(key) };
      const left = wording.keys.filter((each) => !taken.has(each));
      return { ...wording, keys: left, sign: wording.sign && left[0] ? signOf(left[0]) : "" };
    };
    return { ...changed(choice), ...(choice.stacked ? { stacked: changed(choice.stacked) } : {}) };
  });
}
