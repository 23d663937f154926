// @ts-check
/** Two images or more, one of them the one that is asked for: point at it. */
import { words } from "../words.js";
import { FIRST, SECOND } from "./sides.js";

/** @param {number} place @param {number} places @returns {import("../types.js").Choice} */
function numbered(place, places) {
  const number = String(place + 1);
  return { value: place, answer: number, text: number, name: words.imageOf(place + 1, places), keys: [number], sign: "" };
}

/** @type {import("../types.js").Part} */
export const part = {
  choices: (_question, page) => {
    const places = Number(page["images"] ?? 2);
    return places === 2 ? [FIRST, SECOND] : Array.from({ length: places }, (_, place) => numbered(place, places));
  },
  placesAnswer: true,
  brief: ({ ask }) => (ask === "generated" ? [words.askGenerated] : []),
};
