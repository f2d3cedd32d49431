// Dropout on the last hidden layer of a LeNet-5: masks, their rescaling, and the average over many.

/** Uniform numbers from 0 to 1, the same for the same seed (mulberry32). */
export function uniforms(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** `count` masks of `units` units: true stays. */
export function drawMasks(seed, count, units, p) {
  const next = uniforms(seed);
  return Array.from({ length: count }, () => Array.from({ length: units }, () => next() >= p));
}

/** Logits of the units under a mask (all of them without one); `gain` multiplies what stays. */
export function scores({ units, weights, bias }, mask = null, gain = 1) {
  return weights.map((row, at) => row.reduce((sum, weight, unit) => sum + (mask && !mask[unit] ? 0 : gain * weight * units[unit]), bias[at]));
}

/** Logits averaged over masks. */
export function averageScores(network, masks, gain) {
  const sums = network.bias.map(() => 0);
  for (const mask of masks) scores(network, mask, gain).forEach((score, at) => { sums[at] += score; });
  return sums.map((sum) => sum / masks.length);
}

/** How far the scores with dropout are from those in use, in words. */
export function tellDropout(used, dropped, classes, count) {
  const gap = Math.max(...used.map((score, at) => Math.abs(score - dropped[at]))), best = (values) => classes[values.indexOf(Math.max(...values))];
  const over = count === 1 ? "With this mask" : `Averaged over ${number(count)} masks`;
  return `In use the answer is ${best(used)}. ${over} it is ${best(dropped)}, and the scores differ from those in use by at most ${number(gap, 2)}.`;
}

function render({ model, el }) {
  const network = { units: model.get("units"), weights: model.get("weights"), bias: model.get("bias") }, classes = model.get("classes");
  const limit = Math.max(...network.units.map(Math.abs)), used = scores(network), COLUMNS = network.units.length / 7;
  const slider = h("input", { type: "range", min: 0, max: 0.9, step: 0.05, oninput: () => choose(model, { p: Number(slider.value) }) }), shown = h("span", {});
  const masks = choice("masks", "masks", { 1: "1", 10: "10", 100: "100", 1000: "1,000" }, (value) => choose(model, { masks: Number(value) }));
  const scale = choice("rescale by", "scale", model.get("scales"), (value) => choose(model, { scale: value }));
  const again = h("button", { type: "button", onclick: () => choose(model, { seed: (model.get("seed") % 999) + 1 }) }, "Draw again");
  const cells = network.units.map(() => h("span", {})), grid = h("div", { class: "drop-grid", role: "img", style: `grid-template-columns: repeat(${COLUMNS}, 1fr)` }, cells);
  const rows = classes.map((name) => ({ bar: h("span", { class: "lenet-bar" }), before: h("span", { class: "probe-before" }), text: h("span", {}), name }));
  rows.forEach((row) => { row.line = h("div", { class: "lenet-score" }, h("b", {}, row.name), h("span", { class: "lenet-track probe-track" }, row.bar, row.before), row.text); });
  const told = h("p", { class: "w-told", role: "status" });
  el.append(h("div", { class: "w-row" }, masks, again), h("div", { class: "w-row" }, scale), h("label", { class: "lab-slider" }, h("span", {}, "share dropped, p = ", shown), slider),
    h("div", { class: "variant-board" }, h("div", {}, h("p", { class: "w-soft" }, "the units under the last mask; a cross is a silenced one"), grid),
      h("div", {}, h("p", { class: "w-soft" }, "scores; the mark is the score in use"), rows.map(({ line }) => line))), told);

  return follow(model, el, ["p", "masks", "scale", "seed"], () => {
    const p = model.get("p"), drawn = drawMasks(model.get("seed"), model.get("masks"), network.units.length, p), gain = model.get("scale") === "training" ? 1 / (1 - p) : 1;
    const dropped = averageScores(network, drawn, gain), last = drawn.at(-1), low = Math.min(...used, ...dropped, 0), high = Math.max(...used, ...dropped, 0);
    cells.forEach((cell, unit) => {
      const [red, green, blue] = color(clamp((last[unit] ? gain : 0) * network.units[unit] / limit, -1, 1), true);
      cell.className = last[unit] ? "" : "drop-out";
      cell.style.background = last[unit] ? `rgb(${red} ${green} ${blue})` : "";
    });
    grid.setAttribute("aria-label", `${last.filter((stays) => !stays).length} of ${last.length} units are silenced`);
    const place = (score) => (100 * (score - low)) / (high - low || 1);
    rows.forEach(({ bar, before, text, line }, at) => {
      bar.style.width = `${place(dropped[at])}%`;
      before.style.left = `${place(used[at])}%`;
      text.textContent = number(dropped[at], 1);
      line.classList.toggle("is-best", dropped[at] === Math.max(...dropped));
    });
    if (document.activeElement !== slider) slider.value = p;
    shown.textContent = number(p, 2);
    masks.show(model.get("masks"));
    scale.show(model.get("scale"));
    told.textContent = tellDropout(used, dropped, classes, drawn.length);
  });
}

const valid = {
  p: (value) => value >= 0 && value <= 0.9, masks: (value) => [1, 10, 100, 1000].includes(value), scale: (name) => name === "training" || name === "none",
  seed: (value) => Number.isInteger(value) && value >= 1 && value <= 999,
};
export default { render, valid };
