// @ts-check
/** One image or a grid of them, rated on scales of n points with words at the ends and in the middle, or on a slider. */
/** @typedef {import("../types.js").Question} Question */
/** @typedef {import("../types.js").Choice} Choice */
import { words } from "../words.js";

/**
 * @param {Question} question
 * @param {number} point
 */
function label({ points, low_label, middle_label, high_label }, point) {
  if (point === 1) return low_label;
  if (point === points) return high_label;
  return point * 2 === points + 1 ? middle_label : "";
}

/**
 * @param {Question} question
 * @param {number} point
 * @param {boolean} numbered
 * @returns {Choice}
 */
function choice(question, point, numbered) {
  const note = label(question, point);
  const name = numbered ? String(point) : words.point(point, question.points);
  const keys = question.points < 11 || point < 11 ? [String(point % 10)] : [];
  return { value: point, text: numbered ? String(point) : "", name: note ? `${name}: ${note}` : name, keys, sign: "", note };
}

/** @type {import("../types.js").Part} */
export const part = {
  choices: (question, { scale, show_numbers: numbered }) =>
    scale === "slider" ? [] : Array.from({ length: question.points }, (_, index) => choice(question, index + 1, numbered !== false)),
  control: async ({ scale, show_numbers: numbered }) => {
    if (scale !== "slider") return null;
    const { makeSlider } = await import("../slider.js");
    return (question, onChange) => makeSlider(question, numbered !== false, onChange);
  },
  placesAnswer: false,
};
