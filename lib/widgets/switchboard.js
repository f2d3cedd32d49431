// Recorded runs laid over each other: curves with their spread over the seeds, costs, differences, first filters.
const MOST = 4, COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7"], DASHES = ["", "7 3", "2 3", "9 3 2 3"];

const average = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean and standard deviation (n - 1; 0 for a single value). */
export function summary(values) {
  const mean = average(values), n = values.length;
  return { mean, spread: n > 1 ? Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1)) : 0 };
}

/** Mean difference of two runs, seed by seed, and its standard error; null where the seeds differ in number. */
export function difference(before, after) {
  if (before.length !== after.length) return null;
  const { mean, spread } = summary(after.map((value, at) => value - before[at]));
  return { mean, error: spread / Math.sqrt(after.length) };
}

/** Mean and spread at each epoch, from curves of seeds x epochs. */
export const band = (curves) => curves[0].map((_, epoch) => summary(curves.map((curve) => curve[epoch])));

/** What changed from the first chosen run to the last, in words. */
export function tellBoard(first, last) {
  const found = difference(first.test, last.test);
  if (first === last) return "Choose a second run to compare.";
  if (!found) return "These runs have different numbers of seeds.";
  const points = `${number(100 * Math.abs(found.mean), 1)} ± ${number(100 * found.error, 1)} points`;
  const sure = Math.abs(found.mean) > 2 * found.error ? "" : " That is within two standard errors: no clear difference.";
  return `On the test images “${last.words}” is ${points} ${found.mean < 0 ? "below" : "above"} “${first.words}” (n = ${first.test.length} seeds).${sure}`;
}

/** The curves of the chosen runs, with bands of one standard deviation. */
function chart(runs, quantity) {
  const bands = runs.map((run) => band(run.curves[quantity])), epochs = Math.max(...bands.map((each) => each.length));
  const low = Math.min(...bands.flat().map(({ mean, spread }) => mean - spread)), high = Math.max(...bands.flat().map(({ mean, spread }) => mean + spread));
  const share = quantity !== "loss", step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].find((each) => (high - low) / each <= 6) ?? 1;
  const x = (epoch) => 46 + (epoch * 500) / Math.max(1, epochs - 1), y = (value) => 208 - (190 * (value - low)) / (high - low || 1);
  const ticks = Array.from({ length: 12 }, (_, at) => (Math.ceil(low / step) + at) * step).filter((value) => value <= high + 1e-9);
  const grid = ticks.map((value) => make("g", {}, make("line", { x1: 46, x2: 546, y1: y(value), y2: y(value), class: "lab-line" }),
    make("text", { x: 40, y: y(value) + 4, "text-anchor": "end" }, share ? `${number(100 * value, 0)} %` : number(value, 2))));
  const numbers = Array.from({ length: epochs }, (_, at) => make("text", { x: x(at), y: 226, "text-anchor": "middle" }, String(at + 1)));
  const lines = bands.map((each, at) => {
    const edge = [...each.map(({ mean, spread }, epoch) => [epoch, mean + spread]), ...each.map(({ mean, spread }, epoch) => [epoch, mean - spread]).reverse()];
    return make("g", {}, make("polygon", { points: edge.map(([epoch, value]) => `${x(epoch)},${y(value)}`).join(" "), fill: COLORS[at], opacity: 0.2 }),
      make("polyline", { points: each.map(({ mean }, epoch) => `${x(epoch)},${y(mean)}`).join(" "), class: "board-line", stroke: COLORS[at], "stroke-dasharray": DASHES[at] }));
  });
  const said = runs.map((run, at) => `${run.words}: ${bands[at].map(({ mean }) => mean.toFixed(3)).join(", ")}`).join("; ");
  return make("svg", { viewBox: "0 0 560 232", role: "img", "aria-label": `Mean by epoch. ${said}` }, ...grid, ...numbers, ...lines);
}

function render({ model, el }) {
  const runs = model.get("runs"), starts = runs.map((_, at) => runs.slice(0, at).reduce((sum, run) => sum + run.filters[2], 0));
  const view = model.get("filters"), weights = new Int8Array(view.buffer, view.byteOffset, view.byteLength);
  const toggle = (at) => {
    const now = model.get("shown"), next = now.includes(at) ? now.filter((each) => each !== at) : [...now.slice(-(MOST - 1)), at].sort((one, other) => one - other);
    if (next.length) choose(model, { shown: next });
  };
  const buttons = runs.map((run, at) => h("button", { type: "button", onclick: () => toggle(at) }, run.words));
  const quantity = choice("show", "quantity", { validation: "validation accuracy", training: "training accuracy", loss: "training loss" }, (name) => choose(model, { quantity: name }));
  const body = h("tbody"), filters = h("div", { class: "board-filters" }), box = h("div", { class: "board-chart" }), told = h("p", { class: "w-told", role: "status" });
  el.append(h("div", { class: "w-row board-runs", role: "group", "aria-label": "recorded runs" }, buttons), quantity, box,
    h("div", { class: "bench-scroll", tabindex: 0, role: "region", "aria-label": "The chosen runs" }, h("table", { class: "bench-table board-table" },
      h("thead", {}, h("tr", {}, ["run", "test accuracy", "to the one above", "parameters", "multiply-accumulates", "seconds"].map((head) => h("th", { scope: "col" }, head)))), body)), filters, told);

  /** The first kernels of a run as one picture: blue is negative, red positive. */
  function kernels(at) {
    const [height, width, size] = runs[at].filters, count = Math.min(6, size / height / width), gap = 1, canvas = h("canvas", { role: "img", "aria-label": `First ${count} kernels` });
    const wide = count * (width + gap) - gap, values = new Float32Array(wide * height);
    for (let kernel = 0; kernel < count; kernel++) for (let row = 0; row < height; row++) for (let column = 0; column < width; column++)
      values[row * wide + kernel * (width + gap) + column] = weights[starts[at] + (kernel * height + row) * width + column];
    paint(canvas, values, wide, { signed: true, limit: 127, height });
    return canvas;
  }

  return follow(model, el, ["shown", "quantity"], () => {
    const shown = model.get("shown"), chosen = shown.map((at) => runs[at]);
    buttons.forEach((button, at) => button.setAttribute("aria-pressed", String(shown.includes(at))));
    quantity.show(model.get("quantity"));
    box.replaceChildren(chart(chosen, model.get("quantity")));
    body.replaceChildren(...chosen.map((run, at) => {
      const { mean, spread } = summary(run.test), step = at ? difference(chosen[at - 1].test, run.test) : null;
      const sign = step && (step.mean < 0 ? "−" : "+");
      return h("tr", {}, h("td", {}, h("span", { class: "board-key", style: `border-top: 3px ${["solid", "dashed", "dotted", "double"][at]} ${COLORS[at]}` }), run.words),
        h("td", {}, `${number(100 * mean, 2)} ± ${number(100 * spread, 2)} %`), h("td", {}, step ? `${sign}${number(100 * Math.abs(step.mean), 2)} ± ${number(100 * step.error, 2)}` : ""),
        h("td", {}, number(run.parameters)), h("td", {}, number(run.macs)), h("td", {}, number(run.seconds)));
    }));
    filters.replaceChildren(...chosen.map((run, at) => h("div", {}, h("p", { class: "w-soft" }, `first filters, ${run.words}`), kernels(shown[at]))));
    told.textContent = tellBoard(chosen[0], chosen.at(-1));
  });
}

const valid = {
  shown: (list, model) => list.length > 0 && list.length <= MOST && new Set(list).size === list.length && list.every((at) => at in model.get("runs")),
  quantity: (name) => ["validation", "training", "loss"].includes(name),
};
export default { render, valid };
