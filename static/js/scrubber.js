// The slider over a run that has ended: the page as it was at that second. The address says the same; without this, its
// button does it.
import {onAxis} from "./figures.js";

const PIECES = [
  "run-state", "run-notices", "run-strip", "run-tabs", "timeline-legend", "timeline-as-table", "attempt-table", "run-graph",
  "subtask-table", "subtask-drawer", "event-table", "run-resources", "run-insight",
];
const WAIT = 120;

const slider = document.getElementById("run-at");
const form = slider?.form;
let due = null;
let asked = 0;

function address() {
  const url = new URL(location.href);
  const atEnd = Number(slider.value) >= Number(slider.dataset.took);
  for (const place of ["cursor", "before"]) url.searchParams.delete(place);
  if (atEnd) url.searchParams.delete("at");
  else url.searchParams.set("at", slider.value);
  return url;
}

async function show() {
  const url = address();
  const turn = (asked += 1);
  const response = await fetch(url, {cache: "no-store"});
  if (!response.ok || turn !== asked) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (turn !== asked) return;
  history.replaceState(history.state, "", url);
  for (const id of PIECES) {
    const fresh = page.getElementById(id);
    const old = document.getElementById(id);
    if (!fresh || !old) continue;
    old.replaceWith(document.adoptNode(fresh));
    htmx.process(document.getElementById(id));
  }
  document.dispatchEvent(new CustomEvent("abreast:shown"));
}

function say() {
  const took = Number(slider.dataset.took);
  const at = Math.min(Number(slider.value), took);
  form.querySelector("[data-says]").textContent = onAxis(at, 1);
  form.querySelector("[data-to-end]").hidden = at >= took;
  slider.setAttribute("aria-valuetext", `${onAxis(at, 1)} of ${onAxis(took, 1)}`);
  document.dispatchEvent(new CustomEvent("abreast:at", {detail: {at: at < took ? at : null}}));
}

slider?.addEventListener("input", () => {
  say();
  clearTimeout(due);
  due = setTimeout(show, WAIT);
});
if (form) form.querySelector("button").hidden = true;
