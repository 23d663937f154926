// @ts-check
/**
 * Trial after trial: show it, wait for the answer, give the vote away, show the next one.
 */
/** @typedef {import("./types.js").Vote} Vote */
/** @typedef {import("./types.js").Study} Study */
/** @typedef {import("./types.js").Assignment} Assignment */
/** @typedef {{outcome: Vote["outcome"], answers: Vote["answers"], event: Event}} Given */
/** @typedef {((given: Given) => void) | null} Taker  who takes the answers; null while there is nothing to answer */
import { watchAttention } from "./attention.js";
import { nextFrame } from "./display.js";
import { el } from "./elements.js";
import { ImageFailed } from "./images.js";
import { randomId } from "./keepsake.js";
import { ask } from "./questions.js";
import { makeStage } from "./stage.js";
import { Gone } from "./supply.js";
import { words } from "./words.js";

/** Answers faster than this are the second half of a double click or a key still held down. */
const REFLEX_MS = 120;
const SAY_AFTER_MS = 400;
const FEEDBACK_MS = 700;

/**
 * @param {{study: Study, part: import("./types.js").Part, equipment: import("./types.js").Equipment,
 *   supply: Pick<import("./supply.js").Supply, "next" | "parametersOf">,
 *   settle: (vote: Vote) => Promise<boolean | undefined>, onBlock: () => Promise<void>,
 *   between?: () => Promise<void>}} parts
 *   settle: takes a vote, and resolves when the next trial may come, with whether the answer was right where
 *   the rater is to be told; onBlock: called between two blocks, resolves when the rater wants to go on;
 *   between: after each trial
 * @returns {{element: HTMLElement, run: () => Promise<void>, isStacked: () => boolean}}
 *   run: until no trial is left for this rater; isStacked: whether the places stand above one another
 */
export function prepareTrials({ study, part, equipment, supply, settle, onBlock, between }) {
  const { page, flow } = study;
  const { zoom } = equipment;
  const exposure = part.expose?.(page);
  const attention = watchAttention();
  /** @type {Taker} */
  let accept = null;
  /** @type {number | undefined} */
  let currentBlock;
  const questions = ask(study.questions, {
    choices: (question) => equipment.rekeyed(part.choices(question, page)),
    control: equipment.control,
    confirm: flow.confirm_answers,
    keys: flow.keys,
    cannotTell: Boolean(page["cannot_tell"]),
    onAnswered: (outcome, answers, event) => !stage.cramped() && accept?.({ outcome, answers, event }),
  });
  const touchable = part.placesAnswer && study.questions.length === 1;
  const onPlace = (/** @type {number} */ place, /** @type {Event} */ event) => accept && questions.choosePlace(place, event);
  const stage = makeStage(study.display_width, touchable ? onPlace : null, Number(page["images"] ?? 0) > 2, flow.scale);
  const prompt = el("p", { class: "prompt", hidden: true });
  const loading = el("p", { class: "loading", role: "status" });
  const say = (/** @type {string} */ text) => void (loading.textContent = text);
  /** Busy while there is nothing to answer. */
  const element = el("div", { class: "trial unbegun", "aria-busy": "true" }, prompt, stage.element, loading, questions.element);
  if (zoom) questions.element.prepend(zoom.button, zoom.dialog);
  zoom?.button.addEventListener("click", ({ detail }) => {
    if (detail) zoom.button.blur(); // a pointer's click: Enter later on is for the answer
    lookCloser();
  });

  /** Look closer, while there is something to look at. */
  function lookCloser() {
    if (accept && !stage.cramped()) zoom?.show(stage.places());
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (event.repeat) {
      // A key held down would press the focused button again and again.
      if (event.key === "Enter" || event.key === " ") event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !accept || zoom?.dialog.open) return;
    if (zoom && event.key.toLowerCase() === "z") lookCloser();
    else if (!questions.press(event)) return;
    event.preventDefault();
  }

  async function run() {
    document.addEventListener("keydown", onKey);
    try {
      for (;;) {
        const since = performance.now();
        const prepared = await patiently(supply.next());
        if (!prepared) return;
        const vote = await voteOn(prepared, since);
        if (!vote) continue;
        const correct = await patiently(settle(vote), words.sending);
        if (correct !== undefined) await tell(correct);
        await between?.();
      }
    } finally {
      document.removeEventListener("keydown", onKey);
    }
  }

  /**
   * @param {import("./supply.js").Prepared} prepared
   * @param {number} since  when the rater began to wait for this trial
   * @returns {Promise<Vote | null>} null: it has been answered elsewhere
   */
  async function voteOn({ assignment, images }, since) {
    /** @type {Vote} */
    const vote = { assignment: assignment.id, key: randomId(), outcome: "not_shown", answers: {}, response_ms: 0, timings: device() };
    try {
      await show(vote, assignment, await patiently(images), since);
    } catch (error) {
      if (error instanceof Gone) return null;
      if (!(error instanceof ImageFailed)) throw error;
    }
    return vote;
  }

  /**
   * Wait for something that is usually there already; clear the stage if it is not there by the next frame.
   *
   * @template T
   * @param {Promise<T>} promised
   * @param {string} saying  what to say if it takes long
   * @returns {Promise<T>}
   */
  async function patiently(promised, saying = words.loading) {
    const late = Symbol("late");
    const first = await Promise.race([promised, nextFrame().then(() => late)]);
    if (first !== late) return /** @type {T} */ (first);
    stage.clear();
    questions.reset();
    return saidMeanwhile(promised, saying, SAY_AFTER_MS);
  }

  /**
   * @template T
   * @param {Promise<T>} promised
   * @param {string} saying
   * @param {number} after  ms of waiting
   */
  function saidMeanwhile(promised, saying, after) {
    const timer = setTimeout(say, after, saying);
    return promised.finally(() => {
      clearTimeout(timer);
      say("");
    });
  }

  /**
   * Show a trial, and write into its vote what came of it.
   *
   * @param {Vote} vote
   * @param {Assignment} assignment
   * @param {HTMLImageElement[][]} images
   * @param {number} since
   */
  async function show(vote, assignment, images, since) {
    await nextFrame();
    prompt.textContent = assignment.prompt ?? "";
    if (assignment.prompt) prompt.hidden = false; // and from then on, so that nothing moves
    questions.reset();
    element.classList.remove("unbegun");
    const put = () => stage.put(assignment, images);
    const layout = await fitting(put());
    questions.arrange(layout.arrangement === "column");
    // The frame put together above is on screen from here on, or the exposure says when.
    const exposed = exposure && (await expose(exposure, assignment, put));
    const shown = exposed?.onset ?? (await nextFrame());
    attention.restart();
    zoom?.restart();
    const { outcome, answers, event } = await answer(shown);
    const exposureAsItWas = await exposed?.over;
    vote.outcome = outcome;
    vote.answers = answers;
    vote.response_ms = round(event.timeStamp - shown);
    const now = stage.layout()?.width;
    vote.timings = {
      ...device(),
      shown_at: new Date(performance.timeOrigin + shown).toISOString(),
      image_width: layout.width,
      arrangement: layout.arrangement,
      ...(now && now !== layout.width && { rescaled_width: now }),
      ...exposureAsItWas,
      ...attention.read(),
      ...zoom?.read(),
      input: inputOf(event),
      wait_ms: round(Math.max(0, shown - since)),
    };
  }

  /**
   * Wait for a window with room for images that may not shrink.
   *
   * @param {import("./layout.js").Layout} layout
   */
  async function fitting(layout) {
    if (!stage.cramped()) return layout;
    say(words.cramped);
    await stage.room();
    say("");
    return stage.layout() ?? layout;
  }

  /**
   * Show the image for the time that is asked for, once that is known: a cross stands there until then.
   *
   * @param {import("./exposure.js").Exposure} exposure
   * @param {Assignment} assignment
   * @param {() => void} put  puts the image on the stage again
   */
  async function expose(exposure, assignment, put) {
    const cover = () => exposure.cover(/** @type {HTMLElement} */ (stage.places()[0]));
    cover();
    const known = saidMeanwhile(supply.parametersOf(assignment), words.sending, 4 * SAY_AFTER_MS);
    const { exposure_ms: asked = 0, block } = await known;
    if (currentBlock !== undefined && block !== currentBlock) {
      await onBlock();
      put();
      cover();
    }
    currentBlock = block;
    return exposure.show(asked);
  }

  /** Say whether the answer was right. @param {boolean} correct */
  async function tell(correct) {
    say(correct ? words.correct : words.wrong);
    loading.classList.add(correct ? "good" : "bad");
    await new Promise((resolve) => setTimeout(resolve, FEEDBACK_MS));
    loading.classList.remove("good", "bad");
    say("");
  }

  /** @param {number} shown @returns {Promise<Given>} */
  function answer(shown) {
    return new Promise((resolve) => {
      open((given) => {
        if (given.event.timeStamp - shown < REFLEX_MS) return questions.reset();
        open(null);
        resolve(given);
      });
    });
  }

  /** @param {Taker} taker */
  function open(taker) {
    accept = taker;
    element.setAttribute("aria-busy", String(!taker));
  }

  return { element, run, isStacked: questions.isStacked };
}

/** @returns {{viewport: [number, number], device_pixel_ratio: number}} */
function device() {
  return { viewport: [innerWidth, innerHeight], device_pixel_ratio: devicePixelRatio };
}

/** @param {number} ms */
function round(ms) {
  return Math.round(ms * 10) / 10;
}

/** @param {Event} event @returns {string} "key", "mouse", "touch" or "pen" */
function inputOf(event) {
  if (event instanceof KeyboardEvent) return "key";
  // A button pressed by keyboard or assistive technology gives a click without a pointer.
  return (event instanceof PointerEvent && event.pointerType) || "key";
}
