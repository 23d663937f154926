// @ts-check
/** A few questions on one sheet: comprehension before the trials, and closing questions after them. */
/** @typedef {import("../types.js").FormQuestion} FormQuestion */
/** @typedef {Record<string, string | number | number[]>} Answers */
import { el } from "../elements.js";
import { sheet } from "../screens.js";
import { words } from "./words.js";

/**
 * @typedef {{button: HTMLButtonElement, answers: () => Promise<Answers>, say: (text: string) => void,
 *   refuse: (wrong: Record<string, string>) => void}} Form
 *   answers: resolves when they are given; refuse: says what is wrong, by key, beside its question
 */

/**
 * Show questions on a sheet.
 *
 * @param {HTMLElement} root
 * @param {string} title
 * @param {Node[]} before
 * @param {FormQuestion[]} questions
 * @param {string} label  of the button
 * @param {Answers} draft  what was filled in before a reload
 * @param {(draft: Answers) => void} onDraft
 * @returns {Form}
 */
export function showForm(root, title, before, questions, label, draft, onDraft) {
  const fields = questions.map((question) => fieldOf(question, draft[question.key]));
  const button = el("button", { class: "primary" }, label);
  const said = el("p", { role: "status" });
  const form = el("form", {}, ...fields.map(({ element }) => element), el("p", { class: "actions" }, button), said);

  /** @returns {Answers} what is filled in */
  function read() {
    /** @type {Answers} */
    const given = {};
    for (const { question, inputs } of fields) {
      const { key, kind } = question;
      const chosen = inputs.flatMap((input, index) => ("checked" in input && input.checked ? [index] : []));
      const text = inputs[0]?.value.trim();
      if (kind === "multiple") given[key] = chosen;
      else if (kind === "choice") chosen.forEach((index) => (given[key] = index));
      else if (text) given[key] = kind === "number" ? Number(text) : text;
    }
    return given;
  }

  /** Browsers have no way to demand one of several boxes. */
  function insist() {
    const given = read();
    for (const { question, inputs } of fields) {
      if (question.kind !== "multiple" || question.optional) continue;
      inputs[0]?.setCustomValidity(/** @type {number[]} */ (given[question.key]).length ? "" : words.chooseOne);
    }
    return given;
  }

  form.oninput = () => onDraft(insist());
  insist();
  sheet(root, title, [...before, form]);
  return {
    button,
    say: (text) => void (said.textContent = text),
    answers() {
      button.disabled = false;
      return new Promise((resolve) => {
        form.onsubmit = (event) => {
          event.preventDefault();
          button.disabled = true; // until it is known what became of them
          resolve(read());
        };
      });
    },
    refuse(wrong) {
      const refused = fields.filter(({ question, inputs, error }) => {
        const text = wrong[question.key] ?? "";
        error.textContent = text;
        error.hidden = !text;
        for (const input of inputs) input.setAttribute("aria-invalid", String(Boolean(text)));
        return text;
      });
      refused[0]?.inputs[0]?.focus();
    },
  };
}

/** @param {FormQuestion} question @param {Answers[string] | undefined} drafted */
function fieldOf(question, drafted) {
  const { key, kind, text, options = [], optional = false, minimum = null, maximum = null } = question;
  const notes = [kind === "multiple" && words.several, optional && words.optional].filter(Boolean);
  const name = [text, ...(notes.length ? [" ", el("small", {}, `(${notes.join(", ")})`)] : [])];
  const error = el("p", { class: "wrong", id: `wrong-${key}`, hidden: true });
  const shared = { name: key, required: !optional && kind !== "multiple", "aria-describedby": error.id };
  if (kind === "choice" || kind === "multiple") {
    const type = kind === "choice" ? "radio" : "checkbox";
    const inputs = options.map((_, index) => el("input", { type, ...shared, checked: [drafted].flat().includes(index) }));
    const rows = inputs.map((input, index) => el("label", { class: "option" }, input, el("span", {}, options[index] ?? "")));
    return { question, inputs, error, element: el("fieldset", { class: "field", dir: "auto" }, el("legend", {}, ...name), ...rows, error) };
  }
  const limits = kind === "number" ? { type: "number", step: "any", min: minimum, max: maximum } : { maxlength: 5000 };
  const input = kind === "long" ? el("textarea", { ...shared, ...limits, rows: 4 }) : el("input", { ...shared, ...limits });
  input.value = String(drafted ?? "");
  return { question, inputs: [input], error, element: el("div", { class: "field", dir: "auto" }, el("label", {}, el("span", {}, ...name), input), error) };
}
