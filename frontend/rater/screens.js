// @ts-check
/** What stands before, between and after the trials. */
/** @typedef {import("./types.js").Study} Study */
/** @typedef {import("./types.js").Completion} Completion */
import { el, paragraphs } from "./elements.js";
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
 * Show the instructions; resolve when the rater wants to begin.
 *
 * @param {HTMLElement} root
 * @param {Study} study
 * @param {number} total  trials in this session
 * @param {string[]} brief  what the protocol adds
 */
export function instruct(root, study, total, brief) {
  const start = el("button", { type: "button", class: "primary" }, `${words.start} `, el("kbd", { "aria-hidden": "true" }, "↵"));
  present(
    root,
    el(
      "div",
      { class: "sheet" },
      el("h1", {}, study.title),
      ...paragraphs(study.instructions),
      ...study.pictures.map(pictured),
      ...brief.map((text) => el("p", {}, text)),
      el("p", { class: "quiet" }, `${words.questions(total)} ${words.how}`),
      el("p", { class: "actions" }, start),
    ),
  );
  return pressed(start);
}

/** @param {import("./types.js").Picture} picture */
function pictured({ image: { url, width, height }, caption }) {
  const image = el("img", { src: url, width, height, alt: caption });
  return el("figure", {}, image, el("figcaption", { "aria-hidden": "true" }, caption));
}

/** Resolve when the button is pressed, or Enter anywhere. @param {HTMLButtonElement} button */
export function pressed(button) {
  return new Promise((resolve) => {
    const onKey = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Enter" || event.repeat) return;
      event.preventDefault();
      done();
    };
    const done = () => {
      document.removeEventListener("keydown", onKey);
      resolve(undefined);
    };
    document.addEventListener("keydown", onKey);
    button.addEventListener("click", done);
  });
}

/**
 * @param {HTMLElement} root
 * @param {string} title
 * @param {string} text
 * @param {{label: string, act: () => void}} [action]
 */
export function message(root, title, text, action) {
  const sheet = el("div", { class: "sheet" }, el("h1", {}, title), ...paragraphs(text));
  if (action) {
    const button = el("button", { type: "button", class: "primary" }, action.label);
    button.addEventListener("click", action.act);
    sheet.append(el("p", { class: "actions" }, button));
  }
  present(root, sheet);
}

/**
 * @param {HTMLElement} root
 * @param {Study} study
 * @param {Completion | null} completion
 * @param {boolean} answered  whether this rater had anything to answer
 */
export function thank(root, study, completion, answered) {
  const text = answered ? study.thanks || words.thanksWhy : words.nothingLeftWhy;
  const debrief = answered ? study.flow.debrief : "";
  partWith(root, answered ? words.thanks : words.nothingLeft, [text, debrief], completion, answered);
}

/**
 * The last screen: what is said, the code and the way back.
 *
 * @param {HTMLElement} root
 * @param {string} title
 * @param {string[]} texts
 * @param {Completion | null} completion
 * @param {boolean} [mayClose]  whether to say so where no way leads back
 */
export function partWith(root, title, texts, completion, mayClose = true) {
  const sheet = el("div", { class: "sheet" }, el("h1", {}, title), ...texts.flatMap(paragraphs));
  if (completion?.code) sheet.append(codeOf(completion.code));
  if (completion?.url) {
    const ours = new URL(completion.url, location.href).origin === location.origin; // hands in from within a frame
    const target = ours ? "_self" : "_top";
    const link = el("a", { class: "button", href: completion.url, target, rel: "noreferrer" }, words.confirm);
    sheet.append(el("p", { class: "actions" }, link));
  } else if (mayClose) {
    sheet.append(el("p", { class: "quiet" }, words.mayClose));
  }
  present(root, sheet);
}

/** @param {string} code */
function codeOf(code) {
  const output = el("output", { class: "code", "aria-labelledby": "code-label" }, code);
  const copy = el("button", { type: "button", class: "secondary" }, words.copy);
  const said = el("span", { class: "quiet", role: "status" });
  copy.addEventListener("click", async () => {
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
