// @ts-check
/** What stands before, between and after the trials. */
/** @typedef {import("./types.js").Study} Study */
/** @typedef {import("./types.js").Completion} Completion */
import { button, el, paragraphs } from "./elements.js";
import { words } from "./words.js";

/**
 * Replace what is on screen, and lead keyboard and screen reader to its heading.
 *
 * @param {HTMLElement} root
 * @param {...Node} content
 */
export function present(root, ...content) {
  root.replaceChildren(...content);
  const heading = root.querySelector("h1");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  scrollTo(0, 0);
}

/**
 * Show a sheet to read.
 *
 * @param {HTMLElement} root
 * @param {string} title
 * @param {Node[]} content
 * @param {...Node} actions  buttons and links
 */
export function sheet(root, title, content, ...actions) {
  const made = el("div", { class: "sheet" }, el("h1", {}, title), ...content);
  if (actions.length) made.append(el("p", { class: "actions" }, ...actions));
  present(root, made);
  return made;
}

/**
 * Show a sheet; resolve when its button is pressed, or Enter anywhere.
 *
 * @param {HTMLElement} root
 * @param {string} title
 * @param {Node[]} content
 * @param {string} label
 * @returns {Promise<void>}
 */
export function read(root, title, content, label) {
  return new Promise((resolve) => {
    const done = () => {
      document.removeEventListener("keydown", onKey);
      resolve();
    };
    const onKey = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Enter" || event.repeat) return;
      event.preventDefault();
      done();
    };
    document.addEventListener("keydown", onKey);
    sheet(root, title, content, button("primary", label, done, "↵"));
  });
}

/**
 * Show the instructions; resolve when the rater wants to begin.
 *
 * @param {HTMLElement} root
 * @param {Study} study
 * @param {number} total  trials in this session
 * @param {string[]} brief  what the protocol adds
 */
export function instruct(root, { title, instructions, pictures }, total, brief) {
  const content = [
    ...paragraphs(instructions),
    ...pictures.map(pictured),
    ...brief.map((text) => el("p", {}, text)),
    el("p", { class: "quiet" }, `${words.questions(total)} ${words.how}`),
  ];
  return read(root, title, content, words.start);
}

/** @param {import("./types.js").Picture} picture */
function pictured({ image: { url, width, height }, caption }) {
  const image = el("img", { src: url, width, height, alt: caption });
  return el("figure", {}, image, el("figcaption", { "aria-hidden": "true" }, caption));
}

/** A button that loads the page again. @param {string} label @param {string} [kind] */
export const again = (label, kind = "primary") => button(kind, label, () => location.reload());

/**
 * @param {HTMLElement} root
 * @param {string} title
 * @param {string} text
 * @param {...Node} actions
 */
export function message(root, title, text, ...actions) {
  sheet(root, title, paragraphs(text), ...actions);
}

/**
 * @param {HTMLElement} root
 * @param {Study} study
 * @param {Completion | null} completion
 * @param {boolean} answered  whether this rater had anything to answer
 */
export function thank(root, { thanks, flow }, completion, answered) {
  if (!answered) return partWith(root, words.nothingLeft, [words.nothingLeftWhy], completion, false);
  return partWith(root, words.thanks, [thanks || words.thanksWhy, flow.debrief], completion);
}

/**
 * The last screen: what is said, the code and the way back.
 *
 * @param {HTMLElement} root
 * @param {string} title
 * @param {string[]} texts
 * @param {Completion | null} completion
 * @param {boolean} [mayClose]  whether to say so where no way leads back
 * @param {...Node} actions
 */
export function partWith(root, title, texts, completion, mayClose = true, ...actions) {
  const content = texts.flatMap(paragraphs);
  if (completion?.code) content.push(codeOf(completion.code));
  if (completion?.url) {
    const ours = new URL(completion.url, location.href).origin === location.origin; // hands in from within a frame
    const target = ours ? "_self" : "_top";
    actions.unshift(el("a", { class: "button", href: completion.url, target, rel: "noreferrer" }, words.confirm));
  } else if (mayClose) {
    content.push(el("p", { class: "quiet" }, words.mayClose));
  }
  return sheet(root, title, content, ...actions);
}

/** @param {string} code */
function codeOf(code) {
  const output = el("output", { class: "code", "aria-labelledby": "code-label" }, code);
  const said = el("span", { class: "quiet", role: "status" });
  const copy = button("secondary", words.copy, async () => {
    said.textContent = (await copyText(code, output)) ? words.copied : words.selected;
  });
  const label = el("p", { id: "code-label", class: "label" }, words.code);
  return el("div", { class: "completion" }, label, el("div", { class: "row" }, output, copy, said));
}

/**
 * Copy, or where frames forbid that, select.
 *
 * @param {string} text
 * @param {HTMLElement} element
 */
async function copyText(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(element);
    return false;
  }
}

/**
 * Add to the last screen the link to the rater's next session, where the study lets its raters come again.
 *
 * The session's number in the link makes it one of its own: a reload comes back to it.
 *
 * @param {HTMLElement} root
 * @param {number | null | undefined} number
 */
export function offerAgain(root, number) {
  if (!number) return;
  const address = new URL(location.href);
  address.hash = "";
  address.searchParams.set("again", String(number));
  const link = el("a", { class: "button", href: address.href }, words.again);
  root.firstElementChild?.append(el("p", { class: "quiet" }, words.againWhy), el("p", { class: "actions" }, link));
}
