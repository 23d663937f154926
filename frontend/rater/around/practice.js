// @ts-check
/** Practice: the trial screen with trials that count for nothing, and the truth after each answer. */
/** @typedef {import("../types.js").Vote} Vote */
/** @typedef {import("../types.js").Assignment} Assignment */
import { el, paragraphs } from "../elements.js";
import { Header } from "../header.js";
import { persist } from "../http.js";
import { message, present, pressed } from "../screens.js";
import { Trials } from "../trials.js";
import { words as common } from "../words.js";
import { words } from "./words.js";

/**
 * Go through the practice trials that are left.
 *
 * @param {HTMLElement} root
 * @param {{server: import("../types.js").Server, study: import("../types.js").Study, part: import("../types.js").Part,
 *   equipment: import("../types.js").Equipment, loader: import("../images.js").ImageLoader}} parts
 */
export async function practise(root, { server, study, part, equipment, loader }) {
  const { trials: left, total } = await persist(() => server.practice());
  if (!left.length) return;
  if (left.length === total) await said(root, words.practice, words.practiceWhy(total));
  const header = new Header(study.title);
  header.say("trials", words.practiceOf);
  const ahead = left.map((assignment) => ({ assignment, images: loader.load(assignment.places) }));
  for (const { images } of ahead) images.catch(() => {}); // whoever shows the trial handles the failure
  let done = total - left.length;
  const show = () => {
    header.progress(done, total);
    document.body.classList.add("rating");
    present(root, header.element, trials.element);
  };
  /** @param {Vote} vote */
  const judge = async (vote) => {
    done += 1;
    if (vote.outcome !== "not_shown") {
      const verdict = await persist(
        () => server.tryOut(vote),
        (waiting) => header.say("votes", waiting ? common.noConnection : ""),
      );
      const assignment = /** @type {Assignment} */ (left.find(({ id }) => id === vote.assignment));
      document.body.classList.remove("rating");
      await tell(root, verdict, assignment, study, part, trials.questions.stacked);
    }
    if (done < total) show();
    return null;
  };
  const supply = { next: async () => ahead.shift() ?? null, parametersOf: async (/** @type {Assignment} */ { parameters }) => parameters ?? {} };
  /** @type {Map<string, (given: Vote) => void>} */
  const awaited = new Map();
  const outbox = {
    resultOf: (/** @type {string} */ key) => new Promise((resolve) => awaited.set(key, resolve)).then(judge),
    add: (/** @type {Vote} */ vote) => awaited.get(vote.key)?.(vote),
  };
  const page = { ...study.page, feedback: true };
  const trials = new Trials({
    study: { ...study, page },
    part,
    equipment,
    supply: /** @type {any} */ (supply),
    outbox: /** @type {any} */ (outbox),
    onDone: () => {},
    onBlock: async () => {},
  });
  show();
  try {
    await trials.run();
  } finally {
    document.body.classList.remove("rating");
  }
  await said(root, words.nowReal, words.nowRealWhy);
}

/** @param {HTMLElement} root @param {string} title @param {string} text */
function said(root, title, text) {
  return new Promise((resolve) => message(root, title, text, { label: words.goOn, act: () => resolve(undefined) }));
}

/**
 * Say whether it was right, beside the images; resolve when the rater wants to go on.
 *
 * @param {HTMLElement} root
 * @param {import("../types.js").PracticeVerdict} verdict
 * @param {Assignment} assignment
 * @param {import("../types.js").Study} study
 * @param {import("../types.js").Part} part
 * @param {boolean} stacked  whether the places stood above one another
 */
function tell(root, { correct, right, why }, { places }, study, part, stacked) {
  const on = el("button", { type: "button", class: "primary" }, `${words.goOn} `, el("kbd", { "aria-hidden": "true" }, "↵"));
  const images = places.flatMap((cells, place) =>
    cells.map(({ url, width, height }) =>
      el("img", { src: url, width, height, alt: places.length > 1 ? common.imageOf(place + 1, places.length) : common.image }),
    ),
  );
  const answers = study.questions.flatMap((question) => {
    const named = part.choices(question, study.page).filter(({ value }) => right[question.key]?.includes(value));
    const wordings = named.map((choice) => ({ name: choice.name, ...(stacked && choice.stacked ? choice.stacked : choice) }));
    const names = wordings.map(({ text, name }) => text || name || "").join(", ");
    if (!names) return [];
    return [el("p", {}, study.questions.length > 1 ? `${question.text} ` : "", words.rightIs(names))];
  });
  present(
    root,
    el(
      "div",
      { class: "sheet verdict" },
      el("h1", { class: correct ? "good" : "bad" }, correct ? words.right : words.notQuite),
      el("p", { class: stacked ? "shown stacked" : "shown" }, ...images),
      ...answers,
      ...paragraphs(why),
      el("p", { class: "actions" }, on),
    ),
  );
  return pressed(on);
}
