// The application's commands for a channel, flattened so that each subcommand is one entry.
import * as api from "./api.js";

const SLASH = 1;
const SUBCOMMAND = 1;
const GROUP = 2;

/** [{name: "ticket open", description, options}], sorted by name. */
export async function slashCommands(channelId) {
  const { commands } = await api.get("commands", { channel: channelId });
  return commands
    .filter((one) => (one.type ?? SLASH) === SLASH)
    .flatMap((one) => flatten(one, one.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function flatten(node, name) {
  const inner = (node.options ?? []).filter((one) => one.type === SUBCOMMAND || one.type === GROUP);
  if (inner.length) return inner.flatMap((one) => flatten(one, `${name} ${one.name}`));
  return [{ name, description: node.description, options: node.options ?? [] }];
}

/** Commands whose name starts with what was typed come first, then those that contain it. */
export function search(commands, typed) {
  const text = typed.toLowerCase().trim();
  const starts = commands.filter((one) => one.name.startsWith(text));
  return [...starts, ...commands.filter((one) => !starts.includes(one) && one.name.includes(text))];
}
