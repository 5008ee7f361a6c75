// The list of commands above the message box: what fits the typed text, and which one is marked.
import { search, slashCommands } from "./commands.js";
import { h, icon } from "./dom.js";
import { state } from "./store.js";

export class CommandPicker {
  #commands = [];
  #matches = [];
  #active = 0;
  #channelId = null;

  /** `input` is the box it belongs to; `choose` gets the command. */
  constructor(input, choose) {
    this.input = input;
    this.choose = choose;
    this.node = h("div", { class: "picker", id: "command-picker", role: "listbox", "aria-label": "Commands", hidden: true });
  }

  get isOpen() {
    return !this.node.hidden;
  }

  /** Shows the commands of the channel that fit the box's text, which begins with a slash. */
  async open(channelId) {
    if (!this.isOpen || channelId !== this.#channelId) this.#commands = await slashCommands(channelId);
    this.#channelId = channelId;
    if (!this.input.value.startsWith("/")) return;
    this.#matches = search(this.#commands, this.input.value.slice(1));
    this.#active = 0;
    this.#draw();
  }

  close() {
    this.node.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  /** Whether the key was for the open list. */
  takesKey(key) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    const count = this.#matches.length;
    if (step && count) {
      this.#active = (this.#active + step + count) % count;
      this.#draw();
    } else if ((key === "Enter" || key === "Tab") && count) this.choose(this.#matches[this.#active]);
    else if (key === "Escape") this.close();
    else return false;
    return true;
  }

  #draw() {
    const entries = this.#matches.map((command, at) => this.#entry(command, at));
    const nothing = this.#commands.length ? "No command matches" : "No commands here: is the bot running?";
    this.node.replaceChildren(h("p", { class: "picker-title" }, icon("anchor"), state.world.bot.name),
      ...(entries.length ? entries : [h("p", { class: "listbox-empty" }, nothing)]));
    this.node.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.input.setAttribute("aria-activedescendant", entries.length ? entries[this.#active].id : "");
    entries[this.#active]?.scrollIntoView({ block: "nearest" });
  }

  #entry(command, at) {
    const active = at === this.#active;
    return h("div", {
      id: `command-${at}`, class: `picker-entry ${active ? "is-active" : ""}`, role: "option", "aria-selected": String(active),
      onpointerdown: (event) => event.preventDefault(), onclick: () => this.choose(command),
    }, h("span", { class: "picker-name" }, `/${command.name}`,
      command.options.map((option) => h("span", { class: `picker-option ${option.required ? "" : "is-optional"}` }, option.name))),
    h("span", { class: "picker-description" }, command.description));
  }
}
