// Autocomplete of a command's option: the bot's choices for what is typed; a chosen one is sent by its value.
import * as api from "./api.js";
import { h } from "./dom.js";
import { place } from "./select.js";

export class Suggestions {
  #asked = 0;
  #choices = [];
  #active = 0;
  #chosen = null;

  constructor(input, option, { command, channelId }) {
    Object.assign(this, { input, option, command, channelId });
    this.list = h("div", {
      class: "listbox", role: "listbox", popover: "manual", "aria-label": option.name, onpointerdown: (event) => event.preventDefault(),
    });
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-expanded", "false");
    input.addEventListener("input", () => this.#ask());
    input.addEventListener("focus", () => this.#ask());
    input.addEventListener("blur", () => this.#close());
    input.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** The chosen choice's value; null when the text was typed freely. */
  get value() {
    return this.#chosen?.value ?? null;
  }

  async #ask() {
    const typed = this.input.value;
    const turn = this.#asked += 1;
    this.#chosen = this.#choices.find((one) => one.name === typed) ?? null;
    const { choices } = await api.post("autocomplete", {
      channel_id: this.channelId, command: this.command.name, option: this.option.name, value: typed,
    });
    // An answer to older text, or for a field that was left, is of no use.
    if (turn !== this.#asked || document.activeElement !== this.input) return;
    // Whoever has gone down the list while it was being asked for stays where they are.
    const active = this.#choices[this.#active]?.name;
    this.#choices = choices;
    this.#active = Math.max(0, choices.findIndex((one) => one.name === active));
    this.#draw();
  }

  #draw() {
    this.list.replaceChildren(...this.#choices.map((one, at) => h("div", {
      class: `option ${at === this.#active ? "is-active" : ""}`, role: "option", "aria-selected": String(at === this.#active),
      onclick: () => this.#pick(one),
    }, h("span", { class: "option-label" }, one.name))));
    if (!this.#choices.length) {
      this.#close();
      return;
    }
    this.list.showPopover();
    place(this.input, this.list);
    this.input.setAttribute("aria-expanded", "true");
  }

  #close() {
    if (this.list.isConnected) this.list.hidePopover();
    this.input.setAttribute("aria-expanded", "false");
  }

  #pick(choice) {
    // What is still being asked for would open the list again.
    this.#asked += 1;
    this.#chosen = choice;
    this.input.value = choice.name;
    this.#close();
  }

  #onKey(event) {
    if (this.input.getAttribute("aria-expanded") !== "true") return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      this.#active = (this.#active + step + this.#choices.length) % this.#choices.length;
      this.#draw();
    } else if (event.key === "Enter") this.#pick(this.#choices[this.#active]);
    else if (event.key === "Escape") this.#close();
    else return;
    event.preventDefault();
  }
}
