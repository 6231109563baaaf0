// The drawer beside the table: one subtask at a time, its address in the address bar.
const place = document.getElementById("drawer");
const drawer = () => place.querySelector(".drawer");
const rowOf = (key) => document.querySelector(`#subtask-rows [data-key="${CSS.escape(key)}"]`);

function mark() {
  const key = drawer()?.dataset.key;
  for (const row of document.querySelectorAll("#subtask-rows [data-row]")) {
    if (row.dataset.key === key) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
  offerSteps();
  follow();
}

// `raw`: as JSON; left out, as the link says.
async function open(href, raw = new URL(href, location.href).searchParams.has("raw")) {
  const url = new URL(href, location.href);
  const filters = new URLSearchParams(location.search); // the table keeps them
  filters.delete("raw");
  if (raw) filters.set("raw", "1");
  url.search = filters;
  const address = url.pathname + url.search;
  await htmx.ajax("GET", address, {target: "#drawer", swap: "innerHTML", push: address, headers: {"HX-Target": "div#drawer"}});
  toTheEnd();
  if (matchMedia("(max-width: 1180px)").matches) drawer()?.querySelector(".drawer-body").focus();
}

// ---- the row before and the row after, of those that the table shows ----

function beside(by) {
  const all = [...document.querySelectorAll("#subtask-rows [data-row]")];
  const at = all.findIndex((row) => row.dataset.key === drawer()?.dataset.key);
  return at < 0 ? undefined : all[at + by];
}

const stepper = (by) => place.querySelector(`[data-drawer-step="${by}"]`);

function offerSteps() {
  for (const by of [-1, 1]) stepper(by)?.setAttribute("aria-disabled", String(!beside(by)));
}

async function step(by) {
  const row = beside(by);
  if (!row) return;
  const focused = place.contains(document.activeElement) && document.activeElement.dataset.drawerStep;
  await open(row.querySelector("a[data-drawer]").href, new URLSearchParams(location.search).has("raw"));
  row.scrollIntoView({block: "nearest"});
  if (focused) stepper(by)?.focus();
}

function close() {
  const key = drawer()?.dataset.key;
  const address = place.querySelector("[data-closes-drawer]").getAttribute("href");
  place.replaceChildren();
  history.pushState({htmx: true}, "", address);
  mark();
  if (key) rowOf(key)?.focus({preventScroll: true});
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const stepped = event.target.closest("[data-drawer-step]");
  if (stepped) return void step(Number(stepped.dataset.drawerStep));
  const closer = event.target.closest("[data-closes-drawer]");
  const link = event.target.closest("a[data-drawer]");
  const row = event.target.closest("#subtask-rows [data-row]");
  if (closer || link || (row && !event.target.closest("a, button, .pick") && !getSelection().toString())) {
    event.preventDefault();
    if (closer) close();
    else open((link ?? row.querySelector("a[data-drawer]")).href);
  }
});

// ---- output is followed until somebody scrolls up ----

const follower = () => place.querySelector("[data-follows]");

function follow() {
  const output = place.querySelector("section > pre[id^=output]");
  if (output && follower()?.getAttribute("aria-pressed") === "true") output.scrollTop = output.scrollHeight;
}

// What was printed last says most: it is what one sees first.
function toTheEnd() {
  const output = place.querySelector("section > pre[id^=output]");
  if (output) output.scrollTop = output.scrollHeight;
}

place.addEventListener("click", (event) => {
  const button = event.target.closest("[data-follows]");
  if (!button) return;
  button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
  follow();
});
place.addEventListener("scroll", (event) => {
  if (!event.target.matches?.("pre[id^=output]")) return;
  const atEnd = event.target.scrollHeight - event.target.scrollTop - event.target.clientHeight < 4;
  follower()?.setAttribute("aria-pressed", String(atEnd));
}, {capture: true});

document.addEventListener("htmx:after:swap", mark);
document.addEventListener("abreast:shown", mark);
mark();
toTheEnd();
