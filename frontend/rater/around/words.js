// @ts-check
/** Words of the screens around the trials, in the language of the page; loaded only with one of them. */

/** @typedef {() => Promise<{words: typeof import("./en.js").words}>} Catalogue */
/** @type {Catalogue} */
const english = () => import("./en.js");
/** @type {Record<string, Catalogue>} */
const OTHERS = { de: () => import("./de.js") };

/** What these screens say: a text, or a function where it depends on a number. */
export const { words } = await (OTHERS[document.documentElement.lang.slice(0, 2)] ?? english)();
