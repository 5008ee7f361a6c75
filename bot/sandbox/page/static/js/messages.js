// The conversation: one keyed list item per message, grouped by author as Discord groups them.
import { append, avatar, h, icon, vars } from "./dom.js";
import { components, customIds, dots } from "./components.js";
import { embed } from "./embeds.js";
import { inline } from "./inline.js";
import { dismiss, dropLocal, pendingOf } from "./interactions.js";
import { markdown } from "./markdown.js";
import { attachment } from "./media.js";
import { actions } from "./message_actions.js";
import { EPHEMERAL, LOADING, PRIVATE_THREAD, channel, isThread, messagesOf, roles, state, users } from "./store.js";
import { messageTime } from "./timestamps.js";

const GROUP_MS = 7 * 60 * 1000;
const SYSTEM = {
  6: "pinned a message to this channel.",
  7: "joined the server.",
  18: "started a thread.",
};
const COMMANDS = { 20: "slash", 23: "context menu" };
const rendered = new Map(); // message id -> {signature, node}
let shownChannel = null;
let following = true;

/** Keeps the newest message in sight while the person has not scrolled up, also when a picture loads late. */
export function followNewest(list, scroller) {
  let lastTop = 0;
  scroller.addEventListener("scroll", () => {
    // Only a move upwards is the person's wish: growth below also leaves a distance to the end.
    const near = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
    if (near || scroller.scrollTop < lastTop) following = near;
    lastTop = scroller.scrollTop;
  });
  const observer = new ResizeObserver(() => {
    if (following) scroller.scrollTop = scroller.scrollHeight;
  });
  observer.observe(list);
  observer.observe(scroller);
}

export function renderMessages(list) {
  const id = state.channelId;
  const known = channel(id);
  if (!known) return;
  if (id !== shownChannel) {
    rendered.clear();
    following = true;
  }
  shownChannel = id;
  const messages = messagesOf(id);
  const nodes = messages.map((message, at) => keyed(message, messages[at - 1]));
  const lines = state.local.filter((line) => line.channelId === id).map(localLine);
  reconcile(list, [intro(known), ...nodes, ...lines]);
}

/** Puts `nodes` into `list` in order without touching those already in place: focus and selection stay. */
function reconcile(list, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, at) => {
    if (list.children[at] !== node) list.insertBefore(node, list.children[at] ?? null);
  });
}

function keyed(message, previous) {
  const grouped = continues(message, previous);
  const waiting = customIds(message.components ?? []).map((id) => pendingOf(message, id) ?? "");
  const author = users()[message.author.id];
  const signature = JSON.stringify([message, grouped, waiting, author?.color, author?.name, mentionedNames(message)]);
  const known = rendered.get(message.id);
  if (known?.signature === signature) return known.node;
  const focused = known?.node.contains(document.activeElement) ? document.activeElement.dataset.customId : null;
  const node = item(message, grouped);
  rendered.set(message.id, { signature, node });
  if (focused) queueMicrotask(() => node.querySelector(`[data-custom-id="${CSS.escape(focused)}"]`)?.focus());
  return node;
}

/** What a message's mentions are called now: a channel can be told of later than the message that names it. */
function mentionedNames(message) {
  const ids = JSON.stringify(message).matchAll(/<(?:#|@[!&]?)(\d+)>/g);
  return [...ids].map(([, id]) => users()[id]?.name ?? channel(id)?.name ?? roles().find((role) => role.id === id)?.name);
}

function continues(message, previous) {
  return Boolean(previous) && previous.author.id === message.author.id && message.type === 0
    && message.referenced_message === undefined && !(previous.type in SYSTEM) && !((message.flags | previous.flags) & EPHEMERAL)
    && new Date(message.timestamp) - new Date(previous.timestamp) < GROUP_MS;
}

/** The author as this guild shows them. */
export function authorOf(message) {
  const raw = message.author;
  return users()[raw.id] ?? { id: raw.id, name: raw.global_name ?? raw.username, bot: raw.bot };
}

function item(message, grouped) {
  if (message.type in SYSTEM) return systemLine(message);
  const author = authorOf(message);
  const ephemeral = message.flags & EPHEMERAL;
  const body = h("div", { class: "message-body" },
    grouped ? null : header(message, author), ...content(message), ephemeral ? ephemeralNote(() => dismiss(message)) : null);
  return h("li", { class: `message ${grouped ? "is-grouped" : ""} ${ephemeral ? "is-ephemeral" : ""}` },
    h("article", { "data-message-id": message.id, "aria-label": `Message by ${author.name}`, tabindex: "-1" },
      context(message), grouped ? null : avatar(author), body, actions(message, author)));
}

function header(message, author) {
  const name = vars(h("span", { class: "author" }, author.name), author.color ? { author: author.color } : {});
  return h("div", { class: "message-header" }, name, author.bot ? h("span", { class: "tag" }, "APP") : null,
    h("time", { class: "message-time", datetime: message.timestamp }, messageTime(message.timestamp)));
}

function context(message) {
  if (message.type in COMMANDS && message.interaction_metadata) {
    const { user } = message.interaction_metadata;
    return usedCommand(users()[user.id] ?? { id: user.id, name: user.global_name ?? user.username }, message.command);
  }
  if (message.referenced_message === undefined) return null;
  const original = message.referenced_message;
  if (!original) return h("div", { class: "message-context" }, "Original message was deleted");
  const text = h("span", {}, ...inline(original.content)).textContent || "Go to the message";
  return h("div", { class: "message-context" }, h("span", { class: "context-name" }, authorOf(original).name), " ",
    h("button", { type: "button", class: "context-text", onclick: () => reveal(original.id) }, text));
}

function usedCommand(user, command) {
  return h("div", { class: "message-context" }, avatar(user, "is-tiny"), h("span", { class: "context-name" }, user.name),
    " used ", command ? h("span", { class: "mention" }, command) : "a command");
}

function content(message) {
  if (message.flags & LOADING) {
    return [h("div", { class: "thinking" }, dots(), `${authorOf(message).name} is thinking…`)];
  }
  const edited = message.edited_timestamp ? h("span", { class: "edited" }, "(edited)") : null;
  const text = message.content ? append(h("div", { class: "content md" }), [markdown(message.content)]) : null;
  if (edited && text) (text.lastElementChild?.matches("p") ? text.lastElementChild : text).append(" ", edited);
  const own = [
    text,
    ...(message.embeds ?? []).map(embed),
    ...attachmentsBeside(message).map(attachment),
    ...components(message.components ?? [], message),
  ];
  return edited && !text ? [...own, edited] : own;
}

// With Components V2 an attachment is shown only where a component points at it.
const attachmentsBeside = (message) => (message.flags & (1 << 15) ? [] : message.attachments ?? []);

function ephemeralNote(onclick) {
  return h("p", { class: "ephemeral-note" }, icon("eye"), "Only you can see this • ",
    h("button", { type: "button", class: "text-link", onclick }, "Dismiss message"));
}

function localLine(line) {
  const bot = state.world.bot;
  const status = line.failed
    ? h("p", { class: "interaction-failed", role: "alert" }, icon("warning"), line.failed)
    : h("div", { class: "thinking" }, dots(), "Sending command…");
  return h("li", { class: "message is-ephemeral" },
    h("article", { "aria-label": `Command ${line.command}` },
      usedCommand(line.author, line.command),
      avatar({ ...bot, bot: true }),
      h("div", { class: "message-body" },
        h("div", { class: "message-header" }, h("span", { class: "author" }, bot.name), h("span", { class: "tag" }, "APP")),
        status, line.failed ? ephemeralNote(() => dropLocal(line.id)) : null)));
}

function systemLine(message) {
  return h("li", { class: "message is-system" },
    h("article", { "data-message-id": message.id }, icon("bell"),
      h("div", { class: "message-body" }, h("strong", {}, authorOf(message).name), ` ${SYSTEM[message.type]} `,
        h("time", { class: "message-time", datetime: message.timestamp }, messageTime(message.timestamp)))));
}

const intros = new Map();

function intro(known) {
  const signature = `${known.id} ${known.name} ${known.topic ?? ""}`;
  if (!intros.has(signature)) intros.set(signature, introNode(known));
  return intros.get(signature);
}

function introNode(known) {
  const dm = known.type === 1;
  const bot = state.world.bot;
  if (isThread(known)) {
    return h("li", { class: "intro" }, h("span", { class: "intro-icon" }, icon("thread")), h("h2", {}, known.name),
      h("p", {}, known.type === PRIVATE_THREAD ? "A private thread: only those who are in it can see it." : "A thread."));
  }
  return h("li", { class: "intro" },
    dm ? avatar({ ...bot, bot: true }, "is-large") : h("span", { class: "intro-icon" }, icon("hash")),
    h("h2", {}, dm ? bot.name : `Welcome to #${known.name}!`),
    h("p", {}, dm ? `This is the beginning of your direct messages with ${bot.name}.` : known.topic || `This is the start of the #${known.name} channel.`));
}

/** Shows a message to the person: scrolls to it and marks it for a moment. */
function reveal(id) {
  const node = document.querySelector(`[data-message-id="${CSS.escape(id)}"]`);
  node?.scrollIntoView({ block: "center" });
  node?.focus();
}

