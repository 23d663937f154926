// @ts-check
/** How fast the display is. */
import { nextFrame } from "./display.js";

const SAMPLES = 60;

/**
 * Return the display's refresh period in milliseconds: the mean over a second of frames, since browsers
 * round each single time, where a period clearly longer than the median counts as several.
 */
export async function measureRefresh() {
  /** @type {number[]} */
  const times = [];
  for (let count = 0; count <= SAMPLES; count += 1) times.push(await nextFrame());
  const periods = times.slice(1).map((time, index) => time - /** @type {number} */ (times[index]));
  const typical = /** @type {number} */ ([...periods].sort((a, b) => a - b)[SAMPLES / 2]);
  const sum = (/** @type {number[]} */ values) => values.reduce((total, value) => total + value, 0);
  return sum(periods) / sum(periods.map((period) => Math.max(1, Math.round(period / typical))));
}
