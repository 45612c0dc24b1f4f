// The list of steps.

const FILTERS = { all: ["All", () => true], gains: ["Gains", (step) => isGain(step)], failed: ["Failed", (step) => !ran(step)] };

function isGain(step) {
  const before = DATA.steps[step.step - 1];
  return step.step === 0 || sign() * (step.best_score - before.best_score) > 0;
}

function glyph(step) {
  if (step.step === 0) return ["◦", "quiet", "start"];
  if (!ran(step)) return ["×", "failed", step.outcome];
  if (isGain(step)) return ["★", "star", "new best"];
  if (!step.accepted) return ["–", "quiet", "not accepted"];
  return step.outcome === "unchanged" ? ["=", "quiet", "unchanged"] : ["•", "ok", step.outcome];
}

function stepItem(step) {
  const [sign_, style, what] = glyph(step);
  const best = DATA.best && DATA.best.step === step.step ? "best" : what;
  return element(
    "li",
    { role: "option", id: `step-${step.step}`, "data-step": step.step, "aria-selected": String(step.step === state.step) },
    element("span", { class: "n" }, step.step),
    element("span", { class: `glyph ${style}`, "aria-hidden": "true" }, sign_),
    element("span", { class: "what" }, best),
    element("span", { class: "score" }, ran(step) ? number(step.score) : ""),
  );
}

function listed() {
  return DATA.steps.filter(FILTERS[state.filter][1]);
}

function drawSteps() {
  put("steps", listed().map(stepItem));
  markStep();
}

function markStep() {
  const list = byId("steps");
  for (const item of list.querySelectorAll('[aria-selected="true"]')) item.setAttribute("aria-selected", "false");
  const item = byId(`step-${state.step}`);
  list.setAttribute("aria-activedescendant", item ? item.id : "");
  if (!item) return;
  item.setAttribute("aria-selected", "true");
  // Within the list alone: the page stays where it is.
  const [top, bottom] = [item.offsetTop - list.offsetTop, item.offsetTop - list.offsetTop + item.offsetHeight];
  if (top < list.scrollTop) list.scrollTop = top;
  else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
}

// The next listed step in a direction: past those that the filter leaves out.
function beside(direction) {
  const numbers = listed().map((step) => step.step);
  const found = direction > 0 ? numbers.find((step) => step > state.step) : numbers.filter((step) => step < state.step).pop();
  return found === undefined ? state.step : found;
}
