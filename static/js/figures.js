// Numbers as people say them: the same forms as dashboard/words/figures.py, for what counts on in the browser.
const MINUTE = 60, HOUR = 3600, DAY = 86400;
const SECONDS_SHOWN_BELOW = 20 * MINUTE;

const pair = (amount, size, large, small) => {
  const rest = amount % size;
  return `${Math.floor(amount / size)} ${large}${rest ? ` ${rest} ${small}` : ""}`;
};

// Half to even, as Python rounds: server and browser must not differ by one.
function round(number) {
  const whole = Math.round(number);
  return Math.abs(number % 1) === 0.5 && whole % 2 ? whole - 1 : whole;
}

function whole(seconds) {
  const rounded = round(seconds);
  if (rounded < MINUTE) return `${rounded} s`;
  if (rounded < SECONDS_SHOWN_BELOW) return pair(rounded, MINUTE, "min", "s");
  const minutes = round(seconds / MINUTE);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 24 * 60) return pair(minutes, 60, "h", "min");
  return pair(round(seconds / HOUR), 24, "d", "h");
}

export function duration(seconds) {
  const real = Math.max(0, seconds);
  if (real < 0.0995) return real === 0 ? "0 s" : round(real * 1000) ? `${round(real * 1000)} ms` : "<1 ms";
  return real < 9.95 ? `${real.toFixed(1)} s` : whole(real);
}

export function precise(seconds) {
  return seconds >= 0.0995 && seconds < 59.95 ? `${seconds.toFixed(1)} s` : duration(seconds);
}

export const passing = (seconds) => whole(Math.floor(Math.max(0, seconds)));

export const rough = (seconds) => (seconds < 1 ? "1 s" : whole(seconds));

export function ago(seconds) {
  if (seconds >= 2 * DAY) return `${Math.floor(seconds / DAY)} days ago`;
  if (seconds >= DAY) return "yesterday";
  if (seconds >= HOUR) return `${Math.floor(seconds / HOUR)} h ago`;
  if (seconds >= MINUTE) return `${Math.floor(seconds / MINUTE)} min ago`;
  return `${Math.max(0, Math.floor(seconds))} s ago`;
}

export function left(seconds, expected) {
  const whole = expected < 1 ? duration(expected) : rough(expected);
  if (seconds < -1) return `longer than the expected ${whole}`;
  if (expected < 1) return `expected to take ${whole}`;
  return seconds < 0.5 ? `about to end, expected ${whole}` : `about ${rough(seconds)} left of ${whole}`;
}

export function percent(share) {
  if (share > 0 && share < 0.005) return "<1 %";
  return share >= 0.995 && share < 1 ? "99 %" : `${round(share * 100)} %`;
}

export const plural = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

// A moment on the axis of a timeline: "0:20", "14:05", "1:02:30"; with decimals where the axis is that fine.
export function onAxis(seconds, decimals = 0) {
  const total = Number(seconds.toFixed(decimals));
  const hours = Math.floor(total / HOUR);
  const minutes = Math.floor((total % HOUR) / MINUTE);
  const rest = (total % MINUTE).toFixed(decimals).padStart(decimals ? decimals + 3 : 2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}
