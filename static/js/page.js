// What every page does: dialogs, messages, copying; keys and clocks are imported.
import "./clock.js";
import "./keys.js";

const dialog = document.getElementById("dialog");
const TOAST_FOR = 6000;

// ---- dialogs: those of the page, and the one that shows what was fetched into it ----

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  if (event.target.closest("[data-closes]")) event.target.closest("dialog").close();
  if (event.target.matches("dialog")) event.target.close(); // on the backdrop
  event.target.closest("[data-dismisses]")?.closest("[data-toast], .proof")?.remove();
});

document.addEventListener("htmx:after:swap", () => {
  const content = document.getElementById("dialog-content");
  if (content?.childElementCount && !dialog.open) dialog.showModal();
  if (!content?.childElementCount && dialog?.open) dialog.close();
});
dialog?.addEventListener("close", () => document.getElementById("dialog-content").replaceChildren());

// Enter begins a line where words are written; with Ctrl it sends them.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.matches("[data-sends]")) return;
  event.preventDefault();
  event.target.parentElement.querySelector("button[type=submit]").click();
});

// A menu closes when something else is pressed.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// ---- messages ----

function leave(toast) {
  setTimeout(() => toast.matches(":hover, :focus-within") ? leave(toast) : toast.remove(), TOAST_FOR);
}

export function say(text) {
  const toast = document.createElement("p");
  toast.className = "toast";
  toast.dataset.toast = "";
  toast.append(text);
  document.getElementById("toasts").append(toast);
}

const toasts = document.getElementById("toasts");
if (toasts) {
  const watch = (nodes) => nodes.forEach((node) => node.matches?.("[data-toast]:not(.is-error)") && leave(node));
  watch([...toasts.children]);
  new MutationObserver((changes) => changes.forEach((change) => watch(change.addedNodes))).observe(toasts, {childList: true});
}

document.addEventListener("htmx:error", () => say("The server did not answer. Nothing was changed."));

// ---- copying ----

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies]");
  if (!button) return;
  const source = button.closest(".code").querySelector("pre");
  await navigator.clipboard.writeText(source.textContent);
  say(`${button.dataset.copies || "Text"} copied`);
});
