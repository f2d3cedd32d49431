// LeNet-5 reads a digit that the reader draws or picks; every map is shown, every unit can be opened.
const COLUMNS = { C1: 6, S2: 6, C3: 8, S4: 8, C5: 30, F6: 28 }; // maps in a row of the picture of a layer
/** "C3.5.4.4" as [layer, map, row, column]; null for a unit that there is not. */
export function parseUnit(text) {
  const [layer, ...numbers] = text.split("."), [map, row, column] = numbers.map(Number);
  const [, maps, side] = SHAPES.slice(1).find(([name]) => name === layer) ?? [];
  const right = (value, count) => Number.isInteger(value) && value >= 0 && value < count;
  return numbers.length === 3 && right(map, maps) && right(row, side) && right(column, side) ? [layer, map, row, column] : null;
}

/** Draw `count` maps of size x size side by side, a line of nothing between those larger than a unit. */
function mosaic(canvas, values, count, size, columns, limit = 1) {
  const pitch = size > 1 ? size + 1 : 1, width = Math.min(count, columns) * pitch - (size > 1), height = Math.ceil(count / columns) * pitch - (size > 1);
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d"), image = context.createImageData(width, height);
  for (let at = 0; at < count * size * size; at++) {
    const map = Math.floor(at / (size * size)), inside = at % (size * size);
    const y = Math.floor(map / columns) * pitch + Math.floor(inside / size), x = (map % columns) * pitch + (inside % size);
    image.data.set([...color(values[at] / limit, true), 255], 4 * (y * width + x));
  }
  context.putImageData(image, 0, 0);
  return { width, height, pitch };
}

function render({ model, el }) {
  const network = readWeights(model.get("weights")), images = byteArray(model.get("images")), labels = model.get("labels");
  const stored = () => images.slice(784 * model.get("image"), 784 * (model.get("image") + 1));
  const pixels = () => readDrawing(model.get("drawing")) ?? stored(), draw = (next) => choose(model, { drawing: writeDrawing(next) });
  let erase = false, cursor = [14, 14], values = null;

  const canvas = h("canvas", {}), view = h("div", { class: "w-frame lenet-view" }), pen = h("div", { class: "w-frame lenet-pen" });
  const board = h("div", { class: "w-map", tabindex: 0, role: "application", "aria-label": "Drawing board: arrow keys move the pencil, space draws" }, canvas, view, pen);
  const stroke = (event) => {
    const box = board.getBoundingClientRect();
    draw(brush(pixels(), ((event.clientY - box.top) / box.height) * 28, ((event.clientX - box.left) / box.width) * 28, erase));
  };
  board.addEventListener("pointerdown", (event) => { board.setPointerCapture(event.pointerId); stroke(event); });
  board.addEventListener("pointermove", (event) => event.buttons && stroke(event));
  board.addEventListener("keydown", (event) => {
    const step = arrow(event);
    if (step) cursor = cursor.map((at, side) => clamp(at + step[side], 0, 27));
    else if (event.key === " ") draw(brush(pixels(), cursor[0] + 0.5, cursor[1] + 0.5, erase));
    else return;
    event.preventDefault();
    frame(pen, 28, ...cursor, 1);
  });
  const picker = h("select", { onchange: ({ target }) => choose(model, { image: Number(target.value), drawing: "" }) },
    labels.map((label, at) => h("option", { value: at }, `test image ${at + 1}, a ${label}`)));
  const tool = choice("tool", "tool", { pencil: "pencil", eraser: "eraser" }, (name) => { erase = name === "eraser"; });
  tool.show("pencil");
  const button = (words, label, act) => h("button", { type: "button", "aria-label": label, onclick: act }, words);
  const moves = [["←", "left", 0, -1], ["↑", "up", -1, 0], ["↓", "down", 1, 0], ["→", "right", 0, 1]]
    .map(([sign, name, down, right]) => button(sign, `Move the digit ${name}`, () => draw(moved(pixels(), down, right))));

  const bars = Array.from({ length: 10 }, (_, digit) => {
    const bar = h("span", { class: "lenet-bar" }), text = h("span", {});
    return { bar, text, row: h("button", { type: "button", class: "lenet-score", onclick: () => choose(model, { unit: `scores.${digit}.0.0` }) }, h("b", {}, digit), h("span", { class: "lenet-track" }, bar), text) };
  });
  const layers = Object.fromEntries(Object.keys(COLUMNS).map((name) => {
    const [, maps, size] = SHAPES.find((shape) => shape[0] === name), picture = h("canvas", {}), marker = h("div", { class: "w-frame" });
    const box = h("div", { class: "w-map lenet-layer", role: "img", "aria-label": `${name}: ${maps} ${size > 1 ? `maps of ${size} × ${size}` : "units"}` }, picture, marker);
    box.addEventListener("pointerdown", (event) => {
      const place = box.getBoundingClientRect(), pitch = size > 1 ? size + 1 : 1;
      const [y, x] = [(event.clientY - place.top) / place.height * picture.height, (event.clientX - place.left) / place.width * picture.width];
      const map = Math.floor(y / pitch) * COLUMNS[name] + Math.floor(x / pitch);
      const unit = `${name}.${map}.${Math.min(Math.floor(y % pitch), size - 1)}.${Math.min(Math.floor(x % pitch), size - 1)}`;
      if (parseUnit(unit)) choose(model, { unit });
    });
    return [name, { maps, size, picture, marker, box }];
  }));

  const layerOf = h("select", { onchange: ({ target }) => choose(model, { unit: `${target.value}.0.0.0` }) }, SHAPES.slice(1).map(([name]) => h("option", { value: name }, name)));
  const fields = ["map", "row", "column"].map((words, at) => ({ words, input: h("input", { type: "number", min: 0, oninput: ({ target }) => {
    const next = model.get("unit").split(".");
    next[at + 1] = target.value;
    if (target.value !== "" && parseUnit(next.join("."))) choose(model, { unit: next.join(".") });
  } }) }));
  const terms = ["below", "weights", "products"].map((words) => ({ words, picture: h("canvas", {}) }));
  const told = h("p", { class: "w-told", role: "status" }), opened = h("p", { class: "w-told" });
  el.append(
    h("div", { class: "w-row" }, h("label", {}, "digit ", picker), tool, button("Clear", "Clear the board", () => draw(new Uint8Array(784))), moves),
    h("div", { class: "lenet-top" }, board, h("div", {}, bars.map(({ row }) => row), told)),
    h("div", { class: "lenet-layers" }, Object.entries(layers).map(([name, { box, maps }]) => h("div", {}, h("p", { class: "w-soft" }, `${name}, ${maps} ${maps > 20 ? "units" : "maps"}`), box))),
    h("div", { class: "w-row lenet-unit" }, h("label", {}, "open unit: layer ", layerOf), fields.map(({ words, input }) => h("label", {}, `${words} `, input))),
    h("div", { class: "lenet-terms" }, terms.map(({ words, picture }) => h("div", {}, h("p", { class: "w-soft" }, words), h("div", { class: "w-map", role: "img", "aria-label": words }, picture)))),
    opened);

  function open([layer, map, row, column]) {
    const unit = sumOf(network, values, layer, map, row, column), count = unit.products.length;
    const [top, left, size] = fieldOf(layer, row, column);
    const from = [clamp(top, 0, 27), clamp(left, 0, 27)], to = [clamp(top + size, 1, 28), clamp(left + size, 1, 28)];
    frame(view, 28, ...from, to[0] - from[0], to[1] - from[1]);
    [unit.inputs, unit.weights, unit.products].forEach((numbers, at) =>
      mosaic(terms[at].picture, numbers, unit.size > 1 ? unit.maps.length : count, unit.size, unit.size > 1 ? Math.min(4, unit.maps.length) : 12, Math.max(...numbers.map(Math.abs)) || 1));
    for (const [name, { marker, picture, size: side }] of Object.entries(layers)) {
      marker.hidden = name !== layer;
      if (name !== layer) continue;
      const pitch = side > 1 ? side + 1 : 1, percent = (value, whole) => `${(100 * value) / whole}%`;
      Object.assign(marker.style, { top: percent(Math.floor(map / COLUMNS[name]) * pitch + row, picture.height), left: percent((map % COLUMNS[name]) * pitch + column, picture.width), height: percent(1, picture.height), width: percent(1, picture.width) });
    }
    layerOf.value = layer;
    [map, row, column].forEach((value, at) => { if (document.activeElement !== fields[at].input) fields[at].input.value = value; });
    const what = unit.average ? `The average of ${count} numbers` : `${count} products and the bias ${number(unit.bias, 3)} add up to ${number(unit.sum, 3)}`;
    opened.textContent = `${layer}, map ${map}, row ${row}, column ${column} reads ${unit.below} and sees ${Math.min(size, 32)} × ${Math.min(size, 32)} pixels. ${what}` +
      (unit.average ? ` is ${number(unit.value, 3)}.` : layer === "scores" ? "." : `; its tanh is ${number(unit.value, 3)}.`);
  }

  let read = null;
  return follow(model, el, ["image", "drawing", "unit"], () => {
    const now = pixels(), key = `${model.get("image")}${model.get("drawing")}`;
    if (read !== key) {
      read = key;
      values = forward(network, Float32Array.from(now, (value) => (value / 255 - model.get("mean")) / model.get("std")));
      const chances = softmax(values.scores), best = chances.indexOf(Math.max(...chances));
      paint(canvas, now, 28, { limit: 255 });
      for (const [name, { picture, maps, size }] of Object.entries(layers)) mosaic(picture, values[name], maps, size, COLUMNS[name]);
      bars.forEach(({ bar, text, row }, digit) => {
        bar.style.width = `${100 * chances[digit]}%`;
        text.textContent = `${number(100 * chances[digit], 1)} %`;
        row.setAttribute("aria-label", `Open the score of ${digit}: ${number(values.scores[digit], 2)}, ${number(100 * chances[digit], 1)} percent`);
        row.classList.toggle("is-best", digit === best);
      });
      told.textContent = `LeNet-5 reads a ${best} (${number(100 * chances[best], 1)} %).` + (model.get("drawing") ? "" : ` The label says ${labels[model.get("image")]}.`);
      picker.value = model.get("image");
      frame(pen, 28, ...cursor, 1);
    }
    open(parseUnit(model.get("unit")) ?? ["C1", 0, 14, 14]);
  });
}

const valid = {
  image: (value, model) => Number.isInteger(value) && value >= 0 && value < model.get("labels").length,
  drawing: (text) => text === "" || readDrawing(text) !== null, unit: (text) => parseUnit(text) !== null,
};
export default { render, valid };
