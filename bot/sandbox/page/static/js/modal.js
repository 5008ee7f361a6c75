// A modal form: shows its fields, checks the answers as Discord's client does, and submits them.
import { ApiError } from "./api.js";
import { dots } from "./components.js";
import { avatar, h, iconButton } from "./dom.js";
import { field } from "./modal_fields.js";
import { state } from "./store.js";

/** Opens the modal; `submit` gets the answers by custom_id and resolves when the bot has answered. */
export function openModal(modal, submit) {
  const fields = modal.components.map(field);
  const questions = fields.filter((one) => one.customId);
  const trouble = h("p", { class: "modal-trouble", role: "alert" });
  const send = h("button", { type: "submit", class: "button button-primary" }, h("span", { class: "button-label" }, "Submit"));
  const form = h("form", { novalidate: true, onsubmit: onSubmit },
    h("div", { class: "modal-header" }, avatar({ ...state.world.bot, bot: true }, "is-small"),
      h("h2", { id: "modal-title" }, modal.title),
      iconButton("close", "Close", () => dialog.close())),
    h("div", { class: "modal-body" }, fields.map((one) => one.node),
      h("p", { class: "modal-warning" }, `This form will be submitted to ${state.world.bot.name}. Do not share passwords or card numbers.`)),
    trouble,
    h("div", { class: "modal-footer" },
      h("button", { type: "button", class: "button button-plain", onclick: () => dialog.close() }, "Cancel"), send));
  const dialog = h("dialog", {
    class: "modal", "aria-labelledby": "modal-title", "data-custom-id": modal.custom_id, onclose: () => dialog.remove(),
  }, form);
  document.body.append(dialog);
  dialog.showModal();
  questions[0]?.focus();

  async function onSubmit(event) {
    event.preventDefault();
    const wrong = questions.filter((one) => !one.check());
    if (wrong.length) {
      wrong[0].focus();
      return;
    }
    setBusy(true);
    try {
      const answers = {};
      for (const one of questions) answers[one.customId] = await one.answer();
      await submit(answers);
      dialog.close();
    } catch (error) {
      trouble.textContent = error instanceof ApiError && error.code === "refused" ? error.message : "Something went wrong. Try again.";
      setBusy(false);
      if (!(error instanceof ApiError)) throw error;
    }
  }

  function setBusy(busy) {
    send.disabled = busy;
    send.classList.toggle("is-loading", busy);
    send.querySelector(".dots")?.remove();
    if (busy) {
      trouble.textContent = "";
      send.append(dots());
    }
  }
}
