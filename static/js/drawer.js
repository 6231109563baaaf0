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
  follow();
}

async function open(href) {
  const url = new URL(href, location.href);
  url.search = location.search; // the table keeps its filters
  const address = url.pathname + url.search;
  await htmx.ajax("GET", address, {target: "#drawer", swap: "innerHTML", push: address, headers: {"HX-Target": "div#drawer"}});
  toTheEnd();
  if (matchMedia("(max-width: 1180px)").matches) drawer()?.querySelector(".drawer-body").focus();
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
mark();
toTheEnd();
