// The line below the timeline: what the picked bar is, in words.
import {duration, passing, plural, precise, rough} from "../figures.js";
import {OPEN, WENT_WRONG, asOf} from "./bars.js";

const DRAWN_AS = {succeeded: "completed", running: "in_progress", leased: "pending"};
const sprite = document.querySelector("svg.icon use").getAttribute("href").replace(/#.*/, "");

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function status(bar) {
  const made = element("span", `status is-${bar.status.replace("_", "-")}`);
  made.append(icon(DRAWN_AS[bar.status] ?? bar.status), bar.status.replace("_", " "));
  return made;
}

function took(bar, now) {
  const seconds = ((bar.to ?? now) - bar.from) / 1000;
  const so = OPEN.has(bar.status) ? `${passing(seconds)} so far` : precise(seconds);
  return bar.expected === null || !OPEN.has(bar.status) ? so : `${so}, expected ${duration(bar.expected / 1000)}`;
}

const ended = {failed: "failed", timed_out: "ran over its time", lost: "was lost", cancelled: "was cancelled"};

function others(bars, bar) {
  const before = bars.byKey.get(bar.key).filter((other) => other.epoch < bar.epoch && WENT_WRONG.has(other.status));
  return before.map((other) => {
    const why = other.error ? `: ${other.error}` : "";
    return element("span", "", `try ${other.epoch} on ${other.row.name} ${ended[other.status]}${why}`);
  });
}

/** Where the subtask of a bar is shown: as it was at a moment of the past, or as it is. */
export const placeOf = (bar, subtasks, at) =>
  `${subtasks}${encodeURIComponent(bar.key)}/${at === null ? "" : `?at=${at / 1000}`}`;

/** The line's content for this bar; `at`: a moment of the past, or null. */
export function describe(bars, bar, now, subtasks, at) {
  const link = element("a", "", "Open");
  link.href = placeOf(bar, subtasks, at);
  if (at !== null && bar.from > at) {
    return [element("b", "key", bar.key), element("span", "", `begins ${rough((bar.from - at) / 1000)} later, on ${bar.row.name}`), link];
  }
  if (bar.status === "expected") {
    const begins = bar.from > now ? `expected to begin in about ${rough((bar.from - now) / 1000)}` : "expected to begin now";
    const words = `${begins} on ${bar.row.name}, for about ${rough((bar.to - bar.from) / 1000)}`;
    return [element("b", "key", bar.key), status({status: "pending"}), element("span", "", words), link];
  }
  const pieces = [
    element("b", "key", bar.key),
    status(bar),
    element("span", "", `try ${bar.epoch} on ${bar.row.name}, ${took(bar, now)}`),
  ];
  if (bar.error) pieces.push(element("span", "said", bar.error));
  return [...pieces, ...others(bars, bar), link];
}

/** What the drawing holds, for those who do not see it. */
export function summary(bars, now, at) {
  const all = [...bars.byId.values()].map((bar) => asOf(bar, at)).filter(Boolean);
  const wrong = all.filter((bar) => WENT_WRONG.has(bar.status)).length;
  const open = all.filter((bar) => OPEN.has(bar.status)).length;
  const seconds = (at ?? bars.last(now)) / 1000;
  return `Timeline: ${plural(bars.rows.length, "agent")} over ${rough(seconds)}, ${plural(all.length, "attempt")}, `
    + `${open} under way, ${wrong} went wrong${held(bars)}. Arrows move, plus and minus zoom, j and k pick attempts; `
    + "as a table it says the same.";
}

function held(bars) {
  if (!bars.held) return "";
  const holding = bars.held.bars.filter((bar) => OPEN.has(bar.status)).map((bar) => bar.key);
  const who = holding.length ? `held by ${holding.slice(0, 3).join(", ")}` : "held by nobody";
  return `; ${bars.held.kind} ${bars.held.name} is ${who}, ${bars.held.waiting} wait`;
}
