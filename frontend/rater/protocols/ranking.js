// @ts-check
/** Several images, put in order from best to worst; or only the best and the worst of them. */
import { makeRanking } from "../ranking.js";

/** @type {import("../types.js").Part} */
export const part = {
  choices: () => [],
  control: async ({ images, mode }, keys) => (_question, onChange) =>
    makeRanking(Number(images), mode === "best_worst", keys, onChange),
  placesAnswer: true,
};
