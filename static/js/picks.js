// Picking rows of a table: by their boxes, by shift- and ctrl-click on a row, by Space. What is picked stays so from page
// to page of the table, and while rows come and go: it is kept for this tab. The form below the table says it to the
// server; picks of other pages are hidden fields of it.
const MOST = 500;
const ROW = "[data-picks] [data-row]";
const boxOf = (row) => row?.querySelector(".pick input");
const boxes = () => [...document.querySelectorAll(ROW)].map(boxOf);
const store = () => `picked ${document.querySelector("[data-picks]")?.dataset.picks || location.pathname}`;
let last = ""; // the key of the box that was set last: where a range begins
const before = read(); // what the boxes are called, and the values of those that are picked
let name = before[0];
const kept = new Set(before.slice(1));

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(store())) ?? ["key"];
  } catch {
    return ["key"];
  }
}

function keep() {
  try {
    sessionStorage.setItem(store(), JSON.stringify([name, ...kept]));
  } catch {
    return; // then it lasts as long as the page
  }
}

// From the boxes to what is kept, as somebody has set them.
function take() {
  for (const box of boxes()) {
    if (!box.checked) kept.delete(box.value);
    else if (kept.has(box.value) || kept.size < MOST) kept.add(box.value);
  }
  keep();
  tell();
}

// From what is kept to the page.
function tell() {
  const here = boxes();
  name = here[0]?.name ?? name;
  for (const box of here) box.checked = kept.has(box.value);
  const elsewhere = [...kept].filter((key) => !here.some((box) => box.value === key));
  hide(elsewhere);
  const words = document.querySelector("[data-picked]");
  if (words && kept.size) words.textContent = inWords(kept.size, elsewhere.length);
  for (const button of document.querySelectorAll("[data-for-two]")) button.disabled = kept.size !== 2;
  const all = document.querySelector("[data-picks-all]");
  if (!all) return;
  all.checked = here.length > 0 && here.every((box) => box.checked);
  all.indeterminate = !all.checked && here.some((box) => box.checked);
}

function inWords(count, elsewhere) {
  const most = count === MOST ? ", the most at a time" : "";
  const away = elsewhere ? `, ${elsewhere.toLocaleString("en")} on other pages` : "";
  return `${count.toLocaleString("en")} picked${away}${most}`;
}

function hide(keys) {
  const form = document.getElementById("pick");
  if (!form) return;
  form.querySelectorAll("[data-elsewhere]").forEach((field) => field.remove());
  for (const key of keys) {
    const field = document.createElement("input");
    Object.assign(field, {type: "hidden", name, value: key});
    field.dataset.elsewhere = "";
    form.append(field);
  }
}

function clear() {
  kept.clear();
  keep();
  tell();
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
  take();
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
  if (target.matches("[data-picks-all], .pick input")) take();
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
  else if (event.key === "x" && letters() && !kept.size && row.dataset.key) asks(row);
  else return;
  event.preventDefault();
}, {capture: true}); // before the keys of the page, of which `x` would ask about the whole run

function letters() {
  try {
    return localStorage.getItem("keys") !== "off";
  } catch {
    return true;
  }
}

// ---- what was picked is forgotten when something was done with it ----

document.addEventListener("reset", (event) => {
  if (event.target.id !== "pick") return;
  event.preventDefault();
  clear();
});
document.addEventListener("submit", ({target}) => {
  if (target.matches("[data-of-picked]:not([hx-post])")) setTimeout(clear); // once what it sends has been read
});
document.addEventListener("htmx:after:request", ({detail}) => {
  const {sourceElement, response} = detail.ctx;
  if (sourceElement.matches?.("[data-of-picked]") && response.status < 400) clear();
});
document.addEventListener("htmx:after:swap", tell);
tell();
