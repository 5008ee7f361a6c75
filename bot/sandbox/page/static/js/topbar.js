// The bar above the conversation: which channel this is, and the buttons that open the drawers.
import { avatar, h, icon, iconButton } from "./dom.js";
import { channel, channels, isThread, state, unread } from "./store.js";

export function renderTopbar(root, { onMenu, onPanel }) {
  const known = channel(state.channelId);
  const { bot } = state.world;
  const waiting = channels().some(unread);
  const menu = iconButton("menu", waiting ? "Channels (unread messages)" : "Channels", onMenu, { class: "icon-button drawer-open" });
  if (waiting) menu.append(h("span", { class: "rail-dot" }));
  root.replaceChildren(
    menu,
    known?.type === 1 ? avatar({ ...bot, bot: true }, "is-tiny") : icon(isThread(known) ? "thread" : known?.private ? "lock" : "hash"),
    h("h2", { class: "topbar-name" }, known?.name ?? "No channel"),
    known?.topic ? h("p", { class: "topbar-topic", title: known.topic }, known.topic) : h("span", { class: "topbar-topic" }),
    iconButton("panel", "Mail and provider", onPanel, { class: "icon-button panel-open" }));
}

/** What stands between this page and a working bot, or nothing. */
export function renderNotice(root) {
  const { bot } = state.world;
  root.textContent = !state.connected
    ? "Reconnecting to the demo's server…"
    : bot.alive ? "" : `${bot.name} is offline: commands and buttons will not be answered.`;
}
