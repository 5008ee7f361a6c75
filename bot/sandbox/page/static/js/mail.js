// The Mail tab: every mail that was sent, as a mail client shows it.
import { h } from "./dom.js";
import { inline } from "./inline.js";
import { state } from "./store.js";
import { messageTime } from "./timestamps.js";

export function mailTab() {
  let openId = null;
  let signature = "";
  const list = h("ul", { class: "mail-list", "aria-label": "Sent mail" });
  const reader = h("section", { class: "mail-reader", "aria-label": "Mail" });
  const node = h("div", { class: "mail" }, list, reader);

  function follow() {
    const now = `${state.mail.length} ${openId}`;
    if (now === signature) return;
    if (!state.mail.some((mail) => mail.id === openId)) openId = null;
    signature = now;
    list.replaceChildren(...(state.mail.length ? state.mail.toReversed().map(entry) : [h("li", { class: "panel-empty" }, "No mail yet. Codes and receipts arrive here.")]));
    const mail = state.mail.find((one) => one.id === openId);
    reader.replaceChildren(...(mail ? read(mail) : []));
  }

  function entry(mail) {
    return h("li", {}, h("button", {
      type: "button", class: "mail-entry", "aria-current": mail.id === openId ? "true" : null, onclick: () => {
        openId = openId === mail.id ? null : mail.id;
        follow();
      },
    }, h("span", { class: "mail-line" }, h("span", { class: "mail-to" }, mail.to.join(", ")), h("time", { class: "message-time" }, messageTime(mail.at))),
    h("span", { class: "mail-subject" }, mail.subject),
    h("span", { class: "mail-preview" }, mail.text.slice(0, 120))));
  }

  return { node, follow };
}

function read(mail) {
  const facts = [["From", mail.from], ["To", mail.to.join(", ")], ["Subject", mail.subject], ["Sent", messageTime(mail.at)]];
  const text = h("div", { class: "mail-text", tabindex: "0" }, ...linked(mail.text));
  const header = h("dl", { class: "mail-facts" }, facts.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
  const files = mail.attachments.length ? h("p", { class: "mail-files" }, `Attached: ${mail.attachments.join(", ")}`) : null;
  if (!mail.has_html) return [header, files, text].filter(Boolean);
  // The body comes from an address of its own, because a srcdoc frame inherits this page's policy
  // and would lose the mail's inline styles; that address answers with a stricter policy.
  const frame = h("iframe", {
    class: "mail-frame", title: `Mail: ${mail.subject}`, src: `/mail/${mail.id}.html`,
    sandbox: "allow-popups allow-popups-to-escape-sandbox", referrerpolicy: "no-referrer",
  });
  return [header, files, frame, h("details", { class: "mail-plain" }, h("summary", {}, "Plain text"), text)].filter(Boolean);
}

/** Plain text whose addresses can be followed; nothing else of it is markup. */
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"']+)/).flatMap((part, at) => (at % 2 ? inline(`<${part}>`) : [part]));
}
