// The options of selects that choose people, roles and channels.
import { cssColor } from "./dom.js";
import { channels, roles, state, users } from "./store.js";

const TEXT_CHANNELS = new Set([0, 5, 10, 11, 12]);

export function userOptions() {
  return Object.values(users()).map((user) => ({
    value: user.id, label: user.name, description: user.username, color: user.color ?? "#80848e",
  }));
}

export function roleOptions() {
  const guilds = new Set(state.world.guilds.map((guild) => guild.id));
  return roles().map((role) => ({
    value: role.id,
    label: guilds.has(role.id) ? role.name : `@${role.name}`,
    color: cssColor(role.color) ?? "#99aab5",
  }));
}

export function channelOptions(types) {
  return channels()
    .filter((one) => (types?.length ? types.includes(one.type) : TEXT_CHANNELS.has(one.type)))
    .map((one) => ({ value: one.id, label: one.type === 4 ? one.name : `# ${one.name}` }));
}

/** Options of an API select component, whatever its type. */
export function optionsOf(component) {
  const preset = new Set((component.default_values ?? []).map((one) => one.id));
  const chosen = (list) => list.map((one) => ({ ...one, default: preset.has(one.value) }));
  switch (component.type) {
    case 5: return chosen(userOptions());
    case 6: return chosen(roleOptions());
    case 7: return chosen([...userOptions(), ...roleOptions()]);
    case 8: return chosen(channelOptions(component.channel_types));
    default: return component.options.map((one) => ({ ...one, emoji: one.emoji?.name }));
  }
}
