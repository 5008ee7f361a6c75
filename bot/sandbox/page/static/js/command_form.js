// A chosen slash command in the composer: one chip per option, sent with Enter once the required ones are set.
import * as api from "./api.js";
import { h, icon } from "./dom.js";
import { channelOptions, roleOptions, userOptions } from "./entities.js";
import { place, select } from "./select.js";

const TYPES = { string: 3, integer: 4, boolean: 5, user: 6, channel: 7, role: 8, mentionable: 9, number: 10 };

/** {node, focus}; `send` gets the options by name, `cancel` is called on Escape. */
export function commandForm(command, { channelId, send, cancel }) {
  const fields = command.options.map((option) => chip(option, { command, channelId }));
  const shown = new Set(fields.filter((one) => one.option.required));
  const chips = h("div", { class: "chips" });
  const hint = h("p", { class: "command-hint" }, h("strong", {}, `/${command.name}`), ` ${command.description}`);
  const node = h("form", {
    class: "command-form", "aria-label": `Command /${command.name}`, onsubmit: submit, onkeydown: onKey,
  }, hint, h("div", { class: "command-line" }, h("span", { class: "command-name" }, `/${command.name}`), chips,
    h("button", { type: "submit", class: "icon-button", "aria-label": "Send command", title: "Send command" }, icon("send")),
    h("button", { type: "button", class: "icon-button", "aria-label": "Cancel command", title: "Cancel command", onclick: cancel }, icon("close"))));
  draw();

  function draw() {
    const more = fields.filter((one) => !shown.has(one));
    chips.replaceChildren(
      ...fields.filter((one) => shown.has(one)).map((one) => one.node),
      ...more.map((one) => h("button", {
        type: "button", class: "chip-add", title: one.option.description, onclick: () => {
          shown.add(one);
          draw();
          one.focus();
        },
      }, `+ ${one.option.name}`)));
  }

  function onKey(event) {
    if (event.defaultPrevented) return;
    if (event.key === "Escape") cancel();
    else if (event.key === "Backspace" && !shown.size) cancel();
    else if (event.key === "Enter" && event.target.getAttribute("role") === "combobox") {
      // Enter on a closed select sends the command, as in Discord; the arrow keys and Space open it.
      event.preventDefault();
      node.requestSubmit();
    }
  }

  function submit(event) {
    event.preventDefault();
    const wrong = [...shown].find((one) => !one.check());
    if (wrong) {
      wrong.focus();
      return;
    }
    send(Object.fromEntries([...shown].filter((one) => one.filled()).map((one) => [one.option.name, one.value()])));
  }

  return { node, focus: () => ([...shown][0] ?? { focus: () => node.querySelector("button").focus() }).focus() };
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
  const control = select({ label: option.name, placeholder: option.description, options: choices });
  return {
    node: control.node, focus: control.focus, filled: () => control.values().length > 0, valid: () => true,
    value: () => typed(option, control.values()[0]),
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
  const suggested = option.autocomplete ? suggestions(input, option, scope) : null;
  return {
    node: h("span", { class: "chip-control" }, input, suggested?.list ?? null),
    focus: () => input.focus(),
    filled: () => input.value.trim() !== "",
    value: () => suggested?.value() ?? typed(option, input.value),
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

/** Autocomplete: the bot's choices for what is typed; a chosen one is sent by its value. */
function suggestions(input, option, { command, channelId }) {
  const list = h("div", { class: "listbox", role: "listbox", popover: "manual", "aria-label": option.name, onpointerdown: (event) => event.preventDefault() });
  let asked = 0;
  let choices = [];
  let active = 0;
  let chosen = null;
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-expanded", "false");
  input.addEventListener("input", ask);
  input.addEventListener("focus", ask);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", onKey);

  async function ask() {
    chosen = choices.find((one) => one.name === input.value) ?? null;
    const turn = asked += 1;
    const answer = await api.post("autocomplete", { channel_id: channelId, command: command.name, option: option.name, value: input.value });
    if (turn !== asked || document.activeElement !== input) return;
    choices = answer.choices;
    active = 0;
    draw();
  }

  function draw() {
    list.replaceChildren(...choices.map((one, at) => h("div", {
      class: `option ${at === active ? "is-active" : ""}`, role: "option", "aria-selected": String(at === active), onclick: () => pick(one),
    }, h("span", { class: "option-label" }, one.name))));
    if (!choices.length) return close();
    list.showPopover();
    place(input, list);
    input.setAttribute("aria-expanded", "true");
  }

  function close() {
    if (list.isConnected) list.hidePopover();
    input.setAttribute("aria-expanded", "false");
  }

  function pick(one) {
    chosen = one;
    input.value = one.name;
    close();
  }

  function onKey(event) {
    if (input.getAttribute("aria-expanded") !== "true") return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) active = (active + step + choices.length) % choices.length;
    else if (event.key === "Enter") pick(choices[active]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    if (step) draw();
  }

  return { list, value: () => chosen?.value ?? null };
}
