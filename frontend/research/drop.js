// @ts-check
/** The drop area of a sample set: files and folders go to the server a few at a time, and what is there is skipped. */

import { gather } from "./gather.js";
import { changed, find, send, RequestFailed } from "./sending.js";

/** @typedef {{path: string, file: File}} Found */

const NAMES_AT_ONCE = 500;
const FILES_AT_ONCE = 10;
const BYTES_AT_ONCE = 8 * 1024 ** 2;
const PROBLEMS_SHOWN = 200;

const section = find(document, "#drop", HTMLElement);
const form = find(section, "form", HTMLFormElement);
const zone = find(section, ".drop-zone", HTMLElement);
const runField = find(form, "input[name=run]", HTMLInputElement);
const bar = find(section, "progress", HTMLProgressElement);
const progress = find(section, ".drop-progress", HTMLElement);
const status = find(section, "#drop-status", HTMLElement);
const problems = find(section, ".drop-problems", HTMLElement);
const rows = find(problems, "tbody", HTMLTableSectionElement);
const reload = find(section, ".drop-reload", HTMLElement);

/** @type {AbortController | null} */
let underWay = null;

/** Fill a phrase of the page: `{count}` becomes a number. @param {string} key @param {Record<string, number>} [values] */
function phrase(key, values = {}) {
  const text = section.dataset[key] ?? "";
  return text.replace(/\{(\w+)\}/g, (_whole, name) => (values[name] ?? 0).toLocaleString());
}

/** @param {string} name @param {string} reason */
function list(name, reason) {
  problems.hidden = false;
  for (const row of rows.rows) if (row.cells[0]?.textContent === name) row.remove();
  if (rows.rows.length >= PROBLEMS_SHOWN) return;
  const row = rows.insertRow();
  row.insertCell().textContent = name;
  row.insertCell().textContent = reason;
}

/** @param {string} key @param {number} done @param {number} total */
function show(key, done, total) {
  bar.max = Math.max(total, 1);
  bar.value = done;
  status.textContent = phrase(key, { done, total });
}

/**
 * Return the files that are not in the set as they are: those are skipped by name and content, or by name and
 * size where the browser does not hash (pages without https).
 *
 * @param {Found[]} found
 * @param {AbortSignal} signal
 */
async function missing(found, signal) {
  const wanted = [];
  for (let start = 0; start < found.length; start += NAMES_AT_ONCE) {
    show("looking", start, found.length);
    const part = found.slice(start, start + NAMES_AT_ONCE);
    const { there } = await send(form, JSON.stringify({ names: part.map((one) => one.path) }), signal, waiting);
    for (const one of part) {
      signal.throwIfAborted();
      const held = Object.hasOwn(there, one.path) ? there[one.path] : null;
      if (held === null || (await changed(one.file, held))) wanted.push(one);
    }
  }
  return wanted;
}

/** Cut the files into loads of a few, tables of prompts last. @param {Found[]} files */
function* loads(files) {
  /** @type {Found[]} */
  let load = [];
  let bytes = 0;
  for (const one of files) {
    if (load.length && (load.length === FILES_AT_ONCE || bytes + one.file.size > BYTES_AT_ONCE)) {
      yield load;
      [load, bytes] = [[], 0];
    }
    load.push(one);
    bytes += one.file.size;
  }
  if (load.length) yield load;
}

/** Return a load as a form, with the files' paths beside them. @param {Found[]} load */
async function packed(load) {
  const body = new FormData();
  body.set("run", runField.value);
  for (const { path, file } of load) {
    try {
      await file.slice(0, 1).arrayBuffer();
    } catch {
      list(path, phrase("unread"));
      continue;
    }
    body.append("paths", path);
    body.append("files", file, file.name);
  }
  return body;
}

/** Send files load by load. @param {Found[]} files @param {number} total @param {AbortSignal} signal */
async function deliver(files, total, signal) {
  let done = total - files.length;
  const counts = { added: 0, there: done, bad: 0 };
  for (const load of loads(files)) {
    show("sending", done, total);
    const body = await packed(load);
    if (body.has("files")) note(await send(form, body, signal, waiting), counts);
    counts.bad += load.length - body.getAll("files").length;
    done += load.length;
  }
  show("sending", done, total);
  return counts;
}

/**
 * Take down what became of a load, and remember the import in the address: a reload shows it and goes on with it.
 *
 * @param {{run: number, files: {name: string, state: string, reason?: string}[]}} answer
 * @param {{added: number, there: number, bad: number}} counts
 */
function note(answer, counts) {
  runField.value = String(answer.run);
  history.replaceState(null, "", `?drop=${answer.run}#add-files-title`);
  for (const { name, state, reason } of answer.files) {
    counts.added += state === "added" ? 1 : 0;
    counts.there += state === "there" ? 1 : 0;
    if (state !== "refused") continue;
    counts.bad += 1;
    list(name, reason ?? "");
  }
}

/** @param {boolean} now */
function waiting(now) {
  if (now) status.textContent = phrase("waiting");
}

/** Leave out what the server would refuse for its size. @param {Found[]} found */
function fitting(found) {
  const limit = Number(section.dataset["limit"]);
  return found.filter(({ path, file }) => {
    if (file.size > limit) list(path, phrase("large"));
    return file.size <= limit;
  });
}

/** @param {Found[]} found */
async function takeIn(found) {
  if (underWay) return;
  if (!found.length) {
    status.textContent = phrase("nothing");
    return;
  }
  const control = (underWay = new AbortController());
  rows.replaceChildren();
  problems.hidden = true;
  progress.hidden = false;
  section.classList.add("busy");
  try {
    const fits = fitting(found);
    const wanted = await missing(fits, control.signal);
    const counts = await deliver(wanted, fits.length, control.signal);
    counts.bad += found.length - fits.length;
    status.textContent = phrase("done", counts);
  } catch (error) {
    status.textContent = control.signal.aborted ? phrase("stopped") : wordsOf(error);
  } finally {
    underWay = null;
    progress.hidden = true;
    reload.hidden = false;
    section.classList.remove("busy");
  }
}

/** @param {unknown} error */
const wordsOf = (error) => (error instanceof RequestFailed || error instanceof Error ? error.message : String(error));

/** @param {HTMLInputElement} input */
function takeChosen(input) {
  const files = [...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
  input.value = "";
  void takeIn(files.sort(tablesLast));
}

/** @param {Found} one @param {Found} other */
const tablesLast = (one, other) => Number(isTable(one)) - Number(isTable(other));
/** @param {Found} one */
const isTable = ({ path }) => /\.(csv|tsv|jsonl|ndjson|parquet)$/i.test(path);

function listen() {
  for (const element of section.querySelectorAll(".only-scripted")) element.removeAttribute("hidden");
  for (const element of section.querySelectorAll(".not-scripted")) element.setAttribute("hidden", "");
  for (const input of form.querySelectorAll("input[type=file]")) {
    if (input instanceof HTMLInputElement) input.addEventListener("change", () => takeChosen(input));
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  find(progress, "button", HTMLButtonElement).addEventListener("click", () => underWay?.abort());
  addEventListener("beforeunload", (event) => {
    if (underWay) event.preventDefault();
  });
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => zone.classList.remove("over"));
  zone.addEventListener("drop", async (event) => {
    event.preventDefault();
    if (event.dataTransfer) await takeIn((await gather(event.dataTransfer)).sort(tablesLast));
  });
}

listen();
