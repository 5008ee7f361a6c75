// A select as Discord draws it: a combobox button and a listbox in the top layer.
import { h, icon, vars } from "./dom.js";

let counter = 0;

/**
 * {node, values, disable}. `options` are {value, label, description?, color?, emoji?, default?};
 * `onchange` gets the values once the person has finished choosing.
 */
export function select({ label, placeholder, options, min = 1, max = 1, disabled = false, customId, onchange = () => {} }) {
  const id = `select-${counter += 1}`;
  let chosen = options.filter((one) => one.default).map((one) => one.value);
  let active = -1;
  let before = "";

  const text = h("span", { class: "select-text" });
  const button = h("button", {
    type: "button", class: "select", role: "combobox", "aria-haspopup": "listbox", "aria-expanded": "false",
    "aria-controls": id, "aria-label": label, "data-custom-id": customId, disabled,
    onclick: () => (isOpen() ? close() : open()), onkeydown: onKey,
    onblur: (event) => { if (!list.contains(event.relatedTarget)) close(); },
  }, text, icon("chevron"));
  const items = options.map((one, index) => optionNode(one, `${id}-${index}`, () => choose(index)));
  const list = h("div", {
    id, class: "listbox", role: "listbox", popover: "manual", "aria-label": label,
    "aria-multiselectable": max > 1 ? "true" : null, onpointerdown: (event) => event.preventDefault(),
  }, items.length ? items : h("p", { class: "listbox-empty" }, "Nothing to choose"));
  const node = h("div", { class: "select-wrap" }, button, list);
  show();

  function show() {
    const names = options.filter((one) => chosen.includes(one.value)).map((one) => one.label);
    text.textContent = names.length ? names.join(", ") : placeholder;
    text.classList.toggle("is-placeholder", !names.length);
    items.forEach((item, index) => {
      item.setAttribute("aria-selected", String(chosen.includes(options[index].value)));
      item.classList.toggle("is-active", index === active);
    });
    if (active >= 0) button.setAttribute("aria-activedescendant", `${id}-${active}`);
    else button.removeAttribute("aria-activedescendant");
  }

  const isOpen = () => button.getAttribute("aria-expanded") === "true";

  function open() {
    before = chosen.join("\n");
    list.showPopover();
    place(button, list);
    addEventListener("scroll", onScroll, true);
    button.setAttribute("aria-expanded", "true");
    button.focus();
    active = Math.max(0, options.findIndex((one) => chosen.includes(one.value)));
    show();
    items[active]?.scrollIntoView({ block: "nearest" });
  }

  function onScroll(event) {
    if (!list.contains(event.target)) place(button, list);
  }

  function close() {
    if (!isOpen()) return;
    removeEventListener("scroll", onScroll, true);
    if (list.isConnected) list.hidePopover();
    button.setAttribute("aria-expanded", "false");
    active = -1;
    show();
    if (chosen.join("\n") !== before && chosen.length >= min) onchange(chosen);
  }

  function choose(index) {
    const { value } = options[index];
    if (max > 1) {
      if (chosen.includes(value)) chosen = chosen.filter((one) => one !== value);
      else if (chosen.length < max) chosen = [...chosen, value];
      show();
      return;
    }
    chosen = [value];
    show();
    close();
  }

  function onKey(event) {
    if (!isOpen()) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        open();
      }
      return;
    }
    const last = options.length - 1;
    const moves = { ArrowDown: Math.min(last, active + 1), ArrowUp: Math.max(0, active - 1), Home: 0, End: last };
    if (event.key in moves) move(moves[event.key]);
    else if ((event.key === "Enter" || event.key === " ") && active >= 0 && options.length) choose(active);
    else if (event.key === "Escape") close();
    else if (event.key === "Tab") return close();
    else if (event.key.length === 1) {
      const start = event.key.toLowerCase();
      const found = options.findIndex((one, at) => at > active && one.label.toLowerCase().startsWith(start));
      move(found >= 0 ? found : options.findIndex((one) => one.label.toLowerCase().startsWith(start)));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function move(index) {
    if (index < 0) return;
    active = index;
    show();
    items[active]?.scrollIntoView({ block: "nearest" });
  }

  return {
    node,
    values: () => chosen,
    focus: () => button.focus(),
    disable: (value) => { button.disabled = value; },
    get button() { return button; },
  };
}

function optionNode(one, id, onclick) {
  const dot = one.color ? vars(h("span", { class: "dot" }), { dot: one.color }) : null;
  return h("div", { id, class: "option", role: "option", onclick },
    one.emoji ? h("span", { class: "option-emoji" }, one.emoji) : null, dot,
    h("span", { class: "option-words" },
      h("span", { class: "option-label" }, one.label),
      one.description ? h("span", { class: "option-description" }, one.description) : null));
}

/** Puts a top-layer list below its button, or above it where there is more room. */
export function place(button, list) {
  const box = button.getBoundingClientRect();
  const below = innerHeight - box.bottom;
  list.style.setProperty("width", `${box.width}px`);
  list.style.setProperty("left", `${box.left}px`);
  if (below < 240 && box.top > below) {
    list.style.setProperty("top", "auto");
    list.style.setProperty("bottom", `${innerHeight - box.top + 4}px`);
    list.style.setProperty("max-height", `${Math.min(320, box.top - 16)}px`);
  } else {
    list.style.setProperty("bottom", "auto");
    list.style.setProperty("top", `${box.bottom + 4}px`);
    list.style.setProperty("max-height", `${Math.min(320, below - 16)}px`);
  }
}
