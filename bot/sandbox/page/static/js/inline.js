// Discord's inline markdown: emphasis, code, links, mentions and timestamps, as DOM nodes.
import { cssColor, h, vars } from "./dom.js";
import { anchor } from "./links.js";
import { channel, openChannel, roles, users } from "./store.js";
import { formatTimestamp } from "./timestamps.js";

// The first rule that matches at a position wins: escapes and code before emphasis, ** before *.
const RULES = [
  [/\\([^A-Za-z0-9\s])/y, ([, letter]) => letter],
  [/(`+)([^]*?[^`])\1(?!`)/y, ([, , code]) => h("code", { class: "code" }, code.trim() || code)],
  [/<t:(-?\d{1,13})(?::([tTdDfFR]))?>/y, ([, seconds, style]) => timestamp(Number(seconds), style)],
  [/<@!?(\d+)>/y, ([, id]) => mention(`@${users()[id]?.name ?? "unknown user"}`)],
  [/<@&(\d+)>/y, ([, id]) => roleMention(id)],
  [/<#(\d+)>/y, ([, id]) => channelMention(id)],
  [/<\/([^:<>\n]{1,100}):\d+>/y, ([, name]) => mention(`/${name}`)],
  [/<a?:(\w+):\d+>/y, ([, name]) => `:${name}:`],
  [/@(everyone|here)\b/y, ([text]) => mention(text)],
  [/\[([^\]\n]+)\]\(<?(https?:\/\/[^\s)>]+)>?\)/y, ([, text, url]) => anchor(url, {}, ...inline(text))],
  [/<(https?:\/\/[^\s<>]+)>/y, ([, url]) => anchor(url, {}, url)],
  [/https?:\/\/[^\s<>"']+[^\s<>"'.,:;!?)\]*_~]/y, ([url]) => anchor(url, {}, url)],
  [/\*\*([^]+?)\*\*(?!\*)/y, ([, text]) => h("strong", {}, ...inline(text))],
  [/__([^]+?)__(?!_)/y, ([, text]) => h("u", {}, ...inline(text))],
  [/~~([^]+?)~~/y, ([, text]) => h("s", {}, ...inline(text))],
  [/\*(?=\S)((?:[^*]|\*\*)+?)\*(?!\*)/y, ([, text]) => h("em", {}, ...inline(text))],
  [/(?<!\w)_(?=\S)([^_]+?)_(?!\w)/y, ([, text]) => h("em", {}, ...inline(text))],
  [/\n/y, () => h("br")],
];

/** Nodes and strings for one run of text. */
export function inline(text) {
  const out = [];
  let plain = "";
  let at = 0;
  while (at < text.length) {
    const hit = firstMatch(text, at);
    if (!hit) {
      plain += text[at];
      at += 1;
      continue;
    }
    if (plain) out.push(plain);
    plain = "";
    out.push(hit.node);
    at = hit.end;
  }
  if (plain) out.push(plain);
  return out;
}

const SPECIAL = /[\\`<@[h*_~\n]/;

function firstMatch(text, at) {
  if (!SPECIAL.test(text[at])) return null;
  for (const [pattern, render] of RULES) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) return { end: at + match[0].length, node: render(match) };
  }
  return null;
}

function timestamp(seconds, style) {
  const exact = formatTimestamp(seconds, "F");
  const iso = new Date(seconds * 1000);
  if (Number.isNaN(iso.getTime())) return "Invalid date";
  return h("time", {
    class: "timestamp", datetime: iso.toISOString(), title: exact, "data-relative": style === "R" ? seconds : null,
  }, formatTimestamp(seconds, style));
}

const mention = (text) => h("span", { class: "mention" }, text);

function roleMention(id) {
  const role = roles().find((one) => one.id === id);
  const node = mention(`@${role?.name ?? "unknown role"}`);
  const color = cssColor(role?.color);
  return color ? vars(node, { mention: color }) : node;
}

function channelMention(id) {
  const known = channel(id);
  if (!known) return mention("# no access");
  return h("button", { type: "button", class: "mention mention-link", onclick: () => openChannel(id) }, `# ${known.name}`);
}
