// @ts-check
/** Practice: the trial screen with trials that count for nothing, and the truth after each answer. */
/** @typedef {import("../types.js").Vote} Vote */
/** @typedef {import("../types.js").Assignment} Assignment */
import { el, paragraphs } from "../elements.js";
import { makeHeader } from "../header.js";
import { persist } from "../http.js";
import { present, read } from "../screens.js";
import { prepareTrials } from "../trials.js";
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
  const { trials: left, total } = await persist(server.practice);
  if (!left.length) return;
  if (left.length === total) await read(root, words.practice, paragraphs(words.practiceWhy(total)), words.goOn);
  const header = makeHeader(study.title);
  header.say("trials", words.practiceOf);
  const ahead = left.map((assignment) => ({ assignment, images: loader.load(assignment.places) }));
  for (const { images } of ahead) images.catch(() => {}); // whoever shows the trial handles the failure
  let done = total - left.length;
  const { classList } = document.body;
  const show = () => {
    header.progress(done, total);
    classList.add("rating");
    present(root, header.element, trials.element);
  };
  /** Have the answer judged, and say what came of it. @param {Vote} vote */
  const settle = async (vote) => {
    done += 1;
    if (vote.outcome !== "not_shown") {
      const onWaiting = (/** @type {boolean} */ waiting) => header.say("votes", waiting ? common.noConnection : "");
      const verdict = await persist(() => server.tryOut(vote), onWaiting);
      const assignment = /** @type {Assignment} */ (left.find(({ id }) => id === vote.assignment));
      classList.remove("rating");
      await tell(root, verdict, assignment, study, part, trials.isStacked());
    }
    if (done < total) show();
    return undefined;
  };
  const supply = {
    next: async () => ahead.shift() ?? null,
    parametersOf: async (/** @type {Assignment} */ { parameters }) => parameters ?? {},
  };
  const trials = prepareTrials({ study, part, equipment, supply, settle, onBlock: async () => {} });
  show();
  await trials.run().finally(() => classList.remove("rating"));
  await read(root, words.nowReal, paragraphs(words.nowRealWhy), words.goOn);
}

/** @param {import("../types.js").Shown} answer */
const plainly = (answer) => (Array.isArray(answer) ? answer.map((place) => place + 1).join(" > ") : String(answer));

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
  const images = places.flatMap((cells, place) => {
    const alt = places.length > 1 ? common.imageOf(place + 1, places.length) : common.image;
    return cells.map(({ url, width, height }) => el("img", { src: url, width, height, alt }));
  });
  const answers = study.questions.flatMap((question) => {
    const named = part.choices(question, study.page).filter(({ value }) => right[question.key]?.includes(value));
    const names = named.map(({ name, text, stacked: other }) => (stacked && other?.text) || text || name);
    // What has no buttons: orders of places, best first, and points of a slider.
    if (!named.length) names.push(...(right[question.key] ?? []).map(plainly));
    if (!names.length) return [];
    return [el("p", {}, study.questions.length > 1 ? `${question.text} ` : "", words.rightIs(names.join(", ")))];
  });
  const shown = el("p", { class: stacked ? "shown stacked" : "shown" }, ...images);
  const on = read(root, correct ? words.right : words.notQuite, [shown, ...answers, ...paragraphs(why)], words.goOn);
  root.querySelector("h1")?.classList.add(correct ? "good" : "bad");
  return on;
}
