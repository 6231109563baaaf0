// "Prove it": sets what is on the screen beside what the server keeps and what it counts, all of the same event.
import {poll, seq} from "./live.js";

const NAMES = {
  total: "Subtasks",
  completed: "Completed",
  in_progress: "In progress",
  pending: "Pending",
  failed: "Failed",
};
const TRIES = 3;

const onScreen = (name) => Number(document.querySelector(`[data-counter="${name}"]`).dataset.value);

async function prove(address) {
  let proof = null;
  for (let tried = 0; tried < TRIES; tried += 1) {
    const response = await fetch(address, {headers: {Accept: "application/json"}, cache: "no-store"});
    if (!response.ok) return null;
    proof = await response.json();
    if (proof.seq === seq()) break;
    await poll();
  }
  return proof;
}

function verdict(proof) {
  if (!proof) return "The server did not answer.";
  if (proof.seq !== seq()) {
    return `It moves too fast to compare: the screen shows event ${seq()}, the rows were counted at ${proof.seq}.`;
  }
  return rows(proof).some((row) => row.differs)
    ? "It differs where it is marked."
    : `Equal: what you see is what is there, as of event ${proof.seq.toLocaleString("en")}.`;
}

const rows = (proof) =>
  Object.entries(NAMES).map(([name, title]) => {
    const numbers = [onScreen(name), proof.kept[name], proof.counted[name]];
    return {title, numbers, differs: new Set(numbers).size > 1};
  });

function show(proof) {
  document.querySelector(".proof")?.remove();
  const panel = document.getElementById("proof-panel").content.cloneNode(true);
  panel.querySelector("[data-verdict]").textContent = verdict(proof);
  const body = panel.querySelector("tbody");
  for (const {title, numbers, differs} of proof ? rows(proof) : []) {
    const row = body.insertRow();
    if (differs) row.className = "differs";
    for (const text of [title, ...numbers.map((number) => number.toLocaleString("en"))]) row.insertCell().append(text);
  }
  document.body.append(panel);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-proves]");
  if (!button) return;
  button.disabled = true;
  show(await prove(button.dataset.proves));
  button.disabled = false;
});
