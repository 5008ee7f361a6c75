// Discord's block markdown: paragraphs, headings, subtext, quotes, lists and fenced code, as DOM nodes.
import { h } from "./dom.js";
import { inline } from "./inline.js";

const FENCE = /^```(?:([\w+-]*)\n)?([^]*?)\n?```/;
const HEADING = /^(#{1,3}) +(.+)$/;
const SUBTEXT = /^-# +(.+)$/;
const QUOTE = /^> ?(.*)$/;
const ITEM = /^( *)(?:[-*]|(\d{1,9})\.) +(.+)$/;

/** A fragment with the rendered text. */
export function markdown(text) {
  const out = document.createDocumentFragment();
  let rest = text;
  let paragraph = [];
  const flush = () => {
    if (paragraph.length) out.append(h("p", {}, ...inline(paragraph.join("\n"))));
    paragraph = [];
  };
  while (rest.length) {
    const block = fence(rest) ?? longQuote(rest) ?? list(rest) ?? line(rest);
    if (block.node) {
      flush();
      out.append(block.node);
    } else {
      paragraph.push(block.text);
    }
    rest = rest.slice(block.length).replace(/^\n/, "");
  }
  flush();
  return out;
}

function fence(text) {
  const match = FENCE.exec(text);
  if (!match) return null;
  return { length: match[0].length, node: h("pre", { class: "code-block", tabindex: "0" }, h("code", {}, match[2])) };
}

function longQuote(text) {
  if (!text.startsWith(">>> ")) return null;
  return { length: text.length, node: h("blockquote", {}, markdown(text.slice(4))) };
}

function list(text) {
  const items = [];
  let length = 0;
  for (const raw of text.split("\n")) {
    const match = ITEM.exec(raw);
    if (!match) break;
    items.push({ depth: Math.floor(match[1].length / 2), number: match[2], text: match[3] });
    length += raw.length + 1;
  }
  if (!items.length) return null;
  return { length: Math.min(length - 1, text.length), node: nest(items) };
}

function nest(items) {
  const [first] = items;
  const node = h(first.number ? "ol" : "ul", first.number ? { start: first.number } : {});
  for (let at = 0; at < items.length;) {
    let end = at + 1;
    while (end < items.length && items[end].depth > first.depth) end += 1;
    const children = items.slice(at + 1, end);
    node.append(h("li", {}, ...inline(items[at].text), children.length ? nest(children) : null));
    at = end;
  }
  return node;
}

function line(text) {
  const [first] = text.split("\n", 1);
  const heading = HEADING.exec(first);
  if (heading) {
    // The page's own headings end at h2: a message's start one below.
    return { length: first.length, node: h(`h${heading[1].length + 2}`, { class: "md-heading" }, ...inline(heading[2])) };
  }
  const subtext = SUBTEXT.exec(first);
  if (subtext) return { length: first.length, node: h("p", { class: "subtext" }, ...inline(subtext[1])) };
  if (QUOTE.test(first)) return quote(text);
  return { length: first.length, text: first };
}

function quote(text) {
  const lines = [];
  for (const raw of text.split("\n")) {
    const match = QUOTE.exec(raw);
    if (!match) break;
    lines.push({ raw, inner: match[1] });
  }
  const length = lines.reduce((sum, one) => sum + one.raw.length + 1, -1);
  return { length, node: h("blockquote", {}, ...inline(lines.map((one) => one.inner).join("\n"))) };
}
