// What a person can do with a message: reply, edit and delete their own, use an app's command on it.
import * as api from "./api.js";
import { h, iconButton } from "./dom.js";
import { runCommand } from "./interactions.js";
import { EPHEMERAL, changed, me, state } from "./store.js";

const USER_COMMAND = 2;
const MESSAGE_COMMAND = 3;

export function actions(message, author) {
  if (message.flags & EPHEMERAL) return null;
  const own = message.author.id === me().id;
  return h("div", { class: "message-actions", role: "group", "aria-label": "Message actions" },
    iconButton("reply", "Reply", () => {
      state.reply = { id: message.id, name: author.name, channelId: message.channel_id };
      changed();
      document.getElementById("composer-input")?.focus();
    }),
    own ? iconButton("edit", "Edit", (event) => edit(message, event.currentTarget.closest("article"))) : null,
    own ? iconButton("trash", "Delete", () => api.post("delete", { channel_id: message.channel_id, message_id: message.id })) : null,
    iconButton("more", "Apps", (event) => appsMenu(message, author, event.currentTarget)));
}

function edit(message, article) {
  const body = article.querySelector(".content");
  const field = h("textarea", { class: "edit-field", "aria-label": "Edit message", value: message.content, onkeydown: onKey });
  const form = h("div", { class: "edit-form" }, field, h("p", { class: "hint" }, "Escape to cancel • Enter to save"));
  body.replaceWith(form);
  field.focus();

  async function onKey(event) {
    if (event.key === "Escape") form.replaceWith(body);
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    await api.post("edit", { channel_id: message.channel_id, message_id: message.id, content: field.value });
    form.replaceWith(body);
  }
}

async function appsMenu(message, author, button) {
  const { commands } = await api.get("commands", { channel: message.channel_id });
  const usable = commands.filter((one) => one.type === MESSAGE_COMMAND || one.type === USER_COMMAND);
  const menu = h("div", {
    class: "menu", role: "group", popover: "auto", "aria-label": "Apps", ontoggle: (event) => event.newState === "closed" && menu.remove(),
  }, usable.length ? usable.map((one) => entry(one)) : h("p", { class: "listbox-empty" }, "No app commands for messages here"));
  document.body.append(menu);
  menu.showPopover();
  const box = button.getBoundingClientRect();
  menu.style.setProperty("top", `${Math.min(box.bottom + 4, innerHeight - menu.offsetHeight - 8)}px`);
  menu.style.setProperty("left", `${Math.max(8, box.right - menu.offsetWidth)}px`);
  menu.querySelector("button")?.focus();

  function entry(command) {
    const target = command.type === USER_COMMAND ? { user_id: author.id } : { message_id: message.id };
    return h("button", {
      type: "button", onclick: () => {
        menu.hidePopover();
        runCommand(message.channel_id, command.name, { target });
      },
    }, command.name, command.type === USER_COMMAND ? h("span", { class: "hint" }, ` ${author.name}`) : null);
  }
}
