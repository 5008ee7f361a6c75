// Files and pictures of a message.
import { h, icon } from "./dom.js";
import { anchor, resolve } from "./links.js";

const PICTURE = /\.(png|jpe?g|gif|webp)$/i;

/** A picture of the sandbox; one from another host is not fetched, its address is shown instead. */
export function picture(media, { alt, look = "" } = {}) {
  const target = resolve(media.url);
  if (target.kind !== "attachment") {
    return h("span", { class: `picture-missing ${look}`, title: media.url }, icon("eye"), alt || "Picture from another site");
  }
  return h("a", { href: target.href, target: "_blank", rel: "noopener noreferrer", class: "picture-link" },
    h("img", { src: target.href, alt: alt ?? "", class: `picture ${look}` }));
}

export function attachment(one) {
  if (PICTURE.test(one.filename)) return picture(one, { alt: one.description ?? one.filename });
  return fileCard(one);
}

export function fileCard({ filename, size, url }) {
  return h("div", { class: "file-card" }, icon("file"),
    h("div", { class: "file-words" },
      anchor(url, { class: "file-name" }, filename),
      size === undefined || size === null ? null : h("span", { class: "file-size" }, fileSize(size))));
}

export function fileSize(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(2)} MB`;
}
