// @ts-check
/** Where images go and how large they are: pure arithmetic, so that what was shown can be recorded. */

const GAP = 24; // CSS pixels between places, as in rater.css
const CELL_GAP = 4; // between the cells of a grid
const CLEARLY = 1.2; // how much larger images must become for another row

/** @typedef {{width: number, height: number}} Box */
/** @typedef {{width: number, arrangement: "row" | "column" | "grid", across: number, columns: number, extent: Box}} Layout */
// width: of one image; across: places side by side; columns: of a grid at one place; extent: of all places together

/** Columns of a grid of `cells` images: as square as can be. @param {number} cells */
export function gridColumns(cells) {
  return Math.ceil(Math.sqrt(cells));
}

/**
 * Return the width of one image so that all places fit the box, never wider than `wanted`.
 *
 * @param {Box} box  room for all places
 * @param {Box} image  one image in its own pixels
 * @param {number} cells  images at each place
 * @param {number} across  places side by side
 * @param {number} down  places above one another
 * @param {number} wanted
 */
function fit(box, image, cells, across, down, wanted) {
  const columns = gridColumns(cells);
  const rows = Math.ceil(cells / columns);
  const width = (box.width - GAP * (across - 1) - across * CELL_GAP * (columns - 1)) / (across * columns);
  const height = (box.height - GAP * (down - 1) - down * CELL_GAP * (rows - 1)) / (down * rows);
  return Math.min(wanted, Math.max(16, Math.floor(Math.min(width, (height * image.width) / image.height))));
}

/**
 * @param {number} width  of one image
 * @param {Box} image
 * @param {number} cells
 * @param {number} across
 * @param {number} down
 * @returns {Box}
 */
function extentOf(width, image, cells, across, down) {
  const columns = gridColumns(cells);
  const rows = Math.ceil(cells / columns);
  const height = Math.ceil((width * image.height) / image.width);
  return {
    width: across * (columns * width + CELL_GAP * (columns - 1)) + GAP * (across - 1),
    height: down * (rows * height + CELL_GAP * (rows - 1)) + GAP * (down - 1),
  };
}

/**
 * Places stand side by side, or in several rows where that shows them clearly larger.
 *
 * @param {{box: Box, image: Box, places: number, cells: number, wanted: number}} situation
 *   wanted: width of one image in CSS pixels; 0 for its own
 * @returns {Layout}
 */
export function arrange({ box, image, places, cells, wanted }) {
  const target = wanted || image.width;
  let best = { across: places, down: 1, width: fit(box, image, cells, places, 1, target) };
  for (let across = places - 1; across >= 1; across -= 1) {
    const down = Math.ceil(places / across);
    const width = fit(box, image, cells, across, down, target);
    if (width >= best.width * CLEARLY) best = { across, down, width };
  }
  const { down, width } = best;
  const across = Math.ceil(places / down); // rows as even as can be; the last one stands in the middle
  const arrangement = down === 1 ? "row" : across === 1 ? "column" : "grid";
  return { width, arrangement, across, columns: gridColumns(cells), extent: extentOf(width, image, cells, across, down) };
}
