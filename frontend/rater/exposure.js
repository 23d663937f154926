// @ts-check
/**
 * An image shown for a number of whole display frames and then covered by masks, with a record of what the
 * display really did.
 */
/** @typedef {{frame_ms: number, frames: number, dropped: number, off_at_ms: number}} Shown */
import { DisplayTooSlow, nextFrame } from "./display.js";
import { el } from "./elements.js";
import { measureRefresh } from "./refresh.js";

const FEWEST_FRAMES = 3; // with fewer, one frame lost would change the exposure too much
const FIXATION_MS = 500;

/**
 * Return the whole frames nearest to an exposure.
 *
 * @param {number} exposureMs
 * @param {number} frameMs
 * @throws {DisplayTooSlow} where these would be fewer than three
 */
export function framesFor(exposureMs, frameMs) {
  const frames = Math.round(exposureMs / frameMs);
  if (frames < FEWEST_FRAMES) throw new DisplayTooSlow(Math.round(1000 / frameMs));
  return frames;
}

/**
 * Hold what stands on screen until `frames` frames have passed since `since`.
 *
 * @param {number} since
 * @param {number} frames
 * @param {number} frameMs
 */
async function hold(since, frames, frameMs) {
  let [lost, last] = [0, since];
  for (;;) {
    const now = await nextFrame();
    lost += Math.max(0, Math.round((now - last) / frameMs) - 1);
    last = now;
    const passed = Math.round((now - since) / frameMs);
    if (passed >= frames) return { now, passed, lost };
  }
}

/** Show one of the layers over each other, or none. @param {HTMLElement[]} layers @param {HTMLElement | null} shown */
function only(layers, shown) {
  for (const layer of layers) layer.style.visibility = layer === shown ? "visible" : "hidden";
}

export class Exposure {
  /**
   * @param {number} masks  how many patterns follow the image
   * @param {number} maskMs  how long each stands
   */
  constructor(masks, maskMs) {
    this.masks = masks;
    this.maskMs = maskMs;
    /** Measured while the rater reads. */
    this.refresh = measureRefresh();
    this.cross = el("span", { class: "cross", "aria-hidden": "true" });
  }

  /**
   * Cover a place's image with a cross until it is time.
   *
   * @param {HTMLElement} place
   */
  cover(place) {
    const image = /** @type {HTMLImageElement} */ (place.firstElementChild);
    const patterns = Array.from({ length: this.masks }, () => pattern(image));
    place.classList.add("layers");
    place.append(...patterns, this.cross);
    this.layers = { image, patterns, all: [image, ...patterns, this.cross] };
    only(this.layers.all, this.cross);
    this.covered = performance.now();
  }

  /**
   * Show the image: resolve when it stands, with its onset and with a promise of what came of it.
   *
   * @param {number} exposureMs
   * @returns {Promise<{onset: number, over: Promise<Shown>}>}
   * @throws {DisplayTooSlow}
   */
  async show(exposureMs) {
    const { layers, covered } = this;
    if (!layers || covered === undefined) throw new Error("Nothing is covered.");
    const frameMs = await this.refresh;
    const frames = framesFor(exposureMs, frameMs);
    while ((await nextFrame()) - covered < FIXATION_MS);
    const put = await nextFrame();
    only(layers.all, layers.image);
    return { onset: put + frameMs, over: this.#run(put, frames, frameMs, layers) };
  }

  /**
   * @param {number} put  the frame in which the image was put on screen
   * @param {number} frames
   * @param {number} frameMs
   * @param {{patterns: HTMLElement[], all: HTMLElement[]}} layers
   * @returns {Promise<Shown>}
   */
  async #run(put, frames, frameMs, { patterns, all }) {
    const { now, passed, lost } = await hold(put, frames, frameMs);
    let since = now;
    for (const each of patterns) {
      only(all, each);
      since = (await hold(since, Math.max(1, Math.round(this.maskMs / frameMs)), frameMs)).now;
    }
    only(all, null);
    const rounded = (/** @type {number} */ ms) => Math.round(ms * 1000) / 1000;
    return { frame_ms: rounded(frameMs), frames: passed, dropped: lost, off_at_ms: rounded(now - put) };
  }
}

/** Colour noise of several grains at an image's size: covers coarse shapes and fine ones. @param {HTMLImageElement} image */
function pattern({ width, height }) {
  const mask = el("canvas", { width, height, "aria-hidden": "true" });
  const context = /** @type {CanvasRenderingContext2D} */ (mask.getContext("2d"));
  for (const cells of [4, 8, 16, 32, 64]) {
    context.globalAlpha = cells === 4 ? 1 : 0.5;
    context.imageSmoothingEnabled = cells < 32;
    context.drawImage(noise(cells), 0, 0, width, height);
  }
  return mask;
}

/** @param {number} cells */
function noise(cells) {
  const grain = el("canvas", { width: cells, height: cells });
  const context = /** @type {CanvasRenderingContext2D} */ (grain.getContext("2d"));
  const pixels = context.createImageData(cells, cells);
  for (let index = 0; index < pixels.data.length; index += 1) pixels.data[index] = index % 4 === 3 ? 255 : Math.random() * 256;
  context.putImageData(pixels, 0, 0);
  return grain;
}
