// Which part of time is in view: zoom, pan, fit, follow. Times are milliseconds since the run began; no drawing here.
const NARROWEST = 20;
const NOW_STANDS_AT = 2 / 3;
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 216e5, 432e5, 864e5];

export class View {
  constructor() {
    this.from = 0;
    this.to = 60_000;
    this.width = 1; // of the drawing area, in CSS pixels
    this.following = false;
  }

  get span() {
    return this.to - this.from;
  }

  x(time) {
    return ((time - this.from) / this.span) * this.width;
  }

  time(x) {
    return this.from + (x / this.width) * this.span;
  }

  /** All of it, with a little room at the end. */
  fit(last) {
    this.following = false;
    this.from = 0;
    this.to = Math.max(NARROWEST, last * 1.02);
  }

  /** Keeps the now-line two thirds across: what is running reaches beyond it. */
  follow(now, span = this.span) {
    this.following = true;
    this.from = Math.max(0, now - span * NOW_STANDS_AT);
    this.to = this.from + span;
  }

  pan(pixels, last) {
    this.following = false;
    this.#moveTo(this.from + (pixels / this.width) * this.span, last);
  }

  /** `factor` below 1 zooms in; the time under `x` stays under it. */
  zoom(factor, x, last) {
    const span = Math.min(Math.max(this.span * factor, NARROWEST), Math.max(last * 1.5, NARROWEST * 2));
    const held = this.time(x);
    const from = held - (x / this.width) * span;
    this.to = from + span;
    this.from = from;
    this.#moveTo(from, last);
  }

  /** Brings a stretch of time into view, if it is not. */
  show(from, to, last) {
    if (from >= this.from && to <= this.to) return;
    this.following = false;
    if (to - from > this.span) {
      this.from = from;
      this.to = to;
    }
    this.#moveTo((from + to) / 2 - this.span / 2, last);
  }

  #moveTo(from, last) {
    const {span} = this;
    this.from = Math.max(-span * 0.1, Math.min(from, Math.max(0, last - span * 0.2)));
    this.to = this.from + span;
  }

  /** Times for the axis, at a step that leaves room for their labels, and the decimals these need. */
  ticks(room) {
    const least = (this.span / this.width) * room;
    const step = STEPS.find((candidate) => candidate >= least) ?? Math.ceil(least / 864e5) * 864e5;
    const times = [];
    for (let time = Math.max(0, Math.ceil(this.from / step) * step); time <= this.to; time += step) times.push(time);
    return {times, decimals: step < 10 ? 3 : step < 100 ? 2 : step < 1000 ? 1 : 0};
  }
}
