// The left side: servers, direct messages, channels by category, and who this tab acts as.
import { avatar, h, icon, iconButton, initials, vars } from "./dom.js";
import { channels, isThread, openChannel, state, unread } from "./store.js";

const CATEGORY = 4;
const VOICE = new Set([2, 13]);
const folded = new Set();

export function renderSidebar(root, { onChoose }) {
  const { guilds, dm, me, bot } = state.world;
  const choose = (id) => {
    openChannel(id);
    onChoose();
  };
  const guild = guilds.find((one) => one.channels.some((known) => known.id === state.channelId)) ?? guilds[0];
  const focused = root.contains(document.activeElement) ? document.activeElement.dataset.channelId : null;
  root.replaceChildren(
    rail(guilds, dm, guild, choose),
    h("div", { class: "sidebar-main" },
      h("header", { class: "guild-header" }, h("h1", {}, guild?.name ?? "No server"),
        iconButton("close", "Close the channel list", onChoose, { class: "icon-button drawer-close" })),
      h("div", { class: "channel-scroller" },
        directMessages(dm, bot, choose),
        guild ? channelTree(guild, choose) : null),
      personaSwitch(me)));
  if (focused) root.querySelector(`[data-channel-id="${focused}"]`)?.focus();
}

function rail(guilds, dm, current, choose) {
  const inDm = state.channelId === dm?.id;
  const home = h("button", {
    type: "button", class: `rail-icon ${inDm ? "is-current" : ""}`, "aria-label": "Direct messages", title: "Direct messages", disabled: !dm,
    onclick: () => choose(dm.id),
  }, icon("chat"), dm && unread(dm) ? h("span", { class: "rail-dot" }) : null);
  return h("div", { class: "rail" }, home, h("hr", { class: "rail-rule" }), guilds.map((guild) => {
    const first = guild.channels.find((one) => one.type === 0);
    return h("button", {
      type: "button", class: `rail-icon ${!inDm && guild === current ? "is-current" : ""}`, "aria-label": guild.name, title: guild.name,
      onclick: () => first && choose(first.id),
    }, initials(guild.name));
  }));
}

function directMessages(dm, bot, choose) {
  if (!dm) return null;
  return h("section", { class: "channel-group", "aria-label": "Direct messages" },
    h("h2", { class: "group-title" }, "Direct messages"),
    h("ul", {}, h("li", {}, channelButton(dm, choose, avatar({ ...bot, bot: true }, "is-tiny"), bot))));
}

function channelTree(guild, choose) {
  const shown = guild.channels.filter((one) => one.type !== CATEGORY && !isThread(one)).sort(byPosition);
  const categories = guild.channels.filter((one) => one.type === CATEGORY).sort(byPosition);
  const known = new Set(categories.map((one) => one.id));
  const loose = shown.filter((one) => !known.has(one.parent_id));
  return [
    group(null, loose, guild, choose),
    ...categories.map((one) => group(one, shown.filter((child) => child.parent_id === one.id), guild, choose)),
  ];
}

const byPosition = (a, b) => a.position - b.position || a.id.length - b.id.length || (a.id < b.id ? -1 : 1);

function group(category, list, guild, choose) {
  if (!list.length) return null;
  const closed = category && folded.has(category.id);
  const title = category && h("h2", { class: "group-title" }, h("button", {
    type: "button", class: "group-toggle", "aria-expanded": String(!closed), onclick: (event) => {
      if (closed) folded.delete(category.id);
      else folded.add(category.id);
      event.currentTarget.dispatchEvent(new CustomEvent("fold", { bubbles: true }));
    },
  }, icon("chevron"), category.name));
  const entries = list.filter((one) => !closed || one.id === state.channelId || unread(one)).map((one) => h("li", {},
    channelButton(one, choose, icon(VOICE.has(one.type) ? "bell" : one.private ? "lock" : "hash")),
    threads(one, guild, choose)));
  return h("section", { class: "channel-group", "aria-label": category?.name ?? "Channels" }, title, h("ul", {}, entries));
}

function threads(parent, guild, choose) {
  const list = guild.channels.filter((one) => isThread(one) && one.parent_id === parent.id);
  return list.length ? h("ul", { class: "thread-list" }, list.map((one) => h("li", {}, channelButton(one, choose, icon("thread"))))) : null;
}

function channelButton(one, choose, mark, bot) {
  const fresh = unread(one);
  return h("button", {
    type: "button", class: `channel ${fresh ? "is-unread" : ""}`, "aria-current": one.id === state.channelId ? "page" : null,
    "data-channel-id": one.id, onclick: () => choose(one.id),
  }, mark, h("span", { class: "channel-name" }, one.name),
  bot ? h("span", { class: `presence ${bot.alive ? "is-online" : ""}`, title: bot.alive ? "Online" : "Offline" }) : null,
  fresh ? h("span", { class: "visually-hidden" }, " (unread)") : null);
}

function personaSwitch(me) {
  const open = h("button", {
    type: "button", class: "persona-button", popovertarget: "persona-menu", title: "Act as somebody else",
  }, avatar(me, "is-small"), personaWords(me), icon("chevron"));
  const menu = h("nav", { id: "persona-menu", class: "menu persona-menu", popover: "auto", "aria-label": "Act as" },
    h("p", { class: "menu-title" }, "Act as"),
    state.world.personas.map((one) => h("a", {
      class: "persona", href: personaHref(one.key), "aria-current": one.key === me.key ? "true" : null,
    }, avatar(one, "is-small"), personaWords(one))));
  return h("footer", { class: "persona-switch" }, open, menu);
}

function personaWords(one) {
  const name = vars(h("span", { class: "persona-name" }, one.name), one.color ? { author: one.color } : {});
  return h("span", { class: "persona-words" }, h("span", {}, name, " ", h("span", { class: "persona-title" }, one.title)), " ",
    h("span", { class: "persona-blurb" }, one.blurb));
}

/** The page as somebody else, in the channel that is open now (they may not see it). */
export function personaHref(key) {
  const query = new URLSearchParams({ as: key });
  if (channels().some((one) => one.id === state.channelId && one.type !== 1)) query.set("channel", state.channelId);
  return `/?${query}`;
}
