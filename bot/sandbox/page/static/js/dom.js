// Creates elements. Text always becomes a text node, so that data can never become markup.

/** Element `tag` with attributes, `on…` listeners and children (strings, nodes, arrays, null). */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  append(node, children);
  return node;
}

/** Appends children, flattening arrays and leaving out null and false. */
export function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child);
  }
  return node;
}

/** Sets a CSS custom property; the page's CSP forbids style attributes, not the CSSOM. */
export function vars(node, values) {
  for (const [name, value] of Object.entries(values)) node.style.setProperty(`--${name}`, value);
  return node;
}

const SHAPES = {
  anchor: "M12 8.5V20M8.5 11.5h7M5 14.5c.5 3.5 3.5 5.5 7 5.5s6.5-2 7-5.5M12 3.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5Z",
  bell: "M6 10a6 6 0 0 1 12 0c0 5 2 6 2 6H4s2-1 2-6M10 20h4",
  chat: "M4 5h16v11H10l-4 4v-4H4Z",
  chevron: "m6 9 6 6 6-6",
  close: "M6 6l12 12M18 6 6 18",
  card: "M3 6h18v12H3ZM3 10h18",
  down: "M12 4v12M7 12l5 5 5-5M5 20h14",
  edit: "m4 20 1-4L16 5l3 3L8 19Z",
  external: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM12 9a3 3 0 1 1 0 6 3 3 0 0 1 0-6Z",
  file: "M6 3h8l4 4v14H6ZM14 3v4h4",
  hash: "M9 4 7 20M17 4l-2 16M4 9h16M4 15h16",
  lock: "M6 11h12v9H6ZM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  mail: "M3 6h18v12H3ZM3 7l9 7 9-7",
  menu: "M4 7h16M4 12h16M4 17h16",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  panel: "M3 5h18v14H3ZM15 5v14",
  plus: "M12 5v14M5 12h14",
  reply: "M10 6 4 12l6 6M4 12h9c4 0 7 2 7 6",
  send: "M4 12 20 4l-5 16-3-7Z",
  slash: "M15 4 9 20",
  thread: "M8 4v10a4 4 0 0 0 4 4h8M16 14l4 4-4 4",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  warning: "M12 4 2.5 20h19ZM12 10v4M12 17h.01",
};

/** A decorative line icon, drawn here. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

/** A button that shows only an icon; `label` is its accessible name and tooltip. */
export function iconButton(name, label, onclick, props = {}) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...props }, icon(name));
}

const AVATAR_COLORS = ["#5865f2", "#2f7d4f", "#b4532a", "#a13a72", "#2b7489", "#7a5bc7", "#8a6414", "#b03a48"];

/** A round avatar with initials; a bot gets the anchor. */
export function avatar(user, className = "") {
  const node = h("span", { class: `avatar ${className}`, "aria-hidden": "true" });
  if (user.bot) {
    node.classList.add("avatar-bot");
    node.append(icon("anchor"));
    return node;
  }
  node.append(initials(user.name));
  const hash = [...user.name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, 7);
  return vars(node, { avatar: AVATAR_COLORS[Math.abs(hash) % AVATAR_COLORS.length] });
}

/** Up to two initials of a name. */
export function initials(name) {
  return name.split(/\s+/).filter(Boolean).slice(0, 2).map((word) => [...word][0].toUpperCase()).join("");
}

/** Discord's colour number as CSS, or null when the role has none. */
export function cssColor(number) {
  return number ? `#${number.toString(16).padStart(6, "0")}` : null;
}
