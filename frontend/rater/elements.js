// @ts-check
/**
 * Make an element: `el("p", {class: "quiet"}, "words")`. Attributes that are false or null are left out.
 * Words become text nodes, never HTML.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | boolean | null>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

/**
 * Make a button.
 *
 * @param {string} kind  its class
 * @param {string} label
 * @param {((event: MouseEvent) => void) | null} [act]
 * @param {string} [sign]  the key that presses it, as it is shown
 */
export function button(kind, label, act, sign) {
  const made = el("button", { type: "button", class: kind }, label);
  if (sign) made.append(" ", key(sign));
  if (act) made.addEventListener("click", act);
  return made;
}

/** A key as it stands on a button; screen readers are told by aria-keyshortcuts. @param {string} sign */
export const key = (sign) => el("kbd", { "aria-hidden": "true" }, sign);

/** Paragraphs of a researcher's plain text: a blank line divides them. @param {string} text */
export function paragraphs(text) {
  return text
    .split(/\n\s*\n/)
    .filter((part) => part.trim())
    .map((part) => el("p", { dir: "auto" }, part.trim()));
}
