// One photograph as training shows it: a window, its mirror image, a shift of the light.
const SIDE = 128, WINDOW = 112, ROOM = SIDE - WINDOW, SPREAD = 0.1;

/** The shift of red, green and blue in gray levels, for three draws under a reading of the paper. */
export function light(alphas, reading, values, directions) {
  const scale = { code: Math.sqrt, text: (value) => value, ports: (value) => value / 255 }[reading];
  return [0, 1, 2].map((color) => alphas.reduce((sum, alpha, at) => sum + alpha * scale(values[at]) * directions[at][color], 0));
}

/** The window as the network sees it: WINDOW x WINDOW x 4 bytes, the last of each pixel opaque. */
export function augmented(photograph, { row, column, mirror }, shift) {
  const seen = new Uint8ClampedArray(4 * WINDOW * WINDOW).fill(255);
  for (let y = 0; y < WINDOW; y++) for (let x = 0; x < WINDOW; x++) {
    const from = 3 * ((row + y) * SIDE + column + (mirror ? WINDOW - 1 - x : x)), to = 4 * (y * WINDOW + x);
    for (let color = 0; color < 3; color++) seen[to + color] = Math.round(photograph[from + color] + shift[color]);
  }
  return seen;
}

/** A number of mean 0 and spread SPREAD, to two places (Box and Muller). */
const draw = () => Math.round(100 * SPREAD * Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random())) / 100;

/** What was done, in words. */
export function tellVariant(shift, caught) {
  const signed = (value) => `${value < 0 ? "−" : "+"}${number(Math.abs(value), 0)}`;
  const lost = caught < 0.005 ? "" : ` ${number(100 * caught, 0)} % of the values end at 0 or 255 and lose what they showed.`;
  return `Every pixel's red, green and blue move by ${shift.map(signed).join(", ")} of 255 gray levels.${lost}`;
}

function render({ model, el }) {
  const photograph = byteArray(model.get("photograph")), readings = model.get("readings");
  const canvas = h("canvas", { width: SIDE, height: SIDE }), marker = h("span", { class: "w-frame" }), seen = h("canvas", { width: WINDOW, height: WINDOW, role: "img" });
  const board = h("div", { class: "w-map", tabindex: 0, role: "group", "aria-label": "The photograph; arrow keys move the window" }, canvas, marker);
  const whole = canvas.getContext("2d"), pixels = whole.createImageData(SIDE, SIDE);
  for (let at = 0; at < SIDE * SIDE; at++) pixels.data.set([...photograph.subarray(3 * at, 3 * at + 3), 255], 4 * at);
  whole.putImageData(pixels, 0, 0);
  const put = (row, column) => choose(model, { row: clamp(row, 0, ROOM), column: clamp(column, 0, ROOM) });
  const drag = (event) => { if (event.buttons || event.type === "pointerdown") { const [row, column] = pixelAt(event, board, SIDE); put(Math.round(row - WINDOW / 2), Math.round(column - WINDOW / 2)); } };
  board.addEventListener("pointerdown", (event) => { board.setPointerCapture(event.pointerId); drag(event); });
  board.addEventListener("pointermove", drag);
  board.addEventListener("keydown", (event) => { const step = arrow(event); if (step) { event.preventDefault(); put(model.get("row") + step[0], model.get("column") + step[1]); } });

  const again = h("button", { type: "button", onclick: () => choose(model, { row: Math.floor((ROOM + 1) * Math.random()), column: Math.floor((ROOM + 1) * Math.random()), mirror: Math.random() < 0.5, alphas: [draw(), draw(), draw()] }) }, "Draw a variant");
  const mirror = h("button", { type: "button", onclick: () => choose(model, { mirror: !model.get("mirror") }) }, "Mirror");
  const plain = h("button", { type: "button", onclick: () => choose(model, { alphas: [0, 0, 0] }) }, "Light as it was");
  const sliders = [0, 1, 2].map((at) => {
    const input = h("input", { type: "range", min: -0.3, max: 0.3, step: 0.01, oninput: () => choose(model, { alphas: model.get("alphas").map((alpha, other) => (other === at ? Number(input.value) : alpha)) }) });
    const output = h("span", {});
    return { input, output, label: h("label", { class: "lab-slider" }, h("span", {}, `draw ${at + 1} `, output), input) };
  });
  const reading = h("select", { class: "variant-reading", onchange: ({ target }) => choose(model, { reading: target.value }) }, Object.entries(readings).map(([name, words]) => h("option", { value: name }, words)));
  const told = h("p", { class: "w-told", role: "status" });
  el.append(h("div", { class: "w-row" }, again, mirror, plain, h("label", {}, "scale of the light ", reading)),
    h("div", { class: "variant-board" }, h("div", {}, h("p", { class: "w-soft" }, "the photograph"), board), h("div", {}, h("p", { class: "w-soft" }, "what the network sees"), h("div", { class: "w-map" }, seen))),
    h("div", { class: "lab-sliders" }, sliders.map(({ label }) => label)), told);

  return follow(model, el, ["row", "column", "mirror", "alphas", "reading"], () => {
    const shift = light(model.get("alphas"), model.get("reading"), model.get("values"), model.get("directions"));
    const now = augmented(photograph, { row: model.get("row"), column: model.get("column"), mirror: model.get("mirror") }, shift);
    seen.getContext("2d").putImageData(new ImageData(now, WINDOW, WINDOW), 0, 0);
    frame(marker, SIDE, model.get("row"), model.get("column"), WINDOW);
    const ends = now.reduce((count, value, at) => count + (at % 4 < 3 && (value === 0 || value === 255)), 0) / (3 * WINDOW * WINDOW);
    seen.setAttribute("aria-label", `Window at row ${model.get("row")}, column ${model.get("column")}${model.get("mirror") ? ", mirrored" : ""}`);
    mirror.setAttribute("aria-pressed", String(model.get("mirror")));
    reading.value = model.get("reading");
    sliders.forEach(({ input, output }, at) => { if (document.activeElement !== input) input.value = model.get("alphas")[at]; output.textContent = number(model.get("alphas")[at], 2); });
    told.textContent = tellVariant(shift, ends);
  });
}

const place = (value) => Number.isInteger(value) && value >= 0 && value <= ROOM;
const valid = {
  row: place, column: place, alphas: (list) => list.length === 3 && list.every((alpha) => Math.abs(alpha) <= 0.5),
  reading: (name) => ["code", "text", "ports"].includes(name),
};
export default { render, valid };
