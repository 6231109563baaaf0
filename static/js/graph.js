// Arrows in the drawing of a graph: to the nearest node in that direction. Without this, Tab goes from node to node.
const frame = () => document.getElementById("graph-frame");

const DIRECTIONS = {
  ArrowLeft: ([x, y]) => [-x, y],
  ArrowRight: ([x, y]) => [x, y],
  ArrowUp: ([x, y]) => [-y, x],
  ArrowDown: ([x, y]) => [y, x],
};

function middle(node) {
  const box = node.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
}

function nearest(from, turned) {
  const [x, y] = middle(from);
  let best = null;
  let least = Infinity;
  for (const node of frame().querySelectorAll("a.node")) {
    const [there, aside] = middle(node);
    const [ahead, beside] = turned([there - x, aside - y]);
    const far = ahead + 3 * Math.abs(beside);
    if (ahead > 4 && far < least) [best, least] = [node, far];
  }
  return best;
}

document.addEventListener("keydown", (event) => {
  const turned = DIRECTIONS[event.key];
  const node = event.target.closest?.("a.node");
  if (!turned || !node || event.ctrlKey || event.metaKey || event.altKey) return;
  const next = nearest(node, turned);
  if (!next) return;
  event.preventDefault();
  next.focus({preventScroll: true});
  next.scrollIntoView({block: "nearest", inline: "nearest"});
});
