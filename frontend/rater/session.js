// @ts-check
/** One sitting: instructions, trials, thanks. */
/** @typedef {import("./types.js").SessionInfo} SessionInfo */
import { DisplayTooSlow } from "./display.js";
import { equip } from "./equipment.js";
import { makeHeader } from "./header.js";
import { RequestFailed, persist } from "./http.js";
import { ImageLoader } from "./images.js";
import { openOutbox } from "./outbox.js";
import { loadPart } from "./protocols/registry.js";
import { again, instruct, message, offerAgain, partWith, present, thank } from "./screens.js";
import { openSupply } from "./supply.js";
import { prepareTrials } from "./trials.js";
import { words } from "./words.js";

/**
 * Lead a rater through their session, from wherever they are in it.
 *
 * @param {HTMLElement} root
 * @param {import("./types.js").Server} server
 * @param {import("./shelf.js").Shelf} shelf
 * @param {SessionInfo} info
 * @param {import("./keepsake.js").Memory} memory
 */
export async function runSession(root, server, shelf, info, memory) {
  const { study, standing, pay } = info;
  document.title = study.title;
  if (info.state === "screened_out") return turnAway(root, info);
  if (info.completion) {
    thank(root, study, info.completion, true);
    return offerAgain(root, info.again);
  }
  const progress = { ...info.progress };
  const { outbox, answered } = await catchUp(server, shelf, progress);
  const loader = loaderOf(server);
  let supply = openSupply(server, outbox, loader, answered);
  if (standing.understood) supply.warm();
  warnBeforeLeaving(outbox);
  const part = await loadPart(study.protocol);
  const equipment = await equip(study, part);
  if (progress.done === 0 && progress.total > 0) {
    if (!memory.recall("read")) await instruct(root, study, progress.total, part.brief?.(study.page) ?? []);
    memory.note("read", true);
    if (!standing.understood) {
      const { comprehend } = await import("./around/comprehension.js");
      if (!(await comprehend(root, server, study, memory, standing.tries_left))) {
        return turnAway(root, await persist(server.session));
      }
      supply.warm();
    }
    if (standing.practice_left) {
      const { practise } = await import("./around/practice.js");
      await practise(root, { server, study, part, equipment, loader });
    }
  }
  for (let before = -1; progress.done > before; supply = openSupply(server, outbox, loader, [])) {
    before = progress.done;
    try {
      await runTrials(root, { study, part, equipment, supply, outbox, progress, pay });
    } catch (error) {
      if (!(error instanceof DisplayTooSlow)) throw error;
      return message(root, words.tooSlow, words.tooSlowWhy(error.hertz));
    }
    await sendTheRest(root, outbox);
    if (study.flow.closing.length && progress.done && !standing.closed && !supply.isPaused()) {
      const { close } = await import("./around/closing.js");
      await close(root, server, study, memory);
      standing.closed = true;
    }
    const ending = await persist(() => complete(server));
    if (ending) {
      thank(root, study, ending.completion, progress.done > 0);
      return offerAgain(root, ending.again);
    }
    if (supply.isPaused()) return message(root, words.paused, words.pausedWhy, again(words.tryAgain));
  }
  return message(root, words.leftOver, words.leftOverWhy, again(words.tryAgain));
}

/** How long a returning rater waits for the votes of an earlier visit to arrive before going on. */
const CATCH_UP_MS = 3_000;

/**
 * Open the outbox and send what an earlier visit left in it. From here on `progress.done` is what the
 * server has and what is on its way there.
 *
 * @param {import("./types.js").Server} server
 * @param {import("./shelf.js").Shelf} shelf
 * @param {import("./types.js").Progress} progress
 * @returns {Promise<{outbox: import("./outbox.js").Outbox, answered: string[]}>}
 *   answered: assignments that need not be shown again
 */
async function catchUp(server, shelf, progress) {
  const outbox = openOutbox(server, shelf);
  outbox.hear((receipt) => {
    if (receipt) progress.done = receipt.progress.done + outbox.waiting.size;
  });
  const left = await outbox.restore();
  if (left.length) await Promise.race([outbox.flush(), new Promise((resolve) => setTimeout(resolve, CATCH_UP_MS))]);
  if (outbox.waiting.size === left.length) progress.done += left.length; // none of them has been confirmed yet
  return { outbox, answered: left.map(({ assignment }) => assignment) };
}

/**
 * @param {HTMLElement} root
 * @param {import("./outbox.js").Outbox} outbox
 */
async function sendTheRest(root, outbox) {
  if (outbox.waiting.size) message(root, words.oneMoment, words.lastAnswers);
  await outbox.flush();
  const broken = outbox.broken();
  if (broken) throw broken;
}

/** @param {import("./types.js").Server} server @returns {Promise<import("./types.js").Ending | null>} null: work is left */
async function complete(server) {
  try {
    return await server.complete();
  } catch (error) {
    if (error instanceof RequestFailed && error.code === "work_left") return null;
    throw error;
  }
}

/** Part politely with whom the study cannot take. @param {HTMLElement} root @param {SessionInfo} info */
async function turnAway(root, { completion }) {
  const { words: around } = await import("./around/words.js");
  partWith(root, around.sorry, [around.sorryWhy], completion);
}

/** @param {import("./types.js").Server} server */
function loaderOf(server) {
  return new ImageLoader(() => server.session().then(() => true, (error) => error.status > 0 && error.status < 500));
}

/**
 * @param {HTMLElement} root
 * @param {{study: import("./types.js").Study, part: import("./types.js").Part,
 *   equipment: import("./types.js").Equipment, supply: import("./supply.js").Supply,
 *   outbox: import("./outbox.js").Outbox, progress: import("./types.js").Progress,
 *   pay: import("./types.js").Pay | null}} parts
 */
async function runTrials(root, { study, part, equipment, supply, outbox, progress, pay }) {
  const { classList } = document.body;
  const header = makeHeader(study.title);
  const count = () => header.progress(progress.done, progress.total);
  /** @param {import("./types.js").Vote} vote */
  const settle = async (vote) => {
    const judged = study.page["feedback"] ? outbox.resultOf(vote.key) : null;
    outbox.add(vote);
    progress.done += 1;
    count();
    header.say("image", vote.outcome === "not_shown" ? words.skipped : "");
    return (await judged)?.feedback?.correct;
  };
  const show = () => {
    classList.add("rating");
    present(root, header.element, trials.element);
  };
  const onBlock = async () => {
    const { rest } = await import("./around/rest.js");
    classList.remove("rating");
    await rest(root, progress, pay);
    show();
  };
  const { break_every: every } = study.flow;
  const between = async () => {
    const { done, total } = progress;
    if (every && done && done < total && done % every === 0) await onBlock();
  };
  const trials = prepareTrials({ study, part, equipment, supply, settle, onBlock, between });
  outbox.hear(() => {
    const { waiting, isLasting, isHeld } = outbox;
    header.say("votes", isHeld() && waiting.size ? words.waiting(waiting.size, isLasting) : ""); // the calm sign
    count();
  });
  supply.hear({
    onWaiting: (waiting) => header.say("trials", waiting ? words.noConnection : ""),
    onProgress({ total }) {
      progress.total = total;
      count();
    },
  });
  count();
  show();
  try {
    await between(); // a reload in a break comes back to it
    await trials.run();
  } finally {
    classList.remove("rating");
  }
}

/** @param {import("./outbox.js").Outbox} outbox */
function warnBeforeLeaving({ waiting, flushOnLeaving }) {
  addEventListener("beforeunload", (event) => {
    if (waiting.size) event.preventDefault();
  });
  addEventListener("pagehide", flushOnLeaving);
}
