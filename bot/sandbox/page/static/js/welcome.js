// "What to try": a few lines for somebody who opens the demo for the first time.
import { h, icon, iconButton } from "./dom.js";
import { personaHref } from "./sidebar.js";
import { state } from "./store.js";

const KEY = "welcome-dismissed";
const THINGS = [
  ["mia", "/account", "shows plan, balance, renewal date, card and invoices. /plans changes the plan."],
  ["mia", "/cancel", "asks for a reason, gives the end date; the receipt comes by DM and mail."],
  ["mia", "/ticket", "opens a private channel. Answer it as Sam, then close it."],
  ["max", "/refund", "shows what a refund would end, before anything is paid back."],
  ["noor", "/link", "sends a code: read it under Mail on the right."],
  ["lea", "/topup", "pays through Creem. Under Provider, use up the credits first, or move the clock."],
];

export function renderWelcome(root) {
  const known = new Map(state.world.personas.map((one) => [one.key, one]));
  const things = THINGS.filter(([key]) => known.has(key));
  if (localStorage.getItem(KEY) || !things.length) {
    root.replaceChildren();
    return;
  }
  root.replaceChildren(h("section", { class: "welcome", "aria-labelledby": "welcome-title" },
    h("header", {}, icon("anchor"), h("h2", { id: "welcome-title" }, "What to try"),
      iconButton("close", "Dismiss the tips", () => {
        localStorage.setItem(KEY, "1");
        renderWelcome(root);
      })),
    h("ol", {}, things.map(([key, command, words]) => h("li", {},
      h("a", { class: "welcome-who", href: personaHref(key) }, known.get(key).name), " ",
      h("code", { class: "code" }, command), ` ${words}`)))));
}
