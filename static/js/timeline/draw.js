// Draws what is in view, and no more: the ground, the bars, the axis, the names; at the foot, who holds the busiest
// resource.
import {onAxis, percent} from "../figures.js";
import {OPEN, asOf} from "./bars.js";
import {looks, palette} from "./colours.js";
import {cut, paintBars, paintHeld, paintOutline, paintUnderWay} from "./paint_bars.js";

export const AXIS = 28;
const LANE = 16; // the height of a lane in the row of the busiest resource: room for a name

/** The height of that row; it is there from the start, and grows with those that share the resource. */
export const heldHeight = (lanes) => (lanes ? 20 + LANE * lanes : 0);
const PIXELS_A_LABEL = 84;
const FLAG = 46; // half the widest flag of the now-line
const ROOM_FOR_ENDS = 200;

export class Painter {
  constructor(canvas) {
    this.canvas = canvas;
    this.c = canvas.getContext("2d");
    this.refreshColours();
  }

  refreshColours() {
    this.colours = palette();
    this.looks = looks(this.colours, this.c);
  }

  resize(width, height) {
    const scale = window.devicePixelRatio || 1;
    this.width = width;
    this.height = height;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.canvas.style.height = `${height}px`;
    this.c.setTransform(scale, 0, 0, scale, 0, 0);
  }

  /** `layout`: names' width, rows' height, that of the row of the busiest resource, scrolled pixels. `picked`, `hovered`: bars or null. `at`: a moment of the
   *  past, or null; what came after it is veiled, and what was under way then is drawn so. */
  draw(bars, view, layout, now, picked, hovered, at) {
    const {c, colours} = this;
    const foot = this.height - layout.held;
    const scene = {c, colours, looks: this.looks, view, layout, now, ended: bars.end !== null, top: AXIS, height: foot};
    this.layout = layout;
    c.clearRect(0, 0, this.width, this.height);
    c.save();
    c.beginPath();
    c.rect(layout.names, 0, this.width - layout.names, this.height);
    c.clip();
    c.translate(layout.names, 0);
    this.#ground(bars, view, now, AXIS, foot);
    this.#lines(bars.rows.length, view, foot);
    paintBars(scene, bars);
    if (bars.held) this.#held(scene, bars, view, now, picked);
    if (at !== null) {
      this.#veil(view.x(at), view.width);
      paintUnderWay(scene, bars, at);
    }
    if (hovered && hovered !== picked) paintOutline(scene, hovered, colours["ink-3"], 1.5);
    if (picked) paintOutline(scene, picked, colours.ink, 2);
    if (at !== null) this.#axis(view, at, "at", "");
    else this.#axis(view, bars.end === null ? now : null, "now", this.#ends(bars, view, now));
    c.restore();
    this.#names(bars, now, at);
  }

  /** As wide as it takes to name everybody, within bounds. */
  namesWidth(bars, margin, least, most) {
    const {c, colours} = this;
    const wide = (font, words) => ((c.font = `${font} ${colours.font}`), c.measureText(words).width);
    const named = bars.rows.map((row) => Math.max(
      wide("13px", row.name),
      wide("11px", `${row.completed.toLocaleString("en")} done · 100 % busy`),
    ));
    const widest = named.reduce((found, width) => Math.max(found, width), 0) + margin + 10;
    return Math.min(most, Math.max(least, Math.ceil(widest / 12) * 12));
  }

  /** From `top` to `foot`: what is over, when the end is expected, and the lines of the axis. */
  #ground(bars, view, now, top, foot) {
    const {c, colours} = this;
    c.fillStyle = colours.surface;
    c.fillRect(0, top, view.width, foot - top);
    const until = Math.min(view.x(bars.end ?? now), view.width);
    c.fillStyle = colours.past;
    if (until > 0) c.fillRect(0, top, until, foot - top);
    if (bars.ends && bars.end === null) {
      const from = Math.max(view.x(bars.ends[0]), until);
      c.globalAlpha = 0.6;
      c.fillStyle = colours["accent-wash"];
      c.fillRect(from, top, Math.max(0, Math.min(view.x(bars.ends[1]), view.width) - from), foot - top);
      c.globalAlpha = 1;
    }
    c.fillStyle = colours.line;
    for (const time of view.ticks(PIXELS_A_LABEL).times) c.fillRect(Math.round(view.x(time)), top, 1, foot - top);
  }

  #lines(rows, view, foot) {
    const {c, layout} = this;
    for (let row = 1; row <= rows; row += 1) {
      const y = AXIS + row * layout.row - layout.scrolled;
      if (y >= AXIS && y < foot) c.fillRect(0, Math.round(y), view.width, 1);
    }
  }

  #held(scene, bars, view, now, picked) {
    const {c, colours} = this;
    this.#ground(bars, view, now, scene.height, this.height);
    c.fillStyle = colours["expected-line"];
    c.fillRect(0, scene.height, view.width, 1);
    paintHeld(scene, bars.held, scene.height, this.layout.held, picked);
  }

  #veil(x, width) {
    const {c, colours} = this;
    c.globalAlpha = 0.8;
    c.fillStyle = colours.past;
    c.fillRect(Math.max(0, x), AXIS, Math.max(0, width - x), this.height - AXIS);
    c.globalAlpha = 1;
  }

  /** `ends`: words at its right. */
  #axis(view, now, word, ends) {
    const {c, colours} = this;
    c.fillStyle = colours.surface;
    c.fillRect(0, 0, view.width, AXIS - 1);
    c.fillStyle = colours.line;
    c.fillRect(0, AXIS - 1, view.width, 1);
    const {times, decimals} = view.ticks(PIXELS_A_LABEL);
    const at = now === null ? -Infinity : view.x(now);
    const flag = at < -40 || at > view.width + 40 ? -Infinity : Math.min(Math.max(at, FLAG), view.width - FLAG);
    c.font = `11px ${colours.font}`;
    c.textBaseline = "middle";
    const room = view.width - (ends ? c.measureText(ends).width + 40 : 16);
    c.fillStyle = colours["ink-2"];
    c.textAlign = "right";
    c.fillText(ends, view.width - 12, AXIS / 2);
    c.fillStyle = colours["ink-3"];
    for (const time of times) {
      const x = view.x(time);
      if (Math.abs(x - flag) < 56 || x > room) continue;
      c.textAlign = x < 20 ? "left" : "center";
      c.fillText(onAxis(time / 1000, decimals), Math.max(4, x), AXIS / 2);
    }
    if (flag !== -Infinity) this.#now(at, flag, `${word} ${onAxis(now / 1000)}`);
  }

  /** When the end is expected, in words, if that is out of view and there is room. */
  #ends(bars, view, now) {
    const outOfView = bars.ends && bars.end === null && bars.ends[1] > view.to;
    if (!outOfView || view.width - Math.max(0, view.x(now)) < ROOM_FOR_ENDS) return "";
    const [low, high] = bars.ends.map((time) => onAxis(Math.max(time, now) / 1000));
    return low === high ? `ends ${low} →` : `ends ${low}–${high} →`;
  }

  /** The line at `x`; its flag beside it where the edge is near. */
  #now(x, flag, words) {
    const {c, colours} = this;
    c.fillStyle = colours.now;
    c.fillRect(x - 0.75, AXIS - 6, 1.5, this.height);
    c.font = `600 11px ${colours.font}`;
    const width = c.measureText(words).width + 18;
    c.fillStyle = colours["now-flag"];
    c.beginPath();
    c.roundRect(flag - width / 2, 4, width, 19, 9.5);
    c.fill();
    c.fillStyle = colours["now-ink"];
    c.textAlign = "center";
    c.fillText(words, flag, AXIS / 2);
  }

  #names(bars, now, at) {
    const {c, colours, layout} = this;
    c.fillStyle = colours.surface;
    c.fillRect(0, 0, layout.names, this.height);
    c.fillStyle = colours.line;
    c.fillRect(layout.names - 1, 0, 1, this.height);
    c.fillRect(0, AXIS - 1, layout.names, 1);
    c.textAlign = "left";
    c.textBaseline = "middle";
    c.save();
    c.beginPath();
    c.rect(0, AXIS, layout.names - 1, this.height);
    c.clip();
    const first = Math.floor(layout.scrolled / layout.row);
    const last = Math.min(bars.rows.length, first + Math.ceil(this.height / layout.row) + 1);
    for (let number = first; number < last; number += 1) {
      this.#name(bars, bars.rows[number], AXIS + number * layout.row - layout.scrolled, now, at);
    }
    if (bars.held) this.#nameHeld(bars, this.height - layout.held, now, at);
    c.restore();
  }

  #nameHeld(bars, y, now, at) {
    const {c, colours, layout} = this;
    c.fillStyle = colours.surface;
    c.fillRect(0, y, layout.names - 1, layout.held);
    c.fillStyle = colours["expected-line"];
    c.fillRect(0, y, layout.names - 1, 1);
    const room = layout.names - layout.margin - 8;
    c.fillStyle = colours.ink;
    c.font = `12px ${colours.mono}`;
    c.fillText(cut(c, bars.held.name, room), layout.margin, y + 12);
    c.fillStyle = colours["ink-3"];
    c.font = `11px ${colours.font}`;
    const {kind, waiting} = bars.held;
    const share = heldFor(bars, now, at);
    const words = waiting ? `${waiting.toLocaleString("en")} wait` : !share ? "" : `held ${percent(share)}`;
    const both = words ? `${kind} · ${words}` : kind;
    c.fillText(cut(c, c.measureText(both).width > room ? words || kind : both, room), layout.margin, y + 26);
  }

  #name(bars, row, y, now, at) {
    const {c, colours, layout} = this;
    c.fillStyle = colours.line;
    c.fillRect(0, Math.round(y + layout.row), layout.names, 1);
    const two = layout.row >= 40 && layout.names >= 120;
    c.fillStyle = colours.ink;
    c.font = `${layout.row < 20 ? 11 : 13}px ${colours.font}`;
    const middle = y + layout.row / 2;
    c.fillText(cut(c, row.name, layout.names - layout.margin - 8), layout.margin, middle - (two ? 8 : 0));
    if (!two) return;
    c.fillStyle = colours["ink-3"];
    c.font = `11px ${colours.font}`;
    const share = at === null ? busy(bars, row, now) : busyBy(bars, row, at);
    const completed = at === null ? row.completed : row.bars.filter((bar) => asOf(bar, at)?.status === "succeeded").length;
    const done = `${completed.toLocaleString("en")} done`;
    const words = share === null ? done : `${done} · ${percent(share)} busy`;
    c.fillText(cut(c, words, layout.names - layout.margin - 8), layout.margin, middle + 9);
  }
}

/** The share of the time so far in which an agent was at work, from 0 to 1; null of a person, who is only asked. */
function busy(bars, row, now) {
  if (row.busy === null) return null;
  const elapsed = ((bars.end ?? now) - bars.rested) / 1000;
  if (elapsed < 1) return null;
  const open = row.bars.slice(-20).filter((bar) => OPEN.has(bar.status));
  const seconds = open.reduce((sum, bar) => sum + Math.max(0, now - bar.from) / 1000, row.busy);
  return Math.min(1, seconds / elapsed);
}

/** The same up to a moment of the past. */
function busyBy(bars, row, at) {
  const elapsed = at - bars.restedBy(at);
  if (elapsed < 1000 || row.busy === null) return null;
  const sum = row.bars.reduce((total, bar) => total + Math.max(0, Math.min(bar.to ?? at, at) - bar.from), 0);
  return Math.min(1, sum / elapsed);
}

/** The share of the time so far in which somebody held the busiest resource. */
function heldFor(bars, now, at) {
  const until = at ?? bars.end ?? now;
  const elapsed = until - (at === null ? bars.rested : bars.restedBy(at));
  if (elapsed < 1000) return null;
  let [sum, reached] = [0, 0];
  for (const bar of bars.held.bars) { // in the order of their beginnings
    const to = Math.min(bar.to ?? until, until);
    sum += Math.max(0, to - Math.max(bar.from, reached));
    reached = Math.max(reached, to);
  }
  return Math.min(1, sum / elapsed);
}
