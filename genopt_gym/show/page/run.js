// What is selected, and the keys that select.

const TABS = { edit: ["Edit", drawEdit], evidence: ["Evidence", drawEvidence], feedback: ["Feedback", drawFeedback], exchange: ["Prompt and reply", drawExchange], cost: ["Cost", drawCost] };
const KEYS = [["← →  or  k j", "step before, step after"], ["Home End", "first, last step"], ["b", "the best"], ["n p", "next, previous gain"], ["1 – 5", "edit, evidence, feedback, prompt and reply, cost"], ["x", "another horizontal axis"], ["l", "lineage"], ["?", "these keys"]];
const state = { step: 0, tab: "edit", against: "base", axis: "edits", filter: "all", lineage: false };
let drawing = 0;

function select(step) {
  if (!DATA.steps.length) return;
  state.step = Math.max(0, Math.min(step, DATA.steps.length - 1));
  remember();
  markStep();
  drawCurve();
  redraw();
}

function open(tab) {
  state.tab = tab;
  remember();
  redraw();
}

function remember() {
  try { history.replaceState(null, "", `#step=${state.step}&tab=${state.tab}`); } catch { /* a page within a page has no address */ }
}

function recall() {
  const asked = new URLSearchParams(location.hash.slice(1));
  if (asked.has("tab") && asked.get("tab") in TABS) state.tab = asked.get("tab");
  const step = Number(asked.get("step"));
  state.step = asked.has("step") && step >= 0 && step < DATA.steps.length ? step : DATA.best ? DATA.best.step : 0;
}

async function redraw() {
  const step = DATA.steps[state.step];
  if (!step) return;
  drawing += 1;
  const mine = drawing;
  put("tabs", Object.entries(TABS).map(([name, [words]]) => element("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "panel", "aria-selected": String(name === state.tab), tabindex: name === state.tab ? 0 : -1, onclick: () => open(name) }, words)));
  const evidence = await chunk(`evidence/${step.step}`);
  if (mine !== drawing) return;
  put("summary", summary(step, evidence));
  const drawn = element("div");
  await TABS[state.tab][1](drawn, step);
  // Whoever has gone on meanwhile sees the later step.
  if (mine !== drawing) return;
  const panel = byId("panel");
  panel.setAttribute("aria-labelledby", `tab-${state.tab}`);
  panel.dataset.shown = `${step.step}/${state.tab}`;
  panel.replaceChildren(drawn);
}

function summary(step, evidence) {
  const [, style, what] = glyph(step);
  const move = (to, words, sign_, off) => element("button", { type: "button", "aria-label": words, title: words, disabled: off, onclick: () => select(to()) }, sign_);
  const title = element("div", { class: "title" }, element("h2", {}, step.step ? `Step ${step.step}` : "Start"), element("span", { class: `badge ${style}` }, what));
  if (DATA.best && DATA.best.step === step.step && what !== "best") title.append(element("span", { class: "badge star" }, "best of the run"));
  title.append(element("div", { class: "move" }, move(() => beside(-1), "Step before", "←", step.step === 0), move(() => beside(1), "Step after", "→", step.step === DATA.steps.length - 1)));
  const before = DATA.steps[step.step - 1];
  const figures = [["score", number(step.score)], ["best so far", number(step.best_score)]];
  if (step.validation_score !== null && step.validation_score !== step.score) figures.push(["validation", number(step.validation_score)]);
  if (step.step) figures.push(["reward", number(step.reward)], ["", `applied to step ${step.base}`], ["", step.accepted ? "accepted" : "not accepted"]);
  figures.push(["", duration(step.seconds)], ["", count(step.total_trials - (before ? before.total_trials : 0), "trial")]);
  const tokens = step.tokens - (before ? before.tokens : 0);
  if (tokens) figures.push(["", count(tokens, "token")]);
  const parts = [title, element("p", { class: "figures" }, figures.map(([name, value]) => element("span", {}, name ? `${name} ` : "", name ? element("b", {}, value) : value)))];
  const failure = failureOf(evidence);
  if (failure && !ran(step)) parts.push(failureBox(failure));
  else if (evidence && evidence.message) parts.push(element("div", { class: "error" }, clipped(evidence.message, visible, 1500)));
  return parts;
}

function drawHead() {
  const stateWords = DATA.live && !DATA.done ? element("span", { class: "state live" }, "live") : element("span", { class: "state" }, DATA.done ? `ended by ${DATA.ended_by}` : "not ended");
  const over = element("p", { class: "over" }, DATA.home ? element("a", { href: DATA.home }, "← Study") : "Run", stateWords);
  const chips = [...Object.entries(DATA.parameters), ...Object.entries(DATA.agent_options)].map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);
  const sub = element("p", { class: "sub" }, `${DATA.agent} · seed ${DATA.seed}`, chips.map(([name, value]) => element("span", { class: "chip" }, clipped(`${name}=${value}`, visible, 160))));
  put("heading", over, element("h1", {}, DATA.id), sub);
  const last = DATA.steps[DATA.steps.length - 1];
  if (!last) return put("facts");
  const change = (a, b) => [a === null || a === undefined ? "" : [number(a), element("span", { class: "arrow" }, " → ")], number(b)];
  const seconds = DATA.steps.reduce((sum, step) => sum + step.seconds, 0);
  const facts = [
    ["validation, start → best", change(DATA.start.validation, DATA.best.validation), DATA.best.step ? `best is step ${DATA.best.step}` : "best is the start"],
    typeof DATA.best.confirmation === "number" && ["confirmation of the best", number(DATA.best.confirmation), "on fresh instances"],
    typeof DATA.best.test === "number" && ["test, start → best", change(DATA.start.test, DATA.best.test), "never seen by the agent"],
    ["edits", DATA.edits && DATA.live && !DATA.done ? `${DATA.steps.length - 1} of ${DATA.edits}` : DATA.steps.length - 1, `${DATA.steps.filter((step) => !ran(step)).length} failed`],
    ["trials", last.total_trials.toLocaleString("en"), count(last.total_inner_steps, "inner step")],
    last.tokens > 0 && ["tokens", last.tokens.toLocaleString("en"), last.money === null ? "price unknown" : money(last.money)],
    ["wall time", duration(seconds), `${duration(last.worker_seconds)} in workers`],
  ];
  return put("facts", facts.filter(Boolean).map(([name, value, note]) => element("div", {}, element("dt", {}, name), element("dd", {}, value, element("small", {}, note)))));
}

function choices(id, names, key, then) {
  put(id, names.map(([name, words]) => element("button", { type: "button", "aria-pressed": String(state[key] === name), onclick: () => { state[key] = name; choices(id, names, key, then); then(); } }, words)));
}

function drawAll() {
  drawHead();
  choices("axes", axesThere().map((axis) => [axis, AXES[axis][0]]), "axis", drawCurve);
  choices("filters", Object.entries(FILTERS).map(([name, [words]]) => [name, words]), "filter", drawSteps);
  drawSteps();
  drawCurve();
  const reach = DATA.evidence_steps ? `Evidence is shown up to step ${DATA.evidence_steps - 1} only` : "No evidence is shown";
  const said = DATA.no_evidence ? `${reach}: ${DATA.no_evidence}.` : DATA.left_out && DATA.left_out.length ? `The evidence of ${count(DATA.left_out.length, "step")} found no room in this page; genopt watch ${DATA.folder} shows it.` : "";
  byId("notice").hidden = !said;
  put("notice", visible(said));
}

function drawFoot() {
  const sources = Object.entries(DATA.metric.sources).map(([name, text]) => `${name} ${number(DATA.metric[name])}: ${text}`).join("; ");
  const versions = Object.entries(DATA.versions).map(([name, version]) => `${name} ${version}`).join(", ");
  put("foot", sources && element("p", {}, sources, "."), element("p", {}, `Made by genopt-gym ${DATA.version} from ${DATA.folder}; the run was made with ${versions}. `, element("button", { type: "button", class: "more", onclick: help }, "Keys")));
}

function help() {
  const dialog = byId("help");
  dialog.replaceChildren(element("h2", {}, "Keys"), element("dl", {}, KEYS.map(([keys, words]) => [element("dt", {}, element("kbd", {}, keys)), element("dd", {}, words)])), element("form", { method: "dialog" }, element("button", { class: "toggle" }, "Close")));
  dialog.showModal();
}

function toggleLineage() {
  state.lineage = !state.lineage;
  byId("lineage").setAttribute("aria-pressed", String(state.lineage));
  drawCurve();
}

const gainBeside = (direction) => {
  const gains = DATA.steps.filter(isGain).map((step) => step.step);
  const found = direction > 0 ? gains.find((step) => step > state.step) : gains.filter((step) => step < state.step).pop();
  return found === undefined ? state.step : found;
};
const ACTIONS = {
  j: () => select(beside(1)), ArrowRight: () => select(beside(1)), ArrowDown: () => select(beside(1)), k: () => select(beside(-1)), ArrowLeft: () => select(beside(-1)), ArrowUp: () => select(beside(-1)),
  Home: () => select(0), End: () => select(DATA.steps.length - 1), b: () => DATA.best && select(DATA.best.step), n: () => select(gainBeside(1)), p: () => select(gainBeside(-1)),
  l: toggleLineage, "?": help,
  x: () => { const names = axesThere(); state.axis = names[(names.indexOf(state.axis) + 1) % names.length]; drawAll(); },
};
Object.keys(TABS).forEach((name, i) => { ACTIONS[String(i + 1)] = () => open(name); });

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  const within = event.target;
  if (within.matches("select, input, textarea")) return;
  const moves = event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End";
  if (moves && within.getAttribute("role") === "tab") return moveTab(event);
  // Up and down scroll whatever can be scrolled, but for the list of steps.
  if ((event.key === "ArrowUp" || event.key === "ArrowDown" || event.key === "Home" || event.key === "End") && within.id !== "steps" && within !== document.body) return;
  if ((event.key === "ArrowUp" || event.key === "ArrowDown") && within === document.body) return;
  if ((event.key === "ArrowLeft" || event.key === "ArrowRight") && within.closest(".scroll")) return;
  const action = ACTIONS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

async function moveTab(event) {
  const names = Object.keys(TABS);
  const place = names.indexOf(state.tab);
  const next = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: names.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  open(names[(next + names.length) % names.length]);
  byId(`tab-${state.tab}`).focus();
}
