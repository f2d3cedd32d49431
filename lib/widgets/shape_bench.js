// Shapes and costs of a network, layer by layer, as lib.cost counts them.
//
// A network is one line of words, the first its input (channels x side x side):
//   "3x224x224 c96k11s4e3 m3s2 c256k5p2g2 m3s2 ... d4096 d4096 d1000"
// c96 convolution with 96 maps, m and a largest value and average of a window, w average with weights (1998),
// q adaptive average, d dense, r distances to fixed codes (1998). After it k kernel, s stride, p zeros on each
// side, e zeros at the end, g groups, t kernels of a connection table, u 1 for a bias in every unit.

const KINDS = { c: "conv", m: "max pool", a: "mean pool", w: "subsample", q: "mean to", d: "dense", r: "codes" };
const FIELDS = { // letter: name, least value, greatest value
  n: ["maps", 1, 8192], k: ["kernel", 1, 99], s: ["stride", 1, 99], p: ["zeros around", 0, 99], e: ["zeros at the end", 0, 99], g: ["groups", 1, 512],
};
const EDITABLE = { c: "nkspeg", m: "ks", a: "ks", w: "", q: "n", d: "n", r: "" };

/** The input shape and the layers that a line describes; null where it describes none. */
export function parseNetwork(line) {
  const [first, ...words] = line.trim().split(/\s+/);
  const shape = /^(\d{1,4})x(\d{1,4})x\2$/.exec(first);
  if (!shape || words.length === 0 || words.length > 40) return null;
  const layers = words.map((word) => {
    const parts = /^([cmawqdr])(\d{1,5})((?:[kspegtu]\d{1,5})*)$/.exec(word);
    if (!parts) return null;
    const pool = "maw".includes(parts[1]), layer = { kind: parts[1], n: 1, k: 1, s: 1, p: 0, e: 0, g: 1, t: 0, u: 0 };
    layer[pool ? "k" : "n"] = Number(parts[2]);
    for (const [, letter, value] of parts[3].matchAll(/([kspegtu])(\d+)/g)) layer[letter] = Number(value);
    return layer.n && layer.k && layer.s && layer.g ? layer : null;
  });
  return layers.includes(null) || !Number(shape[1]) || !Number(shape[2]) ? null : { input: [Number(shape[1]), Number(shape[2]), Number(shape[2])], layers };
}

/** The line that describes a network: the inverse of `parseNetwork`. */
export function writeNetwork({ input, layers }) {
  const start = { k: 1, s: 1, p: 0, e: 0, g: 1, t: 0, u: 0 };
  const word = (layer) => layer.kind + ("maw".includes(layer.kind) ? layer.k : layer.n) +
    Object.keys(start).filter((letter) => layer[letter] !== start[letter] && !("maw".includes(layer.kind) && letter === "k"))
      .map((letter) => letter + layer[letter]).join("");
  return [input.join("x"), ...layers.map(word)].join(" ");
}

/** What one layer returns and costs for what it reads; `wrong` says why it cannot work. */
export function layerCost(layer, [channels, side]) {
  const { kind, n, k, s, p, e, g, t, u } = layer, inputs = channels * side * side;
  const cost = (output, parameters, macs, rest = 0) => ({ output, parameters, macs, rest, bytes: 4 * output.reduce((product, size) => product * size, 1) });
  if (kind === "d") return cost([n], (inputs + 1) * n, inputs * n);
  if (kind === "r") return cost([n], 0, inputs * n);
  if (kind === "q") return cost([channels, n, n], 0, 0);
  const room = side + 2 * p + e - k, out = Math.floor(room / s) + 1, maps = kind === "c" ? n : channels;
  if (room < 0) return { wrong: `The window of ${k} is larger than the ${side + 2 * p + e} pixels that it reads.` };
  if (kind !== "c") return cost([channels, out, out], kind === "w" ? 2 * channels : 0, 0, room % s);
  if (channels % g || maps % g) return { wrong: `${g} groups do not divide ${channels} maps into ${maps}.` };
  const kernels = t || (maps * channels) / g;
  return cost([maps, out, out], kernels * k * k + maps * (u ? out * out : 1), kernels * k * k * out * out, room % s);
}

/** The costs of all layers and their sums; after a layer that cannot work there are none. */
export function networkCost({ input, layers }) {
  const rows = [];
  let shape = input;
  for (const layer of layers) {
    const row = shape ? layerCost(layer, shape.length === 3 ? shape : [shape[0], 1]) : {};
    rows.push(row);
    shape = row.output;
  }
  const sum = (name) => rows.reduce((total, row) => total + (row[name] ?? 0), 0);
  return { rows, whole: Boolean(shape), parameters: sum("parameters"), macs: sum("macs"), bytes: sum("bytes") };
}

/** "conv 11×11, stride 4, zeros 2" */
function words({ kind, n, k, s, p, e, g }) {
  if ("dr".includes(kind)) return `${KINDS[kind]} ${number(n)}`;
  if (kind === "q") return `${KINDS[kind]} ${n}×${n}`;
  return [`${KINDS[kind]} ${k}×${k}`, s > 1 && `stride ${s}`, p && `zeros ${p}`, e && `zeros ${e} at the end`, g > 1 && `groups ${g}`].filter(Boolean).join(", ");
}

/** The sentence on where weights and work are, or on what is wrong. */
export function tellBench(network, cost) {
  const wrong = cost.rows.findIndex((row) => row.wrong);
  if (wrong >= 0) return `Layer ${wrong + 1} cannot work. ${cost.rows[wrong].wrong}`;
  const share = (kinds, name) => Math.round((100 * cost.rows.reduce((sum, row, at) => sum + (kinds.includes(network.layers[at].kind) ? row[name] : 0), 0)) / (cost[name] || 1));
  return `Dense layers hold ${share("d", "parameters")} % of the parameters; convolutions do ${share("c", "macs")} % of the multiply-accumulates.`;
}

function render({ model, el }) {
  const presets = model.get("presets"), network = () => parseNetwork(model.get("network"));
  const set = (change) => { const next = network(); change(next); choose(model, { network: writeNetwork(next) }); };
  const picker = h("select", { onchange: (event) => event.target.value && choose(model, { network: presets[event.target.value], layer: 0 }) },
    h("option", { value: "" }, "your own"), Object.keys(presets).map((name) => h("option", { value: name }, name)));
  const side = h("input", { type: "number", min: 1, max: 999, oninput: ({ target }) => target.value > 0 && set((next) => { next.input = [next.input[0], ...Array(2).fill(clamp(Math.round(target.value), 1, 999))]; }) });
  const body = h("tbody"), editor = h("fieldset", { class: "w-row bench-editor" }), told = h("p", { class: "w-told", role: "status" });
  const out = { parameters: readout("parameters"), macs: readout("multiply-accumulates"), weights: readout("weights in memory"), bytes: readout("outputs in memory") };
  el.append(
    h("div", { class: "w-row" }, h("label", {}, "network ", picker), h("label", {}, "pixels a side ", side)),
    h("p", { class: "w-soft" }, "Choose a layer to change it. Red: pixels that no window reaches."),
    h("div", { class: "bench-scroll", tabindex: 0, role: "region", "aria-label": "Layers and their costs" }, h("table", { class: "bench-table" },
      h("thead", {}, h("tr", {}, ["layer", "returns", "parameters", "multiply-accumulates"].map((head) => h("th", { scope: "col" }, head)))), body)),
    editor, h("div", { class: "w-row w-numbers" }, Object.values(out)), told);
  const memory = (bytes) => (bytes < 1e6 ? `${number(bytes / 1e3, 1)} kB` : `${number(bytes / 1e6, 1)} MB`);
  let built = "";

  /** One number field for each thing of the chosen layer that can be changed; built anew only for another layer. */
  function edit(layer, at) {
    if (built !== `${at}${layer.kind}`) {
      built = `${at}${layer.kind}`;
      const field = (letter) => h("label", {}, `${letter === "n" && layer.kind === "d" ? "units" : FIELDS[letter][0]} `, h("input", {
        type: "number", name: letter, min: FIELDS[letter][1], max: FIELDS[letter][2],
        oninput: ({ target }) => target.value !== "" && set((next) => { Object.assign(next.layers[at], { [letter]: clamp(Math.round(target.value), FIELDS[letter][1], FIELDS[letter][2]), t: 0 }); }),
      }));
      const fields = [...EDITABLE[layer.kind]].map(field);
      editor.replaceChildren(h("legend", {}, `Layer ${at + 1}`), ...(fields.length ? fields : [h("span", { class: "w-soft" }, "nothing to change here")]));
    }
    for (const input of editor.querySelectorAll("input")) if (document.activeElement !== input) input.value = layer[input.name];
  }

  return follow(model, el, ["network", "layer"], () => {
    const now = network(), cost = networkCost(now), at = clamp(model.get("layer"), 0, now.layers.length - 1);
    const bar = (row, name) => h("td", {}, h("span", { class: `bench-bar bench-${name}`, style: `width: ${(100 * (row[name] ?? 0)) / (cost[name] || 1)}%` }), row[name] ? number(row[name]) : "");
    const focused = body.contains(document.activeElement);
    body.replaceChildren(...now.layers.map((layer, index) => {
      const row = cost.rows[index];
      return h("tr", { class: row.wrong ? "w-wrong" : null }, h("td", {}, h("button", { type: "button", "aria-pressed": String(index === at), onclick: () => choose(model, { layer: index }) }, words(layer))),
        h("td", {}, row.output ? row.output.join("×") : row.wrong ? "does not fit" : "",
          row.rest ? h("span", { class: "w-wrong bench-rest" }, `${row.rest} left over`) : null), bar(row, "parameters"), bar(row, "macs"));
    }));
    if (focused) body.rows[at].querySelector("button").focus();
    picker.value = Object.keys(presets).find((name) => presets[name] === model.get("network")) ?? "";
    if (document.activeElement !== side) side.value = now.input[1];
    edit(now.layers[at], at);
    for (const name of ["parameters", "macs"]) out[name].show(cost.whole ? number(cost[name]) : "–");
    out.weights.show(cost.whole ? memory(4 * cost.parameters) : "–");
    out.bytes.show(cost.whole ? memory(cost.bytes) : "–");
    told.textContent = tellBench(now, cost);
    told.classList.toggle("w-wrong", !cost.whole);
  });
}

export default { render, valid: { network: (line) => parseNetwork(line) !== null, layer: (at) => Number.isInteger(at) && at >= 0 } };
