// The learning curve: each edit's score, the best so far, what it is held against; over edits, trials, tokens or money.

const AXES = { edits: ["Edits", (step) => step.step], trials: ["Trials", (step) => step.total_trials], tokens: ["Tokens", (step) => step.tokens], money: ["Money", (step) => step.money] };
const MARGIN = { left: 58, right: 78, top: 14, bottom: 36 };
const RAN = new Set(["ok", "unchanged"]);
const ran = (step) => RAN.has(step.outcome);
const sign = () => (DATA.metric.direction === "minimize" ? -1 : 1);

function axesThere() {
  return Object.keys(AXES).filter((axis) => axis === "edits" || new Set(DATA.steps.map(AXES[axis][1])).size > 1 && DATA.steps.every((step) => AXES[axis][1](step) !== null));
}

function levels() {
  const metric = DATA.metric;
  const found = [["floor", metric.floor], ["reference", metric.reference], ["solved", metric.solved], ["record", metric.record]];
  return found.filter(([, value]) => value !== null && value !== undefined);
}

function scoresShown() {
  const shown = DATA.steps.filter(ran).flatMap((step) => [step.score, step.best_score, step.validation_score]);
  for (const each of [DATA.start, DATA.best]) if (each) shown.push(each.validation, each.test, each.confirmation);
  return shown.filter((value) => typeof value === "number");
}

function range(values) {
  let [low, high] = [Math.min(...values), Math.max(...values)];
  const own = high - low || Math.abs(high) || 1;
  // What is far beyond all scores would squeeze them into a line.
  for (const [, value] of levels()) if (value >= low - 4 * own && value <= high + 4 * own) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const room = (high - low || 1) * 0.06;
  return [low - room, high + room];
}

function ticks(low, high, wanted) {
  const raw = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const stride = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= raw * 0.999) || raw;
  const found = [];
  for (let value = Math.ceil(low / stride) * stride; value <= high + stride * 1e-9; value += stride) found.push(Math.abs(value) < stride * 1e-6 ? 0 : value);
  return found;
}

function drawCurve() {
  const holder = byId("curve");
  const [width, height] = [Math.max(holder.clientWidth, 280), Math.max(holder.clientHeight, 200)];
  const values = scoresShown();
  if (!values.length) return;
  const [low, high] = range(values);
  const along = AXES[state.axis][1];
  const right = width < 600 ? 20 : MARGIN.right;
  const most = Math.max(...DATA.steps.map(along), state.axis === "edits" && DATA.live ? DATA.edits || 0 : 0) || 1;
  const x = (value) => MARGIN.left + (value / most) * (width - MARGIN.left - right);
  const y = (value) => height - MARGIN.bottom - ((value - low) / (high - low)) * (height - MARGIN.bottom - MARGIN.top);
  const place = (step) => [x(along(step)), ran(step) ? y(step.score) : height - MARGIN.bottom];
  const drawn = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Scores of ${count(DATA.steps.length - 1, "edit")}; the list below has the same` });
  drawFrame(drawn, { x, y, low, high, most, width, height, right });
  if (state.lineage) drawLineage(drawn, place);
  drawBest(drawn, DATA.steps.map((step) => [x(along(step)), y(step.best_score)]), "var(--best)", 2.2);
  if (hasOwnValidation()) drawBest(drawn, bestValidation().map((value, i) => [x(along(DATA.steps[i])), y(value)]), "var(--accent)", 1.3);
  for (const step of DATA.steps) drawn.append(dot(step, place(step)));
  drawEnds(drawn, x, y, along);
  const chosen = DATA.steps[state.step];
  if (chosen) {
    const [cx, cy] = place(chosen);
    drawn.append(svg("line", { x1: cx, x2: cx, y1: MARGIN.top, y2: height - MARGIN.bottom, stroke: "var(--accent)", "stroke-opacity": 0.35 }));
    drawn.append(svg("circle", { cx, cy, r: 7.5, fill: "none", stroke: "var(--accent)", "stroke-width": 2, "data-chosen": chosen.step }));
  }
  holder.replaceChildren(drawn);
  follow(holder, drawn, width, (at) => nearest(at, (step) => place(step)[0]));
  drawLegend();
}

function drawFrame(drawn, { x, y, low, high, most, width, height, right }) {
  for (const value of ticks(low, high, height > 260 ? 5 : 4)) {
    drawn.append(svg("line", { x1: MARGIN.left, x2: width - right, y1: y(value), y2: y(value), stroke: "var(--grid)", "stroke-width": 0.8 }));
    drawn.append(label(MARGIN.left - 8, y(value) + 4, number(Number(value.toPrecision(6))), "end"));
  }
  const whole = state.axis !== "money";
  for (const value of ticks(0, most, Math.max(3, Math.floor(width / 130)))) if (!whole || Number.isInteger(value)) drawn.append(label(x(value), height - MARGIN.bottom + 17, state.axis === "money" ? money(value) : number(value), "middle"));
  drawn.append(svg("line", { x1: MARGIN.left, x2: width - right, y1: height - MARGIN.bottom, y2: height - MARGIN.bottom, stroke: "var(--muted)", "stroke-width": 0.8 }));
  drawn.append(label((MARGIN.left + width - right) / 2, height - 3, AXES[state.axis][0].toLowerCase(), "middle"));
  let above = -99;
  for (const [name, value] of levels().sort((a, b) => b[1] - a[1])) {
    if (value < low || value > high) continue;
    const at = y(value);
    drawn.append(svg("line", { x1: MARGIN.left, x2: width - right, y1: at, y2: at, stroke: "var(--muted)", "stroke-width": 1, "stroke-dasharray": name === "floor" ? "2 3" : "6 4" }));
    const text = width < 600 ? label(width - right - 2, Math.max(at - 4, above + 12), name, "end") : label(width - right + 6, Math.max(at + 4, above + 12), name, "start");
    above = Number(text.getAttribute("y"));
    drawn.append(text);
  }
}

function label(x, y, text, anchor) {
  return svg("text", { x, y, "text-anchor": anchor }, text);
}

function drawBest(drawn, points, stroke, thickness) {
  let path = "";
  points.forEach(([px, py], i) => { path += i ? `H${px.toFixed(1)}V${py.toFixed(1)}` : `M${px.toFixed(1)},${py.toFixed(1)}`; });
  drawn.append(svg("path", { d: path, fill: "none", stroke, "stroke-width": thickness, "stroke-linejoin": "round" }));
}

function hasOwnValidation() {
  return DATA.steps.some((step) => step.validation_score !== null && Math.abs(step.validation_score - step.score) > 1e-9 && ran(step));
}

function bestValidation() {
  let best = null;
  return DATA.steps.map((step) => {
    const own = step.validation_score;
    if (own !== null && (best === null || sign() * (own - best) > 0)) best = own;
    return best === null ? step.best_score : best;
  });
}

function dot(step, [cx, cy]) {
  const title = svg("title", {}, `step ${step.step}: ${step.outcome}`);
  if (ran(step)) {
    const hollow = step.outcome === "unchanged" || !step.accepted;
    return svg("circle", { cx, cy, r: 3.4, fill: hollow ? "var(--paper)" : "var(--dot)", stroke: "var(--dot)", "stroke-width": 1.3 }, title);
  }
  const d = `M${cx - 3.5},${cy - 3.5}l7,7m0,-7l-7,7`;
  return svg("path", { d, stroke: "var(--bad)", "stroke-width": 1.8, fill: "none" }, title);
}

// Test and confirmation of start and best: diamonds and squares where these artifacts were made.
function drawEnds(drawn, x, y, along) {
  for (const each of [DATA.start, DATA.best]) {
    const step = each && DATA.steps[each.step];
    if (!step) continue;
    const px = x(along(step));
    if (typeof each.confirmation === "number") drawn.append(svg("rect", { x: px - 4.5, y: y(each.confirmation) - 4.5, width: 9, height: 9, fill: "var(--paper)", stroke: "var(--accent)", "stroke-width": 2 }, svg("title", {}, `confirmation ${number(each.confirmation)}`)));
    if (typeof each.test === "number") {
      const py = y(each.test);
      drawn.append(svg("path", { d: `M${px},${py - 6.5}l6.5,6.5l-6.5,6.5l-6.5,-6.5z`, fill: "var(--good)", stroke: "var(--paper)", "stroke-width": 1.2 }, svg("title", {}, `test ${number(each.test)}`)));
    }
  }
}

const guessed = (step) => step.parent !== null && !step.told;

// Edges from each artifact to what it was made from, dashed where that is a guess; the line of descent of the chosen
// step stands out.
function drawLineage(drawn, place) {
  const descent = new Set();
  for (let step = state.step; step !== null && step !== undefined; step = DATA.steps[step] ? DATA.steps[step].parent : null) descent.add(step);
  for (const step of DATA.steps) {
    if (step.parent === null) continue;
    const own = descent.has(step.step);
    for (const other of step.others || []) drawEdge(drawn, place(DATA.steps[other]), place(step), { stroke: own ? "var(--accent)" : "var(--dot)", "stroke-width": 0.9, "stroke-opacity": 0.45, class: "other" });
    drawEdge(drawn, place(DATA.steps[step.parent]), place(step), { stroke: own ? "var(--accent)" : "var(--dot)", "stroke-width": own ? 2.2 : 0.9, "stroke-opacity": own ? 1 : 0.45, "stroke-dasharray": guessed(step) ? "5 3" : "none", class: own ? "descent" : "edge" });
  }
}

function drawEdge(drawn, [x1, y1], [x2, y2], looks) {
  drawn.append(svg("path", { d: `M${x1},${y1}C${(x1 + x2) / 2},${y1} ${(x1 + x2) / 2},${y2} ${x2},${y2}`, fill: "none", ...looks }));
}

function nearest(at, place) {
  let found = 0;
  DATA.steps.forEach((step, i) => { if (Math.abs(place(step) - at) < Math.abs(place(DATA.steps[found]) - at)) found = i; });
  return found;
}

function follow(holder, drawn, width, stepAt) {
  const tip = element("div", { class: "tip", hidden: true });
  holder.append(tip);
  const at = (event) => stepAt(((event.clientX - drawn.getBoundingClientRect().left) / drawn.clientWidth) * width);
  drawn.addEventListener("click", (event) => select(at(event)));
  drawn.addEventListener("pointerleave", () => { tip.hidden = true; });
  drawn.addEventListener("pointermove", (event) => {
    const step = DATA.steps[at(event)];
    tip.replaceChildren(visible(`step ${step.step} · ${step.outcome} · score ${number(step.score)} · best ${number(step.best_score)}`));
    tip.hidden = false;
    const left = event.clientX - holder.getBoundingClientRect().left;
    tip.style.left = `${Math.max(0, Math.min(left - tip.offsetWidth / 2, holder.clientWidth - tip.offsetWidth))}px`;
    tip.style.top = "0px";
  });
}

function drawLegend() {
  const mark = (...children) => svg("svg", { viewBox: "0 0 24 12", "aria-hidden": "true" }, ...children);
  const line = (stroke, dash = "") => mark(svg("path", { d: "M1,6h22", stroke, "stroke-width": 2, "stroke-dasharray": dash }));
  const circle = (fill) => mark(svg("circle", { cx: 12, cy: 6, r: 3.6, fill, stroke: "var(--dot)", "stroke-width": 1.3 }));
  const items = [[circle("var(--dot)"), "score of an edit"]];
  if (DATA.steps.some((step) => step.outcome === "unchanged" || (ran(step) && !step.accepted))) items.push([circle("var(--paper)"), "unchanged or not accepted"]);
  if (DATA.steps.some((step) => !ran(step))) items.push([mark(svg("path", { d: "M8.5,2.5l7,7m0,-7l-7,7", stroke: "var(--bad)", "stroke-width": 1.8 })), "edit that failed"]);
  items.push([line("var(--best)"), "best so far"]);
  if (hasOwnValidation()) items.push([line("var(--accent)"), "best validation, which the agent does not see"]);
  if (DATA.best && typeof DATA.best.confirmation === "number") items.push([mark(svg("rect", { x: 8, y: 2, width: 8, height: 8, fill: "none", stroke: "var(--accent)", "stroke-width": 2 })), "confirmation"]);
  if (DATA.best && typeof DATA.best.test === "number") items.push([mark(svg("path", { d: "M12,0l6,6l-6,6l-6,-6z", fill: "var(--good)" })), "test of start and best"]);
  if (state.lineage) items.push(...lineageWords(line));
  const better = DATA.metric.direction === "minimize" ? "lower is better" : "higher is better";
  put("legend", items.map(([drawn, text]) => element("li", {}, drawn, text)), element("li", {}, `${DATA.metric.name}; ${better}`));
}

function lineageWords(line) {
  const items = [];
  if (DATA.steps.some((step) => step.parent !== null && step.told)) items.push([line("var(--accent)"), "what an edit was made from, back to the start"]);
  if (DATA.steps.some(guessed)) items.push([line("var(--accent)", "5 3"), "a guess, the nearest earlier artifact: the run does not tell what these edits were made from"]);
  if (DATA.steps.some((step) => (step.others || []).length)) items.push([line("var(--dot)"), "what went into it as well"]);
  return items;
}
