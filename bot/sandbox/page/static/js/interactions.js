// Runs one interaction: shows that it is under way, opens the modal it answers with, tells when it failed.
import * as api from "./api.js";
import { openModal } from "./modal.js";
import { changed, me, meetMessage, state } from "./store.js";

const pendingKey = (message, customId) => `${message.id}:${customId}`;

export const pendingOf = (message, customId) => state.pending.get(pendingKey(message, customId));

function setPending(message, customId, value) {
  for (const [key, old] of state.pending) if (old === "failed") state.pending.delete(key);
  if (value) state.pending.set(pendingKey(message, customId), value);
  else state.pending.delete(pendingKey(message, customId));
  changed();
}

/** A click on a button, or a choice in a select when `values` is given. */
export async function useComponent(message, customId, values) {
  setPending(message, customId, "loading");
  const body = { channel_id: message.channel_id, message_id: message.id, custom_id: customId };
  try {
    const answer = await api.post(values ? "choose" : "click", values ? { ...body, values } : body);
    setPending(message, customId, null);
    settle(answer, message.channel_id);
  } catch (error) {
    setPending(message, customId, "failed");
    if (!(error instanceof api.ApiError)) throw error;
  }
}

/** A slash command, or a context-menu command when `target` is given. */
export async function runCommand(channelId, command, { options = {}, target } = {}) {
  const shown = target ? command : `/${command}`;
  const line = { id: crypto.randomUUID(), channelId, command: shown, failed: null, author: me() };
  state.local.push(line);
  changed();
  try {
    const answer = target
      ? await api.post("context-menu", { channel_id: channelId, command, ...target })
      : await api.post("slash", { channel_id: channelId, command, options });
    dropLocal(line.id);
    settle(answer, channelId);
  } catch (error) {
    line.failed = error.message;
    changed();
    if (!(error instanceof api.ApiError)) throw error;
  }
}

/** Hides an ephemeral message for good. */
export function dismiss(message) {
  return api.post("dismiss", { channel_id: message.channel_id, message_id: message.id });
}

export function dropLocal(id) {
  state.local = state.local.filter((line) => line.id !== id);
  changed();
}

function settle(answer, channelId) {
  if (answer.message) meetMessage({ channel_id: answer.message.channel_id ?? channelId, message: answer.message });
  // Once drawn: the dialog gives the focus back to the button as it is then.
  if (answer.modal) setTimeout(() => showModal(answer.modal, channelId));
}

function showModal(modal, channelId) {
  openModal(modal, async (answers) => {
    settle(await api.post("submit", { channel_id: channelId, modal_id: modal.id, answers }), channelId);
  });
}
