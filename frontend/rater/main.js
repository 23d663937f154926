// @ts-check
/** The rater's page: from consent, or from where an earlier visit stopped, into the session. */
import { RequestFailed, persist } from "./http.js";
import { Keepsake } from "./keepsake.js";
import { again, message } from "./screens.js";
import { begin, connect } from "./server.js";
import { runSession } from "./session.js";
import { openShelf } from "./shelf.js";
import { words } from "./words.js";

const root = /** @type {HTMLElement} */ (document.getElementById("player"));
const { slug = "", api = "", consent = "", language = "", gate = "" } = root.dataset;
const keepsake = new Keepsake(slug);

/** What the server is told of the device. */
function device() {
  return {
    user_agent: navigator.userAgent,
    viewport: [innerWidth, innerHeight],
    screen: [screen.width, screen.height],
    device_pixel_ratio: devicePixelRatio,
    touch: navigator.maxTouchPoints > 0,
    framed: window !== window.parent,
    storage: keepsake.lasting,
  };
}

/** What the link brought along, as much of it as the server takes. @returns {Record<string, string>} */
function arrivalParameters() {
  const given = [...new URLSearchParams(location.search)].filter(([name, value]) => name.length <= 100 && value.length <= 500);
  return Object.fromEntries(given.slice(0, 50));
}

/** @returns {Promise<import("./types.js").NewSession | null>} the session of an earlier visit, if it still is one */
async function resume() {
  const { token } = keepsake;
  if (!token) return null;
  try {
    return { token, session: await persist(connect(api, token).session) };
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    keepsake.token = null; // unknown to the server by now: begin anew
    return null;
  }
}

/** Wait for agreement, then begin. @returns {Promise<import("./types.js").NewSession>} */
async function agree() {
  const button = /** @type {HTMLButtonElement | null} */ (document.getElementById("agree"));
  if (!button) return new Promise(() => {}); // the page says itself why nobody may begin
  button.disabled = false;
  await new Promise((resolve) => button.addEventListener("click", resolve, { once: true }));
  button.disabled = true;
  const said = /** @type {HTMLElement} */ (document.getElementById("said"));
  const waiting = (/** @type {boolean} */ is) => (said.textContent = is ? words.noConnection : "");
  const { client } = keepsake;
  const brought = { arrival: arrivalParameters(), device: device() };
  const arrival = { study: slug, consent: true, consent_hash: consent, client, language, ...brought };
  if (!gate) return persist(() => begin(api, arrival), waiting);
  const { inspect, refuse } = await import("./around/gate.js");
  Object.assign(arrival.device, await inspect(root, gate.split(" ")));
  try {
    return await persist(() => begin(api, arrival), waiting);
  } catch (error) {
    return refuse(root, error);
  }
}

/** @param {unknown} error */
function explain(error) {
  console.error(error);
  const known = error instanceof RequestFailed;
  message(root, known ? words.stopped : words.failed, known ? error.message : words.failedWhy, again(words.tryAgain));
}

try {
  const { token, session } = (await resume()) ?? (await agree());
  keepsake.token = token;
  await runSession(root, connect(api, token), await openShelf(token), session, keepsake);
} catch (error) {
  explain(error);
}
