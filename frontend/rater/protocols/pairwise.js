// @ts-check
/** Two images or grids, on the same prompt where there is one: which is better, or neither. */
/** @typedef {import("../types.js").Choice} Choice */
import { words } from "../words.js";
import { FIRST, SECOND } from "./sides.js";

/** The one answer that prefers neither stands between the two sides. @type {Choice} */
const BETWEEN = {
  value: "tie",
  text: words.tie,
  keys: ["ArrowDown", "t", "0"],
  sign: "↓",
  stacked: { text: words.tie, keys: ["t", "0"], sign: "0" },
};

/** Several of them stand in a row of their own. @type {Record<string, Choice>} */
const BELOW = {
  tie: { value: "tie", text: words.tie, keys: ["0", "t"], sign: "0", below: true },
  both_good: { value: "both_good", text: words.bothGood, keys: ["8", "g"], sign: "8", below: true },
  both_bad: { value: "both_bad", text: words.bothBad, keys: ["9", "b"], sign: "9", below: true },
};

/** @type {import("../types.js").Part} */
export const part = {
  choices: (_question, { answers }) => {
    const offered = /** @type {string[]} */ (answers);
    if (offered.length === 1 && offered[0] === "tie") return [FIRST, BETWEEN, SECOND];
    return [FIRST, SECOND, ...offered.flatMap((answer) => BELOW[answer] ?? [])];
  },
  placesAnswer: true,
};
