// "Prove it" on a list: sets the numbers of each row on the screen beside what the server keeps and what it counts.
import {poll} from "./live.js";

const TRIES = 3;
const BETWEEN = 400; // milliseconds, for what moves to come to the screen

// What a row says: `data-of` names it, `data-proved` holds its numbers: "total=15 completed=3".
function onScreen() {
  const found = {};
  for (const element of document.querySelectorAll("[data-proved]")) {
    const numbers = element.dataset.proved.split(" ").map((pair) => pair.split("="));
    found[element.dataset.of] = Object.fromEntries(numbers.map(([name, number]) => [name, Number(number)]));
  }
  return found;
}

async function ask(address, rows) {
  const url = new URL(address, location.href);
  url.searchParams.set("of", Object.keys(rows).join(","));
  const response = await fetch(url, {headers: {Accept: "application/json"}, cache: "no-store"});
  return response.ok ? response.json() : null;
}

const differs = (proof, rows, of, name) =>
  rows[of][name] !== undefined && new Set([rows[of][name], proof.kept[of]?.[name], proof.counted[of]?.[name]]).size > 1;
const differing = (proof, rows) =>
  Object.keys(rows).filter((of) => Object.keys(proof.names).some((name) => differs(proof, rows, of, name)));

async function renew() {
  const table = document.querySelector("[data-live-table]");
  if (!table) return poll();
  return htmx.ajax("GET", table.getAttribute("hx-get"), {source: table, target: table, swap: "outerMorph"});
}

async function prove(address) {
  for (let tried = 1; ; tried += 1) {
    const rows = onScreen();
    const proof = await ask(address, rows);
    if (!proof || tried === TRIES || !differing(proof, rows).length) return {rows, proof};
    await new Promise((go) => setTimeout(go, BETWEEN));
    await renew();
  }
}

function verdict(proof, rows) {
  if (!proof) return "The server did not answer.";
  const wrong = differing(proof, rows);
  const all = Object.keys(rows).length;
  if (!wrong.length && rows.all) return "Equal: what you see is what is there.";
  if (!wrong.length) return all ? `Equal: ${all === 1 ? "the row says" : `all ${all} rows say`} what is there.` : "There is no row to prove.";
  return rows.all ? "It differs where it is marked." : `${wrong.length} of ${all} rows differ: ${wrong.slice(0, 8).join(", ")}. Marked are the sums they are in.`;
}

const sum = (of, name) => Object.values(of).reduce((all, numbers) => all + (numbers[name] ?? 0), 0);

function show({rows, proof}) {
  document.querySelector(".proof")?.remove();
  const panel = document.getElementById("proof-panel").content.cloneNode(true);
  panel.querySelector("[data-verdict]").textContent = verdict(proof, rows);
  const body = panel.querySelector("tbody");
  const told = proof ? Object.entries(proof.names).filter(([name]) => Object.values(rows).some((row) => name in row)) : [];
  for (const [name, title] of told) {
    const line = body.insertRow();
    if (Object.keys(rows).some((of) => differs(proof, rows, of, name))) line.className = "differs";
    const numbers = [rows, proof.kept, proof.counted].map((of) => sum(of, name).toLocaleString("en"));
    for (const text of [title, ...numbers]) line.insertCell().append(text);
  }
  document.body.append(panel);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-proves-list]");
  if (!button) return;
  button.disabled = true;
  show(await prove(button.dataset.provesList));
  button.disabled = false;
});
