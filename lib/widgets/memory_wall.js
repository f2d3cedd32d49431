// What training the network of 2012 keeps in memory, on one card or on two.
const PICTURE = 3 * 224 * 224, GB = 2 ** 30, MOST = 512;

/** Bytes of each part on one card, in the order of the widget's parts, and bytes that cross between two cards. */
export function memory(layers, { batch, bits, cards, kept, talk }) {
  const size = bits / 8, sum = (value) => layers.reduce((total, layer, at) => total + value(layer, at), 0);
  const both = (layer, at) => talk.includes(at) || layer.both === layer.parameters;
  const weights = (size * sum((layer, at) => (talk.includes(at) ? layer.both : layer.parameters))) / cards;
  const outputs = (size * batch * sum((layer) => layer.keeps)) / cards;
  const crossing = cards === 2 ? size * batch * sum((layer, at) => (at && both(layer, at) ? layer.reads : 0)) : 0;
  return { parts: [weights, weights, weights, outputs, kept === "yes" ? outputs : 0, crossing / 2, size * batch * PICTURE], crossing };
}

/** How many pictures fit into `card` bytes at once; 0 where not even the weights do. */
export function largest(layers, state, card) {
  const total = (batch) => memory(layers, { ...state, batch }).parts.reduce((sum, part) => sum + part, 0);
  const fixed = total(0);
  return Math.max(0, Math.floor((card - fixed) / (total(1) - fixed)));
}

/** What the bars mean, in words. */
export function tellWall(total, card, most, { batch, cards }) {
  const where = cards === 1 ? "The card needs" : "Each card needs", fits = total <= card;
  const room = most === 0 ? "Not one picture fits." : `${number(most)} pictures at once would be the most.`;
  return `${where} ${number(total / GB, 2)} GB for ${number(batch)} pictures: ${fits ? "that fits into" : "too much for"} 3 GB. ${room}`;
}

function render({ model, el }) {
  const layers = model.get("layers"), names = Object.keys(model.get("parts")), colors = Object.values(model.get("parts"));
  const state = () => Object.fromEntries(["batch", "bits", "cards", "kept", "talk"].map((name) => [name, model.get(name)]));
  const slider = h("input", { type: "range", min: 0, max: Math.log2(MOST), step: 0.25, oninput: () => choose(model, { batch: Math.round(2 ** Number(slider.value)) }) });
  const shown = h("span", {});
  const cards = choice("cards", "cards", { 1: "one", 2: "two" }, (value) => choose(model, { cards: Number(value) }));
  const bits = choice("numbers of", "bits", { 32: "32 bits", 16: "16 bits" }, (value) => choose(model, { bits: Number(value) }));
  const kept = choice("gradients of outputs", "kept", { yes: "all kept", no: "freed at once" }, (value) => choose(model, { kept: value }));
  const talks = layers.map((layer, at) => layer.both === layer.parameters ? null : h("label", {},
    h("input", { type: "checkbox", onchange: ({ target }) => choose(model, { talk: target.checked ? [...model.get("talk"), at].sort() : model.get("talk").filter((each) => each !== at) }) }), ` ${layer.name}`));
  const bars = h("div", { class: "wall-bars" }), key = h("ul", { class: "wall-key" }), told = h("p", { class: "w-told", role: "status" });
  const out = { parameters: readout("parameters"), crossing: readout("crossing between cards, a step"), most: readout("pictures that fit") };
  el.append(h("label", { class: "lab-slider" }, h("span", {}, "pictures at once ", shown), slider), h("div", { class: "w-row" }, cards, bits, kept),
    h("fieldset", { class: "w-row wall-talk" }, h("legend", {}, "also read both cards"), talks), bars, key, h("div", { class: "w-row w-numbers" }, Object.values(out)), told);

  return follow(model, el, ["batch", "bits", "cards", "kept", "talk"], () => {
    const now = state(), card = model.get("card"), { parts, crossing } = memory(layers, now);
    const total = parts.reduce((sum, part) => sum + part, 0), most = largest(layers, now, card), scale = Math.max(total, 1.15 * card);
    const bar = (number_) => h("div", { class: "wall-row" }, h("span", { class: "w-soft" }, now.cards === 2 ? `card ${number_}` : "the card"),
      h("div", { class: "wall-bar" }, parts.map((part, at) => h("span", { style: `width: ${(100 * part) / scale}%; background: ${colors[at]}` })),
        h("span", { class: "wall-line", style: `left: ${(100 * card) / scale}%` }, h("span", {}, "3 GB"))));
    bars.replaceChildren(...(now.cards === 2 ? [bar(1), bar(2)] : [bar(1)]));
    key.replaceChildren(...names.map((name, at) => (parts[at] ? h("li", {}, h("span", { class: "wall-patch", style: `background: ${colors[at]}` }), `${name}: ${number(parts[at] / GB, 2)} GB`) : null)).filter(Boolean));
    shown.textContent = number(now.batch);
    if (document.activeElement !== slider) slider.value = Math.log2(now.batch);
    cards.show(now.cards);
    bits.show(now.bits);
    kept.show(now.kept);
    talks.forEach((label, at) => { if (label) label.firstChild.checked = now.talk.includes(at); });
    out.parameters.show(number(layers.reduce((sum, layer, at) => sum + (now.talk.includes(at) ? layer.both : layer.parameters), 0)));
    out.crossing.show(crossing ? `${number((2 * crossing) / 1e6, 1)} MB` : "–");
    out.most.show(number(most));
    told.textContent = tellWall(total, card, most, now);
    told.classList.toggle("w-wrong", total > card);
  });
}

const valid = {
  batch: (value) => Number.isInteger(value) && value >= 1 && value <= MOST, bits: (value) => value === 16 || value === 32, cards: (value) => value === 1 || value === 2,
  kept: (value) => value === "yes" || value === "no", talk: (list) => list.every((at) => [1, 3, 4].includes(at)) && new Set(list).size === list.length,
};
export default { render, valid };
