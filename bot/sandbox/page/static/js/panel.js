// The right side: two tabs, Mail and Provider.
import { h, icon, iconButton } from "./dom.js";
import { MailTab } from "./mail.js";
import { ProviderTab } from "./provider.js";
import { state } from "./store.js";

export class Panel {
  #seen = Number(sessionStorage.getItem("mail-seen"));

  constructor(root, { onClose }) {
    this.count = h("span", { class: "tab-count", hidden: true });
    this.tabs = [this.#tab("mail", "Mail", "mail", new MailTab()), this.#tab("provider", "Provider", "card", new ProviderTab())];
    this.tabs[0].button.append(this.count);
    root.append(
      h("header", { class: "tabs" },
        h("div", { role: "tablist", "aria-label": "Outside of Discord", class: "tab-list" }, this.tabs.map((tab) => tab.button)),
        iconButton("close", "Close the panel", onClose, { class: "icon-button drawer-close" })),
      ...this.tabs.map((tab) => tab.page));
    this.#open(sessionStorage.getItem("panel") ?? "mail");
  }

  /** Follows the store: both tabs, and how many mails are new. */
  follow() {
    if (this.current === "mail" && state.mail.length > this.#seen) {
      this.#seen = state.mail.length;
      sessionStorage.setItem("mail-seen", String(this.#seen));
    }
    const fresh = state.mail.length - this.#seen;
    this.count.hidden = fresh <= 0;
    this.count.textContent = `${fresh} new`;
    for (const tab of this.tabs) tab.content.follow();
  }

  #tab(id, name, mark, content) {
    const button = h("button", {
      type: "button", class: "tab", role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}`,
      onclick: () => this.#open(id), onkeydown: (event) => this.#onKey(event),
    }, icon(mark), name);
    const page = h("div", { class: "tab-page", role: "tabpanel", id: `panel-${id}`, "aria-labelledby": `tab-${id}` }, content.node);
    return { id, button, page, content };
  }

  #open(id) {
    this.current = id;
    sessionStorage.setItem("panel", id);
    for (const tab of this.tabs) {
      const chosen = tab.id === id;
      tab.button.setAttribute("aria-selected", String(chosen));
      tab.button.tabIndex = chosen ? 0 : -1;
      tab.page.hidden = !chosen;
    }
    this.follow();
  }

  #onKey(event) {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const other = this.tabs.find((tab) => tab.id !== this.current);
    this.#open(other.id);
    other.button.focus();
  }
}
