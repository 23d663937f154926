// @ts-check
/** The display's frames. */

/** @returns {Promise<number>} the time of the next animation frame */
export const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));

/** The display cannot show an image as briefly as the study asks. */
export class DisplayTooSlow extends Error {
  /** @param {number} hertz */
  constructor(hertz) {
    super(`The display shows ${hertz} frames a second.`);
    this.hertz = hertz;
  }
}
