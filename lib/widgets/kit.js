// What the widgets share: elements, numbers, and pictures of maps. It stands before each widget's own module.

/** An element with attributes and listeners ("onclick"), and what it holds. */
export function h(tag, attributes = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...inside.flat(Infinity).filter((each) => each != null));
  return element;
}

/** An element of a drawing (SVG) with attributes, and what it holds. */
export function make(tag, attributes, ...inside) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...inside);
  return element;
}

/** 61706 as "61,706"; -0.5 with `digits` as "−0.50". */
export function number(value, digits = 0) {
  const text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return value < 0 && Number(text.replace(/,/g, "")) !== 0 ? `−${text}` : text;
}

/** The nearest number from `low` to `high`. */
export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** A large number under its name; `show` writes it. */
export function readout(words) {
  const output = h("output", {});
  const label = h("label", { class: "w-readout" }, h("span", {}, words), output);
  label.show = (text) => { output.textContent = text; };
  return label;
}

/** A labeled row of radio buttons that looks like one switch. `choices` maps values to words. */
export function choice(label, name, choices, choose) {
  const id = `${name}-${Math.random().toString(36).slice(2, 8)}`;
  const radios = Object.entries(choices).map(([value, words]) =>
    h("label", {}, h("input", { type: "radio", name: id, value, onchange: () => choose(value) }), h("span", {}, words)));
  const group = h("fieldset", { class: "w-choice" }, h("legend", {}, label), radios);
  group.show = (value) => radios.forEach(({ firstChild }) => { firstChild.checked = firstChild.value === String(value); });
  return group;
}

/** Whether an arrow key was pressed, and where it points: [rows, columns] or null. */
export function arrow(event) {
  return { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? null;
}

/** Ends of the scale of signed pictures: blue is negative, white zero, red positive. */
const BLUE = [33, 102, 172], RED = [178, 24, 43];

/** The color of a value: signed from blue over white to red, else from paper to ink. `share` is in -1 to 1. */
export function color(share, signed) {
  const strength = clamp(Math.abs(share), 0, 1), end = signed ? (share < 0 ? BLUE : RED) : [20, 20, 20];
  return (signed || share > 0 ? end : [255, 255, 255]).map((ink) => Math.round(255 + (ink - 255) * strength));
}

/** Draw `values` (height x width) on `canvas`, a pixel each; `limit` is the value of full ink. */
export function paint(canvas, values, width, { signed = false, limit = 1, offset = 0, height = width } = {}) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d"), image = context.createImageData(width, height);
  for (let at = 0; at < width * height; at++) {
    const [red, green, blue] = color(values[offset + at] / (limit || 1), signed);
    image.data.set([red, green, blue, 255], 4 * at);
  }
  context.putImageData(image, 0, 0);
}

/** A frame over the picture of `side` units that a box of class w-map holds: `top`, `left`, `size` in units. */
export function frame(element, side, top, left, height, width = height) {
  const percent = (value) => `${(100 * value) / side}%`;
  Object.assign(element.style, { top: percent(top), left: percent(left), height: percent(height), width: percent(width) });
}

/** The pixel of a picture of `side` units under the pointer: [row, column]. */
export function pixelAt(event, element, side) {
  const box = element.getBoundingClientRect();
  const at = (place, start, size) => clamp(Math.floor(((place - start) / size) * side), 0, side - 1);
  return [at(event.clientY, box.top, box.height), at(event.clientX, box.left, box.width)];
}

/** The bytes of a model's value (a DataView) as numbers from 0 to 255. */
export const byteArray = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/** Prepare `el`; call `draw` now and after each change of a value in `names`. Returns the clean-up. */
export function follow(model, el, names, draw) {
  el.classList.add("w-root");
  el.addEventListener("keydown", (event) => event.stopPropagation()); // else JupyterLab takes the arrow keys
  for (const name of names) model.on(`change:${name}`, draw);
  draw();
  return () => names.forEach((name) => model.off(`change:${name}`, draw));
}

/** Set values of the model and save them. */
export function choose(model, values) {
  for (const [name, value] of Object.entries(values)) model.set(name, value);
  model.save_changes();
}
