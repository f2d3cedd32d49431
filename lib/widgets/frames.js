// Pictures that Python drew beforehand, one for each setting of some sliders.

/** Which picture belongs to the positions of the sliders: the last slider runs fastest. */
export const pictureAt = (values, at) => at.reduce((index, position, slider) => index * values[slider].length + position, 0);

function render({ model, el }) {
  const names = model.get("names"), values = model.get("values");
  const urls = model.get("pictures").map((view) => URL.createObjectURL(new Blob([view], { type: "image/webp" })));
  const image = h("img", { class: "frames-image" });
  const sliders = names.map((name, slider) => {
    const output = h("span", {});
    const input = h("input", { type: "range", min: 0, max: values[slider].length - 1, step: 1, oninput: () =>
      choose(model, { at: model.get("at").map((old, index) => (index === slider ? Number(input.value) : old)) }) });
    return { input, output, label: h("label", { class: "lab-slider" }, h("span", {}, `${name} `, output), input) };
  });
  el.append(h("div", { class: "lab-sliders" }, sliders.map(({ label }) => label)), image);

  const unfollow = follow(model, el, ["at"], () => {
    const at = values.map((each, slider) => clamp(model.get("at")[slider] ?? 0, 0, each.length - 1));
    image.src = urls[pictureAt(values, at)];
    const words = names.map((name, slider) => `${name} = ${values[slider][at[slider]]}`);
    image.alt = `${model.get("alt")} Here ${words.join(", ")}.`;
    sliders.forEach(({ input, output }, slider) => {
      input.value = at[slider];
      output.textContent = values[slider][at[slider]];
      input.setAttribute("aria-valuetext", values[slider][at[slider]]);
    });
  });
  return () => { urls.forEach(URL.revokeObjectURL); unfollow(); };
}

const valid = { at: (at, model) => at.length === model.get("values").length && at.every((place, slider) => place in model.get("values")[slider]) };
export default { render, valid };
