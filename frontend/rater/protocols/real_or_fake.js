// @ts-check
/** One image: was it real, or made by a program? */
import { words } from "../words.js";

/** @type {import("../types.js").Part} */
export const part = {
  choices: () => [
    { value: "real", text: words.real, keys: ["ArrowLeft", "r", "1"], sign: "←" },
    { value: "fake", text: words.fake, keys: ["ArrowRight", "f", "2"], sign: "→" },
  ],
  placesAnswer: false,
  brief: ({ share_real: percent }) => (typeof percent === "number" ? [words.shareReal(percent)] : []),
};
