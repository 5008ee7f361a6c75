// The right side: two tabs, Mail and Provider.
import { h, icon, iconButton } from "./dom.js";
import { mailTab } from "./mail.js";
import { providerTab } from "./provider.js";
import { state } from "./store.js";

/** Builds the panel inside `root`; returns the function that follows the store. */
export function panel(root, { onClose }) {
  const tabs = [
    { id: "mail", name: "Mail", mark: "mail", ...mailTab() },
    { id: "provider", name: "Provider", mark: "card", ...providerTab() },
  ];
  let current = sessionStorage.getItem("panel") ?? "mail";
  let seen = Number(sessionStorage.getItem("mail-seen"));

  for (const tab of tabs) {
    tab.count = h("span", { class: "tab-count", hidden: true });
    tab.button = h("button", {
      type: "button", class: "tab", role: "tab", id: `tab-${tab.id}`, "aria-controls": `panel-${tab.id}`, onclick: () => open(tab.id), onkeydown: onKey,
    }, icon(tab.mark), tab.name, tab.count);
    tab.page = h("div", { class: "tab-page", role: "tabpanel", id: `panel-${tab.id}`, "aria-labelledby": `tab-${tab.id}` }, tab.node);
  }
  root.append(
    h("header", { class: "tabs" }, h("div", { role: "tablist", "aria-label": "Outside of Discord", class: "tab-list" }, tabs.map((tab) => tab.button)),
      iconButton("close", "Close the panel", onClose, { class: "icon-button drawer-close" })),
    tabs.map((tab) => tab.page).at(0), tabs.map((tab) => tab.page).at(1));
  open(current);

  function open(id) {
    current = id;
    sessionStorage.setItem("panel", id);
    for (const tab of tabs) {
      const chosen = tab.id === id;
      tab.button.setAttribute("aria-selected", String(chosen));
      tab.button.tabIndex = chosen ? 0 : -1;
      tab.page.hidden = !chosen;
    }
    follow();
  }

  function onKey(event) {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    open(current === "mail" ? "provider" : "mail");
    tabs.find((tab) => tab.id === current).button.focus();
  }

  function follow() {
    const mail = tabs[0];
    if (current === "mail" && state.mail.length > seen) {
      seen = state.mail.length;
      sessionStorage.setItem("mail-seen", String(seen));
    }
    const fresh = state.mail.length - seen;
    mail.count.hidden = fresh <= 0;
    mail.count.textContent = `${fresh} new`;
    for (const tab of tabs) tab.follow();
  }

  return follow;
}
