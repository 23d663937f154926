// @ts-check
/**
 * Trial after trial: show it, wait for the answer, hand the vote to the outbox, show the next one.
 */
/** @typedef {import("./types.js").Vote} Vote */
/** @typedef {import("./types.js").Study} Study */
/** @typedef {import("./types.js").Assignment} Assignment */
/** @typedef {{outcome: Vote["outcome"], answers: Vote["answers"], event: Event}} Given */
import { Attention } from "./attention.js";
import { nextFrame } from "./display.js";
import { el } from "./elements.js";
import { ImageFailed } from "./images.js";
import { randomId } from "./keepsake.js";
import { Questions } from "./questions.js";
import { Stage } from "./stage.js";
import { Gone } from "./supply.js";
import { words } from "./words.js";

/** Answers faster than this are the second half of a double click or a key still held down. */
const REFLEX_MS = 120;
const SAY_AFTER_MS = 400;
const FEEDBACK_MS = 700;

export class Trials {
  /**
   * @param {{study: Study, part: import("./types.js").Part, equipment: import("./types.js").Equipment,
   *   supply: import("./supply.js").Supply, outbox: import("./outbox.js").Outbox, onDone: (vote: Vote) => void,
   *   onBlock: () => Promise<void>, between?: () => Promise<void>}} parts
   *   onBlock: called between two blocks; resolves when the rater wants to go on; between: after each trial
   */
  constructor({ study, part, equipment, supply, outbox, onDone, onBlock, between }) {
    this.part = part;
    this.page = study.page;
    this.supply = supply;
    this.outbox = outbox;
    this.onDone = onDone;
    this.onBlock = onBlock;
    this.between = between;
    this.exposure = part.expose?.(study.page);
    /** @type {number | undefined} */
    this.block = undefined;
    this.attention = new Attention();
    /** @type {((given: Given) => void) | null} */
    this.accept = null;
    this.questions = new Questions(study.questions, {
      choices: (question) => equipment.rekeyed(part.choices(question, study.page)),
      control: equipment.control,
      confirm: study.flow.confirm_answers,
      keys: study.flow.keys,
      cannotTell: Boolean(study.page["cannot_tell"]),
      onAnswered: (outcome, answers, event) => !this.stage.cramped && this.accept?.({ outcome, answers, event }),
    });
    const touchable = part.placesAnswer && study.questions.length === 1;
    this.stage = new Stage(
      study.display_width,
      touchable ? (place, event) => this.accept && this.questions.choosePlace(place, event) : null,
      Number(study.page["images"] ?? 0) > 2,
      study.flow.scale,
    );
    this.zoom = equipment.zoom;
    this.zoom?.button.addEventListener("click", ({ detail }) => {
      if (detail) this.zoom?.button.blur(); // a pointer's click: Enter later on is for the answer
      this.#zoom();
    });
    this.prompt = el("p", { class: "prompt", hidden: !study.page["show_prompt"] });
    this.loading = el("p", { class: "loading", role: "status" });
    /** Busy while there is nothing to answer. */
    this.element = el("div", { class: "trial unbegun", "aria-busy": "true" }, this.prompt, this.stage.element, this.loading, this.questions.element);
    if (this.zoom) this.questions.element.prepend(this.zoom.button, this.zoom.dialog);
    this.onKey = this.onKey.bind(this);
  }

  /** Run until no trial is left for this rater. */
  async run() {
    document.addEventListener("keydown", this.onKey);
    try {
      for (;;) {
        const since = performance.now();
        const prepared = await this.#patiently(this.supply.next());
        if (!prepared) return;
        const vote = await this.#voteOn(prepared, since);
        if (!vote) continue;
        const judged = this.page["feedback"] ? this.outbox.resultOf(vote.key) : null;
        this.outbox.add(vote);
        this.onDone(vote);
        if (judged) await this.#tell(await this.#patiently(judged, words.sending));
        await this.between?.();
      }
    } finally {
      document.removeEventListener("keydown", this.onKey);
    }
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    if (event.repeat) {
      // A key held down would press the focused button again and again.
      if (event.key === "Enter" || event.key === " ") event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !this.accept || this.zoom?.open) return;
    if (this.zoom && event.key.toLowerCase() === "z") this.#zoom();
    else if (!this.questions.press(event)) return;
    event.preventDefault();
  }

  /** Look closer, while there is something to look at. */
  #zoom() {
    if (this.accept && !this.stage.cramped) this.zoom?.show(this.stage.places);
  }

  /**
   * @param {import("./supply.js").Prepared} prepared
   * @param {number} since  when the rater began to wait for this trial
   * @returns {Promise<Vote | null>} null: it has been answered elsewhere
   */
  async #voteOn({ assignment, images }, since) {
    try {
      return await this.#show(assignment, await this.#patiently(images), since);
    } catch (error) {
      if (error instanceof Gone) return null;
      if (!(error instanceof ImageFailed)) throw error;
      const timings = { viewport: viewport(), device_pixel_ratio: devicePixelRatio };
      return { assignment: assignment.id, key: randomId(), outcome: "not_shown", answers: {}, response_ms: 0, timings };
    }
  }

  /**
   * Wait for something that is usually there already; clear the stage if it is not there by the next frame.
   *
   * @template T
   * @param {Promise<T>} promised
   * @param {string} saying  what to say if it takes long
   * @returns {Promise<T>}
   */
  async #patiently(promised, saying = words.loading) {
    const late = Symbol("late");
    const first = await Promise.race([promised, nextFrame().then(() => late)]);
    if (first !== late) return /** @type {T} */ (first);
    this.stage.clear();
    this.questions.reset();
    const timer = setTimeout(() => (this.loading.textContent = saying), SAY_AFTER_MS);
    return promised.finally(() => {
      clearTimeout(timer);
      this.loading.textContent = "";
    });
  }

  /**
   * @param {Assignment} assignment
   * @param {HTMLImageElement[][]} images
   * @param {number} since
   * @returns {Promise<Vote>}
   */
  async #show(assignment, images, since) {
    await nextFrame();
    this.prompt.textContent = assignment.prompt ?? "";
    this.questions.reset();
    this.element.classList.remove("unbegun");
    const cells = images[0]?.length ?? 0;
    const put = () => this.stage.put(assignment, images, words.images(images.length, cells));
    const layout = await this.#fitting(put());
    this.questions.arrange(layout.arrangement === "column");
    // The frame put together above is on screen from here on, or the exposure says when.
    const exposed = this.exposure && (await this.#expose(this.exposure, assignment, put));
    const shown = exposed?.onset ?? (await nextFrame());
    this.attention.restart();
    this.zoom?.restart();
    const shownAt = new Date(performance.timeOrigin + shown).toISOString();
    const { outcome, answers, event } = await this.#answer(shown);
    const exposure = await exposed?.over;
    return {
      assignment: assignment.id,
      key: randomId(),
      outcome,
      answers,
      response_ms: round(event.timeStamp - shown),
      timings: {
        shown_at: shownAt,
        viewport: viewport(),
        device_pixel_ratio: devicePixelRatio,
        image_width: layout.width,
        arrangement: layout.arrangement,
        ...this.#rescaled(layout),
        ...exposure,
        ...this.attention.read(),
        ...this.zoom?.read(),
        input: inputOf(event),
        wait_ms: round(Math.max(0, shown - since)),
      },
    };
  }

  /**
   * Wait for a window with room for images that may not shrink.
   *
   * @param {import("./layout.js").Layout} layout
   * @returns {Promise<import("./layout.js").Layout>}
   */
  async #fitting(layout) {
    if (!this.stage.cramped) return layout;
    this.loading.textContent = words.cramped;
    await this.stage.room();
    this.loading.textContent = "";
    return this.stage.layout ?? layout;
  }

  /** What became of the images' width, where that is not what it was. @param {import("./layout.js").Layout} layout */
  #rescaled({ width }) {
    const now = this.stage.layout?.width ?? width;
    return now === width ? {} : { rescaled_width: now };
  }

  /**
   * Show the image for the time that is asked for, once that is known: a cross stands there until then.
   *
   * @param {import("./exposure.js").Exposure} exposure
   * @param {Assignment} assignment
   * @param {() => void} put  puts the image on the stage again
   */
  async #expose(exposure, assignment, put) {
    exposure.cover(/** @type {HTMLElement} */ (this.stage.places[0]));
    const saying = setTimeout(() => (this.loading.textContent = words.sending), 4 * SAY_AFTER_MS);
    const { exposure_ms: asked = 0, block } = await this.supply.parametersOf(assignment).finally(() => clearTimeout(saying));
    this.loading.textContent = "";
    if (this.block !== undefined && block !== this.block) {
      await this.onBlock();
      put();
      exposure.cover(/** @type {HTMLElement} */ (this.stage.places[0]));
    }
    this.block = block;
    return exposure.show(asked);
  }

  /** Say whether the answer was right. @param {import("./types.js").VoteResult | null} result */
  async #tell(result) {
    const correct = result?.feedback?.correct;
    if (correct === undefined) return;
    this.loading.textContent = correct ? words.correct : words.wrong;
    this.loading.classList.add(correct ? "good" : "bad");
    await new Promise((resolve) => setTimeout(resolve, FEEDBACK_MS));
    this.loading.classList.remove("good", "bad");
    this.loading.textContent = "";
  }

  /**
   * @param {number} shown
   * @returns {Promise<Given>}
   */
  #answer(shown) {
    return new Promise((resolve) => {
      this.#open((given) => {
        if (given.event.timeStamp - shown < REFLEX_MS) return void this.questions.reset();
        this.#open(null);
        resolve(given);
      });
    });
  }

  /** @param {Trials["accept"]} accept  who takes the answers; null while there is nothing to answer */
  #open(accept) {
    this.accept = accept;
    this.element.setAttribute("aria-busy", String(!accept));
  }
}

/** @returns {[number, number]} */
function viewport() {
  return [innerWidth, innerHeight];
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
