// @ts-check
/** The grey field on which a trial's images stand. */
import { el } from "./elements.js";
import { arrange } from "./layout.js";
import { words } from "./words.js";

/** @typedef {import("./types.js").Assignment} Assignment */
/** @typedef {import("./types.js").Stimulus} Stimulus */
/** @typedef {import("./layout.js").Layout} Layout */

const PADDING = 16; // CSS pixels, as in rater.css

/**
 * @typedef {{element: HTMLElement, places: () => HTMLElement[], layout: () => Layout | undefined,
 *   cramped: () => boolean, clear: () => void, room: () => Promise<void>,
 *   put: (assignment: Assignment, images: HTMLImageElement[][]) => Layout}} Stage
 *   cramped: whether there is no room for images that may not shrink; they are hidden then. room: resolves as
 *   soon as there is. put: puts all images of a trial on screen at once, decoded, place by place
 */

/**
 * @param {number} displayWidth  width of one image in CSS pixels; 0 for its own
 * @param {((place: number, event: Event) => void) | null} onPlace  called when the images of a place are touched
 * @param {boolean} numbered  whether each place shows its number
 * @param {import("./types.js").Flow["scale"]} scale
 * @returns {Stage}
 */
export function makeStage(displayWidth, onPlace, numbered, scale) {
  const element = el("div", { class: `stage ${onPlace ? "answers" : ""} ${numbered ? "numbered" : ""}`, role: "group" });
  const field = el("div", { class: "places" });
  element.append(field);
  const { style } = element;
  let cramped = false;
  /** @type {(() => void) | null} */
  let onRoom = null;
  /** @type {HTMLElement[]} */
  let places = [];
  /** @type {Stimulus[][] | null} */
  let shown = null;
  /** @type {Layout | undefined} */
  let layout;

  /** Size the images for the room there is, and the stage for the images. @param {Stimulus[][]} shown */
  function fit(shown) {
    const cells = /** @type {Stimulus[]} */ (shown[0]);
    const image = /** @type {Stimulus} */ (cells[0]);
    style.width = "100%";
    style.flexBasis = "9999px"; // shrinks to what the questions leave
    const box = { width: element.clientWidth - 2 * PADDING, height: element.clientHeight - 2 * PADDING };
    const wanted = scale === "pixels" ? image.width / devicePixelRatio : displayWidth || image.width;
    layout = arrange({ box, image, places: shown.length, cells: cells.length, wanted });
    cramped = scale !== "fit" && layout.width < wanted;
    element.classList.toggle("cramped", cramped);
    field.style.width = `${layout.extent.width}px`;
    style.width = `${layout.extent.width + 2 * PADDING}px`;
    style.flexBasis = `${layout.extent.height + 2 * PADDING}px`;
    for (const place of places) sizePlace(place, layout.width, layout.columns);
    return layout;
  }

  /** @param {HTMLImageElement[]} cells @param {number} place @param {number} count */
  function placeOf(cells, place, count) {
    const name = count > 1 ? words.imageOf(place + 1, count) : words.image;
    cells.forEach((image, index) => {
      image.alt = cells.length > 1 ? words.cellOf(name, index + 1, cells.length) : name;
    });
    const made = el("div", { class: "place" }, ...cells);
    if (onPlace) made.addEventListener("click", (event) => onPlace(place, event));
    return made;
  }

  addEventListener("resize", () => {
    if (shown) fit(shown);
    if (!cramped) onRoom?.();
  });
  return {
    element,
    places: () => places,
    layout: () => layout,
    cramped: () => cramped,
    clear() {
      shown = null;
      places = [];
      field.replaceChildren();
    },
    async room() {
      if (cramped) await new Promise((resolve) => (onRoom = () => resolve(undefined)));
      onRoom = null;
    },
    put(assignment, images) {
      shown = assignment.places;
      places = images.map((cells, place) => placeOf(cells, place, images.length));
      const found = fit(shown);
      element.setAttribute("aria-label", words.images(images.length, images[0]?.length ?? 0));
      field.replaceChildren(...places);
      return found;
    },
  };
}

/**
 * Small images are enlarged as they are, without a smoothing that might flatter or hurt them.
 *
 * @param {HTMLElement} place
 * @param {number} width  of one image, in CSS pixels
 * @param {number} columns
 */
export function sizePlace(place, width, columns) {
  place.style.gridTemplateColumns = `repeat(${columns}, ${width}px)`;
  for (const image of place.querySelectorAll("img")) {
    image.style.width = `${width}px`;
    image.classList.toggle("enlarged", width > image.naturalWidth);
  }
}
