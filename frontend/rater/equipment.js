// @ts-check
/** What only some studies answer with, loaded where one does: a protocol's control, keys of its own, a magnifier. */
/** @typedef {import("./types.js").Study} Study */
/** @typedef {import("./types.js").Part} Part */

/**
 * @param {Study} study
 * @param {Part} part
 * @returns {Promise<import("./types.js").Equipment>}
 */
export async function equip({ page, flow }, part) {
  const { keys, allow_zoom: zoomed } = flow;
  const [control, rekeying, zooming] = await Promise.all([
    part.control?.(page, keys),
    Object.keys(keys).length ? import("./keys.js") : null,
    zoomed && !part.expose ? import("./zoom.js") : null,
  ]);
  return {
    control: control ?? null,
    rekeyed: (choices) => (rekeying ? rekeying.rekeyed(choices, keys) : choices),
    zoom: zooming ? zooming.makeZoom() : null,
  };
}
