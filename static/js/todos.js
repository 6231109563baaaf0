// The tree of a todo: opened and closed, added to, edited and moved without leaving the page.
const tree = () => document.getElementById("todo-tree");
const LATER = 1500; // what a run does reaches its todos about a second later
const LATEST = 24_000;

// ---- parts of the tree, fetched in place ----

async function show(address) {
  history.replaceState(history.state, "", address);
  await htmx.ajax("GET", address, {target: "#todo-tree", swap: "outerMorph", headers: {"HX-Target": "section#todo-tree"}});
}

const plain = (event) => !event.defaultPrevented && !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey;

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-fold], a[data-adds], a[data-edits], #todo-tree .pager a");
  if (!link || !plain(event) || new URL(link.href).pathname !== location.pathname && !link.matches("[data-edits]")) return;
  event.preventDefault();
  if (link.matches("[data-edits]")) return edit(link);
  await show(link.href.split("#")[0]);
  if (link.matches("[data-adds]")) document.getElementById("new")?.focus();
});

const edit = (link) =>
  htmx.ajax("GET", new URL(link.href).pathname, {target: "#dialog-content", swap: "innerHTML"});

// ---- keys of the row that has the focus ----

async function move(row, to) {
  const fields = Object.fromEntries(new FormData(document.getElementById("todo-act")));
  await htmx.ajax("POST", `/todos/${row.dataset.todo}/move/`, {
    source: "#todo-tree",
    swap: "none",
    values: {...fields, to},
  });
  document.getElementById(row.id)?.focus();
}

const press = (row, selector) => {
  const found = row.querySelector(selector);
  found?.click();
  return Boolean(found);
};
const asks = (row, what) =>
  htmx.ajax("GET", `/todos/${row.dataset.todo}/${what}/`, {target: "#dialog-content", swap: "innerHTML"});

const plainKeys = {
  Enter: (row) => press(row, "[data-edits]"),
  ArrowRight: (row) => press(row, ".fold:not(.is-open)[data-fold]"),
  ArrowLeft: (row) => press(row, ".fold.is-open"),
  a: (row) => press(row, "[data-adds]"),
  d: (row) => (asks(row, "needs"), true),
  x: (row) => (asks(row, "delete"), true),
};
const altKeys = {ArrowUp: "up", ArrowDown: "down", ArrowRight: "in", ArrowLeft: "out"};

document.addEventListener("keydown", (event) => {
  const row = document.activeElement;
  if (!row?.matches(".todo-row[data-row]") || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
  const changes = Boolean(row.querySelector("[data-edits]"));
  const to = event.altKey && altKeys[event.key];
  if (to && changes) move(row, to);
  else if (event.altKey || !(event.key in plainKeys) || (!changes && event.key.length === 1) || !letters(event.key)) return;
  else if (!plainKeys[event.key](row)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, {capture: true});

function letters(key) {
  try {
    return key.length > 1 || localStorage.getItem("keys") !== "off";
  } catch {
    return true;
  }
}

// `c` puts the cursor where the next todo is written.
document.addEventListener("click", ({target}) => target.matches("[data-new]") && target.focus());

// What was added leaves room for the next.
document.addEventListener("htmx:after:request", ({detail}) => {
  const {sourceElement, response} = detail.ctx;
  if (sourceElement.matches?.(".todo-row.is-new") && response.status < 400) sourceElement.elements.content.value = "";
});

// ---- dragging, within one list ----

let dragged = null;
const siblings = (row) => [...row.closest("ul").children].map((item) => item.querySelector(":scope > [data-todo]"));

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.(".todo-row[data-todo]");
  if (dragged) event.dataTransfer.effectAllowed = "move";
});
document.addEventListener("dragover", (event) => {
  const row = dragged && event.target.closest?.(".todo-row[data-todo]");
  if (row && row !== dragged && row.closest("ul") === dragged.closest("ul")) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  const row = dragged && event.target.closest?.(".todo-row[data-todo]");
  if (!row || row === dragged) return;
  event.preventDefault();
  const steps = siblings(row).indexOf(row) + Number(new URLSearchParams(location.search).get("from") ?? 0);
  move(dragged, String(steps));
});
document.addEventListener("dragend", () => (dragged = null));

// ---- kept up to date, but not under the hands of somebody who writes ----

const writing = () =>
  document.querySelector("dialog[open]") ||
  document.activeElement?.matches("main input:not([type=checkbox]), main select, main textarea") ||
  [...document.querySelectorAll("main [data-new]")].some((field) => field.value);

let late = null;
let leaving = 0; // when another page was asked for: to load this one again would take that back
const LEAVES_IN = 10_000;

const isLeaving = () => leaving && performance.now() - leaving < LEAVES_IN;

addEventListener("beforeunload", () => (leaving = performance.now()));
document.addEventListener("htmx:after:request", ({detail}) => isLeaving() && delete detail.ctx.hx?.refresh);

const refresh = () => document.querySelector("[data-refreshes]")?.dispatchEvent(new CustomEvent("abreast:stale"));

document.addEventListener("abreast:stale", (event) => {
  if (!event.target.matches?.("[data-refreshes]") || !(writing() || isLeaving())) return;
  event.stopPropagation();
  again();
}, {capture: true});

// Nobody says when a run has reached its todos, and that of a large tree may take longer: so it is asked for a few times.
function again(wait = LATER) {
  clearTimeout(late);
  late = setTimeout(() => {
    if (wait < LATEST) again(2 * wait);
    refresh();
  }, wait);
}

document.addEventListener("abreast:changed", () => again());

// What its run did before this page was there may reach the todos only now.
if (document.querySelector("[data-counter]")) again();
