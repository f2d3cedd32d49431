// The connection table of C3 (LeNet-5, 1998, Table I): 16 maps, each reading some of the 6 maps of S2.
const INPUTS = 6, OUTPUTS = 16, WINDOW = 25, PLACES = 100; // 5 x 5 weights a kernel, 10 x 10 units a map

const PRESETS = {
  "Table I of 1998": [7, 14, 28, 56, 49, 35, 15, 30, 60, 57, 51, 39, 27, 54, 45, 63],
  "All read all (textbooks)": Array(OUTPUTS).fill(63),
  "Two columns (2012)": Array.from({ length: OUTPUTS }, (_, map) => (map < 8 ? 7 : 56)),
  "Nothing yet": Array(OUTPUTS).fill(0),
};

/** Whether map `output` reads map `input`; `reads` holds a number of six bits for each map. */
export const isRead = (reads, output, input) => ((reads[output] >> input) & 1) === 1;

/** What a table costs, and how many of its maps differ in what they read. */
export function countTable(reads) {
  const each = reads.map((_, output) => [...Array(INPUTS).keys()].filter((input) => isRead(reads, output, input)).length);
  const readers = [...Array(INPUTS).keys()].map((input) => reads.filter((_, output) => isRead(reads, output, input)).length);
  const kernels = each.reduce((sum, count) => sum + count, 0), parameters = kernels * WINDOW + OUTPUTS;
  return { each, readers, kernels, parameters, connections: parameters * PLACES, kinds: new Set(reads).size };
}

/** The sentences under the table. */
export function tellTable({ kernels, each, kinds }) {
  const idle = each.filter((count) => count === 0).length;
  if (kernels === 0) return "No map reads anything: each could only answer with its bias.";
  const alike = kinds === OUTPUTS ? "No two maps read the same." : kinds === 1 ? "All 16 maps read the same: only their first weights tell them apart."
    : `${OUTPUTS} maps, but only ${kinds} different readings.`;
  return `${alike}${idle ? ` ${idle} ${idle > 1 ? "maps read" : "map reads"} nothing.` : ""}`;
}

function render({ model, el }) {
  const reads = () => model.get("reads");
  const toggle = (output, input) => choose(model, { reads: reads().map((bits, map) => (map === output ? bits ^ (1 << input) : bits)) });
  const cell = (input, output) => h("button", {
    type: "button", class: "c3-cell", tabindex: input + output ? -1 : 0, "data-place": `${input},${output}`,
    "aria-label": `C3 map ${output} reads S2 map ${input}`, onclick: () => toggle(output, input),
  });
  const cells = Array.from({ length: INPUTS }, (_, input) => Array.from({ length: OUTPUTS }, (_, output) => cell(input, output)));
  const sums = { each: Array.from({ length: OUTPUTS }, () => h("span", { class: "c3-sum" })), readers: cells.map(() => h("span", { class: "c3-sum" })) };
  const all = h("strong", { class: "c3-sum" });
  const heads = Array.from({ length: OUTPUTS }, (_, output) => h("span", { class: "c3-head" }, output));
  const grid = h("div", { class: "c3-grid", role: "group", "aria-label": "Connection table: arrow keys move, the space bar toggles" },
    h("span", { class: "c3-head" }), heads, h("span", { class: "c3-head", title: "readers" }, "sum"),
    cells.map((row, input) => [h("span", { class: "c3-head" }, input), row, sums.readers[input]]),
    h("span", { class: "c3-head" }, "sum"), sums.each, all);
  grid.addEventListener("keydown", (event) => {
    const step = arrow(event);
    if (!step || !event.target.dataset.place) return;
    event.preventDefault();
    const [input, output] = event.target.dataset.place.split(",").map(Number);
    const [down, right] = getComputedStyle(grid).gridAutoFlow.includes("column") ? [step[1], step[0]] : step; // a phone turns the table
    const next = cells[clamp(input + down, 0, INPUTS - 1)][clamp(output + right, 0, OUTPUTS - 1)];
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
  const presets = Object.entries(PRESETS).map(([name, table]) =>
    h("button", { type: "button", onclick: () => choose(model, { reads: [...table] }) }, name));
  const out = { kernels: readout("kernels of 5 × 5"), parameters: readout("parameters"), connections: readout("connections") };
  const told = h("p", { class: "w-told", role: "status" });
  el.append(
    h("div", { class: "w-row" }, presets),
    h("p", { class: "w-soft" }, h("span", { class: "c3-wide" }, "Columns: maps of C3. Rows: maps of S2. "),
      h("span", { class: "c3-narrow" }, "Rows: maps of C3. Columns: maps of S2. "), "Filled: this one reads that one."),
    grid,
    h("div", { class: "w-row w-numbers" }, Object.values(out)),
    told);

  return follow(model, el, ["reads"], () => {
    const counts = countTable(reads());
    cells.forEach((row, input) => row.forEach((button, output) => button.setAttribute("aria-pressed", isRead(reads(), output, input))));
    for (const side of ["each", "readers"]) counts[side].forEach((count, at) => { sums[side][at].textContent = count; });
    all.textContent = counts.kernels;
    for (const name of Object.keys(out)) out[name].show(number(counts[name]));
    presets.forEach((button, at) => button.setAttribute("aria-pressed", String(Object.values(PRESETS)[at]) === String(reads())));
    told.textContent = tellTable(counts);
  });
}

const valid = { reads: (value) => value.length === OUTPUTS && value.every((bits) => Number.isInteger(bits) && bits >= 0 && bits < 64) };
export default { render, valid };
