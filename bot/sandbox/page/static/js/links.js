// Where a link leads in the demo: the providers' hosts to the local providers, Discord's to this page.
import { h } from "./dom.js";
import { channel, me, openChannel, state } from "./store.js";

const DISCORD_HOSTS = new Set(["discord.com", "canary.discord.com", "ptb.discord.com"]);

/** {kind, href}: kind is "provider", "channel", "attachment", "external" or "none". */
export function resolve(address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return { kind: "none" };
  }
  const { providers = {}, discord } = state.world?.origins ?? {};
  if (Object.hasOwn(providers, url.hostname)) {
    return { kind: "provider", href: providers[url.hostname] + url.pathname + url.search };
  }
  if (Object.values(providers).includes(url.origin)) return { kind: "provider", href: url.href };
  if (url.origin === discord && url.pathname.startsWith("/cdn/")) {
    return { kind: "attachment", href: url.pathname + url.search };
  }
  if (DISCORD_HOSTS.has(url.hostname) && url.pathname.startsWith("/channels/")) {
    const channelId = url.pathname.split("/")[3];
    return { kind: "channel", href: `/?${new URLSearchParams({ as: me().key, channel: channelId })}`, channelId };
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return { kind: "none" };
  return { kind: "external", href: url.href };
}

/** An <a> that follows `resolve`; leaving the demo is confirmed first. */
export function anchor(address, props, ...children) {
  const target = resolve(address);
  if (target.kind === "none") return h("span", {}, ...children);
  return h("a", {
    href: target.href, target: "_blank", rel: "noopener noreferrer", title: address, ...props,
    onclick: (event) => follow(event, target),
  }, ...children);
}

function follow(event, target) {
  if (target.kind === "channel") {
    event.preventDefault();
    if (channel(target.channelId)) openChannel(target.channelId);
  } else if (target.kind === "external") {
    event.preventDefault();
    confirmLeaving(target.href);
  }
}

function confirmLeaving(href) {
  const close = () => dialog.close();
  const dialog = h("dialog", { class: "modal leaving", "aria-labelledby": "leaving-title", onclose: () => dialog.remove() },
    h("div", { class: "modal-body" },
      h("h2", { id: "leaving-title" }, "Leaving the demo"),
      h("p", {}, "This link goes to a site outside of the demo:"),
      h("p", { class: "leaving-address" }, href)),
    h("div", { class: "modal-footer" },
      h("button", { type: "button", class: "button button-plain", onclick: close }, "Stay here"),
      h("a", { class: "button button-primary", href, target: "_blank", rel: "noopener noreferrer", onclick: close }, "Open site")));
  document.body.append(dialog);
  dialog.showModal();
}
