// Bars on the canvas. Those too narrow to tell apart become one sliver, of the worst of them.
import {OPEN, WENT_WRONG, asOf, firstAfter, lanesOf} from "./bars.js";

const MOST_TIES = 300;
const GAP = 1; // between bars that follow each other
const NARROW = 4; // pixels: no room for a border
const WORSE = {failed: 5, timed_out: 5, lost: 4, running: 3, leased: 3, cancelled: 2, succeeded: 1};
const CROSSED = new Set(["failed", "timed_out"]);

/** Where a lane lies within its row. */
export function laneIn(row, lanes, number) {
  const margin = row >= 40 ? 6 : row >= 24 ? 3 : 2;
  const height = (row - 2 * margin) / Math.max(1, lanes);
  return {top: margin + number * height, height: height - (lanes > 1 ? 1 : 0)};
}

/** Cuts a text to a width, with an ellipsis where it was cut. */
export function cut(c, text, width) {
  const whole = c.measureText(text).width;
  if (whole <= width) return text;
  let length = Math.max(1, Math.floor((text.length * width) / whole));
  while (length > 1 && c.measureText(`${text.slice(0, length)}…`).width > width) length -= 1;
  return `${text.slice(0, length)}…`;
}

function split(key) {
  const dot = key.indexOf(".");
  return dot > 0 ? [key.slice(0, dot), key.slice(dot + 1)] : [key, ""];
}

/** `scene`: context, colours, looks, view, layout, now, ended, top (of the first row), height (to the foot of the last);
 *  `look`: of all bars, whatever became of them. */
export function paintBars(scene, bars) {
  const {layout, top, height} = scene;
  const first = Math.max(0, Math.floor(layout.scrolled / layout.row));
  const last = Math.min(bars.rows.length, first + Math.ceil((height - top) / layout.row) + 1);
  const ties = [];
  for (const row of bars.rows) row.top = undefined;
  for (let at = first; at < last; at += 1) {
    const row = bars.rows[at];
    row.top = top + at * layout.row - layout.scrolled;
    row.lanes.forEach((lane, number) => {
      const place = laneIn(layout.row, row.lanes.length, number);
      paintLane(scene, lane, row.top + place.top, place.height, ties);
    });
    const whole = laneIn(layout.row, 1, 0);
    if (!scene.ended) paintAhead(scene, row.ahead, row.top + whole.top, whole.height);
  }
  if (ties.length <= MOST_TIES) for (const bar of ties) paintTie(scene, bar, bars.retryOf(bar));
}

/** What was under way at a moment of the past, up to it: over the veil that hides what came of it. */
export function paintUnderWay(scene, bars, at) {
  const {layout} = scene;
  for (const row of bars.rows) {
    if (row.top === undefined) continue;
    row.lanes.forEach((lane, number) => {
      const bar = asOf(lane[firstAfter(lane, at)] ?? {from: Infinity}, at);
      if (bar?.status !== "running") return;
      const place = laneIn(layout.row, row.lanes.length, number);
      const x = scene.view.x(bar.from);
      paintBar({...scene, now: at}, bar, x, row.top + place.top, Math.max(1, scene.view.x(at) - x), place.height);
    });
  }
}

/** Where the lanes of the row of the busiest resource lie: the first one's top, and how high each is. There are as many
 *  as can be needed from the start. */
export function heldLane(row, y, height, coming = 0) {
  const most = Math.max(1, Math.round((height - 20) / 16), row.lanes.length, coming);
  return {top: y + 9, height: (height - 17) / most};
}

/** Who holds the busiest resource: a row of its own, thinner, in a colour of its own. */
export function paintHeld(scene, row, y, height, picked) {
  const held = {...scene, look: "held"};
  const coming = scene.ended ? [] : lanesOf(row.ahead);
  const lanes = Math.max(row.lanes.length, coming.length);
  const {top: first, height: thick} = heldLane(row, y, height, coming.length);
  for (let at = 0; at < lanes; at += 1) {
    const [top, high] = [first + at * thick, thick - (lanes > 1 ? 2 : 0)];
    if (row.lanes[at]) paintLane(held, row.lanes[at], top, high, []);
    if (coming[at]) paintAhead(scene, coming[at], top, high);
    if (picked && row.lanes[at]?.includes(picked)) outline(scene, picked, top, high, scene.colours.ink, 2);
  }
}

// What is expected to come, in outline; from now on only.
function paintAhead({c, colours, view, now}, bars, y, height) {
  c.lineWidth = 1;
  for (const bar of bars) {
    const x = view.x(Math.max(bar.from, now));
    const width = view.x(bar.to) - x - GAP;
    if (width < 2 || x > view.width || x + width < 0) continue;
    c.beginPath();
    c.roundRect(x + 0.5, y + 0.5, Math.max(1, width - 1), height - 1, Math.min(3, width / 2));
    c.setLineDash([3, 2]);
    c.strokeStyle = colours["expected-line"];
    c.stroke();
    c.setLineDash([]);
    const left = Math.max(x, 0);
    paintLabel({c, colours}, bar, left, y, Math.min(x + width, view.width) - left, height, colours["ink-3"]);
  }
}

function paintLane(scene, lane, y, height, ties) {
  const {view, now} = scene;
  let crowd = null; // bars that share a pixel
  for (let at = firstAfter(lane, view.from); at < lane.length; at += 1) {
    const bar = lane[at];
    if (bar.from > view.to) break;
    const x = view.x(bar.from);
    const width = view.x(bar.to ?? Math.max(now, bar.from)) - x;
    const pixel = Math.floor(x);
    if (width < 1.5 && crowd?.pixel === pixel) {
      if (WORSE[bar.status] > WORSE[crowd.status]) crowd.status = bar.status;
      crowd.to = x + width;
      continue;
    }
    if (crowd) paintSliver(scene, crowd, y, height, crowd.to - crowd.pixel);
    crowd = width < 1.5 ? {pixel, status: bar.status, to: x + width} : null;
    if (crowd) continue;
    if (width < NARROW) paintSliver(scene, {pixel: x, status: bar.status}, y, height, width);
    else paintBar(scene, bar, x, y, width - GAP, height);
    if (WENT_WRONG.has(bar.status) && height >= 12) ties.push(bar);
  }
  if (crowd) paintSliver(scene, crowd, y, height, crowd.to - crowd.pixel);
}

function paintSliver({c, looks, look}, {pixel, status}, y, height, width) {
  c.fillStyle = looks[look ?? status].sliver;
  c.fillRect(pixel, y, Math.max(1, width), height);
}

function paintBar(scene, bar, x, y, width, height) {
  const {view, looks} = scene;
  const look = looks[scene.look ?? bar.status];
  const left = Math.max(x, -4); // a bar that began long ago is not drawn all the way
  const shown = Math.min(x + width, view.width + 4) - left;
  const rest = OPEN.has(bar.status) && !scene.look ? paintRest(scene, bar, x, y, width, height) : 0;
  paintBox(scene, left, y, shown, height, look);
  if (CROSSED.has(bar.status) && !scene.look) {
    paintCross(scene, left, y, shown, height);
    paintLabel(scene, bar, left + 18, y, shown - 18, height, look.ink);
  } else if (rest > shown && rest > 30) {
    paintLabel(scene, bar, left + shown + 2, y, rest, height, scene.colours.accent);
  } else {
    paintLabel(scene, bar, left, y, shown, height, look.ink, look.hatch && look.fill);
  }
}

function paintBox({c}, x, y, width, height, look) {
  c.beginPath();
  c.roundRect(x + 0.5, y + 0.5, Math.max(0.5, width - 1), height - 1, Math.min(3, width / 2, height / 2));
  c.fillStyle = look.fill;
  c.fill();
  if (look.hatch && width > 4) {
    c.fillStyle = look.hatch;
    c.fill();
  }
  if (width < 3) return;
  c.strokeStyle = look.line;
  c.lineWidth = 1;
  c.stroke();
}

// What is still to come of a bar under way, if anybody said how long it takes: an outline. Says how wide it is.
function paintRest({c, colours, view}, bar, x, y, width, height) {
  if (bar.expected === null) return 0;
  const until = Math.min(view.x(bar.from + bar.expected), view.width + 6);
  if (until <= x + width + 2) return 0;
  c.beginPath();
  c.roundRect(x + 0.5, y + 0.5, until - x - 1, height - 1, 3);
  c.fillStyle = colours["accent-wash"];
  c.fill();
  c.setLineDash([3, 2]);
  c.strokeStyle = colours["bar-moving"];
  c.lineWidth = 1;
  c.stroke();
  c.setLineDash([]);
  return until - (x + width) - 2;
}

// The kind small above, the name below; where room ends the name goes first, then the kind.
function paintLabel({c, colours}, bar, left, y, width, height, ink, plate) {
  if (width < 26 || height < 13) return;
  const [kind, name] = split(bar.key);
  const room = width - 10;
  const usual = `${OPEN.has(bar.status) ? "600 " : ""}11px ${colours.font}`;
  const two = height >= 30 && name && width >= 44;
  const lines = two ? [[kind, `10px ${colours.font}`, -6], [name, usual, 7]] : [[inOneLine(c, bar.key, usual, room), usual, 0.5]];
  c.textAlign = "left";
  c.textBaseline = "middle";
  for (const [text, font, shift] of lines) {
    c.font = font;
    if (!two && width < 60 && c.measureText(text).width > room) continue;
    const shown = cut(c, text, room);
    if (plate) {
      c.fillStyle = plate;
      c.fillRect(left + 4, y + height / 2 + shift - 7, c.measureText(shown).width + 4, 13);
    }
    c.fillStyle = ink;
    c.fillText(shown, left + 6, y + height / 2 + shift);
  }
}

// The whole key where there is room for it, else its name.
function inOneLine(c, key, font, room) {
  c.font = font;
  return c.measureText(key).width <= room ? key : split(key)[1] || key;
}

function paintCross({c, colours}, x, y, width, height) {
  if (width < 10) return;
  const size = Math.min(4, height / 3);
  const [middle, centre] = [x + Math.min(width / 2, 12), y + height / 2];
  c.strokeStyle = colours.bad;
  c.lineWidth = 2;
  c.lineCap = "round";
  c.beginPath();
  c.moveTo(middle - size, centre - size);
  c.lineTo(middle + size, centre + size);
  c.moveTo(middle + size, centre - size);
  c.lineTo(middle - size, centre + size);
  c.stroke();
}

// A thin line from what went wrong to its next try: along the foot of the row, or to the row above or below.
function paintTie({c, colours, view, layout}, bar, retry) {
  if (!retry || bar.row.top === undefined || retry.row.top === undefined) return;
  const away = Math.round((retry.row.top - bar.row.top) / layout.row);
  if (Math.abs(away) > 1) return; // a line across many rows would say less than it hides
  const margin = laneIn(layout.row, 1, 0).top;
  const [x, endX] = [view.x(bar.to) - 2, view.x(retry.from) + 3];
  const edge = bar.row.top + (away < 0 ? margin : layout.row - margin);
  const middle = edge + (away < 0 ? -margin : margin) * (away ? 1 : 0.7);
  const endY = away === 0 ? edge : retry.row.top + (away < 0 ? layout.row - margin : margin);
  c.strokeStyle = colours["ink-3"];
  c.lineWidth = 1.25;
  c.lineCap = "butt";
  c.beginPath();
  c.moveTo(x, edge);
  c.lineTo(x, middle);
  c.lineTo(endX, middle);
  c.lineTo(endX, endY);
  c.stroke();
}

/** Draws a frame around one bar, if it is in view. */
export function paintOutline(scene, bar, colour, weight) {
  const {layout} = scene;
  const coming = bar.status === "expected";
  const lane = coming ? 0 : bar.row.lanes.findIndex((candidate) => candidate.includes(bar));
  if (lane < 0 || bar.row.top === undefined) return;
  const {top, height} = laneIn(layout.row, coming ? 1 : bar.row.lanes.length, lane);
  outline(scene, bar, bar.row.top + top, height, colour, weight);
}

function outline({c, view, now}, bar, y, height, colour, weight) {
  const x = view.x(bar.status === "expected" ? Math.max(bar.from, now) : bar.from);
  c.strokeStyle = colour;
  c.lineWidth = weight;
  c.beginPath();
  c.roundRect(x, y, Math.max(3, view.x(bar.to ?? now) - x - GAP), height, 3);
  c.stroke();
}
