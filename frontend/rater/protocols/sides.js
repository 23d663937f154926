// @ts-check
/** The two places of a trial as answers, in words and keys that fit how they stand on screen. */
/** @typedef {import("../types.js").Choice} Choice */

import { words } from "../words.js";

/** @type {Choice} */
export const FIRST = {
  value: 0,
  answer: "left",
  text: words.left,
  keys: ["ArrowLeft", "f", "1"],
  sign: "←",
  stacked: { text: words.top, keys: ["ArrowUp", "ArrowLeft", "f", "1"], sign: "↑" },
};

/** @type {Choice} */
export const SECOND = {
  value: 1,
  answer: "right",
  text: words.right,
  keys: ["ArrowRight", "j", "2"],
  sign: "→",
  stacked: { text: words.bottom, keys: ["ArrowDown", "ArrowRight", "j", "2"], sign: "↓" },
};
