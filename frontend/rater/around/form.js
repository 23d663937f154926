// @ts-check
/** A few questions on one sheet: comprehension before the trials, and closing questions after them. */
/** @typedef {import("../types.js").FormQuestion} FormQuestion */
/** @typedef {Record<string, string | number | number[]>} Answers */
import { el } from "../elements.js";
import { present } from "../screens.js";
import { words } from "./words.js";

export class Form {
  /**
   * @param {FormQuestion[]} questions
   * @param {string} label  of the button
   * @param {Answers} draft  what was filled in before a reload
   * @param {(draft: Answers) => void} onDraft
   */
  constructor(questions, label, draft, onDraft) {
    this.questions = questions;
    this.errors = new Map(questions.map(({ key }) => [key, el("p", { class: "wrong", id: `wrong-${key}`, hidden: true })]));
    this.button = el("button", { class: "primary" }, label);
    this.said = el("p", { role: "status" });
    this.element = el(
      "form",
      {},
      ...questions.map((question) => this.#field(question, draft[question.key])),
      el("p", { class: "actions" }, this.button),
      this.said,
    );
    this.element.addEventListener("input", () => {
      this.#insist();
      onDraft(this.read());
    });
    this.#insist();
  }

  /**
   * Show the form on a sheet.
   * @param {HTMLElement} root
   * @param {string} title
   * @param {...Node} before
   */
  present(root, title, ...before) {
    present(root, el("div", { class: "sheet" }, el("h1", {}, title), ...before, this.element));
  }

  /** Resolve with the answers when they are given. @returns {Promise<Answers>} */
  answers() {
    this.button.disabled = false;
    return new Promise((resolve) => {
      this.element.onsubmit = (event) => {
        event.preventDefault();
        this.button.disabled = true; // until it is known what became of them
        resolve(this.read());
      };
    });
  }

  /** Say what is wrong, beside its question. @param {Record<string, string>} wrong  by key */
  refuse(wrong) {
    for (const [key, error] of this.errors) {
      error.textContent = wrong[key] ?? "";
      error.hidden = !wrong[key];
      for (const input of this.#inputs(key)) input.setAttribute("aria-invalid", String(Boolean(wrong[key])));
    }
    const [first] = Object.keys(wrong);
    if (first) this.#inputs(first)[0]?.focus();
  }

  /** @returns {Answers} what is filled in */
  read() {
    /** @type {Answers} */
    const given = {};
    for (const { key, kind } of this.questions) {
      const inputs = this.#inputs(key);
      const chosen = inputs.flatMap((input, index) => ("checked" in input && input.checked ? [index] : []));
      const text = inputs[0]?.value.trim() ?? "";
      if (kind === "multiple") given[key] = chosen;
      else if (kind === "choice") chosen.forEach((index) => (given[key] = index));
      else if (text) given[key] = kind === "number" ? Number(text) : text;
    }
    return given;
  }

  /** @param {string} key @returns {(HTMLInputElement | HTMLTextAreaElement)[]} */
  #inputs(key) {
    return /** @type {any} */ ([...this.element.querySelectorAll(`[name="${key}"]`)]);
  }

  /** Browsers have no way to demand one of several boxes. */
  #insist() {
    for (const { key, kind, optional } of this.questions) {
      if (kind !== "multiple" || optional) continue;
      const boxes = /** @type {HTMLInputElement[]} */ (this.#inputs(key));
      boxes[0]?.setCustomValidity(boxes.some(({ checked }) => checked) ? "" : words.chooseOne);
    }
  }

  /** @param {FormQuestion} question @param {Answers[string] | undefined} drafted */
  #field(question, drafted) {
    const { key, kind, text, options = [], optional = false, minimum, maximum } = question;
    const notes = [...(kind === "multiple" ? [words.several] : []), ...(optional ? [words.optional] : [])];
    const name = [text, ...(notes.length ? [" ", el("small", {}, `(${notes.join(", ")})`)] : [])];
    const error = /** @type {HTMLElement} */ (this.errors.get(key));
    const shared = { name: key, required: !optional && kind !== "multiple", "aria-describedby": error.id };
    if (kind === "choice" || kind === "multiple") {
      const type = kind === "choice" ? "radio" : "checkbox";
      const isDrafted = (/** @type {number} */ index) => drafted === index || (Array.isArray(drafted) && drafted.includes(index));
      const rows = options.map((option, index) =>
        el("label", { class: "option" }, el("input", { type, ...shared, checked: isDrafted(index) }), el("span", {}, option)),
      );
      return el("fieldset", { class: "field", dir: "auto" }, el("legend", {}, ...name), ...rows, error);
    }
    const value = drafted === undefined ? "" : String(drafted);
    const input =
      kind === "long"
        ? el("textarea", { ...shared, rows: 4, maxlength: 5000 }, value)
        : kind === "number"
          ? el("input", { ...shared, type: "number", step: "any", min: minimum ?? null, max: maximum ?? null, value })
          : el("input", { ...shared, type: "text", maxlength: 5000, value });
    return el("div", { class: "field", dir: "auto" }, el("label", {}, el("span", {}, ...name), input), error);
  }
}
