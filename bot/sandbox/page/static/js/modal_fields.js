// One field of a modal: its label, its control, what counts as an acceptable answer, and the answer.
import { fileJson } from "./api.js";
import { h } from "./dom.js";
import { optionsOf } from "./entities.js";
import { markdown } from "./markdown.js";
import { Select } from "./select.js";

let counter = 0;

const CONTROLS = {
  3: selectField, 5: selectField, 6: selectField, 7: selectField, 8: selectField,
  4: textField, 19: fileField, 21: choiceField, 22: choiceField, 23: checkboxField,
};

/** {node} for a text; {node, customId, check, answer, focus} for a question. */
export function field(top) {
  if (top.type === 10) return { node: h("div", { class: "modal-text md" }, markdown(top.content)) };
  const inner = top.type === 1 ? top.components[0] : top.component;
  const label = top.label ?? inner.label;
  const id = `field-${counter += 1}`;
  const control = CONTROLS[inner.type](inner, { id, label, required: inner.required ?? true });
  const error = h("p", { class: "field-error", id: `${id}-error`, role: "alert" });
  const words = [
    label, inner.required === false ? null : h("span", { class: "required", "aria-hidden": "true" }, " *"),
  ];
  const node = h(control.group ? "fieldset" : "div", { class: "field" },
    control.group ? h("legend", { class: "field-label" }, words) : h("label", { class: "field-label", for: id }, words),
    top.description ? h("p", { class: "field-description", id: `${id}-description` }, top.description) : null,
    control.node, error);
  if (top.description) control.target.setAttribute("aria-describedby", `${id}-description ${id}-error`);
  return {
    node,
    customId: inner.custom_id,
    focus: () => (control.first ?? control.target).focus(),
    answer: control.answer,
    check() {
      const problem = control.problem();
      error.textContent = problem ?? "";
      control.target.setAttribute("aria-invalid", String(Boolean(problem)));
      return !problem;
    },
  };
}

function textField(inner, { id, required }) {
  const long = inner.style === 2;
  const target = h(long ? "textarea" : "input", {
    id, class: "input", type: long ? null : "text", placeholder: inner.placeholder, value: inner.value ?? "", "aria-required": required,
    rows: long ? 4 : null, autocomplete: "off", "data-custom-id": inner.custom_id, oninput: count,
  });
  const counterNode = h("span", { class: "input-count", "aria-hidden": "true" });
  count();

  function count() {
    const room = (inner.max_length ?? 4000) - target.value.length;
    counterNode.textContent = long || room < 20 ? String(room) : "";
    counterNode.classList.toggle("is-over", room < 0);
  }

  return {
    node: h("div", { class: "input-wrap" }, target, counterNode),
    target,
    answer: () => target.value,
    problem() {
      const { length } = target.value;
      if (!length) return required ? "This field is required." : null;
      if (length < (inner.min_length ?? 0)) return `Must be ${inner.min_length} or more in length.`;
      if (length > (inner.max_length ?? 4000)) return `Must be ${inner.max_length ?? 4000} or fewer in length.`;
      return null;
    },
  };
}

function selectField(inner, { id, label, required }) {
  const min = inner.min_values ?? 1;
  const control = new Select({
    label, placeholder: inner.placeholder || "Make a selection", options: optionsOf(inner),
    min: required ? min : 0, max: inner.max_values ?? 1, customId: inner.custom_id,
  });
  control.button.id = id;
  return {
    node: control.node,
    target: control.button,
    answer: () => control.values,
    problem: () => tooFew(control.values.length, required, min),
  };
}

function tooFew(count, required, min) {
  if (count === 0) return required ? "This field is required." : null;
  return count < min ? `Choose at least ${min}.` : null;
}

function choiceField(inner, { id, label, required }) {
  const radio = inner.type === 21;
  const max = inner.max_values ?? inner.options.length;
  const inputs = inner.options.map((one) => h("input", {
    type: radio ? "radio" : "checkbox", name: id, "data-value": one.value, checked: Boolean(one.default), onchange: limit,
  }));
  const target = h("div", { class: "choices", role: radio ? "radiogroup" : "group", "aria-label": label, "data-custom-id": inner.custom_id },
    inner.options.map((one, at) => h("label", { class: "choice" }, inputs[at],
      h("span", { class: "choice-words" }, h("span", { class: "choice-label" }, one.label),
        one.description ? h("span", { class: "choice-description" }, one.description) : null))));
  const chosen = () => inputs.filter((one) => one.checked).map((one) => one.dataset.value);

  function limit() {
    if (radio) return;
    const full = chosen().length >= max;
    for (const one of inputs) one.disabled = full && !one.checked;
  }

  return {
    node: target,
    target,
    first: inputs[0],
    group: true,
    answer: chosen,
    problem: () => tooFew(chosen().length, required, radio ? 1 : inner.min_values ?? 1),
  };
}

function checkboxField(inner, { id }) {
  const target = h("input", { id, type: "checkbox", checked: Boolean(inner.default), "data-custom-id": inner.custom_id });
  return { node: h("div", { class: "choice is-single" }, target), target, answer: () => target.checked, problem: () => null };
}

function fileField(inner, { id, required }) {
  const max = inner.max_values ?? 1;
  const target = h("input", { id, type: "file", class: "file-input", multiple: max > 1, "data-custom-id": inner.custom_id });
  return {
    node: target,
    target,
    answer: () => Promise.all([...target.files].map(fileJson)),
    problem() {
      if (target.files.length > max) return `Choose ${max} files at most.`;
      return tooFew(target.files.length, required, inner.min_values ?? 1);
    },
  };
}
