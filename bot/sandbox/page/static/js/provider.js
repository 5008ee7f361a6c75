// The Provider tab: the payment providers' side of the story, and the levers of a demo.
import * as api from "./api.js";
import { h, icon } from "./dom.js";
import { DELIVER_AGAIN, LEVERS, LOSE_NEXT, PERIOD_END, told, USED } from "./levers.js";
import { anchor } from "./links.js";
import { state } from "./store.js";

const GOOD = new Set(["active", "trialing", "paid", "succeeded", "complete"]);
const BAD = new Set(["past_due", "unpaid", "expired", "canceled", "failed", "declined", "chargedBack", "void", "uncollectible", "lost"]);

export class ProviderTab {
  #busy = false;
  #shown = "";
  #note = null; // what followed the last pull: the part it belongs to, and words

  constructor() {
    this.clock = h("div", { class: "provider-clock" });
    this.trouble = h("p", { class: "composer-trouble", role: "alert" });
    this.body = h("div", { class: "provider-body" });
    this.node = h("div", { class: "provider" }, this.clock, this.trouble, this.body);
  }

  /** Draws the provider's state when it differs; opened lists stay open. */
  follow() {
    const now = JSON.stringify([state.provider, this.#busy, this.#note]);
    if (!state.provider || now === this.#shown) return;
    this.#shown = now;
    const { checkouts, customers } = state.provider;
    const focused = this.node.contains(document.activeElement) ? document.activeElement.dataset.lever : null;
    const open = new Set([...this.body.querySelectorAll("details[open]")].map((one) => one.dataset.key));
    this.clock.replaceChildren(...this.#clockNodes());
    this.body.replaceChildren(...checkouts.map(waitingCheckout), ...customers.map((one) => this.#customer(one)),
      this.#webhooks());
    for (const one of this.body.querySelectorAll("details")) one.open = open.has(one.dataset.key);
    if (focused) this.node.querySelector(`[data-lever="${CSS.escape(focused)}"]`)?.focus();
  }

  #clockNodes() {
    const now = new Date(state.provider.now * 1000);
    const shown = now.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
    return [
      h("p", {}, h("span", { class: "hint" }, "Providers' clock"), h("time", { class: "clock-time", datetime: now.toISOString() }, shown)),
      h("div", { class: "lever-row" },
        this.#lever("Advance 1 day", "advance", { days: 1 }), this.#lever("1 week", "advance", { days: 7 })),
    ];
  }

  /** A button; `note` is told in `part` once it has been pulled. */
  #lever(label, path, payload, { part = null, note = "" } = {}) {
    return h("button", {
      type: "button", class: "button button-secondary button-small", "aria-disabled": this.#busy ? "true" : null,
      "data-lever": `${path} ${JSON.stringify(payload)}`, onclick: () => this.#pull(path, payload, { part, note }),
    }, label);
  }

  /** One of the customer's provider, if it has that one. */
  #happens(name, customer, id) {
    if (!customer.levers.includes(name)) return null;
    const [label, words] = LEVERS[name];
    return this.#lever(label, "lever", { provider: customer.provider, lever: name, id },
      { part: customer.id, note: told(words, customer.name || customer.email) });
  }

  #noteIn(part) {
    if (this.#note?.part !== part) return null;
    return h("p", { class: `lever-note ${this.#note.failed ? "is-bad" : ""}`, role: "status" }, this.#note.note);
  }

  async #pull(path, payload, note) {
    if (this.#busy) return;
    this.#busy = true;
    this.#note = null;
    this.trouble.textContent = "";
    this.follow();
    try {
      state.provider = await api.post(`provider/${path}`, payload);
      this.#note = note;
    } catch (error) {
      if (note.part) this.#note = { part: note.part, note: error.message, failed: true };
      else this.trouble.textContent = error.message;
      if (!(error instanceof api.ApiError)) throw error;
    } finally {
      this.#busy = false;
      this.follow();
    }
  }

  #customer(one) {
    const who = one.name || one.email;
    const used = { part: one.id, note: told(USED, who) };
    return h("section", { class: "customer", "aria-label": `Customer ${one.email}` },
      h("header", {}, h("h3", {}, who, h("span", { class: "provider-name" }, one.provider)),
        h("p", { class: "hint" }, `${one.email} · ${one.id}`)),
      one.subscriptions.length ? one.subscriptions.map((each) => this.#subscription(each, one)) : h("p", { class: "panel-empty" }, "No subscription"),
      one.payment ? this.#payment(one.payment, one) : null,
      one.disputes.map((each) => this.#dispute(each, one)),
      h("div", { class: "lever-row" },
        this.#happens(one.declines ? "accept" : "decline", one, one.id),
        this.#happens("expire-card", one, one.id),
        state.provider.uses ? this.#lever(`Use ${state.provider.uses} credits`, "use", { customer_id: one.id }, used) : null,
        one.declines ? h("span", { class: "status is-bad" }, "card declines") : null),
      this.#noteIn(one.id),
      one.papers.rows.length ? fold(`${one.id}-papers`, `${one.papers.title} (${one.papers.rows.length})`,
        table(["Number", "Amount", "Status"], one.papers.rows.map(paperRow))) : null,
      one.refunds.length ? fold(`${one.id}-refunds`, `Refunds (${one.refunds.length})`,
        table(["Refund", "Amount", "Status"], one.refunds.map(refundRow))) : null);
  }

  #subscription(one, customer) {
    const note = told(PERIOD_END, customer.name || customer.email);
    return h("div", { class: "subscription" },
      h("p", { class: "subscription-line" }, h("strong", {}, one.plan), status(one.status), one.ends_at ? h("span", { class: "status is-warn" }, "cancels") : null),
      h("p", { class: "hint" }, `${money(one.amount, one.currency)} / ${one.interval} · ${whenNext(one)}`),
      one.reason ? h("p", { class: "hint" }, `Reason: ${one.reason.replaceAll("_", " ")}`) : null,
      one.ended_at ? null : h("div", { class: "lever-row" },
        this.#lever("To period end", "period-end", { subscription_id: one.id }, { part: customer.id, note }),
        one.ends_at ? null : this.#happens("portal-cancel", customer, one.id)));
  }

  #payment(one, customer) {
    return h("div", { class: "subscription" },
      h("p", { class: "subscription-line" }, h("strong", {}, "Last payment"), money(one.amount, one.currency)),
      h("div", { class: "lever-row" }, ["charge-again", "refund", "dispute"].map((name) => this.#happens(name, customer, one.id))));
  }

  #dispute(one, customer) {
    return h("div", { class: "subscription" },
      h("p", { class: "subscription-line" }, h("strong", {}, "Dispute"), money(one.amount, one.currency), status(one.status)),
      h("div", { class: "lever-row" }, ["dispute-won", "dispute-lost"].map((name) => this.#happens(name, customer, one.id))));
  }

  #webhooks() {
    const { deliveries, providers } = state.provider;
    return h("section", { class: "customer", "aria-label": "Webhooks" }, h("header", {}, h("h3", {}, "Webhooks"),
      h("p", { class: "hint" }, "How the bot hears of all this")),
    providers.map((name) => h("div", { class: "lever-row" }, h("span", { class: "provider-name" }, name),
      this.#lever("Lose next event", "lose-next", { provider: name }, { part: "webhooks", note: told(LOSE_NEXT, name) }),
      this.#lever("Repeat last", "deliver-again", { provider: name }, { part: "webhooks", note: told(DELIVER_AGAIN, name) }))),
    this.#noteIn("webhooks"),
    fold("deliveries", `Deliveries (${deliveries.length})`,
      table(["From", "Event", "Try", "Answer"], deliveries.map(deliveryRow))));
  }
}

function deliveryRow(one) {
  if (one.is_lost) return [one.provider, one.type, "–", status("lost")];
  return [one.provider, one.type, String(one.attempt), one.status ? String(one.status) : "no answer"];
}

function waitingCheckout(one) {
  return h("div", { class: "checkout-waiting" }, h("p", {}, h("strong", {}, "A checkout is waiting"), ` ${one.description}`),
    anchor(one.url, { class: "button button-primary button-small" }, "Open checkout page", icon("external")));
}

function whenNext(subscription) {
  if (subscription.ended_at) return `Ended ${date(subscription.ended_at)}`;
  return subscription.ends_at ? `Ends ${date(subscription.ends_at)}` : `Renews ${date(subscription.renews_at)}`;
}

function paperRow(one) {
  const number = one.url ? anchor(one.url, { class: "text-link" }, one.number) : one.number;
  return [number, money(one.amount, one.currency), status(one.status)];
}

const refundRow = (one) => [one.id, money(one.amount, one.currency), status(one.status)];

function fold(key, title, content) {
  return h("details", { class: "fold", "data-key": key }, h("summary", {}, title), content);
}

function table(head, rows) {
  if (!rows.length) return h("p", { class: "panel-empty" }, "None yet");
  return h("table", {}, h("thead", {}, h("tr", {}, head.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell))))));
}

function status(name) {
  const look = GOOD.has(name) ? "is-good" : BAD.has(name) ? "is-bad" : "is-warn";
  return h("span", { class: `status ${look}` }, name.replaceAll("_", " "));
}

function money(amount, currency) {
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency: currency.toUpperCase() });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

const date = (seconds) => new Date(seconds * 1000).toLocaleDateString(undefined, { dateStyle: "medium" });
