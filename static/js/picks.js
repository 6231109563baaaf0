// Picking rows of a table: by their boxes, by shift- and ctrl-click on a row, by Space. What is picked is what is
// checked, so the form below the table says it to the server by itself.
const ROW = "[data-picks] [data-row]";
const boxOf = (row) => row?.querySelector(".pick input");
const boxes = () => [...document.querySelectorAll(ROW)].map(boxOf);
const picked = () => boxes().filter((box) => box.checked);
let last = ""; // the key of the box that was set last: where a range begins

// ---- what was picked on other pages of the list: kept for this tab, and sent along by the form ----

const form = () => document.querySelector("#pick[data-keeps]");
const PLACE = `picks:${location.pathname}`;
const kept = new Set(form() ? read() : []);

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE)) ?? [];
  } catch {
    return [];
  }
}

function keep() {
  if (!form()) return;
  for (const box of boxes()) kept[box.checked ? "add" : "delete"](box.value);
  const here = new Set(boxes().map((box) => box.value));
  form().querySelectorAll("[data-elsewhere]").forEach((input) => input.remove());
  for (const value of [...kept].filter((one) => !here.has(one))) {
    const input = document.createElement("input");
    Object.assign(input, {type: "hidden", name: boxes()[0]?.name ?? form().dataset.keeps, value});
    input.dataset.elsewhere = "";
    form().append(input);
  }
  try {
    sessionStorage.setItem(PLACE, JSON.stringify([...kept]));
  } catch {
    // it holds on this page, then
  }
}

// Boxes that came say what is kept of them.
function restore() {
  if (form()) boxes().forEach((box) => (box.checked = kept.has(box.value)));
  tell();
}

function forget() {
  boxes().forEach((box) => (box.checked = false));
  kept.clear();
  tell();
}

function tell() {
  keep();
  const count = form() ? kept.size : picked().length;
  const words = document.querySelector("[data-picked]");
  if (words && count) words.textContent = `${count.toLocaleString("en")} picked`;
  for (const button of document.querySelectorAll("[data-for-two]")) button.disabled = count !== 2;
  const all = document.querySelector("[data-picks-all]");
  if (!all) return;
  all.checked = count > 0 && count === boxes().length;
  all.indeterminate = count > 0 && !all.checked;
}

// From the box that was set last to this one, as this one is to be.
function reach(box, checked) {
  const all = boxes();
  const from = all.findIndex((one) => one.value === last);
  const to = all.indexOf(box);
  const range = from < 0 ? [box] : all.slice(Math.min(from, to), Math.max(from, to) + 1);
  for (const one of range) one.checked = checked;
}

function set(box, checked, ranges) {
  if (ranges) reach(box, checked);
  else box.checked = checked;
  last = box.value;
  tell();
}

// ---- by mouse ----

document.addEventListener("mousedown", (event) => {
  if (event.shiftKey && event.target.closest(ROW)) event.preventDefault(); // selects no text
});

document.addEventListener("click", (event) => {
  const row = event.target.closest(ROW);
  const box = boxOf(row);
  if (!box?.checkVisibility()) return;
  if (event.target === box) set(box, box.checked, event.shiftKey);
  else if (event.target.closest(".pick")) set(box, !box.checked, event.shiftKey); // beside the box, not on the row
  else if (event.target.closest("a, button") || !(event.shiftKey || event.ctrlKey || event.metaKey)) return;
  else set(box, event.shiftKey || !box.checked, event.shiftKey);
  if (event.target !== box) event.preventDefault();
}, {capture: true});

document.addEventListener("change", ({target}) => {
  if (target.matches("[data-picks-all]")) boxes().forEach((box) => (box.checked = target.checked));
  tell();
});

// ---- by keyboard: on the row that has the focus ----

const asks = (row) =>
  htmx.ajax("GET", `${row.querySelector("a[data-drawer]").pathname}cancel/`, {target: "#dialog-content", swap: "innerHTML"});

document.addEventListener("keydown", (event) => {
  const row = document.activeElement;
  if (!row?.matches(ROW) || event.ctrlKey || event.metaKey || event.altKey) return;
  const box = boxOf(row);
  if (!box?.checkVisibility()) return;
  if (event.key === " ") set(box, event.shiftKey || !box.checked, event.shiftKey);
  else if (event.key === "x" && letters() && !picked().length && row.dataset.key) asks(row);
  else return;
  event.preventDefault();
});

function letters() {
  try {
    return localStorage.getItem("keys") !== "off";
  } catch {
    return true;
  }
}

// ---- what was picked stays so while rows change; not when something was done with it ----

document.addEventListener("reset", (event) => {
  if (event.target.id !== "pick") return;
  event.preventDefault();
  forget();
});
document.addEventListener("submit", ({target}) => {
  if (target === form()) setTimeout(() => sessionStorage.removeItem(PLACE)); // what was picked for is done
});
document.addEventListener("htmx:after:request", ({detail}) => {
  const {sourceElement, response} = detail.ctx;
  if (sourceElement.matches?.("[data-of-picked]") && response.status < 400) forget();
});
document.addEventListener("htmx:after:swap", restore);
restore();
