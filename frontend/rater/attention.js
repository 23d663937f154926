// @ts-check
/** How long the page was hidden or out of focus while a trial stood on screen. */

/** @returns {{restart: () => void, read: () => {hidden_ms: number, unfocused_ms: number}}} read: since the last restart */
export function watchAttention() {
  const hidden = stopwatch(() => document.hidden);
  const unfocused = stopwatch(() => !document.hasFocus());
  document.addEventListener("visibilitychange", hidden.read);
  addEventListener("blur", unfocused.read);
  addEventListener("focus", unfocused.read);
  return {
    restart() {
      hidden.restart();
      unfocused.restart();
    },
    read: () => ({ hidden_ms: hidden.read(), unfocused_ms: unfocused.read() }),
  };
}

/** @param {() => boolean} runs  looked at whenever it may have changed */
function stopwatch(runs) {
  let total = 0;
  /** @type {number | null} */
  let since = null;
  const read = () => {
    const now = performance.now();
    if (since !== null) total += now - since;
    since = runs() ? now : null;
    return Math.round(total);
  };
  const restart = () => {
    since = null;
    total = 0;
    read();
  };
  return { read, restart };
}
