// The bars of a run: fetched a chunk at a time, kept by agent, and by who holds the busiest resource, in lanes in
// which nothing overlaps.
import {setServerNow} from "../clock.js";

export const OPEN = new Set(["leased", "running"]);
export const WENT_WRONG = new Set(["failed", "timed_out", "lost"]);
const MOST_LANES = 4;

export class Bars {
  constructor(source) {
    this.source = source;
    this.after = "";
    this.byId = new Map();
    this.byKey = new Map();
    this.rows = [];
    this.rowOf = new Map();
    this.origin = 0;
    this.end = null;
    this.rested = 0; // for how long nobody was to be at work, of the time so far
    this.rests = []; // from when to when, once the run has ended
    this.held = null; // the row of the busiest resource
    this.ends = null; // the earliest and the latest that the end is expected
    this.loading = null;
  }

  /** Fetches what is new; `onChunk` is called after each chunk. Calls that come meanwhile share the one under way. */
  load(onChunk) {
    this.loading ??= this.#loadAll(onChunk).finally(() => (this.loading = null));
    return this.loading;
  }

  async #loadAll(onChunk) {
    for (let more = true; more; ) {
      const address = this.after ? `${this.source}?after=${encodeURIComponent(this.after)}` : this.source;
      const response = await fetch(address, {headers: {Accept: "application/json"}, cache: "no-store"});
      if (!response.ok) throw new Error(`the bars could not be fetched: ${response.status}`);
      const chunk = await response.json();
      this.#take(chunk);
      more = chunk.more;
      onChunk();
    }
  }

  #take(chunk) {
    setServerNow(chunk.now);
    this.origin = Date.parse(chunk.origin);
    this.end = chunk.end && Date.parse(chunk.end) - this.origin;
    this.after = chunk.after;
    this.rested = chunk.rested;
    this.rests = chunk.rests;
    this.ends = chunk.ends;
    if (chunk.held) this.held = Object.assign(this.held ?? {bars: [], lanes: [], ahead: [], dirty: false}, chunk.held);
    for (const agent of chunk.agents) this.#row(agent);
    for (const values of chunk.bars) this.#bar(values);
    this.#expect(chunk.ahead);
    for (const row of [...this.rows, ...(this.held ? [this.held] : [])]) if (row.dirty) arrange(row);
  }

  #row([id, name, completed, unsuccessful, busy]) {
    let row = this.rowOf.get(id);
    if (!row) {
      row = {id, bars: [], lanes: [], ahead: [], dirty: false};
      this.rowOf.set(id, row);
      this.rows.push(row);
      this.rows.sort((a, b) => a.id - b.id);
    }
    Object.assign(row, {name, completed, unsuccessful, busy});
  }

  // What is to come replaces what was expected before.
  #expect(ahead) {
    for (const row of this.rows) row.ahead = [];
    if (this.held) this.held.ahead = [];
    for (const [agent, from, to, key, held] of ahead) {
      const row = this.rowOf.get(agent);
      const bar = {row, from, to, key, status: "expected"};
      row?.ahead.push(bar);
      if (row && held) this.held?.ahead.push(bar);
    }
  }

  #bar([id, agent, from, to, status, key, epoch, expected, error, held]) {
    let bar = this.byId.get(id);
    const row = this.rowOf.get(agent);
    if (!row) return;
    if (!bar) {
      bar = {id, row, key, epoch};
      this.byId.set(id, bar);
      row.bars.push(bar);
      if (!this.byKey.has(key)) this.byKey.set(key, []);
      this.byKey.get(key).push(bar);
      if (held) this.held?.bars.push(bar);
    }
    Object.assign(bar, {from, to, status, error, expected: expected === null ? null : expected * 1000});
    row.dirty = true;
    if (held && this.held) this.held.dirty = true;
  }

  /** The attempt that followed this one at the same subtask. */
  retryOf(bar) {
    return this.byKey.get(bar.key).find((other) => other.epoch === bar.epoch + 1);
  }

  /** For how long nobody was to be at work, of the time until this moment of a run that has ended. */
  restedBy(at) {
    return this.rests.reduce((sum, [from, to]) => sum + Math.max(0, Math.min(to, at) - from), 0);
  }

  /** Until when anybody has been at work. */
  reach(now) {
    const ends = [...this.byId.values()].map((bar) => bar.to ?? now);
    return ends.reduce((latest, end) => Math.max(latest, end), 0);
  }

  /** Until when there is something to see, in ms since the origin: what is expected to come, too. */
  last(now) {
    const rows = this.end === null ? this.rows : [];
    const ahead = rows.map((row) => row.ahead.at(-1)?.to ?? 0);
    return this.end ?? Math.max(now, 1000, this.ends?.[1] ?? 0, ...ahead);
  }
}

/** A bar as it was at a moment of the past, null where it had not begun; without a moment as it is. */
export function asOf(bar, at) {
  if (at === null || bar.status === "expected") return bar;
  if (bar.from > at) return null;
  return bar.to !== null && bar.to <= at ? bar : {...bar, status: "running", to: null, error: "", expected: null};
}

function arrange(row) {
  row.bars.sort((a, b) => a.from - b.from || a.id - b.id);
  row.lanes = lanesOf(row.bars);
  row.dirty = false;
}

/** Into as few lanes as it takes: an agent may hold several leases at once, and several a share of one resource. */
export function lanesOf(bars) {
  const lanes = [];
  for (const bar of bars) {
    let lane = lanes.find((candidate) => endOf(candidate[candidate.length - 1]) <= bar.from + 1);
    if (!lane && lanes.length < MOST_LANES) lanes.push((lane = []));
    (lane ?? lanes[MOST_LANES - 1]).push(bar);
  }
  return lanes;
}

const endOf = (bar) => bar.to ?? Infinity;

/** Index of the first bar of a lane that ends after this time. */
export function firstAfter(lane, time) {
  let low = 0;
  let high = lane.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (endOf(lane[middle]) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
