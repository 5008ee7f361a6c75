// Classic embeds as DOM nodes.
import { cssColor, h, vars } from "./dom.js";
import { anchor } from "./links.js";
import { markdown } from "./markdown.js";
import { picture } from "./media.js";
import { messageTime } from "./timestamps.js";

export function embed(one) {
  const node = h("div", { class: "embed" },
    h("div", { class: "embed-body" },
      one.author ? h("div", { class: "embed-author" }, linked(one.author.name, one.author.url)) : null,
      one.title ? h("div", { class: "embed-title md" }, one.url ? linked(one.title, one.url) : markdown(one.title)) : null,
      one.description ? h("div", { class: "embed-description md" }, markdown(one.description)) : null,
      one.fields?.length ? h("div", { class: "embed-fields" }, one.fields.map(field)) : null,
      one.image ? picture(one.image) : null,
      footer(one)),
    one.thumbnail ? picture(one.thumbnail, { look: "thumbnail" }) : null);
  const color = cssColor(one.color);
  return color ? vars(node, { accent: color }) : node;
}

const linked = (text, url) => (url ? anchor(url, {}, text) : text);

function field(one) {
  return h("div", { class: `embed-field ${one.inline ? "is-inline" : ""}` },
    h("div", { class: "embed-field-name md" }, markdown(one.name)),
    h("div", { class: "embed-field-value md" }, markdown(one.value)));
}

function footer(one) {
  const parts = [one.footer?.text, one.timestamp ? messageTime(one.timestamp) : null].filter(Boolean);
  return parts.length ? h("div", { class: "embed-footer" }, parts.join(" • ")) : null;
}
