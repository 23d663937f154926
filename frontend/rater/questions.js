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
import { button, el, key } from "./elements.js";
import { words } from "./words.js";

/** @typedef {{question: Question, choices: Choice[], group: HTMLElement, buttons: HTMLButtonElement[], control: Control | null}} Row */

/**
 * @typedef {{element: HTMLElement, reset: () => void, arrange: (stacked: boolean) => void, isStacked: () => boolean,
 *   choosePlace: (place: number, event: Event) => void, press: (event: KeyboardEvent) => boolean}} Questions
 *   arrange: told whether the places stand above one another; choosePlace: answers the only question with the
 *   place that was touched; press: whether the key meant something here
 */

/**
 * @param {Question[]} asked
 * @param {{choices: (question: Question) => Choice[], control: import("./types.js").ControlMaker | null,
 *   confirm: boolean, keys: Record<string, string>, cannotTell: boolean,
 *   onAnswered: (outcome: Outcome, answers: Record<string, Shown>, event: Event) => void}} options
 *   confirm: ask for "Next" even after a single choice; keys: the study's own, by name; cannotTell: offer
 *   not to answer
 * @returns {Questions}
 */
export function ask(asked, { choices: choicesOf, control: makeControl, confirm, keys, cannotTell, onAnswered }) {
  /** @type {Map<string, Shown>} */
  const given = new Map();
  /** @type {Outcome | null} a way not to answer that is still to be confirmed */
  let aside = null;
  /** @type {Map<Outcome, HTMLButtonElement>} */
  const ways = new Map();
  let stacked = false;
  const rows = asked.map(rowOf);
  const atOnce = rows.length === 1 && !makeControl && !confirm;
  const next = button("primary next", words.next, give, keys["next"]?.toUpperCase().trim() || "↵");
  const element = el("div", { class: "questions" }, ...rows.map(({ group }) => group));
  if (!atOnce) element.append(next);
  if (cannotTell) element.append(apart());

  function reset() {
    given.clear();
    aside = null;
    for (const { control } of rows) control?.reset();
    show();
  }

  /** Whether Enter presses the focused button, rather than gives what has been chosen. */
  function wouldPress() {
    const focused = document.activeElement;
    return focused instanceof HTMLButtonElement && focused.getAttribute("aria-pressed") !== "true";
  }

  /** The row that keys answer: the focused one, else the first without an answer, else the last. */
  function current() {
    const isOpen = (/** @type {Row | undefined} */ row) => row && !given.has(row.question.key);
    const focused = rows.find(({ group }) => group.contains(document.activeElement));
    // A control's keys go on changing its answer.
    return focused?.control || isOpen(focused) ? focused : (rows.find(isOpen) ?? focused ?? rows.at(-1));
  }

  /** @param {Choice} choice */
  function wording(choice) {
    return (stacked && choice.stacked) || choice;
  }

  /** @param {Question} question @returns {Row} */
  function rowOf(question) {
    const choices = choicesOf(question);
    const buttons = choices.map(() => button("choice", ""));
    const group = el("fieldset", { class: "question" }, el("legend", {}, question.text));
    if (choices.length > 7) group.classList.add("many");
    const control = makeControl?.(question, (value, event) => note(question, value, event)) ?? null;
    group.append(...(control ? [control.element] : lines(choices, buttons)));
    const row = { question, choices, group, buttons, control };
    label(row);
    buttons.forEach((each, index) => each.addEventListener("click", (event) => choose(row, index, event)));
    return row;
  }

  /** Ways not to answer, set apart from the answers. */
  function apart() {
    /** @type {[Outcome, string][]} */
    const all = [["cannot_tell", words.cannotTell], ["not_shown", words.notShown]];
    for (const [outcome, text] of all) {
      const way = button("plain", text, (event) => setAside(outcome, event), keys[outcome]?.toUpperCase());
      if (keys[outcome]) way.setAttribute("aria-keyshortcuts", keys[outcome]);
      ways.set(outcome, way);
    }
    return el("div", { class: "apart" }, ...ways.values());
  }

  /** @param {Outcome} outcome @param {Event} event */
  function setAside(outcome, event) {
    if (!ways.has(outcome)) return false;
    reset();
    aside = outcome;
    show();
    if (!confirm) give(event);
    return true;
  }

  /** Put words and keys on a row's buttons. @param {Row} row */
  function label({ choices, buttons }) {
    buttons.forEach((each, index) => {
      const choice = /** @type {Choice} */ (choices[index]);
      const { text, keys: own, sign } = wording(choice);
      each.replaceChildren(el("span", {}, text), ...(sign ? [key(sign)] : []));
      each.setAttribute("aria-keyshortcuts", own.join(" "));
      if (choice.name) each.setAttribute("aria-label", choice.name);
    });
  }

  /**
   * @param {Question} question
   * @param {Shown | null} value  null: no longer answered
   * @param {Event} event
   */
  function note(question, value, event) {
    if (value === null) given.delete(question.key);
    else given.set(question.key, value);
    aside = null;
    show();
    if (atOnce) give(event);
  }

  /** @param {Row} row @param {number} index  of the choice @param {Event} event */
  function choose({ question, choices, buttons }, index, event) {
    // A keyboard's focus goes along, so that Enter never presses a button of an earlier trial.
    if (event instanceof KeyboardEvent && element.contains(document.activeElement)) buttons[index]?.focus();
    note(question, /** @type {Choice} */ (choices[index]).value, event);
  }

  const complete = () => aside || given.size === rows.length;

  /** @param {Event} event */
  function give(event) {
    if (!complete()) return false;
    onAnswered(aside ?? "answered", aside ? {} : Object.fromEntries(given), event);
    return true;
  }

  function show() {
    const marked = rows.length > 1 && current();
    const press = (/** @type {HTMLElement | undefined} */ each, /** @type {boolean} */ pressed) =>
      each?.setAttribute("aria-pressed", String(pressed));
    if (confirm) for (const [outcome, way] of ways) press(way, outcome === aside);
    for (const row of rows) {
      const chosen = given.get(row.question.key);
      if (!atOnce) row.choices.forEach(({ value }, index) => press(row.buttons[index], value === chosen));
      row.group.classList.toggle("current", row === marked);
    }
    next.disabled = !complete();
  }

  return {
    element,
    reset,
    isStacked: () => stacked,
    arrange(now) {
      if (now === stacked) return;
      stacked = now;
      rows.forEach(label);
    },
    choosePlace(place, event) {
      const [row] = rows;
      if (!row || row.control) return row?.control?.choosePlace?.(place, event);
      const index = row.choices.findIndex(({ value }) => value === place);
      if (index >= 0 && rows.length === 1) choose(row, index, event);
    },
    press(event) {
      const means = (/** @type {string | undefined} */ each) => each !== undefined && keyOf({ key: each }) === keyOf(event);
      if (event.key === "Enter" || means(keys["next"])) return !wouldPress() && give(event);
      for (const outcome of ways.keys()) if (means(keys[outcome])) return setAside(outcome, event);
      const row = current();
      if (row?.control) return row.control.press(event);
      const index = row?.choices.findIndex((each) => wording(each).keys.includes(keyOf(event))) ?? -1;
      if (!row || index < 0) return false;
      choose(row, index, event);
      return true;
    },
  };
}

/**
 * The buttons in their line; those that prefer neither side in a second one; the words of a scale under its
 * buttons, which screen readers get with the buttons.
 *
 * @param {Choice[]} choices
 * @param {HTMLButtonElement[]} buttons
 */
function lines(choices, buttons) {
  const line = (/** @type {string} */ kind, /** @type {boolean} */ below) =>
    el("div", { class: kind }, ...buttons.filter((_, index) => Boolean(choices[index]?.below) === below));
  const all = [line(choices.every(({ value, sign }) => typeof value === "number" && !sign) ? "choices scale" : "choices", false)];
  if (choices.some(({ below }) => below)) all.push(line("choices below", true));
  if (choices.some(({ note }) => note)) all.push(notes([choices[0], choices[(choices.length - 1) / 2], choices.at(-1)].map((each) => each?.note)));
  return all;
}

/** Words under the two ends and the middle of a scale. @param {(string | undefined)[]} texts */
export function notes(texts) {
  return el("div", { class: "notes", "aria-hidden": "true" }, ...texts.map((text) => el("span", {}, text ?? "")));
}

/** Letters count in either case. @param {{key: string}} event */
function keyOf({ key: name }) {
  return name.length === 1 ? name.toLowerCase() : name;
}
