// What does the network look at? A gray square hides a part of the image, and the probabilities follow.
const STEP = 2; // pixels between the places of the map

/** `pixels` (784 bytes) with a gray square of `size` pixels whose corner is at (row, column). */
export const covered = (pixels, row, column, size) => pixels.map((old, at) => {
  const down = Math.floor(at / 28) - row, right = (at % 28) - column;
  return down >= 0 && down < size && right >= 0 && right < size ? 128 : old;
});

/** Probabilities of the classes for `pixels`. */
export function probabilities(network, pixels, mean, std) {
  return softmax(forward(network, Float32Array.from(pixels, (value) => (value / 255 - mean) / std)).scores);
}

/** The corners of the squares that the map tries, row by row; the last ones touch the far edges. */
export const corners = (size) => Array.from({ length: Math.floor((28 - size) / STEP) + 1 }, (_, at) => at * STEP);

function render({ model, el }) {
  const network = readWeights(model.get("weights")), images = byteArray(model.get("images")), names = model.get("names"), classes = model.get("classes");
  const ask = (pixels) => probabilities(network, pixels, model.get("mean"), model.get("std"));
  const shown = () => images.slice(784 * model.get("image"), 784 * (model.get("image") + 1)), last = () => 28 - model.get("size");
  const go = (row, column) => choose(model, { row: clamp(row, 0, last()), column: clamp(column, 0, last()) });
  const canvas = h("canvas", {}), marker = h("div", { class: "w-frame" }), heat = h("canvas", {}), spot = h("div", { class: "w-frame" });
  const board = h("div", { class: "w-map", tabindex: 0, role: "application", "aria-label": "Image: drag the gray square, or move it with the arrow keys" }, canvas, marker);
  const map = h("div", { class: "w-map", role: "img", "aria-label": "Map: the darker, the less probable the class with the square there" }, heat, spot);
  board.addEventListener("keydown", (event) => {
    const step = arrow(event);
    if (!step) return;
    event.preventDefault();
    go(model.get("row") + step[0], model.get("column") + step[1]);
  });
  const point = (event) => {
    const [row, column] = pixelAt(event, board, 28), half = Math.floor(model.get("size") / 2);
    go(row - half, column - half);
  };
  board.addEventListener("pointerdown", (event) => { board.setPointerCapture(event.pointerId); point(event); });
  board.addEventListener("pointermove", (event) => event.buttons && point(event));
  const picker = h("select", { onchange: ({ target }) => choose(model, { image: Number(target.value) }) }, names.map((name, at) => h("option", { value: at }, name)));
  const size = h("input", { type: "range", min: 3, max: 14, oninput: () => { choose(model, { size: Number(size.value) }); go(model.get("row"), model.get("column")); } });
  const sizeWords = h("span", {}), whole = h("button", { type: "button", onclick: () => choose(model, { map: !model.get("map") }) }, "Whole map");
  const rows = classes.map((name) => ({ bar: h("span", { class: "lenet-bar" }), before: h("span", { class: "probe-before" }), text: h("span", {}), name }));
  rows.forEach((row) => { row.line = h("div", { class: "lenet-score" }, h("b", {}, row.name), h("span", { class: "lenet-track probe-track" }, row.bar, row.before), row.text); });
  const told = h("p", { class: "w-told", role: "status" });
  el.append(
    h("div", { class: "w-row" }, h("label", {}, "image ", picker), h("label", { class: "probe-size" }, h("span", {}, "square ", sizeWords), size), whole),
    h("div", { class: "probe-top" }, board, h("div", {}, rows.map(({ line }) => line)), map), told);

  let drawn = "", waiting = 0, answers = [];
  /** Ask for every place of the map, some at a time so that the page stays quick. */
  function drawMap(best) {
    const key = `${model.get("image")} ${model.get("size")}`, places = corners(model.get("size")), count = places.length, pixels = shown();
    if (key === drawn) return;
    drawn = key;
    answers = [];
    clearTimeout(waiting);
    const more = () => {
      const until = performance.now() + 30;
      while (answers.length < count * count && performance.now() < until) {
        const at = answers.length;
        answers.push(ask(covered(pixels, places[Math.floor(at / count)], places[at % count], model.get("size")))[best]);
      }
      paint(heat, [...answers, ...Array(count * count - answers.length).fill(1)].map((chance) => 1 - chance), count);
      map.dataset.places = answers.length;
      if (answers.length < count * count) waiting = setTimeout(more);
    };
    more();
  }

  const unfollow = follow(model, el, ["image", "row", "column", "size", "map"], () => {
    const pixels = shown(), side = model.get("size"), row = clamp(model.get("row"), 0, last()), column = clamp(model.get("column"), 0, last());
    const free = ask(pixels), now = ask(covered(pixels, row, column, side)), best = free.indexOf(Math.max(...free)), answer = now.indexOf(Math.max(...now));
    paint(canvas, covered(pixels, row, column, side), 28, { limit: 255 });
    frame(marker, 28, row, column, side);
    rows.forEach(({ bar, before, text, line }, at) => {
      bar.style.width = `${100 * now[at]}%`;
      before.style.left = `${100 * free[at]}%`;
      text.textContent = `${number(100 * now[at], 1)} %`;
      line.classList.toggle("is-best", at === answer);
    });
    picker.value = model.get("image");
    size.value = side;
    sizeWords.textContent = `${side} × ${side}`;
    whole.setAttribute("aria-pressed", model.get("map"));
    map.hidden = !model.get("map");
    if (model.get("map")) drawMap(best);
    const places = corners(side).length;
    frame(spot, places, clamp(row / STEP, 0, places - 1), clamp(column / STEP, 0, places - 1), 1);
    told.textContent = `Uncovered, the answer is ${classes[best]} (${number(100 * free[best], 1)} %); with the square at row ${row}, column ${column} it is ` +
      `${classes[answer]} (${number(100 * now[answer], 1)} %), and ${classes[best]} has ${number(100 * now[best], 1)} %.`;
  });
  return () => { clearTimeout(waiting); unfollow(); };
}

const place = (value) => Number.isInteger(value) && value >= 0 && value < 28;
const valid = {
  image: (value, model) => Number.isInteger(value) && value >= 0 && value < model.get("names").length,
  row: place, column: place, size: (value) => Number.isInteger(value) && value >= 3 && value <= 14,
};
export default { render, valid };
