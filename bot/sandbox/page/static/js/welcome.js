// What this is, what to try first, and who is who: for somebody who opens the demo for the first time.
import { h, icon, iconButton } from "./dom.js";
import { personaHref } from "./sidebar.js";
import { state } from "./store.js";

const KEY = "welcome-dismissed";
const ABOUT = "A bot for software vendors whose customers are in Discord: they look after their subscription there, and the team "
  + "answers and refunds. Everything runs on this computer. No money moves.";
const THINGS = [
  ["mia", "/cancel", "leaves in three clicks, with the exact end date. The receipt comes as a direct message and under Mail."],
  ["max", "/refund", "gives Mia's payment back, once. It shows before what ends with it, and #mooring-log keeps it."],
  ["sam", "/queue", "shows who waits for the team. Open a ticket, press Claim or Customer, and answer with /macro."],
  ["sam", "/refund-request", "in a billing ticket of Mia's puts a refund before the moderators. Max decides in #refund-desk."],
  ["lea", "/balance", "shows plan and credits. Then make trouble under Provider: decline a payment, lose an event, charge twice."],
];

export function renderWelcome(root) {
  const { personas } = state.world;
  const known = new Map(personas.map((one) => [one.key, one]));
  const things = THINGS.filter(([key]) => known.has(key));
  if (localStorage.getItem(KEY) || !things.length) {
    root.replaceChildren();
    return;
  }
  root.replaceChildren(h("section", { class: "welcome", "aria-labelledby": "welcome-title" },
    h("header", {}, icon("anchor"), h("h2", { id: "welcome-title" }, "This is Mooring"),
      iconButton("close", "Dismiss the tips", () => {
        localStorage.setItem(KEY, "1");
        renderWelcome(root);
      })),
    h("p", {}, ABOUT),
    h("h3", {}, "Try first"),
    h("ol", {}, things.map(([key, command, words]) => h("li", {},
      "As ", who(known.get(key)), ", ", h("code", { class: "code" }, command), ` ${words}`))),
    h("h3", {}, "Who you can be"),
    h("ul", { class: "welcome-cast" }, personas.map((one) => h("li", {},
      who(one), ` ${one.title}`, h("span", { class: "hint" }, ` ${one.blurb}`))))));
}

const who = (one) => h("a", { class: "welcome-who", href: personaHref(one.key) }, one.name);
