// Pointer, wheel and keys on the timeline.
const DRAG_FROM = 4; // pixels; less is a press
const PAN_BY = 0.15; // of what is in view, a key press
const ZOOM_BY = 1.5;

/**
 * `on`: pan(pixels), zoom(factor, x), hover(x, y) or hover(null), press(x, y), step(by), fit(), follow(), open(), clear().
 */
export function listen(canvas, namesWidth, on) {
  const pointers = new Map();
  let dragged = 0;
  let pinch = null;

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left - namesWidth(), event.clientY - box.top];
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    pointers.set(event.pointerId, event);
    dragged = 0;
    pinch = null;
  });

  canvas.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return on.hover(...at(event));
    pointers.set(event.pointerId, event);
    if (pointers.size === 2) return squeeze();
    dragged += Math.abs(event.clientX - before.clientX);
    if (dragged < DRAG_FROM) return;
    if (!canvas.hasPointerCapture(event.pointerId)) canvas.setPointerCapture(event.pointerId);
    canvas.classList.add("is-dragging");
    on.pan(before.clientX - event.clientX);
  });

  function squeeze() {
    const [one, two] = [...pointers.values()];
    const distance = Math.max(20, Math.abs(one.clientX - two.clientX));
    const [left] = at(one);
    const [right] = at(two);
    if (pinch) on.zoom(pinch / distance, (left + right) / 2);
    pinch = distance;
    dragged = DRAG_FROM;
  }

  const end = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    canvas.classList.remove("is-dragging");
    if (event.type === "pointerup" && dragged < DRAG_FROM && !pointers.size) on.press(...at(event));
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("pointerleave", () => on.hover(null));

  // The wheel scrolls the page as it does everywhere; with Ctrl (or a pinch) it zooms, sideways it pans.
  canvas.addEventListener("wheel", (event) => {
    const lines = event.deltaMode === 1 ? 16 : 1;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      on.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY * lines)) * 0.008), at(event)[0]);
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      on.pan((event.deltaX || event.deltaY) * lines);
    }
  }, {passive: false});

  const keys = {
    ArrowLeft: () => on.pan(-width() * PAN_BY),
    ArrowRight: () => on.pan(width() * PAN_BY),
    "+": () => on.zoom(1 / ZOOM_BY, width() / 2),
    "=": () => on.zoom(1 / ZOOM_BY, width() / 2),
    "-": () => on.zoom(ZOOM_BY, width() / 2),
    0: () => on.fit(),
    n: () => on.follow(),
    j: () => on.step(1),
    k: () => on.step(-1),
    Enter: () => on.open(),
    Escape: () => on.clear(),
  };
  const width = () => canvas.clientWidth - namesWidth();
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
}
