// The timeline of a run: puts bars, view, drawing and input together.
import {serverNow} from "../clock.js";
import {Bars, OPEN, asOf, firstAfter} from "./bars.js";
import {AXIS, Painter, heldHeight} from "./draw.js";
import {listen} from "./input.js";
import {heldLane, laneIn} from "./paint_bars.js";
import {describe, placeOf, summary} from "./picked.js";
import {View} from "./view.js";

const REFRESH_EVERY = 400;
const FIRST_SPAN = 45_000; // in view at first, at least
const LONGEST_FIRST_SPAN = 600_000;
const HEIGHTS = [[8, 44], [16, 32], [40, 24], [Infinity, 18]]; // of a row, by the number of rows
const HIT = 3; // pixels beside a bar that still count

const frame = document.getElementById("timeline");
const canvas = frame.querySelector("canvas");
const line = document.getElementById("picked");
const hint = [...line.childNodes];
const spacer = frame.querySelector("[data-spacer]"); // as high as the rows will be, until they are measured

const bars = new Bars(frame.dataset.source);
const view = new View();
const painter = new Painter(canvas);
const reserved = Number(frame.dataset.rows); // for the agents that will come: the page must not grow with each
const lanes = Number(frame.dataset.held ?? 0); // of the row of the busiest resource, below those that scroll
const layout = {names: 0, row: 44, held: heldHeight(lanes), scrolled: 0, margin: 16};
let picked = null;
let hovered = null;
let due = false;
let begun = false;
let at = frame.dataset.at ? Number(frame.dataset.at) * 1000 : null; // the moment of the past that is looked at

const now = () => bars.end ?? Math.max(0, serverNow() - bars.origin);
const last = () => bars.last(now());

// ---- drawing, when something has changed ----

function redraw() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    if (view.following) view.follow(now());
    painter.draw(bars, view, layout, now(), picked, hovered, at);
    for (const button of document.querySelectorAll('[data-timeline="follow"]')) {
      button.setAttribute("aria-pressed", String(view.following));
      button.hidden = bars.end !== null;
    }
  });
}

function measure() {
  const narrow = frame.clientWidth < 600;
  layout.margin = narrow ? 12 : 16;
  // It does not become narrower again: what is being looked at would move.
  layout.names = narrow ? 92 : painter.namesWidth(bars, layout.margin, Math.max(148, layout.names), 220);
  const count = Math.max(1, reserved, bars.rows.length);
  layout.row = HEIGHTS.find(([most]) => count <= most)[1];
  layout.held = lanes && heldHeight(Math.max(lanes, bars.held?.lanes.length ?? 0));
  const rows = count * layout.row + layout.held;
  const most = Math.min(620, Math.max(200, window.innerHeight * 0.64));
  const height = Math.min(AXIS + rows + 1, most);
  painter.resize(frame.clientWidth, height);
  spacer.replaceChildren();
  spacer.style.height = `${Math.max(0, AXIS + rows + 1 - height)}px`;
  frame.style.height = `${height}px`;
  view.width = Math.max(1, frame.clientWidth - layout.names);
  redraw();
}

document.addEventListener("abreast:at", ({detail}) => {
  at = detail.at === null ? null : detail.at * 1000;
  canvas.setAttribute("aria-label", summary(bars, now(), at));
  if (picked) tell(picked);
  redraw();
});

// ---- data ----

function shown() {
  frame.querySelector("[data-waiting]").hidden = bars.rows.length > 0;
  if (!begun && bars.rows.length) begin();
  measure();
}

function begin() {
  begun = true;
  const span = Math.min(LONGEST_FIRST_SPAN, Math.max(FIRST_SPAN, now() * 1.5));
  const seen = bars.reach(now());
  if (bars.end !== null) view.fit(last());
  else if (seen && seen < now() - span / 2) view.fit(seen); // for long nothing has happened
  else view.follow(now(), span);
}

let waiting = null;
async function refresh() {
  waiting = null;
  try {
    await bars.load(shown);
  } catch {
    return; // the badge says that the server is away; the next change tries again
  }
  const wasFollowing = view.following;
  if (bars.end !== null && wasFollowing) view.fit(last());
  canvas.setAttribute("aria-label", summary(bars, now(), at));
  picked = stillThere(picked);
  hovered = stillThere(hovered);
  if (picked) tell(picked);
  shown();
}

document.addEventListener("abreast:changed", () => {
  waiting ??= setTimeout(refresh, REFRESH_EVERY);
});

// ---- picking ----

function tell(bar) {
  const was = bar && (asOf(bar, at) ?? bar);
  line.replaceChildren(...(bar ? describe(bars, was, at ?? now(), frame.dataset.subtasks, at) : hint));
}

function hit(x, y) {
  if (y < AXIS || x < 0) return null;
  if (layout.held && y >= canvas.clientHeight - layout.held) return bars.held && under(x, bars.held, heldLanesAt(y));
  const row = bars.rows[Math.floor((y - AXIS + layout.scrolled) / layout.row)];
  if (!row) return null;
  const inRow = (y - AXIS + layout.scrolled) % layout.row;
  const lanes = row.lanes.filter((_, at) => {
    const {top, height} = laneIn(layout.row, row.lanes.length, at);
    return inRow >= top && inRow <= top + height;
  });
  return under(x, row, lanes);
}

function heldLanesAt(y) {
  const {top, height} = heldLane(bars.held, canvas.clientHeight - layout.held, layout.held);
  const lane = bars.held.lanes[Math.floor((y - top) / height)];
  return lane ? [lane] : bars.held.lanes;
}

// The first bar of these lanes under the pointer; else what is expected to come there.
function under(x, row, lanes) {
  const slack = view.time(HIT) - view.time(0);
  const time = view.time(x);
  for (const lane of lanes) {
    const bar = lane[firstAfter(lane, time - slack)];
    if (bar && bar.from <= time + slack && (bar.to ?? now()) >= time - slack) return bar;
  }
  return row.ahead.find((bar) => bar.from <= time && time <= bar.to && time > now()) ?? null;
}

// What was expected has begun, or is expected anew.
function stillThere(bar) {
  if (bar?.status !== "expected") return bar;
  return bars.byKey.get(bar.key)?.at(-1) ?? bar.row.ahead.find((other) => other.key === bar.key) ?? null;
}

function pick(bar) {
  picked = bar;
  if (bar) view.show(bar.from, bar.to ?? now(), last());
  tell(bar);
  redraw();
}

// The next or previous bar: by time within the row, then in the next row.
function step(by) {
  if (!bars.rows.length) return;
  if (!picked) {
    const row = bars.rows[0];
    const lane = row.lanes[0] ?? [];
    return pick(lane[Math.min(firstAfter(lane, view.from), lane.length - 1)] ?? row.bars[0] ?? null);
  }
  const {row} = picked;
  const next = row.bars[row.bars.indexOf(picked) + by];
  if (next) return pick(next);
  const other = bars.rows[bars.rows.indexOf(row) + by];
  if (other) pick(other.bars[by > 0 ? 0 : other.bars.length - 1] ?? picked);
}

const open = (bar) => {
  if (bar) location.href = placeOf(bar, frame.dataset.subtasks, at);
};

// ---- controls ----

const act = {
  fit: () => view.fit(last()),
  follow: () => (bars.end === null ? view.follow(now()) : view.fit(last())),
  in: () => view.zoom(1 / 1.6, view.following ? view.x(now()) : view.width / 2, last()),
  out: () => view.zoom(1.6, view.following ? view.x(now()) : view.width / 2, last()),
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-timeline]");
  if (!button) return;
  act[button.dataset.timeline]();
  redraw();
});

listen(canvas, () => layout.names, {
  pan: (pixels) => (view.pan(pixels, last()), redraw()),
  zoom: (factor, x) => (view.zoom(factor, x, last()), redraw()),
  hover: (x, y) => {
    const bar = x === null ? null : hit(x, y);
    if (bar === hovered) return;
    hovered = bar;
    canvas.classList.toggle("is-over-bar", Boolean(bar));
    if (!picked) tell(bar);
    redraw();
  },
  press: (x, y) => {
    const bar = hit(x, y);
    if (bar && bar === picked) open(bar);
    else pick(bar);
  },
  step,
  fit: () => (act.fit(), redraw()),
  follow: () => (act.follow(), redraw()),
  open: () => open(picked),
  clear: () => pick(null),
});

frame.addEventListener("scroll", () => {
  layout.scrolled = frame.scrollTop;
  redraw();
});
new ResizeObserver(measure).observe(frame.parentElement);
document.addEventListener("abreast:theme", () => {
  painter.refreshColours();
  redraw();
});

// The now-line moves on by itself, a pixel at a time.
const still = matchMedia("(prefers-reduced-motion: reduce)");
function moveOn() {
  const perPixel = view.span / view.width;
  setTimeout(moveOn, Math.min(1000, Math.max(still.matches ? 1000 : 66, perPixel)));
  if (begun && bars.end === null && !document.hidden) {
    redraw();
    if (picked && OPEN.has(picked.status)) tell(picked);
  }
}

refresh().then(moveOn);
