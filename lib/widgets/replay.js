// Recorded runs, epoch by epoch: accuracy, first filters, and which test pictures were taken for what.
const PAUSE = 900, MOST = 16; // milliseconds an epoch when it plays; pictures of a cell that are shown

/** The two curves with a line at the moment; the start stands below them where it is far lower. */
function chart(run, moment, kinds) {
  const test = run.counts.map((counts) => accuracyOf(counts, kinds)), last = test.length - 1, low = Math.floor(20 * Math.min(...test.slice(1), ...run.training)) / 20;
  const step = [0.05, 0.1, 0.2].find((each) => (1 - low) / each <= 6), x = (at) => 48 + (at * 254) / last, y = (value) => 176 - (164 * (value - low)) / (1 - low);
  const ticks = Array.from({ length: 7 }, (_, at) => low + at * step).filter((value) => value < 1 + 1e-9);
  const grid = ticks.map((value) => make("g", {}, make("line", { x1: 48, x2: 302, y1: y(value), y2: y(value), class: "lab-line" }),
    make("text", { x: 43, y: y(value) + 4, "text-anchor": "end" }, `${number(100 * value)} %`)));
  const numbers = test.map((_, at) => (at % 5 ? "" : make("text", { x: x(at), y: 192, "text-anchor": "middle" }, at ? String(at) : "start")));
  const line = (values, from, css) => make("polyline", { points: values.map((value, at) => `${x(at + from)},${y(value)}`).join(" "), class: css });
  const from = test[0] < low ? 1 : 0, above = run.training[last - 1] > test[last] ? [-5, 12] : [12, -5];
  const words = [[run.training[last - 1], "training", above[0]], [test[last], "test", above[1]]].map(([value, text, down]) => make("text", { x: 306, y: y(value) + down }, text));
  const dot = test[moment] < low ? make("text", { x: x(0) + 4, y: 170, class: "replay-mark" }, `↓ ${number(100 * test[0])} %`)
    : make("circle", { cx: x(moment), cy: y(test[moment]), r: 4.5, class: "replay-dot" });
  return make("svg", { viewBox: "0 0 360 198", role: "img", "aria-label": `Accuracy by epoch. Test: ${test.map(percent).join(", ")}. Training: ${run.training.map(percent).join(", ")}` },
    ...grid, ...numbers, make("line", { x1: x(moment), x2: x(moment), y1: 8, y2: 176, class: "replay-now" }),
    line(run.training, 1, "replay-training"), line(test.slice(from), from, "replay-test"), ...words, dot);
}

/** A picture's story: at each moment tall and blue where it was recognized, low and red where not; a mark at the present one. */
function story(run, picture, label, moment) {
  const bars = run.answers.map((answers, at) => (answers[picture] === label ? make("rect", { x: at, y: 0, width: 0.8, height: 3, class: "replay-right" })
    : make("rect", { x: at, y: 1.8, width: 0.8, height: 1.2, class: "replay-wrong" })));
  return make("svg", { viewBox: `0 0 ${bars.length} 5`, preserveAspectRatio: "none", "aria-hidden": "true" }, ...bars, make("rect", { x: moment, y: 3.8, width: 0.8, height: 1.2, class: "replay-here" }));
}

/** The matrix as a grid for the keyboard: arrow keys move, Enter opens. `open` is called with [row, column]. */
function grid(classes, open) {
  const kinds = classes.length, cells = Array.from({ length: kinds ** 2 }, (_, at) => h("div", { role: "gridcell", class: "replay-count", tabindex: -1,
    onclick: () => { reach(at); open([Math.floor(at / kinds), at % kinds]); } }));
  let here = 0;
  function reach(at, focus = false) {
    cells[here].tabIndex = -1;
    here = at;
    cells[here].tabIndex = 0;
    if (focus) cells[here].focus();
  }
  const table = h("div", { role: "grid", class: "replay-grid", "aria-label": "Confusion matrix: true classes in rows, answers in columns" },
    h("div", { role: "row" }, h("span", { role: "columnheader", class: "replay-corner" }, "true ↓ taken for →"), classes.map((name) => h("span", { role: "columnheader", class: "replay-head" }, name))),
    classes.map((name, row) => h("div", { role: "row" }, h("span", { role: "rowheader" }, name.replace("/", "/\u200b")), cells.slice(row * kinds, (row + 1) * kinds))));
  table.addEventListener("keydown", (event) => {
    const step = arrow(event), [row, column] = [Math.floor(here / kinds), here % kinds], edge = { Home: 0, End: kinds - 1 }[event.key];
    if (step) reach(clamp(row + step[0], 0, kinds - 1) * kinds + clamp(column + step[1], 0, kinds - 1), true);
    else if (edge !== undefined) reach(row * kinds + edge, true);
    else if (event.key === "Enter" || event.key === " ") open([row, column]);
    else return;
    event.preventDefault();
  });
  return { table, cells, reach };
}

function render({ model, el }) {
  const classes = model.get("classes"), kinds = classes.length, { labels, runs } = unpack(model), chosen = model.get("chosen"), images = byteArray(model.get("images"));
  const now = () => runs[model.get("run")], last = () => now().training.length, calm = matchMedia("(prefers-reduced-motion: reduce)");
  let timer = 0;
  const go = (epoch) => { stop(); choose(model, { epoch }); };
  const stop = () => { clearTimeout(timer); timer = 0; showPlay(); };
  const tick = () => {
    if (model.get("epoch") >= last()) return stop();
    timer = setTimeout(tick, PAUSE);
    showPlay();
    choose(model, { epoch: model.get("epoch") + 1 });
  };
  const play = h("button", { type: "button", class: "replay-play", onclick: () => {
    if (timer) return stop();
    if (model.get("epoch") >= last()) choose(model, { epoch: 0 });
    tick();
  } });
  const picker = choice("run", "run", Object.fromEntries(runs.map(({ words }, at) => [at, words])), (at) => { stop(); choose(model, { run: Number(at), epoch: Math.min(model.get("epoch"), runs[at].training.length) }); });
  const slider = h("input", { type: "range", min: 0, oninput: () => go(Number(slider.value)) }), place = h("span", {});
  const told = h("p", { class: "w-told replay-told", role: "status" }), opened = h("p", { class: "w-told", role: "status" });
  const box = h("div", { class: "board-chart" }), rows = ["now", "at the start"].map((words) => ({ words, strip: h("div", { class: "replay-strip", role: "img", "aria-label": `First kernels, ${words}` }) }));
  const { table, cells, reach } = grid(classes, (cell) => choose(model, { cell })), shelf = h("div", { class: "replay-shelf" });
  const key = h("p", { class: "w-soft" }, `Pictures shown are taken from the ${number(chosen.length)} of ${number(labels.length)} test pictures that this page carries, in 16 shades. Under each its story, epoch by epoch: tall and blue where it was recognized, low and red where not.`);
  key.hidden = chosen.length === 0;
  el.append(...(runs.length > 1 ? [h("div", { class: "w-row" }, picker)] : []), h("div", { class: "w-row replay-drive" }, play, h("label", {}, place, slider)), told,
    h("div", { class: "replay-top" }, h("div", {}, h("p", { class: "w-soft" }, "accuracy by epoch"), box), h("div", {}, rows.map(({ words, strip }) => [h("p", { class: "w-soft" }, `first kernels, ${words}`), strip]))),
    h("div", { class: "replay-board" }, table, h("div", {}, opened, shelf, key)));

  function showPlay() {
    play.textContent = timer ? "Pause" : "Play";
    play.hidden = calm.matches; // the slider is calmer
    told.setAttribute("aria-live", timer ? "off" : "polite");
  }
  function showKernels(strip, weights, [height, width, size]) {
    strip.replaceChildren(...Array.from({ length: Math.min(12, size / height / width) }, (_, kernel) => {
      const canvas = h("canvas", {});
      paint(canvas, weights, width, { signed: true, limit: 127, offset: kernel * height * width, height });
      return canvas;
    }));
  }
  function showMatrix(counts, [openRow, openColumn]) {
    cells.forEach((cell, at) => {
      const [row, column] = [Math.floor(at / kinds), at % kinds], share = counts[at] / total(counts.slice(row * kinds, (row + 1) * kinds));
      cell.textContent = counts[at] || "";
      cell.style.setProperty("--share", `${Math.round(45 * Math.min(1, Math.sqrt(row === column ? share : 3 * share)))}%`); // mistakes are few: a third is full
      cell.classList.toggle("is-right", row === column);
      cell.setAttribute("aria-label", `${nameOf([row, column], classes)}: ${counts[at]}`);
      cell.setAttribute("aria-selected", String(row === openRow && column === openColumn));
    });
  }
  function showPictures(run, moment, cell) {
    const shown = pictures(run.answers[moment], labels, cell).filter((at) => chosen.includes(at)).slice(0, MOST);
    opened.textContent = tellCell(run, moment, cell, labels, classes, chosen.length ? shown.length : null);
    shelf.replaceChildren(...shown.map((at) => {
      const canvas = h("canvas", {}), right = run.answers.filter((answers) => answers[at] === labels[at]).length;
      paint(canvas, shadesOf(images, chosen.indexOf(at)), 28, { limit: 15 });
      return h("div", { role: "img", "aria-label": `Test picture ${number(at + 1)}: recognized at ${right} of ${run.answers.length} moments` }, canvas, story(run, at, labels[at], moment));
    }));
  }

  calm.addEventListener("change", stop);
  const unfollow = follow(model, el, ["run", "epoch", "cell"], () => {
    const run = now(), moment = Math.min(model.get("epoch"), last()), cell = model.get("cell");
    slider.max = last();
    slider.value = moment;
    place.textContent = moment ? `epoch ${moment} of ${last()}` : "before training";
    slider.setAttribute("aria-label", "epoch");
    slider.setAttribute("aria-valuetext", place.textContent);
    picker.show(model.get("run"));
    box.replaceChildren(chart(run, moment, kinds));
    rows.forEach(({ strip }, at) => showKernels(strip, run.kernels[at ? 0 : moment], run.shape));
    showMatrix(run.counts[moment], cell);
    told.textContent = tellMoment(run, moment, labels, classes);
    if (cell.length) showPictures(run, moment, cell);
    else opened.textContent = "Open a cell of the matrix to see what is in it.";
    if (!cell.length) shelf.replaceChildren();
  });
  reach(model.get("cell").length ? model.get("cell")[0] * kinds + model.get("cell")[1] : 0);
  showPlay();
  return () => { clearTimeout(timer); calm.removeEventListener("change", stop); unfollow(); };
}

const within = (count) => (value) => Number.isInteger(value) && value >= 0 && value < count;
const valid = {
  run: (at, model) => within(model.get("runs").length)(at),
  epoch: (at, model) => within(model.get("runs")[model.get("run")].training.length + 1)(at),
  cell: (list, model) => list.length === 0 || (list.length === 2 && list.every(within(model.get("classes").length))),
};
export default { render, valid };
