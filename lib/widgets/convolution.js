// A convolution by hand: a window slides over an image; under it, products and their sum.

/** The answers of a kernel (size x size numbers) at every place of an image (side x side numbers), row by row. */
export function convolveByHand(image, side, kernel, size) {
  const out = side - size + 1, answers = [];
  for (let row = 0; row < out; row++) {
    for (let column = 0; column < out; column++) answers.push(products(image, side, kernel, size, row, column).reduce((sum, term) => sum + term, 0));
  }
  return answers;
}

/** The products of the window whose upper left corner is at (row, column). */
export function products(image, side, kernel, size, row, column) {
  return kernel.map((weight, at) => weight * image[(row + Math.floor(at / size)) * side + column + (at % size)]);
}

/** What the widget says of the window at a place. */
export function tellWindow(row, column, kernel, sum, signed) {
  const total = kernel.reduce((all, weight) => all + weight, 0);
  return `Row ${row}, column ${column}: the ${kernel.length} products add up to ${number(sum, 3)}, the weights to ${number(total, 2)}. ` +
    (signed ? "Answers: red positive, white zero, blue negative." : "Answers: the darker, the higher.");
}

function render({ model, el }) {
  const pixels = Float32Array.from(byteArray(model.get("images")), (value) => value / 255), names = model.get("names"), kernels = model.get("kernels");
  const sides = model.get("sides"), starts = sides.map((_, at) => sides.slice(0, at).reduce((sum, each) => sum + each * each, 0));
  const picker = h("select", { onchange: ({ target }) => choose(model, { image: Number(target.value) }) }, names.map((name, at) => h("option", { value: at }, name)));
  const preset = h("select", { onchange: ({ target }) => target.value && choose(model, { kernel: [...kernels[target.value]] }) },
    h("option", { value: "" }, "your own"), Object.keys(kernels).map((name) => h("option", { value: name }, name)));
  const map = (label, more) => {
    const canvas = h("canvas", {}), marker = h("div", { class: "w-frame" });
    return { canvas, marker, box: h("div", { class: "w-map", "aria-label": label, role: "img", ...more }, canvas, marker) };
  };
  const image = map("The image with the window: arrow keys move it", { tabindex: 0 });
  const answer = map("The answers: arrow keys move the window", { tabindex: 0 });
  const sheet = h("div", { class: "conv-sheet", role: "group", "aria-label": "Weights of the kernel" }), told = h("p", { class: "w-told", role: "status" });
  let weights = [], timer = 0;
  const size = () => Math.sqrt(model.get("kernel").length), side = () => sides[model.get("image")], last = () => side() - size();
  const place = () => [clamp(model.get("row"), 0, last()), clamp(model.get("column"), 0, last())];
  const go = (row, column) => choose(model, { row: clamp(row, 0, last()), column: clamp(column, 0, last()) });
  const onward = () => { const [row, column] = place(); return column < last() ? go(row, column + 1) : go(row < last() ? row + 1 : 0, 0); };
  const back = () => { const [row, column] = place(); return column > 0 ? go(row, column - 1) : go(row > 0 ? row - 1 : last(), last()); };
  const stop = () => { clearInterval(timer); timer = 0; play.textContent = "Play"; };
  const play = h("button", { type: "button", onclick: () => { if (timer) return stop(); play.textContent = "Stop"; timer = setInterval(onward, 90); } }, "Play");
  for (const [{ box }, offset, units] of [[image, () => Math.floor(size() / 2), side], [answer, () => 0, () => last() + 1]]) {
    box.addEventListener("keydown", (event) => {
      const step = arrow(event), [row, column] = place();
      if (!step) return;
      event.preventDefault();
      go(row + step[0], column + step[1]);
    });
    const point = (event) => { const [row, column] = pixelAt(event, box, units()); stop(); go(row - offset(), column - offset()); };
    box.addEventListener("pointerdown", (event) => { box.setPointerCapture(event.pointerId); point(event); });
    box.addEventListener("pointermove", (event) => event.buttons && point(event));
  }
  el.append(
    h("div", { class: "w-row" }, h("label", {}, "image ", picker), h("label", {}, "kernel ", preset),
      h("button", { type: "button", onclick: back }, "Back"), h("button", { type: "button", onclick: onward }, "Step"), play),
    h("div", { class: "conv-board" },
      h("div", {}, h("p", { class: "w-soft" }, "image, 0 (white) to 1"), image.box),
      h("div", {}, h("p", { class: "w-soft" }, "weights (change them), pixels, products"), sheet),
      h("div", {}, h("p", { class: "w-soft" }, "answers"), answer.box)),
    told);

  /** A field for each weight, with the pixel under it and their product; built anew only for another size. */
  function build(count) {
    weights = Array.from({ length: count }, (_, at) => {
      const input = h("input", { type: "number", step: 0.1, "aria-label": `weight, row ${Math.floor(at / size()) + 1}, column ${(at % size()) + 1}`, oninput: () => {
        const value = Number(input.value);
        if (input.value !== "" && Math.abs(value) <= 99) choose(model, { kernel: model.get("kernel").map((old, index) => (index === at ? value : old)) });
      } });
      return { input, term: h("span", {}), cell: null };
    });
    sheet.style.gridTemplateColumns = `repeat(${size()}, 1fr)`;
    sheet.replaceChildren(...weights.map((weight) => (weight.cell = h("div", { class: "conv-cell" }, weight.input, weight.term))));
  }

  const unfollow = follow(model, el, ["image", "kernel", "row", "column"], () => {
    const kernel = model.get("kernel"), at = model.get("image"), wide = side(), [row, column] = place();
    const shown = pixels.subarray(starts[at], starts[at] + wide * wide), answers = convolveByHand(shown, wide, kernel, size());
    if (weights.length !== kernel.length) build(kernel.length);
    const terms = products(shown, wide, kernel, size(), row, column), sum = answers[row * (last() + 1) + column];
    const reach = Math.max(...answers.map(Math.abs)), signed = Math.min(...answers) < 0;
    paint(image.canvas, shown, wide);
    paint(answer.canvas, answers, last() + 1, { signed, limit: reach });
    frame(image.marker, wide, row, column, size());
    frame(answer.marker, last() + 1, row, column, 1);
    weights.forEach(({ input, term, cell }, index) => {
      if (document.activeElement !== input) input.value = Number(kernel[index].toFixed(3));
      const pixel = shown[(row + Math.floor(index / size())) * wide + column + (index % size())];
      term.textContent = `× ${number(pixel, 2)} = ${number(terms[index], 2)}`;
      cell.style.background = terms[index] ? `rgb(${color(terms[index] / (Math.max(...terms.map(Math.abs)) || 1), true)} / 35%)` : "";
    });
    picker.value = at;
    preset.value = Object.keys(kernels).find((name) => String(kernels[name]) === String(kernel)) ?? "";
    told.textContent = tellWindow(row, column, kernel, sum, signed);
  });
  return () => { stop(); unfollow(); };
}

const place = (value, model) => Number.isInteger(value) && value >= 0 && value < Math.max(...model.get("sides"));
const valid = {
  image: (value, model) => Number.isInteger(value) && value >= 0 && value < model.get("names").length, row: place, column: place,
  kernel: (values) => [9, 25].includes(values.length) && values.every((value) => Math.abs(value) <= 99),
};
export default { render, valid };
