// The server's clock in the browser. Times that tick are counted on from it once a second; nothing else asks the
// browser's own clock, which may be wrong.
import {ago, left, passing} from "./figures.js";

let ahead = 0; // how far the server's clock is ahead of this one, in milliseconds

export const serverNow = () => Date.now() + ahead;

export function setServerNow(iso) {
  const said = Date.parse(iso);
  if (!Number.isNaN(said)) ahead = said - Date.now();
}

const forms = {
  ago: (element, now) => ago((now - Date.parse(element.dateTime)) / 1000),
  elapsed: (element, now) => passing((now - Date.parse(element.dateTime)) / 1000),
  left: (element, now) => left((Date.parse(element.dataset.until) - now) / 1000, Number(element.dataset.of)),
};

export function tick(root = document) {
  const now = serverNow();
  for (const element of root.querySelectorAll("[data-tick]")) {
    const words = forms[element.dataset.tick](element, now);
    if (element.textContent !== words) element.textContent = words;
  }
}

// Clock times in the reader's own time zone; the tooltip keeps UTC.
export function localise(root = document) {
  const today = new Date(serverNow()).toDateString();
  for (const element of root.querySelectorAll("time[data-clock]")) {
    const moment = new Date(element.dateTime);
    const time = moment.toTimeString().slice(0, 5);
    const day = moment.toLocaleDateString("en-GB", {day: "numeric", month: "short"});
    const words = moment.toDateString() === today ? time : `${day} ${time}`;
    if (element.textContent !== words) element.textContent = words;
  }
}

setServerNow(document.body.dataset.now);
localise();
setInterval(() => document.hidden || tick(), 1000);
document.addEventListener("visibilitychange", () => document.hidden || tick());
document.addEventListener("htmx:after:swap", () => {
  localise();
  tick();
});
