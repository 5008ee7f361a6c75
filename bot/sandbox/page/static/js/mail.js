// The Mail tab: every mail that was sent, as a mail client shows it.
import { h } from "./dom.js";
import { inline } from "./inline.js";
import { state } from "./store.js";
import { messageTime } from "./timestamps.js";

export class MailTab {
  #openId = null;
  #shown = "";

  constructor() {
    this.list = h("ul", { class: "mail-list", "aria-label": "Sent mail" });
    this.reader = h("section", { class: "mail-reader", "aria-label": "Mail" });
    this.node = h("div", { class: "mail" }, this.list, this.reader);
  }

  /** Draws the list and the open mail when either differs. */
  follow() {
    const now = `${state.mail.length} ${this.#openId}`;
    if (now === this.#shown) return;
    this.#shown = now;
    const entries = state.mail.toReversed().map((mail) => this.#entry(mail));
    const nothing = h("li", { class: "panel-empty" }, "No mail yet. Codes and receipts arrive here.");
    this.list.replaceChildren(...(entries.length ? entries : [nothing]));
    const mail = state.mail.find((one) => one.id === this.#openId);
    this.reader.replaceChildren(...(mail ? read(mail) : []));
  }

  #entry(mail) {
    return h("li", {}, h("button", {
      type: "button", class: "mail-entry", "aria-current": mail.id === this.#openId ? "true" : null, onclick: () => this.#toggle(mail.id),
    }, h("span", { class: "mail-line" }, h("span", { class: "mail-to" }, mail.to.join(", ")), h("time", { class: "message-time" }, messageTime(mail.at))),
    h("span", { class: "mail-subject" }, mail.subject),
    h("span", { class: "mail-preview" }, mail.text.slice(0, 120))));
  }

  #toggle(id) {
    this.#openId = this.#openId === id ? null : id;
    this.follow();
  }
}

function read(mail) {
  const facts = [["From", mail.from], ["To", mail.to.join(", ")], ["Subject", mail.subject], ["Sent", messageTime(mail.at)]];
  const text = h("div", { class: "mail-text", tabindex: "0" }, ...linked(mail.text));
  const header = h("dl", { class: "mail-facts" }, facts.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
  const files = mail.attachments.length ? h("p", { class: "mail-files" }, `Attached: ${mail.attachments.join(", ")}`) : null;
  const body = mail.has_html ? [frame(mail), h("details", { class: "mail-plain" }, h("summary", {}, "Plain text"), text)] : [text];
  return [header, files, ...body].filter(Boolean);
}

/**
 * The HTML body comes from an address of its own, because a srcdoc frame inherits this page's policy and
 * would lose the mail's inline styles; that address answers with a stricter policy.
 */
function frame(mail) {
  return h("iframe", {
    class: "mail-frame", title: `Mail: ${mail.subject}`, src: `/mail/${mail.id}.html`,
    sandbox: "allow-popups allow-popups-to-escape-sandbox", referrerpolicy: "no-referrer",
  });
}

/** Plain text whose addresses can be followed; nothing else of it is markup. */
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"']+)/).flatMap((part, at) => (at % 2 ? inline(`<${part}>`) : [part]));
}
