// The message box: text, files, a reply, and the command picker that "/" opens.
import * as api from "./api.js";
import { commandForm } from "./command_form.js";
import { search, slashCommands } from "./commands.js";
import { h, icon, iconButton } from "./dom.js";
import { runCommand } from "./interactions.js";
import { changed, channel, state } from "./store.js";

/** Builds the composer inside `root`; returns the function that follows the store. */
export function composer(root) {
  let files = [];
  let commands = [];
  let matches = [];
  let active = 0;
  let channelId = null;

  const replyBar = h("div", { class: "reply-bar", hidden: true });
  const fileBar = h("div", { class: "file-bar", hidden: true });
  const picker = h("div", { class: "picker", id: "command-picker", role: "listbox", "aria-label": "Commands", hidden: true });
  const trouble = h("p", { class: "composer-trouble", role: "alert" });
  const chooser = h("input", { type: "file", multiple: true, class: "visually-hidden", tabindex: "-1", "aria-hidden": "true", onchange: attach });
  const input = h("textarea", {
    id: "composer-input", class: "composer-input", rows: "1", autocomplete: "off", maxlength: "2000",
    role: "combobox", "aria-expanded": "false", "aria-controls": "command-picker", "aria-autocomplete": "list",
    oninput: onInput, onkeydown: onKey, onblur: closePicker,
  });
  const line = h("div", { class: "composer-line" },
    iconButton("plus", "Attach files", () => chooser.click()), input,
    iconButton("slash", "Use a command", startCommand), iconButton("send", "Send message", send, { class: "icon-button send-button" }));
  const slot = h("div", { class: "composer-slot" }, line);
  root.append(picker, trouble, replyBar, fileBar, slot, chooser);

  function onInput() {
    input.style.setProperty("height", "auto");
    input.style.setProperty("height", `${Math.min(input.scrollHeight, 200)}px`);
    if (/^\/[^\n]*$/.test(input.value)) openPicker();
    else closePicker();
  }

  function startCommand() {
    input.value = "/";
    input.focus();
    onInput();
  }

  async function openPicker() {
    if (!commands.length) commands = await slashCommands(channelId);
    if (!input.value.startsWith("/")) return;
    matches = search(commands, input.value.slice(1));
    active = 0;
    drawPicker();
  }

  function drawPicker() {
    const entries = matches.map((one, at) => h("div", {
      id: `command-${at}`, class: `picker-entry ${at === active ? "is-active" : ""}`, role: "option", "aria-selected": String(at === active),
      onpointerdown: (event) => event.preventDefault(), onclick: () => chooseCommand(one),
    }, h("span", { class: "picker-name" }, `/${one.name}`,
      one.options.map((option) => h("span", { class: `picker-option ${option.required ? "" : "is-optional"}` }, option.name))),
    h("span", { class: "picker-description" }, one.description)));
    const nothing = h("p", { class: "listbox-empty" }, commands.length ? "No command matches" : "No commands here: is the bot running?");
    picker.replaceChildren(h("p", { class: "picker-title" }, icon("anchor"), state.world.bot.name), ...(entries.length ? entries : [nothing]));
    picker.hidden = false;
    input.setAttribute("aria-expanded", "true");
    input.setAttribute("aria-activedescendant", entries.length ? `command-${active}` : "");
    picker.children[active + 1]?.scrollIntoView({ block: "nearest" });
  }

  function closePicker() {
    picker.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    if (!input.value) commands = [];
  }

  function chooseCommand(command) {
    closePicker();
    input.value = "";
    commands = [];
    const form = commandForm(command, { channelId, cancel: leaveCommand, send: (options) => {
      leaveCommand();
      runCommand(channelId, command.name, { options });
    } });
    slot.replaceChildren(form.node);
    form.focus();
  }

  function leaveCommand() {
    slot.replaceChildren(line);
    onInput();
    input.focus();
  }

  function onKey(event) {
    if (!picker.hidden) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && matches.length) active = (active + step + matches.length) % matches.length;
      else if ((event.key === "Enter" || event.key === "Tab") && matches.length) chooseCommand(matches[active]);
      else if (event.key === "Escape") closePicker();
      else return;
      event.preventDefault();
      if (step) drawPicker();
      return;
    }
    if (event.key === "Escape" && state.reply) stopReply();
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    }
  }

  async function attach() {
    files = [...files, ...await Promise.all([...chooser.files].map(api.fileJson))];
    chooser.value = "";
    drawFiles();
  }

  function drawFiles() {
    fileBar.hidden = !files.length;
    fileBar.replaceChildren(...files.map((file) => h("span", { class: "file-chip" }, icon("file"), file.name,
      iconButton("close", `Remove ${file.name}`, () => {
        files = files.filter((one) => one !== file);
        drawFiles();
      }))));
  }

  function stopReply() {
    state.reply = null;
    changed();
  }

  async function send() {
    const content = input.value.trim();
    if (!content && !files.length) return;
    const body = { channel_id: channelId, content, files, reply_to: state.reply?.id ?? null };
    input.value = "";
    onInput();
    trouble.textContent = "";
    try {
      await api.post("say", body);
      files = [];
      drawFiles();
      if (state.reply) stopReply();
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      input.value = content;
      onInput();
      trouble.textContent = error.message;
    }
  }

  return function follow() {
    const known = channel(state.channelId);
    if (state.channelId !== channelId) {
      channelId = state.channelId;
      commands = [];
      trouble.textContent = "";
      slot.replaceChildren(line);
      input.value = "";
      onInput();
    }
    const words = known ? (known.type === 1 ? `Message @${known.name}` : `Message #${known.name}`) : "Message";
    const closed = known?.can_send === false;
    line.inert = closed;
    input.disabled = closed;
    input.placeholder = closed ? "You do not have permission to send messages here." : words;
    input.setAttribute("aria-label", words);
    replyBar.hidden = !state.reply;
    if (state.reply) {
      replyBar.replaceChildren(h("span", {}, "Replying to ", h("strong", {}, state.reply.name)), iconButton("close", "Stop replying", stopReply));
    }
  };
}
