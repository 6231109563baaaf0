// The colours of the page as they are now, light or dark: what the canvas paints with.
const NAMES = [
  "surface", "ground", "line", "ink", "ink-2", "ink-3", "accent", "accent-wash", "bar-moving", "bar-moving-ink", "done-wash",
  "done-line", "done-ink", "bad", "bad-wash", "warn", "warn-wash", "warn-line", "badge", "past", "now", "now-flag",
  "now-ink", "expected-line", "held", "held-line", "held-ink",
];

/** By name, and the font. `light-dark()` is resolved only where a property uses it, hence the probe. */
export function palette() {
  const probe = document.createElement("span");
  document.body.append(probe);
  const found = {font: getComputedStyle(document.body).fontFamily, mono: getComputedStyle(document.documentElement).getPropertyValue("--mono")};
  for (const name of NAMES) {
    probe.style.color = `var(--${name})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return found;
}

/** How a bar of each status looks, in the colours of a palette. */
export function looks(colours, context) {
  return {
    succeeded: {fill: colours["done-wash"], line: colours["done-line"], ink: colours["done-ink"], sliver: colours["done-line"]},
    running: {fill: colours["bar-moving"], line: colours["bar-moving"], ink: colours["bar-moving-ink"], sliver: colours["bar-moving"]},
    leased: {fill: colours["accent-wash"], line: colours["bar-moving"], ink: colours.accent, sliver: colours["bar-moving"]},
    failed: {fill: colours["bad-wash"], line: colours.bad, ink: colours.bad, sliver: colours.bad},
    timed_out: {fill: colours["bad-wash"], line: colours.bad, ink: colours.bad, sliver: colours.bad},
    lost: {
      fill: colours["warn-wash"],
      line: colours["warn-line"],
      ink: colours.warn,
      sliver: colours["warn-line"],
      hatch: hatch(colours["warn-line"], context),
    },
    held: {fill: colours.held, line: colours["held-line"], ink: colours["held-ink"], sliver: colours["held-line"]},
    cancelled: {fill: colours.badge, line: colours["expected-line"], ink: colours["ink-2"], sliver: colours["expected-line"]},
  };
}

function hatch(colour, context) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const c = tile.getContext("2d");
  c.strokeStyle = colour;
  c.lineWidth = 1.5;
  for (const shift of [-8, 0, 8]) {
    c.moveTo(shift - 1, 9);
    c.lineTo(shift + 9, -1);
  }
  c.stroke();
  return context.createPattern(tile, "repeat");
}
