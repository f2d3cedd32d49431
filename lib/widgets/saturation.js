// A stack of random layers before any training: how the signal goes up and the gradient comes down.
const WIDTH = 64, INPUTS = 64, DEEPEST = 20;
const UNITS = { // value and slope; the slope from the value
  sigmoid: [(sum) => 1 / (1 + Math.exp(-sum)), (value) => value * (1 - value)],
  tanh: [Math.tanh, (value) => 1 - value * value],
  ReLU: [(sum) => Math.max(0, sum), (value) => (value > 0 ? 1 : 0)],
};

/** A generator of normal numbers of mean 0 and spread 1 (mulberry32 and Box-Muller): the same for the same seed. */
export function normals(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
  return (count, spread = 1) => Float64Array.from({ length: count }, () => spread * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
}

/** rows x WIDTH times WIDTH x WIDTH; `turned` multiplies by the transpose. */
function times(left, right, turned = false) {
  const result = new Float64Array(left.length);
  for (let row = 0; row < left.length / WIDTH; row++) {
    for (let inner = 0; inner < WIDTH; inner++) {
      const value = left[row * WIDTH + inner];
      if (value === 0) continue;
      for (let column = 0; column < WIDTH; column++) result[row * WIDTH + column] += value * right[turned ? column * WIDTH + inner : inner * WIDTH + column];
    }
  }
  return result;
}

const spread = (values) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
};

/** How much a unit's value differs from input to input, averaged over the units of a layer. */
function difference(values) {
  const columns = Array.from({ length: WIDTH }, (_, unit) => spread(Array.from({ length: INPUTS }, (_, row) => values[row * WIDTH + unit])));
  return columns.reduce((sum, value) => sum + value, 0) / WIDTH;
}

/** Weights of every layer, inputs and the direction that the gradient starts in, for a seed. */
export function draws(seed, depth) {
  const draw = normals(seed), inputs = draw(INPUTS * WIDTH), goal = draw(INPUTS * WIDTH);
  return { inputs, goal, weights: Array.from({ length: depth }, () => draw(WIDTH * WIDTH, 1 / Math.sqrt(WIDTH))) };
}

/** Differences between inputs and spread of the gradient, from the input (layer 0) to the top; the values at the top. */
export function stack(unit, gain, depth, seed) {
  const [value, slope] = UNITS[unit], { inputs, goal, weights } = draws(seed, depth), layers = [inputs];
  for (const each of weights) layers.push(times(layers.at(-1), each).map((sum) => value(gain * sum)));
  const gradients = [goal];
  for (let layer = depth; layer > 0; layer--) {
    const above = gradients[0].map((message, at) => gain * message * slope(layers[layer][at]));
    gradients.unshift(times(above, weights[layer - 1], true));
  }
  return { forward: layers.map(difference), backward: gradients.map(spread), top: layers.at(-1) };
}

/** What happened, in words: the factor per layer, forward and backward. */
export function tellStack({ forward, backward }) {
  const depth = forward.length - 1, rate = (from, to) => (to === 0 ? 0 : (to / from) ** (1 / depth));
  const words = (factor) => (factor < 0.9 ? "fades" : factor > 1.1 ? "grows" : "keeps its size");
  const up = rate(forward[0], forward[depth]), down = rate(backward[depth], backward[0]);
  return `On the way up the signal ${words(up)} (× ${number(up, 2)} a layer); on the way down the gradient ${words(down)} (× ${number(down, 2)} a layer).`;
}

const LOW = -8, HIGH = 6; // powers of ten that the panels show

/** One panel: values by layer on a logarithmic axis. */
function panel(values, title, css) {
  const x = (layer) => 40 + (layer * 250) / (values.length - 1), y = (value) => 160 - (140 * (clamp(value > 0 ? Math.log10(value) : LOW, LOW, HIGH) - LOW)) / (HIGH - LOW);
  const powers = [-8, -6, -4, -2, 0, 2, 4, 6].map((power) => make("g", {}, make("line", { x1: 40, x2: 290, y1: y(10 ** power), y2: y(10 ** power), class: power ? "lab-line" : "lab-one" }),
    make("text", { x: 34, y: y(10 ** power) + 4, "text-anchor": "end" }, power ? `10${[...String(power)].map((sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]).join("")}` : "1")));
  const dots = values.map((value, layer) => make("circle", { cx: x(layer), cy: y(value), r: 3.5, class: css }));
  const every = values.length > 12 ? 4 : 2, layers = values.map((_, layer) => (layer % every ? "" : make("text", { x: x(layer), y: 178, "text-anchor": "middle" }, String(layer))));
  return make("svg", { viewBox: "0 0 300 184", role: "img", "aria-label": `${title}, by layer: ${values.map((value) => value.toPrecision(2)).join(", ")}` },
    ...powers, make("polyline", { points: values.map((value, layer) => `${x(layer)},${y(value)}`).join(" "), class: css }), ...dots, ...layers);
}

function render({ model, el }) {
  const unit = choice("unit", "unit", Object.fromEntries(Object.keys(UNITS).map((name) => [name, name])), (name) => choose(model, { unit: name }));
  const slider = (name, words, min, max, step) => {
    const input = h("input", { type: "range", min, max, step, oninput: () => choose(model, { [name]: Number(input.value) }) }), output = h("span", {});
    return { name, input, output, label: h("label", { class: "lab-slider" }, h("span", {}, `${words} `, output), input) };
  };
  const sliders = [slider("gain", "gain of the weights", 0.1, 5, 0.05), slider("depth", "layers", 2, DEEPEST, 1)];
  const again = h("button", { type: "button", onclick: () => choose(model, { seed: (model.get("seed") % 999) + 1 }) }, "Draw new weights");
  const panels = ["differences between inputs", "gradient"].map((title) => ({ title, box: h("div", {}) })), bars = h("div", { class: "lab-bars", role: "img" });
  const told = h("p", { class: "w-told", role: "status" }), top = h("p", { class: "w-soft" });
  el.append(h("div", { class: "w-row" }, unit, again), h("div", { class: "lab-sliders" }, sliders.map(({ label }) => label)),
    h("div", { class: "lab-panels" }, panels.map(({ title, box }) => h("div", {}, h("p", { class: "w-soft" }, `${title}, by layer`), box))), top, bars, told);

  return follow(model, el, ["unit", "gain", "depth", "seed"], () => {
    const result = stack(model.get("unit"), model.get("gain"), model.get("depth"), model.get("seed"));
    [result.forward, result.backward].forEach((values, at) => panels[at].box.replaceChildren(panel(values, panels[at].title, ["lab-up", "lab-down"][at])));
    const least = Math.min(...result.top), most = Math.max(...result.top), counts = Array(25).fill(0);
    for (const value of result.top) counts[Math.min(24, Math.floor((25 * (value - least)) / (most - least || 1)))] += 1;
    bars.replaceChildren(...counts.map((count) => h("span", { style: `height: ${(100 * count) / Math.max(...counts)}%` })));
    top.textContent = `values at the top, from ${least.toPrecision(2).replace("-", "−")} to ${most.toPrecision(2).replace("-", "−")}`;
    bars.setAttribute("aria-label", `Histogram of the ${top.textContent}`);
    unit.show(model.get("unit"));
    sliders.forEach(({ name, input, output }) => { input.value = model.get(name); output.textContent = number(model.get(name), name === "gain" ? 2 : 0); });
    told.textContent = tellStack(result);
  });
}

const whole = (low, high) => (value) => Number.isInteger(value) && value >= low && value <= high;
export default { render, valid: { unit: (name) => name in UNITS, gain: (value) => value >= 0.1 && value <= 5, depth: whole(2, DEEPEST), seed: whole(1, 999) } };
