// The Provider tab: the payment provider's side of the story, and the levers of a demo.
import * as api from "./api.js";
import { h, icon } from "./dom.js";
import { anchor } from "./links.js";
import { state } from "./store.js";

const GOOD = new Set(["active", "trialing", "paid", "succeeded", "complete"]);
const BAD = new Set(["past_due", "unpaid", "canceled", "failed", "void", "uncollectible"]);

export function providerTab() {
  let busy = false;
  let signature = "";
  const clock = h("div", { class: "provider-clock" });
  const trouble = h("p", { class: "composer-trouble", role: "alert" });
  const body = h("div", { class: "provider-body" });
  const node = h("div", { class: "provider" }, clock, trouble, body);

  function follow() {
    const now = JSON.stringify([state.provider, busy]);
    if (!state.provider || now === signature) return;
    signature = now;
    const open = new Set([...body.querySelectorAll("details[open]")].map((one) => one.dataset.key));
    clock.replaceChildren(...clockNodes());
    body.replaceChildren(...state.provider.checkouts.map(waitingCheckout), ...state.provider.customers.map((one) => customer(one, open)),
      fold("deliveries", `Webhook deliveries (${state.provider.deliveries.length})`, open, table(
        ["Event", "Try", "Answer"], state.provider.deliveries.map((one) => [one.type, String(one.attempt), one.status ? String(one.status) : "no answer"]))));
  }

  function clockNodes() {
    const now = new Date(state.provider.now * 1000);
    return [
      h("p", {}, h("span", { class: "hint" }, "Provider's clock"),
        h("time", { class: "clock-time", datetime: now.toISOString() }, now.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }))),
      h("div", { class: "lever-row" },
        lever("Advance 1 day", "advance", { days: 1 }), lever("1 week", "advance", { days: 7 })),
    ];
  }

  function lever(label, path, payload) {
    return h("button", { type: "button", class: "button button-secondary button-small", disabled: busy, onclick: () => pull(path, payload) }, label);
  }

  async function pull(path, payload) {
    busy = true;
    trouble.textContent = "";
    follow();
    try {
      state.provider = await api.post(`provider/${path}`, payload);
    } catch (error) {
      trouble.textContent = error.message;
      if (!(error instanceof api.ApiError)) throw error;
    } finally {
      busy = false;
      follow();
    }
  }

  function waitingCheckout(one) {
    return h("div", { class: "checkout-waiting" }, h("p", {}, h("strong", {}, "A checkout is waiting"), ` ${one.description}`),
      anchor(one.url, { class: "button button-primary button-small" }, "Open checkout page", icon("external")));
  }

  function customer(one, open) {
    return h("section", { class: "customer", "aria-label": `Customer ${one.email}` },
      h("header", {}, h("h3", {}, one.name || one.email), h("p", { class: "hint" }, `${one.email} · ${one.id}`)),
      one.subscriptions.length ? one.subscriptions.map(subscription) : h("p", { class: "panel-empty" }, "No subscription"),
      h("div", { class: "lever-row" },
        lever("Decline next payment", "decline", { customer_id: one.id }), lever("Accept payments", "accept", { customer_id: one.id }),
        one.declines ? h("span", { class: "status is-bad" }, "card declines") : null),
      one.invoices.length ? fold(`${one.id}-invoices`, `Invoices (${one.invoices.length})`, open, table(
        ["Number", "Amount", "Status"], one.invoices.map((bill) => [
          bill.url ? anchor(bill.url, { class: "text-link" }, bill.number) : bill.number, money(bill.amount, bill.currency), status(bill.status)]))) : null,
      one.refunds.length ? fold(`${one.id}-refunds`, `Refunds (${one.refunds.length})`, open, table(
        ["Refund", "Amount", "Status"], one.refunds.map((back) => [back.id, money(back.amount, back.currency), status(back.status)]))) : null);
  }

  function subscription(one) {
    const when = one.ends_at ? ["Ends", one.ends_at] : one.status === "canceled" ? ["Ended", one.ended_at] : ["Renews", one.renews_at];
    return h("div", { class: "subscription" },
      h("p", { class: "subscription-line" }, h("strong", {}, one.plan), status(one.status), one.ends_at ? h("span", { class: "status is-warn" }, "cancels") : null),
      h("p", { class: "hint" }, `${money(one.amount, one.currency)} / ${one.interval} · ${when[0]} ${date(when[1])}`),
      one.reason ? h("p", { class: "hint" }, `Reason: ${one.reason}`) : null,
      one.status === "canceled" ? null : h("div", { class: "lever-row" }, lever("To period end", "period-end", { subscription_id: one.id })));
  }

  return { node, follow };
}

function fold(key, title, open, content) {
  return h("details", { class: "fold", "data-key": key, open: open.has(key) }, h("summary", {}, title), content);
}

function table(head, rows) {
  if (!rows.length) return h("p", { class: "panel-empty" }, "None yet");
  return h("table", {}, h("thead", {}, h("tr", {}, head.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell))))));
}

function status(name) {
  return h("span", { class: `status ${GOOD.has(name) ? "is-good" : BAD.has(name) ? "is-bad" : "is-warn"}` }, name.replaceAll("_", " "));
}

function money(amount, currency) {
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency: currency.toUpperCase() });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

const date = (seconds) => (seconds ? new Date(seconds * 1000).toLocaleDateString(undefined, { dateStyle: "medium" }) : "–");
