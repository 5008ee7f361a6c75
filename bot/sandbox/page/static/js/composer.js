// The message box: text, files, a reply, and commands chosen after a "/".
import * as api from "./api.js";
import { CommandForm } from "./command_form.js";
import { h, icon, iconButton } from "./dom.js";
import { runCommand } from "./interactions.js";
import { CommandPicker } from "./picker.js";
import { changed, channel, state } from "./store.js";

const MAX_HEIGHT = 200;

export class Composer {
  #files = [];
  #channelId = null;

  constructor(root) {
    this.input = h("textarea", {
      id: "composer-input", class: "composer-input", rows: "1", autocomplete: "off", maxlength: "2000",
      role: "combobox", "aria-expanded": "false", "aria-controls": "command-picker", "aria-autocomplete": "list",
      oninput: () => this.#onInput(), onkeydown: (event) => this.#onKey(event), onblur: () => this.picker.close(),
    });
    this.picker = new CommandPicker(this.input, (command) => this.#fillIn(command));
    this.trouble = h("p", { class: "composer-trouble", role: "alert" });
    this.replyBar = h("div", { class: "reply-bar", hidden: true });
    this.fileBar = h("div", { class: "file-bar", hidden: true });
    this.chooser = h("input", {
      type: "file", multiple: true, class: "visually-hidden", tabindex: "-1", "aria-hidden": "true", onchange: () => this.#attach(),
    });
    this.line = h("div", { class: "composer-line" },
      iconButton("plus", "Attach files", () => this.chooser.click()), this.input,
      iconButton("slash", "Use a command", () => this.#startCommand()),
      iconButton("send", "Send message", () => this.#send(), { class: "icon-button send-button" }));
    this.slot = h("div", { class: "composer-slot" }, this.line);
    root.append(this.picker.node, this.trouble, this.replyBar, this.fileBar, this.slot, this.chooser);
  }

  /** Follows the store: another channel empties the box, a reply shows its bar. */
  follow() {
    if (state.channelId !== this.#channelId) {
      this.#channelId = state.channelId;
      this.trouble.textContent = "";
      this.#leaveCommand();
      this.#write("");
    }
    const known = channel(this.#channelId);
    const words = `Message ${known?.type === 1 ? "@" : "#"}${known?.name ?? ""}`;
    const closed = known?.can_send === false;
    this.line.inert = closed;
    this.input.disabled = closed;
    this.input.placeholder = closed ? "You do not have permission to send messages here." : words;
    this.input.setAttribute("aria-label", words);
    this.replyBar.hidden = !state.reply;
    if (state.reply) {
      this.replyBar.replaceChildren(h("span", {}, "Replying to ", h("strong", {}, state.reply.name)),
        iconButton("close", "Stop replying", () => this.#stopReply()));
    }
  }

  #write(text) {
    this.input.value = text;
    this.#onInput();
  }

  #onInput() {
    this.input.style.setProperty("height", "auto");
    this.input.style.setProperty("height", `${Math.min(this.input.scrollHeight, MAX_HEIGHT)}px`);
    if (/^\/[^\n]*$/.test(this.input.value)) this.picker.open(this.#channelId);
    else this.picker.close();
  }

  #onKey(event) {
    if (this.picker.isOpen && this.picker.takesKey(event.key)) event.preventDefault();
    else if (event.key === "Escape" && state.reply) this.#stopReply();
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.#send();
    }
  }

  #startCommand() {
    this.input.focus();
    this.#write("/");
  }

  #fillIn(command) {
    this.#write("");
    const back = () => {
      this.#leaveCommand();
      this.input.focus();
    };
    const form = new CommandForm(command, {
      channelId: this.#channelId, cancel: back, send: (options) => {
        back();
        runCommand(this.#channelId, command.name, { options });
      },
    });
    this.slot.replaceChildren(form.node);
    form.focus();
  }

  #leaveCommand() {
    this.slot.replaceChildren(this.line);
  }

  #stopReply() {
    state.reply = null;
    changed();
  }

  async #attach() {
    this.#files.push(...await Promise.all([...this.chooser.files].map(api.fileJson)));
    this.chooser.value = "";
    this.#drawFiles();
  }

  #drawFiles() {
    this.fileBar.hidden = !this.#files.length;
    this.fileBar.replaceChildren(...this.#files.map((file) => h("span", { class: "file-chip" }, icon("file"), file.name,
      iconButton("close", `Remove ${file.name}`, () => {
        this.#files = this.#files.filter((one) => one !== file);
        this.#drawFiles();
      }))));
  }

  async #send() {
    const content = this.input.value.trim();
    if (!content && !this.#files.length) return;
    this.#write("");
    this.trouble.textContent = "";
    try {
      await api.post("say", { channel_id: this.#channelId, content, files: this.#files, reply_to: state.reply?.id ?? null });
      this.#files = [];
      this.#drawFiles();
      if (state.reply) this.#stopReply();
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      this.#write(content);
      this.trouble.textContent = error.message;
    }
  }
}
