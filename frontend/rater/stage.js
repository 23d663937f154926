// @ts-check
/** The grey field on which a trial's images stand. */
import { el } from "./elements.js";
import { arrange } from "./layout.js";
import { words } from "./words.js";

/** @typedef {import("./types.js").Assignment} Assignment */
/** @typedef {import("./layout.js").Layout} Layout */

const PADDING = 16; // CSS pixels, as in rater.css

export class Stage {
  /**
   * @param {number} displayWidth  width of one image in CSS pixels; 0 for its own
   * @param {((place: number, event: Event) => void) | null} onPlace  called when the images of a place are touched
   * @param {boolean} numbered  whether each place shows its number
   * @param {import("./types.js").Flow["scale"]} scale
   */
  constructor(displayWidth, onPlace, numbered, scale) {
    this.displayWidth = displayWidth;
    this.scale = scale;
    /** Whether there is no room for images that may not shrink; they are hidden then. */
    this.cramped = false;
    /** @type {(() => void) | null} */
    this.onRoom = null;
    this.onPlace = onPlace;
    /** @type {HTMLElement[]} */
    this.places = [];
    /** @type {Assignment | null} */
    this.assignment = null;
    this.element = el("div", { class: "stage", role: "group" });
    if (onPlace) this.element.classList.add("answers");
    this.element.classList.toggle("numbered", numbered);
    addEventListener("resize", () => {
      if (this.assignment) this.fit();
      if (!this.cramped) this.onRoom?.();
    });
  }

  clear() {
    this.assignment = null;
    this.places = [];
    this.element.replaceChildren();
  }

  /**
   * Put all images of a trial on screen at once.
   *
   * @param {Assignment} assignment
   * @param {HTMLImageElement[][]} images  decoded, place by place
   * @param {string} description
   * @returns {Layout}
   */
  put(assignment, images, description) {
    this.assignment = assignment;
    this.places = images.map((cells, place) => this.#place(cells, place, images.length));
    const layout = this.fit();
    this.element.setAttribute("aria-label", description);
    this.element.replaceChildren(...this.places);
    return layout;
  }

  /** Resolve as soon as there is room. @returns {Promise<void>} */
  async room() {
    if (this.cramped) await new Promise((resolve) => (this.onRoom = () => resolve(undefined)));
    this.onRoom = null;
  }

  /** Size the images for the room there is, and the stage for the images. @returns {Layout} */
  fit() {
    const { places } = /** @type {Assignment} */ (this.assignment);
    const cells = /** @type {import("./types.js").Stimulus[]} */ (places[0]);
    const image = /** @type {import("./types.js").Stimulus} */ (cells[0]);
    const box = this.#room();
    const wanted = this.scale === "pixels" ? image.width / devicePixelRatio : this.displayWidth || image.width;
    const layout = arrange({ box, image, places: places.length, cells: cells.length, wanted });
    this.layout = layout;
    this.cramped = this.scale !== "fit" && layout.width < wanted;
    this.element.classList.toggle("cramped", this.cramped);
    this.element.style.gridTemplateColumns = `repeat(${layout.across}, max-content)`;
    this.element.style.width = `${layout.extent.width + 2 * PADDING}px`;
    this.element.style.flexBasis = `${layout.extent.height + 2 * PADDING}px`;
    for (const place of this.places) this.#size(place, layout);
    return layout;
  }

  /** Room for images if the stage took all there is. */
  #room() {
    const { style } = this.element;
    style.width = "100%";
    style.flexBasis = "9999px"; // shrinks to what the questions leave
    return { width: this.element.clientWidth - 2 * PADDING, height: this.element.clientHeight - 2 * PADDING };
  }

  /**
   * @param {HTMLElement} place
   * @param {Layout} layout
   */
  #size(place, { width, columns }) {
    place.style.gridTemplateColumns = `repeat(${columns}, ${width}px)`;
    for (const image of place.querySelectorAll("img")) {
      image.style.width = `${width}px`;
      // Small images are enlarged as they are, without a smoothing that might flatter or hurt them.
      image.classList.toggle("enlarged", width > image.naturalWidth);
    }
  }

  /**
   * @param {HTMLImageElement[]} cells
   * @param {number} place
   * @param {number} count
   */
  #place(cells, place, count) {
    const name = count > 1 ? words.imageOf(place + 1, count) : words.image;
    cells.forEach((image, index) => {
      image.alt = cells.length > 1 ? words.cellOf(name, index + 1, cells.length) : name;
    });
    const element = el("div", { class: "place" }, ...cells);
    const { onPlace } = this;
    if (onPlace) element.addEventListener("click", (event) => onPlace(place, event));
    return element;
  }
}
