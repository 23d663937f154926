// @ts-check
/** The player's own words, in the language of the page; only that language's are loaded. */

/** @typedef {() => Promise<{words: typeof import("./words/en.js").words}>} Catalogue */
/** @type {Catalogue} */
const english = () => import("./words/en.js");
/** @type {Record<string, Catalogue>} */
const OTHERS = { de: () => import("./words/de.js") };

/** What the player says: a text, or a function where it depends on a number. */
export const { words } = await (OTHERS[document.documentElement.lang.slice(0, 2)] ?? english)();
