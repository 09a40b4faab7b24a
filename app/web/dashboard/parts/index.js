/** The parts that screens are made of. */

export * from "./act.js";
export * from "./attempt.js";
export * from "./authentication.js";
export * from "./charts.js";
export * from "./copy.js";
export * from "./delivery-list.js";
export * from "./dialog.js";
export * from "./elements.js";
export * from "./event-picker.js";
export * from "./filter-preview.js";
export * from "./filters.js";
export * from "./form.js";
export * from "./list-editor.js";
export * from "./operation.js";
export * from "./pages.js";
export * from "./ping.js";
export * from "./problems.js";
export * from "./receiver-code.js";
export * from "./schema-check.js";
export * from "./states.js";
export * from "./steps.js";
export * from "./webhook-actions.js";
export * from "./webhook-form.js";
export * from "./when.js";
export * from "./windowed-table.js";
