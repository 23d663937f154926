// @ts-check
/**
 * Images fetched and decoded before they are needed: a bounded number at a time, each try with a time-out,
 * and each failure tried again, since a failure kept would wait for ever.
 */
/** @typedef {import("./types.js").Stimulus} Stimulus */
import { pause, waitOrOnline } from "./http.js";

const AT_ONCE = 6;
const TIMEOUT_MS = 12_000;
const TRIES = 4;

export class ImageFailed extends Error {}

/** @param {Stimulus} stimulus @returns {HTMLImageElement} */
function blank({ width, height }) {
  const image = new Image(width, height);
  image.decoding = "sync"; // painted in the frame it is inserted in, together with its neighbours
  image.draggable = false;
  return image;
}

/**
 * Try once. @param {Stimulus} stimulus @returns {Promise<HTMLImageElement>}
 */
function tryOnce(stimulus) {
  const image = blank(stimulus);
  image.src = stimulus.url;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      image.src = ""; // stops the download
      reject(new ImageFailed("time-out"));
    }, TIMEOUT_MS);
    image
      .decode()
      .then(() => resolve(image), () => reject(new ImageFailed("does not load or decode")))
      .finally(() => clearTimeout(timer));
  });
}

export class ImageLoader {
  /** @param {() => Promise<boolean>} reachable  whether the server answers at all */
  constructor(reachable) {
    this.reachable = reachable;
    this.running = 0;
    /** @type {(() => void)[]} */
    this.queue = [];
  }

  /**
   * Resolve with the decoded images of one trial, place by place.
   *
   * @param {Stimulus[][]} places
   * @returns {Promise<HTMLImageElement[][]>}
   * @throws {ImageFailed} when an image cannot be had although the server can
   */
  load(places) {
    return Promise.all(places.map((cells) => Promise.all(cells.map((stimulus) => this.#loadOne(stimulus)))));
  }

  /** @param {Stimulus} stimulus @returns {Promise<HTMLImageElement>} */
  async #loadOne(stimulus) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#inTurn(() => tryOnce(stimulus));
      } catch (error) {
        if (!(error instanceof ImageFailed)) throw error;
        // A rater without a connection waits; only an image that is broken by itself counts as failed.
        if (attempt >= TRIES && (await this.reachable())) throw error;
        await waitOrOnline(pause(Math.min(attempt, 4)));
      }
    }
  }

  /**
   * @template T
   * @param {() => Promise<T>} action
   * @returns {Promise<T>}
   */
  async #inTurn(action) {
    if (this.running >= AT_ONCE) await new Promise((resolve) => this.queue.push(() => resolve(undefined)));
    this.running += 1;
    try {
      return await action();
    } finally {
      this.running -= 1;
      this.queue.shift()?.();
    }
  }
}
