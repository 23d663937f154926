// @ts-check
/** One image for a moment, then masks: was it real, or made by a program? */
import { Exposure } from "../exposure.js";
import { words } from "../words.js";
import { part as untimed } from "./real_or_fake.js";

/** @type {import("../types.js").Part} */
export const part = {
  ...untimed,
  expose: ({ masks, mask_ms: maskMs }) => new Exposure(Number(masks), Number(maskMs)),
  brief: (page) => [...(untimed.brief?.(page) ?? []), words.moment],
};
