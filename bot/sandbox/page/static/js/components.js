// Message components, version 1 (rows of buttons and selects) and version 2 (layouts), as DOM nodes.
import { append, cssColor, h, icon, vars } from "./dom.js";
import { optionsOf } from "./entities.js";
import { pendingOf, useComponent } from "./interactions.js";
import { anchor } from "./links.js";
import { markdown } from "./markdown.js";
import { fileCard, picture } from "./media.js";
import { Select } from "./select.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link" };
const SELECTS = { 3: "Make a selection", 5: "Select a user", 6: "Select a role", 7: "Select a user or role", 8: "Select a channel" };

export function components(list, message) {
  const failed = customIds(list).some((id) => pendingOf(message, id) === "failed");
  return [
    ...list.map((one) => component(one, message)),
    failed ? h("p", { class: "interaction-failed", role: "alert" }, icon("warning"), "This interaction failed") : null,
  ];
}

function component(one, message) {
  if (one.type in SELECTS) return selectMenu(one, message);
  switch (one.type) {
    case 1: return h("div", { class: "action-row" }, one.components.map((child) => component(child, message)));
    case 2: return button(one, message);
    case 9: return section(one, message);
    case 10: return h("div", { class: "text-display md" }, markdown(one.content));
    case 11: return picture(one.media, { look: "thumbnail", alt: one.description });
    case 12: return h("div", { class: `gallery gallery-${Math.min(one.items.length, 3)}` },
      one.items.map((item) => picture(item.media, { alt: item.description })));
    case 13: return fileCard({ filename: one.name ?? fileName(one.file.url), size: one.size, url: one.file.url });
    case 14: return h("hr", { class: `separator ${one.spacing === 2 ? "is-wide" : ""} ${one.divider === false ? "is-blank" : ""}` });
    case 17: return container(one, message);
    default: return h("p", { class: "unknown-component" }, `A component of type ${one.type}, which this page does not draw.`);
  }
}

function container(one, message) {
  const node = h("div", { class: "container" }, one.components.map((child) => component(child, message)));
  const color = cssColor(one.accent_color);
  return color ? vars(node, { accent: color }) : node;
}

function section(one, message) {
  return h("div", { class: "section" },
    h("div", { class: "section-text" }, one.components.map((child) => component(child, message))),
    h("div", { class: "section-accessory" }, component(one.accessory, message)));
}

function button(one, message) {
  const look = `button button-${STYLES[one.style] ?? "secondary"}`;
  const words = [one.emoji?.name ? h("span", { class: "button-emoji" }, one.emoji.name) : null, one.label];
  if (one.style === 5) return anchor(one.url, { class: look }, ...words.filter(Boolean), icon("external"));
  const loading = pendingOf(message, one.custom_id) === "loading";
  return append(h("button", {
    type: "button", class: `${look} ${loading ? "is-loading" : ""}`, "data-custom-id": one.custom_id,
    disabled: one.disabled, "aria-busy": loading ? "true" : null, "aria-disabled": loading ? "true" : null,
    onclick: () => loading || useComponent(message, one.custom_id),
  }), [h("span", { class: "button-label" }, words), loading ? dots() : null]);
}

function selectMenu(one, message) {
  const label = one.placeholder || SELECTS[one.type];
  return new Select({
    label, placeholder: label, options: optionsOf(one), min: one.min_values ?? 1, max: one.max_values ?? 1,
    disabled: one.disabled || pendingOf(message, one.custom_id) === "loading", customId: one.custom_id,
    onchange: (values) => useComponent(message, one.custom_id, values),
  }).node;
}

/** Three dots that pulse while something is awaited. */
export function dots() {
  return h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
}

const fileName = (url) => decodeURIComponent(new URL(url, location.href).pathname.split("/").pop());

/** Every custom_id of a component tree. */
export function customIds(list) {
  return list.flatMap((one) => [
    ...(one.custom_id ? [one.custom_id] : []),
    ...customIds(one.components ?? []),
    ...(one.accessory ? customIds([one.accessory]) : []),
  ]);
}
