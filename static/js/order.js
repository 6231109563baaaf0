// What changes flashes once; what is being read keeps its place. New order waits until pointer and focus have left.
let htmxApi = null;
const kept = new Map(); // regions whose new order waits, by id: the swap that would bring it
const canHover = matchMedia("(hover: hover)");

const isBeingRead = (region) =>
  (canHover.matches && region.matches(":hover")) || region.contains(document.activeElement);
const told = (region) => region.closest(".panel")?.querySelector("[data-held]");

htmx.registerExtension("abreast", {
  init: (api) => {
    htmxApi = api;
  },

  // A figure or status that differs from the one on the page is marked, and stays so until it has been seen.
  htmx_before_morph_node: (old, {newNode}) => {
    if (!old.matches?.(".figure, [data-row] .status")) return;
    if (old.textContent !== newNode.textContent || old.classList.contains("is-changed")) {
      newNode.classList.add("is-changed");
    }
  },

  // Which tab and row is the current one, and which menu is open, differs from viewer to viewer: the server's fragments
  // do not say.
  htmx_before_morph_attr: (element, {attrName, newValue}) =>
    newValue !== null
      || !((attrName === "aria-current" && element.matches("[data-tab], [data-row]"))
        || (attrName === "open" && element.matches("details"))),
});

document.addEventListener("animationend", ({target}) => target.classList.remove("is-changed"));

// ---- order that the server sends, and tables that ask for themselves again ----

// Where the rows of a swap stand: the part of the page that keeps its order while it is read.
function regionOf(task, source) {
  if (task.target?.matches?.("[data-live-order]")) return task.target;
  // A table that keeps its rows itself is told by the server what it would be like; nothing of it moves.
  const asksAgain = task.target?.matches?.("[data-live-table]:not([data-live-table=keeps])") && source === task.target;
  return asksAgain ? (task.target.querySelector("[data-live-rows]") ?? task.target.querySelector("tbody")) : null;
}

document.addEventListener("htmx:before:swap", ({detail}) => {
  for (const task of [...detail.tasks]) {
    const region = regionOf(task, detail.ctx.sourceElement);
    if (!region || !isBeingRead(region)) continue;
    region.id ||= `${task.target.id}-rows`;
    detail.tasks.splice(detail.tasks.indexOf(task), 1, ...inPlace(region, task));
    const words = moved(region, task);
    const own = task.target === region; // else what is asked for may be something else by then
    const apply = () => (own ? htmxApi.insertContent(task) : task.target.dispatchEvent(new CustomEvent("abreast:stale")));
    if (words) hold(region, {words, apply});
    else forget(region);
  }
});

// The rows that are there already are brought up to date where they stand.
function inPlace(region, task) {
  const rows = [...task.fragment.querySelectorAll("[data-row]")].filter((row) => region.querySelector(`#${row.id}`));
  return rows.map((row) => {
    const fragment = document.createDocumentFragment();
    fragment.append(row.cloneNode(true));
    return {...task, fragment, target: document.getElementById(row.id), swapSpec: {style: "outerMorph"}};
  });
}

function moved(region, task) {
  const ids = (root) => [...root.querySelectorAll("[data-row]")].map((row) => row.id);
  const before = ids(region);
  const after = ids(task.fragment);
  const fresh = after.filter((id) => !before.includes(id)).length;
  if (fresh && task.target !== region) return `${fresh} new`;
  const changed = after.filter((id, at) => before[at] !== id).length || Number(before.length !== after.length);
  return changed ? `${changed} changed` : "";
}

// ---- what waits, and how it comes ----

function hold(region, what) {
  kept.set(region.id, what);
  const note = told(region);
  if (!note) return;
  note.hidden = false;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button is-plain is-small";
  button.textContent = "Show now";
  button.addEventListener("click", () => release(region));
  note.replaceChildren(`${what.words} `, button);
}

// What waited is how it stands by now.
function forget(region) {
  if (!kept.delete(region.id)) return;
  const note = told(region);
  if (note) note.hidden = true;
}

function release(region) {
  const what = kept.get(region.id);
  kept.delete(region.id);
  const note = told(region);
  if (note) note.hidden = true;
  document.activeElement?.closest?.("[data-held]") && document.activeElement.blur();
  what?.apply();
}

function releaseLeft() {
  for (const id of kept.keys()) {
    const region = document.getElementById(id);
    if (!region) kept.delete(id);
    else if (!isBeingRead(region) && !told(region)?.matches(":hover, :focus-within")) release(region);
  }
}

document.addEventListener("pointerover", () => kept.size && releaseLeft());
document.documentElement.addEventListener("pointerleave", () => kept.size && setTimeout(releaseLeft));
document.addEventListener("focusout", () => kept.size && setTimeout(releaseLeft));
