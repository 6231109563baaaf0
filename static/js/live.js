// Keeps a page alive. Frames come over a socket (hx-ws); when there is none, the same frames are asked for every 3 s,
// and the badge says so. The server's clock tells how old what is shown is.
import {setServerNow} from "./clock.js";
import "./order.js";

const POLL_EVERY = 3000;
const POLL_AFTER = 3000; // without a socket for so long
const SILENT_AFTER = 20000; // the server says something every 15 s, even when nothing changed
const STALE_EVERY = 1000; // tables of one's own are asked for again at most this often
const SPEAK_EVERY = 10000;

const badge = document.getElementById("connection");
const link = {open: false, wasOpen: false, downSince: Date.now(), heardAt: Date.now(), signedOut: false, polling: null};

const mark = () => document.getElementById("frame");
export const seq = () => Number(mark()?.dataset.seq ?? 0);
const down = () => Date.now() - link.downSince;
const ended = () => mark()?.dataset.ended === "1";

// ---- what came ----

let seen = seq();

function arrived() {
  link.heardAt = Date.now();
  setServerNow(mark().dataset.now);
  const now = seq();
  if (now === seen && now) return;
  seen = now;
  document.dispatchEvent(new CustomEvent("abreast:changed", {detail: {seq: now}}));
  refreshTables();
  speak();
}

document.addEventListener("htmx:ws:after:message:incoming", () => {
  opened();
  arrived();
});

export async function poll() {
  let response;
  try {
    const address = new URL(badge.dataset.poll, location.href);
    if (seq()) address.searchParams.set("since", seq());
    response = await fetch(address, {
      headers: {"HX-Request": "true"},
      redirect: "manual",
      cache: "no-store",
    });
  } catch {
    return; // the server is not there; the badge counts on
  }
  if (response.type === "opaqueredirect" || response.status === 401 || response.status === 403) {
    link.signedOut = true;
  } else if (response.status === 200) {
    await htmx.swap({text: await response.text(), sourceElement: badge, target: badge, swap: "none"});
    arrived();
  } else if (response.status === 204) {
    link.heardAt = Date.now();
  }
}

// ---- the connection ----

function opened() {
  link.heardAt = Date.now();
  if (link.open) return;
  link.open = link.wasOpen = true;
  clearInterval(link.polling);
  link.polling = null;
  show();
}

document.addEventListener("htmx:ws:after:connection", opened);

document.addEventListener("htmx:ws:close", ({detail}) => {
  if (link.open) link.downSince = Date.now();
  link.open = false;
  if (detail.code === 4401 || detail.code === 4403) link.signedOut = true;
  // After some closes the extension gives up; we do not.
  else setTimeout(() => badge._htmx?.ws?.connection || link.open || htmx.process(badge, true), 5000);
  show();
});

function look() {
  if (document.hidden || link.signedOut) return;
  if (link.open && Date.now() - link.heardAt > SILENT_AFTER) {
    // Open, but dead: a laptop that slept, a proxy that forgot.
    link.open = false;
    link.downSince = Date.now();
    badge._htmx?.ws?.connection?.socket?.close();
    poll();
  } else if (!link.open && down() > POLL_AFTER && !link.polling && !ended()) {
    poll();
    link.polling = setInterval(() => document.hidden || link.signedOut || poll(), POLL_EVERY);
  }
}

// ---- the badge ----

function state() {
  if (link.signedOut) return ["signed-out", "signed out", ""];
  const age = (Date.now() - link.heardAt) / 1000;
  const words = age < 9.95 ? `${age.toFixed(1)} s` : `${Math.round(age)} s`;
  if (ended()) return ["settled", "ended", ""];
  if (link.open) return ["live", "live", words];
  if (link.polling && age < 2 * POLL_EVERY / 1000) return ["polling", "polling", "3 s"];
  if (!link.wasOpen && down() < POLL_AFTER) return ["connecting", "connecting", ""];
  return ["reconnecting", "reconnecting", `${Math.round(down() / 1000)} s`];
}

// Said aloud when it stays so; what comes and goes is not worth a word.
let told = "live";
const TOLD = {live: "The page is live again", polling: "No socket: the page asks every 3 s", reconnecting: "The server is not heard", "signed-out": "You are signed out"};

function tell(name) {
  if (name === told || !TOLD[name] || Date.now() - spokeAt < SPEAK_EVERY) return;
  told = name;
  spokeAt = Date.now();
  speaker.textContent = TOLD[name];
}

function show() {
  const [name, says, age] = state();
  tell(name);
  badge.className = `connection is-${name}`;
  const word = badge.querySelector("[data-says]");
  if (word.textContent !== says) word.textContent = says;
  badge.querySelector("[data-age]").textContent = age;
  badge.title = link.signedOut
    ? "Load the page again to sign in"
    : `The server was last heard ${new Date(link.heardAt).toLocaleTimeString()}${seq() ? `, event ${seq()}` : ""}`;
}

// ---- tables that show one's own filters: asked for again when something has changed ----

let lastRefresh = 0;
let refreshDue = null;

function refreshTables() {
  if (refreshDue) return;
  const wait = Math.max(0, lastRefresh + STALE_EVERY - Date.now());
  refreshDue = setTimeout(() => {
    refreshDue = null;
    lastRefresh = Date.now();
    for (const element of document.querySelectorAll('[hx-trigger="abreast:stale"]')) {
      element.dispatchEvent(new CustomEvent("abreast:stale", {cancelable: true}));
    }
  }, wait);
}

// What somebody has asked for meanwhile is newer than an answer to what the page had asked for by itself.
document.addEventListener("htmx:after:request", (event) => {
  const {sourceElement, request} = event.detail.ctx;
  if (!sourceElement.matches?.('[hx-trigger="abreast:stale"]') || request.headers["HX-Current-URL"] === location.href) return;
  event.preventDefault();
  refreshTables();
});

// ---- for those who listen: the counters, seldom ----

const speaker = document.createElement("p");
speaker.className = "visually-hidden";
speaker.setAttribute("role", "status");
document.body.append(speaker);
let spokeAt = Date.now();

function speak() {
  const value = (name) => document.querySelector(`[data-counter="${name}"]`)?.dataset.value;
  if (value("completed") === undefined || (Date.now() - spokeAt < SPEAK_EVERY && !ended())) return;
  spokeAt = Date.now();
  const rest = ended() ? "the run has ended" : `${value("in_progress")} in progress`;
  speaker.textContent = `${value("completed")} of ${value("total")} completed, ${value("failed")} failed, ${rest}`;
}

if (badge.dataset.poll) {
  setInterval(look, 500);
  setInterval(() => document.hidden || show(), 250);
  show();
}
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  link.downSince = Date.now();
  link.heardAt = Math.max(link.heardAt, Date.now() - SILENT_AFTER / 2);
});
// The empty overview moves on by itself when the first run is there, unless it is being left: to load it again would
// take back what was asked for.
let leaving = false;
addEventListener("beforeunload", () => (leaving = true));
document.addEventListener("htmx:before:swap", ({detail}) => {
  const started = detail.tasks.some((task) => task.fragment?.querySelector?.(".run-card, #overview-ended tr"));
  if (document.getElementById("nothing-yet") && started && !leaving) location.reload();
});
// Where views or filters do not fit side by side, the current one is brought into view.
for (const tab of document.querySelectorAll(":is(.tabs, .filters) [aria-current]")) tab.parentElement.scrollLeft = tab.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2;
