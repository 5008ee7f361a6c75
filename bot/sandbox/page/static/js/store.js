// What this tab knows, and who wants to hear when it changes.
import * as api from "./api.js";

export const state = {
  world: null,
  channelId: null,
  messages: new Map(), // channel id -> messages, oldest first
  pending: new Map(), // "message:custom_id" -> "loading" | "failed"
  local: [], // lines of this client: a command under way, a command that failed
  reply: null,
  mail: [],
  provider: null,
  connected: true,
};

/** Message flags of the API: only its reader sees it; its content is still to come. */
export const EPHEMERAL = 1 << 6;
export const LOADING = 1 << 7;

/** Kinds of channels that hang on another one. */
export const PRIVATE_THREAD = 12;
const THREADS = new Set([10, 11, PRIVATE_THREAD]);
export const isThread = (one) => THREADS.has(one?.type);

const listeners = new Set();
let scheduled = false;

export function subscribe(listener) {
  listeners.add(listener);
}

/** Tells every listener, once for all changes made in this turn. */
export function changed() {
  if (scheduled) return;
  scheduled = true;
  queueMicrotask(() => {
    scheduled = false;
    for (const listener of listeners) listener(state);
  });
}

// Channel id -> the newest message told of. A world that was asked for before it came knows less.
const newest = new Map();
const arriving = new Map(); // channel id -> events that came while its messages were being fetched

export const users = () => state.world?.users ?? {};
export const roles = () => state.world?.guilds.flatMap((guild) => guild.roles) ?? [];
export const me = () => state.world.me;

/** Every channel this persona sees, the DM last. */
export function channels() {
  if (!state.world) return [];
  const all = state.world.guilds.flatMap((guild) => guild.channels);
  return state.world.dm ? [...all, state.world.dm] : all;
}

export const channel = (id) => channels().find((one) => one.id === id);

export async function loadWorld() {
  state.world = await api.get("state");
  api.setPersona(state.world.me.key);
  for (const one of channels()) {
    if (newest.has(one.id)) one.last_message_id = later(one.last_message_id, newest.get(one.id));
  }
  if (state.channelId && !channel(state.channelId)) state.channelId = null;
  changed();
}

export async function openChannel(id) {
  state.channelId = id;
  state.reply = null;
  changed();
  await loadMessages(id);
  markRead(id);
}

export async function loadMessages(id) {
  arriving.set(id, []);
  try {
    const { messages } = await api.get("messages", { channel: id });
    state.messages.set(id, messages);
  } finally {
    const events = arriving.get(id) ?? [];
    arriving.delete(id);
    for (const event of events) event();
    changed();
  }
}

function whenLoaded(channelId, apply) {
  const waiting = arriving.get(channelId);
  if (waiting) waiting.push(apply);
  else apply();
}

/** A message as it was when a request was answered: what has been told of it since is newer. */
export function meetMessage({ channel_id: channelId, message }) {
  whenLoaded(channelId, () => {
    const isKnown = messagesOf(channelId).some((one) => one.id === message.id);
    if (!isKnown) upsertMessage({ channel_id: channelId, message });
  });
}

export function upsertMessage({ channel_id: channelId, message }) {
  const known = channel(channelId);
  if (!(message.flags & EPHEMERAL)) {
    newest.set(channelId, later(newest.get(channelId), message.id));
    if (known) known.last_message_id = later(known.last_message_id, message.id);
  }
  if (channelId === state.channelId || message.author.id === me().id) markRead(channelId);
  whenLoaded(channelId, () => {
    const list = state.messages.get(channelId);
    if (!list) return;
    const at = list.findIndex((one) => one.id === message.id);
    if (at >= 0) list[at] = message;
    else list.push(message);
    list.sort((a, b) => compareIds(a.id, b.id));
  });
  changed();
}

export function removeMessage({ channel_id: channelId, id }) {
  whenLoaded(channelId, () => {
    const list = state.messages.get(channelId);
    if (list) state.messages.set(channelId, list.filter((one) => one.id !== id));
  });
  changed();
}

/** The channel's messages as far as they were loaded, oldest first. */
export const messagesOf = (id) => state.messages.get(id) ?? [];

/** Ids are snowflakes, too long for a number: compare by length, then by letters. */
export function compareIds(a, b) {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

const later = (a, b) => (a && compareIds(a, b) > 0 ? a : b);
const readKey = (id) => `read:${me().key}:${id}`;

function markRead(id) {
  const last = channel(id)?.last_message_id;
  if (last) sessionStorage.setItem(readKey(id), last);
  changed();
}

export function unread(one) {
  if (!one.last_message_id || one.id === state.channelId) return false;
  const read = sessionStorage.getItem(readKey(one.id));
  return !read || compareIds(one.last_message_id, read) > 0;
}
