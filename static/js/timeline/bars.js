// The bars of a run: fetched a chunk at a time, kept by agent in lanes in which nothing overlaps.
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
    this.agentsAllowed = 0;
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
    this.agentsAllowed = chunk.max_agents;
    for (const agent of chunk.agents) this.#row(agent);
    for (const values of chunk.bars) this.#bar(values);
    for (const row of this.rows) if (row.dirty) arrange(row);
  }

  #row([id, name, completed, unsuccessful, busy]) {
    let row = this.rowOf.get(id);
    if (!row) {
      row = {id, bars: [], lanes: [], dirty: false};
      this.rowOf.set(id, row);
      this.rows.push(row);
      this.rows.sort((a, b) => a.id - b.id);
    }
    Object.assign(row, {name, completed, unsuccessful, busy});
  }

  #bar([id, agent, from, to, status, key, epoch, expected, error]) {
    let bar = this.byId.get(id);
    const row = this.rowOf.get(agent);
    if (!row) return;
    if (!bar) {
      bar = {id, row, key, epoch};
      this.byId.set(id, bar);
      row.bars.push(bar);
      if (!this.byKey.has(key)) this.byKey.set(key, []);
      this.byKey.get(key).push(bar);
    }
    Object.assign(bar, {from, to, status, error, expected: expected === null ? null : expected * 1000});
    row.dirty = true;
  }

  /** The attempt that followed this one at the same subtask. */
  retryOf(bar) {
    return this.byKey.get(bar.key).find((other) => other.epoch === bar.epoch + 1);
  }

  /** Until when there is something to see, in ms since the origin. */
  last(now) {
    return this.end ?? Math.max(now, 1000);
  }
}

// Into as few lanes as it takes: an agent may hold several leases at once.
function arrange(row) {
  row.bars.sort((a, b) => a.from - b.from || a.id - b.id);
  row.lanes = [];
  for (const bar of row.bars) {
    let lane = row.lanes.find((candidate) => endOf(candidate[candidate.length - 1]) <= bar.from + 1);
    if (!lane && row.lanes.length < MOST_LANES) row.lanes.push((lane = []));
    (lane ?? row.lanes[MOST_LANES - 1]).push(bar);
  }
  row.dirty = false;
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
