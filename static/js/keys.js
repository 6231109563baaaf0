// Keys. They work where nobody is typing, and can be turned off in the list that `?` opens.
const GO_WITHIN = 1500; // milliseconds between `g` and the letter of the place
let went = 0;

const enabled = () => {
  try {
    return localStorage.getItem("keys") !== "off";
  } catch {
    return true;
  }
};

const typing = (element) => element.closest?.("input:not([type=checkbox]), select, textarea, [contenteditable]");
const press = (selector) => {
  const found = [...document.querySelectorAll(selector)].find((element) => element.checkVisibility());
  found?.click();
  return Boolean(found);
};

function go(key) {
  went = 0;
  return press(`[data-goes="${CSS.escape(key)}"]`);
}

function search() {
  const field = [...document.querySelectorAll("input[type=search]")].find((element) => element.checkVisibility());
  field?.focus();
  field?.select();
  return Boolean(field);
}

// ---- rows ----

const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.checkVisibility());
const row = () => document.activeElement?.closest("[data-row]");

function move(step) {
  const all = rows();
  if (!all.length) return false;
  const at = all.indexOf(row() ?? document.querySelector("[data-row][aria-current]"));
  const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step))];
  next.focus({preventScroll: true});
  next.scrollIntoView({block: "nearest"});
  return true;
}

function openRow() {
  if (document.activeElement !== row()) return false; // a link or button in the row opens itself
  const link = row().querySelector("a[href]");
  link?.click();
  return Boolean(link);
}

// A row may name what asks whether it is to be cancelled.
function asks(address) {
  htmx.ajax("GET", address, {target: "#dialog-content", swap: "innerHTML"});
  return true;
}

const cancel = () => {
  const own = row()?.querySelector('[aria-keyshortcuts="x"]');
  if (!own && row()?.dataset.cancels) return asks(row().dataset.cancels);
  if (own) own.click();
  return Boolean(own) || press('.pick-bar [aria-keyshortcuts="x"]') || press('.drawer [aria-keyshortcuts="x"]') || press('main [aria-keyshortcuts="x"]');
};

function closeMenu() {
  const menu = document.querySelector("details.menu[open]");
  if (!menu) return false;
  menu.open = false;
  menu.querySelector("summary").focus();
  return true;
}

// Where nothing is made on the page itself, the form for a new todo opens.
function create() {
  if (press('[aria-keyshortcuts="c"]')) return true;
  const address = document.body.dataset.creates;
  if (address) location.href = address;
  return Boolean(address);
}

// On a phone its button is not there; on a plain page there is no list.
function showKeys() {
  const list = document.getElementById("keys");
  list?.showModal();
  return Boolean(list);
}

const actions = {
  "?": showKeys,
  "/": search,
  c: create,
  x: cancel,
  j: () => move(1),
  k: () => move(-1),
  Enter: openRow,
  "[": () => press('[data-drawer-step="-1"]'),
  "]": () => press('[data-drawer-step="1"]'),
  Escape: () => closeMenu() || press("[data-dismisses]") || press("[data-closes-drawer]") || press("[data-unpicks]"),
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  if (typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key.length === 1 && !enabled()) return;
  let done = false;
  if (went && event.timeStamp - went < GO_WITHIN) done = go(event.key);
  else if (event.key === "g") went = event.timeStamp;
  else done = actions[event.key]?.() ?? false;
  if (done) event.preventDefault();
});

// ---- the switch in the list of keys ----

for (const box of document.querySelectorAll("[data-keys-switch]")) {
  box.checked = enabled();
  box.addEventListener("change", () => {
    try {
      localStorage.setItem("keys", box.checked ? "on" : "off");
    } catch {
      box.checked = true;
    }
  });
}
