/* Runs the book's widgets on a page that has no kernel.

   The build saves what each widget held (its module, its style, its data) in a script beside the page, which
   comes before this one and leaves it in `bookWidgets`. This script makes a model of each, hands it to the
   module's `render` as Jupyter would (the front-end contract of anywidget), and keeps what the reader chose in
   the page's address: "?c3.reads=7,14" is the value of `reads` of the widget `c3`. What differs from the page's
   own start is written, nothing else. */
"use strict";

(() => {
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);

  /** What Jupyter calls a model: named values, and listeners to their changes. */
  class Model {
    constructor(saved, shared) {
      const whole = (value) => (value?.$shared === undefined ? value : shared[value.$shared]);
      this.values = Object.fromEntries(Object.entries(saved.state).map(([name, value]) => [name, whole(value)]));
      for (const { path, data } of saved.buffers ?? []) {
        const holder = path.slice(0, -1).reduce((inner, step) => inner[step], this.values);
        holder[path.at(-1)] = bytes(whole(data));
      }
      this.listeners = new Map();
    }
    get(name) { return this.values[name]; }
    set(name, value) {
      const changes = typeof name === "object" ? name : { [name]: value };
      for (const [each, next] of Object.entries(changes)) {
        if (this.values[each] === next) continue;
        this.values[each] = next;
        this.tell(`change:${each}`, next);
        this.tell("change", next);
      }
    }
    save_changes() {}
    send() {}
    on(names, listener) {
      for (const name of names.split(/\s+/)) this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener]);
    }
    off(name, listener) {
      this.listeners.set(name, (this.listeners.get(name) ?? []).filter((each) => listener && each !== listener));
    }
    tell(name, value) {
      for (const listener of this.listeners.get(name) ?? []) listener(this, value);
    }
  }

  /** A value from the address, of the same sort as `start`; undefined where it is none. */
  function parsed(text, start) {
    const number = (word) => (word.trim() === "" ? NaN : Number(word));
    const value = Array.isArray(start) ? (text === "" ? [] : text.split(",").map(number))
      : typeof start === "number" ? number(text) : typeof start === "boolean" ? text === "1" : text;
    return [value].flat().some(Number.isNaN) ? undefined : value;
  }
  const written = (value) => (typeof value === "boolean" ? String(Number(value)) : String(value));

  /** The query of an address without the escapes that it can do without. */
  const query = (parameters) => {
    const text = parameters.toString().replace(/%2C/g, ",").replace(/%3A/g, ":");
    return text ? `?${text}` : "";
  };

  /** Bring `model` to the state in the address, keep the address at its state, and offer both to the reader. */
  function link(model, valid, box) {
    const key = model.get("key"), names = model.get("linked");
    const start = Object.fromEntries(names.map((name) => [name, model.get(name)]));
    const asked = new URLSearchParams(location.search);
    for (const name of names) {
      if (!asked.has(`${key}.${name}`)) continue;
      const value = parsed(asked.get(`${key}.${name}`), start[name]);
      if (value !== undefined && (valid?.[name]?.(value, model) ?? true)) model.set(name, value);
    }
    const address = document.createElement("a");
    address.textContent = "Link to this state";
    const again = document.createElement("button");
    again.type = "button";
    again.textContent = "Start again";
    again.addEventListener("click", () => model.set(start));
    const bar = document.createElement("p");
    bar.className = "widget-bar";
    bar.append(again, address);
    box.append(bar);
    const show = () => {
      const all = new URLSearchParams(location.search), own = new URLSearchParams();
      for (const name of names) {
        const value = written(model.get(name));
        all.delete(`${key}.${name}`);
        if (value === written(start[name])) continue;
        all.set(`${key}.${name}`, value);
        own.set(`${key}.${name}`, value);
      }
      address.href = `${location.pathname}${query(own)}#${box.id}`;
      return all;
    };
    let waiting = 0;
    const keep = () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => history.replaceState(null, "", `${location.pathname}${query(show())}${location.hash}`), 250);
    };
    show();
    for (const name of names) model.on(`change:${name}`, keep);
  }

  /** Start the widget of `box` and put it in the place of its picture. */
  async function start(box, model) {
    const address = URL.createObjectURL(new Blob([model.get("_esm")], { type: "text/javascript" }));
    const widget = (await import(address)).default;
    URL.revokeObjectURL(address);
    const css = model.get("_css");
    if (![...document.querySelectorAll("style")].some((style) => style.textContent === css)) {
      document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
    }
    const live = document.createElement("div");
    live.className = "widget-live";
    box.prepend(live);
    link(model, widget.valid, box);
    await widget.render({ model, el: live });
    box.classList.add("is-live");
  }

  async function startAll() {
    const { state, shared = [] } = window.bookWidgets ?? { state: {} };
    for (const box of document.querySelectorAll(".book-widget[data-model]")) {
      if (state[box.dataset.model]) await start(box, new Model(state[box.dataset.model], shared));
    }
    document.documentElement.dataset.widgets = "ready";
  }

  startAll();
})();
