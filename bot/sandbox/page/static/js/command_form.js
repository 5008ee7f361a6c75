// A chosen slash command in the composer: one chip per option, sent with Enter once the required ones are set.
import { h, icon, iconButton } from "./dom.js";
import { channelOptions, roleOptions, userOptions } from "./entities.js";
import { Select } from "./select.js";
import { Suggestions } from "./suggestions.js";

const TYPES = { string: 3, integer: 4, boolean: 5, user: 6, channel: 7, role: 8, mentionable: 9, number: 10 };

export class CommandForm {
  /** `send` gets the options by name; `cancel` is called on Escape. */
  constructor(command, { channelId, send, cancel }) {
    Object.assign(this, { send, cancel });
    this.fields = command.options.map((option) => chip(option, { command, channelId }));
    this.shown = new Set(this.fields.filter((one) => one.option.required));
    this.chips = h("div", { class: "chips" });
    this.submitButton = h("button", { type: "submit", class: "icon-button", "aria-label": "Send command", title: "Send command" }, icon("send"));
    this.node = h("form", {
      class: "command-form", "aria-label": `Command /${command.name}`,
      onsubmit: (event) => this.#submit(event), onkeydown: (event) => this.#onKey(event),
    }, h("p", { class: "command-hint" }, h("strong", {}, `/${command.name}`), ` ${command.description}`),
    h("div", { class: "command-line" }, h("span", { class: "command-name" }, `/${command.name}`), this.chips,
      this.submitButton, iconButton("close", "Cancel command", cancel)));
    this.#draw();
  }

  focus() {
    const [first] = this.shown;
    (first ?? this.submitButton).focus();
  }

  #draw() {
    const isShown = (one) => this.shown.has(one);
    this.chips.replaceChildren(
      ...this.fields.filter(isShown).map((one) => one.node),
      ...this.fields.filter((one) => !isShown(one)).map((one) => h("button", {
        type: "button", class: "chip-add", title: one.option.description, onclick: () => this.#add(one),
      }, `+ ${one.option.name}`)));
  }

  #add(field) {
    this.shown.add(field);
    this.#draw();
    field.focus();
  }

  #onKey(event) {
    if (event.defaultPrevented) return;
    if (event.key === "Escape") this.cancel();
    else if (event.key === "Backspace" && !this.shown.size) this.cancel();
    else if (event.key === "Enter" && event.target.getAttribute("role") === "combobox") {
      // Enter on a closed select sends the command, as in Discord; the arrow keys and Space open it.
      event.preventDefault();
      this.node.requestSubmit();
    }
  }

  #submit(event) {
    event.preventDefault();
    const fields = [...this.shown];
    const wrong = fields.find((one) => !one.check());
    if (wrong) {
      wrong.focus();
      return;
    }
    this.send(Object.fromEntries(fields.filter((one) => one.filled()).map((one) => [one.option.name, one.value()])));
  }
}

function chip(option, scope) {
  const choices = choicesOf(option);
  const control = choices ? choiceControl(option, choices) : textControl(option, scope);
  const node = h("div", { class: "chip", title: option.description },
    h("span", { class: "chip-name" }, option.name, option.required ? null : h("span", { class: "hint" }, " optional")), control.node);
  return {
    ...control, option, node,
    check() {
      const good = control.filled() ? control.valid() : !option.required;
      node.classList.toggle("is-wrong", !good);
      return good;
    },
  };
}

function choicesOf(option) {
  switch (option.type) {
    case TYPES.boolean: return [{ value: "true", label: "True" }, { value: "false", label: "False" }];
    case TYPES.user: return userOptions();
    case TYPES.role: return roleOptions();
    case TYPES.mentionable: return [...userOptions(), ...roleOptions()];
    case TYPES.channel: return channelOptions(option.channel_types);
    default: return option.choices?.map((one) => ({ value: String(one.value), label: one.name })) ?? null;
  }
}

function choiceControl(option, choices) {
  const control = new Select({ label: option.name, placeholder: option.description, options: choices });
  return {
    node: control.node, focus: () => control.focus(), filled: () => control.values.length > 0, valid: () => true,
    value: () => typed(option, control.values[0]),
  };
}

function typed(option, text) {
  if (option.type === TYPES.boolean) return text === "true";
  if (option.type === TYPES.integer || option.type === TYPES.number) return Number(text);
  return text;
}

function textControl(option, scope) {
  const numeric = option.type === TYPES.integer || option.type === TYPES.number;
  const input = h("input", {
    class: "chip-input", type: "text", inputmode: numeric ? "decimal" : null, "aria-label": option.name, autocomplete: "off",
    placeholder: option.description,
  });
  const suggested = option.autocomplete ? new Suggestions(input, option, scope) : null;
  return {
    node: h("span", { class: "chip-control" }, input, suggested?.list ?? null),
    focus: () => input.focus(),
    filled: () => input.value.trim() !== "",
    value: () => suggested?.value ?? typed(option, input.value),
    valid() {
      const text = input.value;
      if (numeric) {
        const number = Number(text);
        const whole = option.type === TYPES.number || Number.isInteger(number);
        return whole && !Number.isNaN(number) && number >= (option.min_value ?? -Infinity) && number <= (option.max_value ?? Infinity);
      }
      return text.length >= (option.min_length ?? 0) && text.length <= (option.max_length ?? 6000);
    },
  };
}
