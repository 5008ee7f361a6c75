// A select as Discord draws it: a combobox button and a listbox in the top layer.
import { h, icon, vars } from "./dom.js";

let counter = 0;

/**
 * `options` are {value, label, description?, color?, emoji?, default?}; `onchange` gets the values once
 * the person has finished choosing.
 */
export class Select {
  #active = -1;
  #before = "";
  #reposition = (event) => {
    if (!this.list.contains(event.target)) place(this.button, this.list);
  };

  constructor({ label, placeholder, options, min = 1, max = 1, disabled = false, customId, onchange = () => {} }) {
    Object.assign(this, { placeholder, options, min, max, onchange });
    this.chosen = options.filter((one) => one.default).map((one) => one.value);
    const id = `select-${counter += 1}`;
    this.text = h("span", { class: "select-text" });
    this.button = h("button", {
      type: "button", class: "select", role: "combobox", "aria-haspopup": "listbox", "aria-expanded": "false",
      "aria-controls": id, "aria-label": label, "data-custom-id": customId, disabled,
      onclick: () => (this.#isOpen ? this.#close() : this.#open()), onkeydown: (event) => this.#onKey(event),
      onblur: () => this.#close(),
    }, this.text, icon("chevron"));
    this.items = options.map((one, index) => optionNode(one, `${id}-${index}`, () => this.#choose(index)));
    this.list = h("div", {
      id, class: "listbox", role: "listbox", popover: "manual", "aria-label": label,
      "aria-multiselectable": max > 1 ? "true" : null, onpointerdown: (event) => event.preventDefault(),
    }, this.items.length ? this.items : h("p", { class: "listbox-empty" }, "Nothing to choose"));
    this.node = h("div", { class: "select-wrap" }, this.button, this.list);
    this.#show();
  }

  /** The chosen values. */
  get values() {
    return this.chosen;
  }

  focus() {
    this.button.focus();
  }

  get #isOpen() {
    return this.button.getAttribute("aria-expanded") === "true";
  }

  #show() {
    const names = this.options.filter((one) => this.chosen.includes(one.value)).map((one) => one.label);
    this.text.textContent = names.length ? names.join(", ") : this.placeholder;
    this.text.classList.toggle("is-placeholder", !names.length);
    this.items.forEach((item, index) => {
      item.setAttribute("aria-selected", String(this.chosen.includes(this.options[index].value)));
      item.classList.toggle("is-active", index === this.#active);
    });
    const marked = this.items[this.#active];
    if (marked) this.button.setAttribute("aria-activedescendant", marked.id);
    else this.button.removeAttribute("aria-activedescendant");
    if (this.#isOpen) marked?.scrollIntoView({ block: "nearest" });
  }

  #open() {
    this.#before = this.chosen.join("\n");
    this.list.showPopover();
    place(this.button, this.list);
    addEventListener("scroll", this.#reposition, true);
    this.button.setAttribute("aria-expanded", "true");
    this.button.focus();
    this.#active = Math.max(0, this.options.findIndex((one) => this.chosen.includes(one.value)));
    this.#show();
  }

  #close() {
    if (!this.#isOpen) return;
    removeEventListener("scroll", this.#reposition, true);
    if (this.list.isConnected) this.list.hidePopover();
    this.button.setAttribute("aria-expanded", "false");
    this.#active = -1;
    this.#show();
    if (this.chosen.join("\n") !== this.#before && this.chosen.length >= this.min) this.onchange(this.chosen);
  }

  #choose(index) {
    const { value } = this.options[index];
    if (this.max === 1) {
      this.chosen = [value];
      this.#close();
      return;
    }
    if (this.chosen.includes(value)) this.chosen = this.chosen.filter((one) => one !== value);
    else if (this.chosen.length < this.max) this.chosen = [...this.chosen, value];
    this.#show();
  }

  #onKey(event) {
    if (this.#isOpen ? this.#takesKey(event.key) : this.#opensWith(event.key)) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  #opensWith(key) {
    if (key !== "ArrowDown" && key !== "ArrowUp") return false;
    this.#open();
    return true;
  }

  #takesKey(key) {
    const last = this.options.length - 1;
    const moves = { ArrowDown: Math.min(last, this.#active + 1), ArrowUp: Math.max(0, this.#active - 1), Home: 0, End: last };
    if (key in moves) this.#move(moves[key]);
    else if ((key === "Enter" || key === " ") && this.options[this.#active]) this.#choose(this.#active);
    else if (key === "Escape") this.#close();
    else if (key.length === 1) this.#move(this.#startingWith(key.toLowerCase()));
    else return false;
    return true;
  }

  #move(index) {
    if (index < 0) return;
    this.#active = index;
    this.#show();
  }

  /** The next option after the marked one whose label starts with the letter, from the top if need be. */
  #startingWith(letter) {
    const starts = (one) => one.label.toLowerCase().startsWith(letter);
    const next = this.options.findIndex((one, at) => at > this.#active && starts(one));
    return next >= 0 ? next : this.options.findIndex(starts);
  }
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
  const above = below < 240 && box.top > below;
  const at = {
    width: `${box.width}px`,
    left: `${box.left}px`,
    top: above ? "auto" : `${box.bottom + 4}px`,
    bottom: above ? `${innerHeight - box.top + 4}px` : "auto",
    "max-height": `${Math.min(320, (above ? box.top : below) - 16)}px`,
  };
  for (const [property, value] of Object.entries(at)) list.style.setProperty(property, value);
}
