// @ts-check
/**
 * The questions of a trial and what answers them: buttons, or a control that a protocol brings. Made once
 * for a session and reset for each trial, so that nothing moves and the keyboard's focus stays where it is.
 *
 * One question with buttons: a choice is the answer. Several questions, a control, or a study that asks for
 * confirmation: each answer can still be changed, and "Next" gives them all.
 */
/** @typedef {import("./types.js").Question} Question */
/** @typedef {import("./types.js").Choice} Choice */
/** @typedef {import("./types.js").Control} Control */
/** @typedef {import("./types.js").Shown} Shown */
/** @typedef {import("./types.js").Outcome} Outcome */
import { el } from "./elements.js";
import { words } from "./words.js";

/** @typedef {{question: Question, choices: Choice[], group: HTMLElement, buttons: HTMLButtonElement[], control: Control | null}} Row */

export class Questions {
  /**
   * @param {Question[]} questions
   * @param {{choices: (question: Question) => Choice[], control: import("./types.js").ControlMaker | null,
   *   confirm: boolean, keys: Record<string, string>, cannotTell: boolean,
   *   onAnswered: (outcome: Outcome, answers: Record<string, Shown>, event: Event) => void}} options
   *   confirm: ask for "Next" even after a single choice; keys: the study's own, by name; cannotTell: offer
   *   not to answer
   */
  constructor(questions, { choices, control, confirm, keys, cannotTell, onAnswered }) {
    this.onAnswered = onAnswered;
    this.keys = keys;
    /** @type {Map<string, Shown>} */
    this.given = new Map();
    /** @type {Outcome | null} a way not to answer that is still to be confirmed */
    this.aside = null;
    this.confirm = confirm;
    /** @type {Map<Outcome, HTMLButtonElement>} */
    this.ways = new Map();
    this.stacked = false;
    this.rows = questions.map((question) => this.#row(question, choices(question), control));
    this.atOnce = this.rows.length === 1 && !control && !confirm;
    this.next = el("button", { type: "button", class: "primary next", disabled: true }, `${words.next} `, el("kbd", { "aria-hidden": "true" }, keys["next"]?.toUpperCase().trim() || "↵"));
    this.next.addEventListener("click", (event) => this.#give(event));
    this.element = el("div", { class: "questions" }, ...this.rows.map(({ group }) => group));
    if (!this.atOnce) this.element.append(this.next);
    if (cannotTell) this.element.append(this.#apart());
  }

  reset() {
    this.given.clear();
    this.aside = null;
    for (const { control } of this.rows) control?.reset();
    this.#show();
  }

  /** @param {boolean} stacked  whether the places stand above one another */
  arrange(stacked) {
    if (stacked === this.stacked) return;
    this.stacked = stacked;
    for (const { choices, buttons } of this.rows) {
      choices.forEach((choice, index) => this.#label(/** @type {HTMLButtonElement} */ (buttons[index]), choice));
    }
  }

  /**
   * Answer the only question with the place that was touched.
   * @param {number} place
   * @param {Event} event
   */
  choosePlace(place, event) {
    const [row] = this.rows;
    if (row?.control) return row.control.choosePlace?.(place, event);
    const choice = row?.choices.find(({ value }) => value === place);
    if (row && choice && this.rows.length === 1) this.#choose(row, choice, event);
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key meant something here */
  press(event) {
    const { next, cannot_tell: unsure, not_shown: missing } = this.keys;
    const means = (/** @type {string | undefined} */ key) => key !== undefined && keyOf({ key }) === keyOf(event);
    if (event.key === "Enter" || means(next)) return !this.#wouldPress(document.activeElement) && this.#give(event);
    if (means(unsure) || means(missing)) return this.#setAside(means(unsure) ? "cannot_tell" : "not_shown", event);
    const row = this.#current();
    if (row?.control) return row.control.press(event);
    const choice = row?.choices.find((each) => this.#wording(each).keys.includes(keyOf(event)));
    if (!row || !choice) return false;
    this.#choose(row, choice, event);
    return true;
  }

  /** Whether Enter presses the focused button, rather than gives what has been chosen. @param {Element | null} focused */
  #wouldPress(focused) {
    return focused instanceof HTMLButtonElement && focused.getAttribute("aria-pressed") !== "true";
  }

  /** The row that keys answer: the focused one, else the first without an answer, else the last. */
  #current() {
    const focused = this.rows.find(({ group }) => group.contains(document.activeElement));
    const open = this.rows.find(({ question }) => !this.given.has(question.key));
    if (focused?.control) return focused; // its keys go on changing its answer
    const focusedIsOpen = focused && !this.given.has(focused.question.key);
    return focusedIsOpen ? focused : (open ?? focused ?? this.rows.at(-1));
  }

  /** @param {Choice} choice */
  #wording(choice) {
    return this.stacked && choice.stacked ? choice.stacked : choice;
  }

  /**
   * @param {Question} question
   * @param {Choice[]} choices
   * @param {import("./types.js").ControlMaker | null} makeControl
   * @returns {Row}
   */
  #row(question, choices, makeControl) {
    const buttons = choices.map(() => el("button", { type: "button", class: "choice" }));
    const legend = el("legend", {}, question.text);
    const group = el("fieldset", { class: "question", "data-choices": choices.length }, legend);
    const control = makeControl?.(question, (value, event) => this.#note(question, value, event)) ?? null;
    group.append(...(control ? [control.element] : lines(choices, buttons)));
    if (choices.some(({ note }) => note)) group.append(notes(choices));
    const row = { question, choices, group, buttons, control };
    choices.forEach((choice, index) => {
      const button = /** @type {HTMLButtonElement} */ (buttons[index]);
      this.#label(button, choice);
      button.addEventListener("click", (event) => this.#choose(row, choice, event));
    });
    return row;
  }

  /** Ways not to answer, set apart from the answers. */
  #apart() {
    /** @type {[Outcome, string][]} */
    const ways = [["cannot_tell", words.cannotTell], ["not_shown", words.notShown]];
    for (const [outcome, text] of ways) {
      const key = this.keys[outcome];
      const button = el("button", { type: "button", class: "plain", "aria-keyshortcuts": key ?? null }, text);
      if (key) button.append(" ", el("kbd", { "aria-hidden": "true" }, key.toUpperCase()));
      button.addEventListener("click", (event) => this.#setAside(outcome, event));
      this.ways.set(outcome, button);
    }
    return el("div", { class: "apart" }, ...this.ways.values());
  }

  /**
   * @param {Outcome} outcome
   * @param {Event} event
   */
  #setAside(outcome, event) {
    if (!this.ways.has(outcome)) return false;
    this.aside = outcome;
    this.given.clear();
    for (const { control } of this.rows) control?.reset();
    this.#show();
    if (!this.confirm) this.#give(event);
    return true;
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {Choice} choice
   */
  #label(button, choice) {
    const { text, keys, sign } = this.#wording(choice);
    button.replaceChildren(el("span", {}, text), ...(sign ? [el("kbd", { "aria-hidden": "true" }, sign)] : []));
    button.setAttribute("aria-keyshortcuts", keys.join(" "));
    if (choice.name) button.setAttribute("aria-label", choice.name);
  }

  /**
   * @param {Question} question
   * @param {Shown | null} value  null: no longer answered
   * @param {Event} event
   */
  #note(question, value, event) {
    if (value === null) this.given.delete(question.key);
    else this.given.set(question.key, value);
    this.aside = null;
    this.#show();
    if (this.atOnce) this.#give(event);
  }

  /**
   * @param {Row} row
   * @param {Choice} choice
   * @param {Event} event
   */
  #choose(row, choice, event) {
    // A keyboard's focus goes along, so that Enter never presses a button of an earlier trial.
    const focused = this.element.contains(document.activeElement);
    if (focused && event instanceof KeyboardEvent) row.buttons[row.choices.indexOf(choice)]?.focus();
    this.#note(row.question, choice.value, event);
  }

  /** @param {Event} event */
  #give(event) {
    if (!this.#complete) return false;
    if (this.aside) this.onAnswered(this.aside, {}, event);
    else this.onAnswered("answered", Object.fromEntries(this.given), event);
    return true;
  }

  get #complete() {
    return Boolean(this.aside) || this.given.size === this.rows.length;
  }

  #show() {
    const current = this.#current();
    if (this.confirm) for (const [outcome, button] of this.ways) button.setAttribute("aria-pressed", String(outcome === this.aside));
    for (const row of this.rows) {
      row.choices.forEach((choice, index) => {
        const pressed = this.given.get(row.question.key) === choice.value;
        if (!this.atOnce) row.buttons[index]?.setAttribute("aria-pressed", String(pressed));
      });
      row.group.classList.toggle("current", this.rows.length > 1 && row === current);
    }
    this.next.disabled = !this.#complete;
  }
}

/**
 * The buttons in their line; those that prefer neither side in a second one.
 *
 * @param {Choice[]} choices
 * @param {HTMLButtonElement[]} buttons
 */
function lines(choices, buttons) {
  const kind = choices.every(({ value, sign }) => typeof value === "number" && !sign) ? "choices scale" : "choices";
  const below = buttons.filter((_, index) => choices[index]?.below);
  const first = el("div", { class: kind }, ...buttons.filter((button) => !below.includes(button)));
  return below.length ? [first, el("div", { class: "choices below" }, ...below)] : [first];
}

/** The words of a scale under its buttons; screen readers get them with the buttons. @param {Choice[]} choices */
function notes(choices) {
  const texts = [choices[0], choices[(choices.length - 1) / 2], choices.at(-1)];
  return el("div", { class: "notes", "aria-hidden": "true" }, ...texts.map((each) => el("span", {}, each?.note ?? "")));
}

/** Letters count in either case. @param {{key: string}} event */
function keyOf({ key }) {
  return key.length === 1 ? key.toLowerCase() : key;
}
