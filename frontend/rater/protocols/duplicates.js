// @ts-check
/** Two images: the same, but for small changes? */
import { words } from "../words.js";

/** @type {import("../types.js").Part} */
export const part = {
  choices: () => [
    { value: "same", text: words.same, keys: ["ArrowLeft", "s", "1"], sign: "←" },
    { value: "different", text: words.different, keys: ["ArrowRight", "d", "2"], sign: "→" },
  ],
  placesAnswer: false,
};
