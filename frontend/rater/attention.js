// @ts-check
/** How long the page was hidden or out of focus while a trial stood on screen. */

export class Attention {
  constructor() {
    this.hidden = new Stopwatch(() => document.hidden);
    this.unfocused = new Stopwatch(() => !document.hasFocus());
    document.addEventListener("visibilitychange", () => this.hidden.look());
    addEventListener("blur", () => this.unfocused.look());
    addEventListener("focus", () => this.unfocused.look());
  }

  restart() {
    this.hidden.restart();
    this.unfocused.restart();
  }

  /** @returns {{hidden_ms: number, unfocused_ms: number}} since the last restart */
  read() {
    return { hidden_ms: Math.round(this.hidden.read()), unfocused_ms: Math.round(this.unfocused.read()) };
  }
}

class Stopwatch {
  /** @param {() => boolean} running */
  constructor(running) {
    this.running = running;
    this.total = 0;
    /** @type {number | null} */
    this.since = null;
  }

  restart() {
    this.total = 0;
    this.since = null;
    this.look();
  }

  look() {
    const now = performance.now();
    if (this.since !== null) this.total += now - this.since;
    this.since = this.running() ? now : null;
  }

  read() {
    this.look();
    return this.total;
  }
}
