// The evidence of a step: each traced trial as a table, its screen beside it where it has one.

const ROWS = 400;

async function drawEvidence(panel, step) {
  const evidence = await chunk(`evidence/${step.step}`);
  if (!evidence) return panel.replaceChildren(element("p", { class: "empty" }, noEvidence(step)));
  const sheet = await chunk(`frames/${step.step}`);
  const parts = evidence.trials.map((trial, i) => trialPart(trial, sheet && sheet.trial === i ? sheet : null, `${step.step}-${i}`));
  if (!parts.length) parts.push(element("p", { class: "empty" }, evidence.message || "Nothing ran in this step."));
  if (evidence.validation.length) parts.push(validationPart(evidence.validation));
  return panel.replaceChildren(...parts);
}

function noEvidence(step) {
  if (DATA.left_out && DATA.left_out.includes(step.step)) return `This page would be too large with the evidence of every step: genopt watch ${DATA.folder} shows this one.`;
  if (DATA.no_evidence) return `There is no evidence to show from step ${DATA.evidence_steps} on: ${DATA.no_evidence}.`;
  return "There is no evidence of this step.";
}

function trialPart(trial, sheet, id) {
  const name = `${trial.instance.split}/${trial.instance.index}`;
  const shown = trial.events.length === trial.steps ? count(trial.steps, "inner step") : `${trial.events.length.toLocaleString("en")} of ${count(trial.steps, "inner step")}`;
  const head = element("h3", {}, `Trial ${name}`, element("span", { class: "quiet" }, ` · score ${number(trial.score)} · ${shown}`));
  const parts = [head];
  const metrics = Object.entries(trial.metrics);
  if (metrics.length) parts.push(element("p", { class: "constants" }, metrics.map(([key, value]) => `${key} ${number(value)}`).join(" · ")));
  if (trial.failure) parts.push(failureBox(trial.failure));
  if (isTable(trial)) parts.push(...tablePart(trial, sheet, id));
  else parts.push(...trial.events.slice(0, 60).map(sectionPart));
  return element("section", { class: "trial-part", "data-trial": name }, parts);
}

function failureBox(failure) {
  const where = [failure.component && `in ${failure.component}`, failure.line && `line ${failure.line}`, failure.step !== null && failure.step !== undefined && `at inner step ${failure.step}`].filter(Boolean).join(", ");
  const box = element("div", { class: "error" }, element("b", {}, failure.type), ": ", clipped(failure.message, visible, 1200), where ? ` (${where})` : "");
  if (failure.source.trim()) box.append(element("pre", {}, clipped(failure.source.trim(), highlighted, 1200)));
  if (failure.output) box.append(element("pre", {}, "Its last output:\n", clipped(failure.output)));
  return box;
}

function tablePart(trial, sheet, id) {
  const found = tableOf(trial.events);
  const table = dataTable(found);
  const words = found.constants.map(([name, value]) => `${name} = ${told(value)}`).join(", ");
  const output = element("output", { for: `slide-${id}` });
  const slide = element("input", { type: "range", id: `slide-${id}`, min: 0, max: Math.max(found.rows.length - 1, 0), value: 0, "aria-label": "Inner step" });
  const film = sheet ? filmPart(sheet) : null;
  const go = (row) => {
    slide.value = row;
    const reward = found.rows[row].reward;
    output.replaceChildren(`inner step ${found.steps[row]}${reward ? `, reward ${number(reward)}` : ""}`);
    table.mark(row);
    if (film) film.show(found.steps[row]);
  };
  table.onchoice = go;
  slide.addEventListener("input", () => go(Number(slide.value)));
  const right = element("div", {}, element("div", { class: "slider" }, slide, output), element("div", { class: "scroll grid", tabindex: 0, role: "region", "aria-label": "Inner steps" }, table.node));
  if (words) right.append(element("p", { class: "constants" }, "Constant: ", clipped(words, visible, 1200)));
  go(0);
  return [element("div", { class: film ? "trial" : "trial plain" }, film && film.node, right)];
}

function filmPart(sheet) {
  const screen = element("div", { class: "screen", role: "img" });
  const caption = element("figcaption");
  const rows = Math.ceil(sheet.moments.length / sheet.columns);
  const columns = Math.min(sheet.columns, sheet.moments.length);
  screen.style.aspectRatio = `${sheet.width} / ${sheet.height}`;
  screen.style.backgroundImage = `url(data:image/png;base64,${sheet.png})`;
  screen.style.backgroundSize = `${columns * 100}% ${rows * 100}%`;
  const show = (inner) => {
    let frame = 0;
    sheet.moments.forEach((moment, i) => { if (moment <= inner) frame = i; });
    const share = (place, all) => (all > 1 ? (place / (all - 1)) * 100 : 0);
    screen.style.backgroundPosition = `${share(frame % sheet.columns, columns)}% ${share(Math.floor(frame / sheet.columns), rows)}%`;
    screen.dataset.moment = sheet.moments[frame];
    screen.setAttribute("aria-label", `The screen at inner step ${sheet.moments[frame]}`);
    caption.replaceChildren(`screen at inner step ${sheet.moments[frame]}`);
  };
  return { node: element("figure", { class: "film" }, screen, caption), show };
}

// A table whose heads sort it; rows are chosen by a click, and marked from outside.
function dataTable(found) {
  const body = element("tbody");
  const node = element("table", { class: "data" });
  const held = { node, onchoice: () => {}, mark: () => {} };
  let order = found.rows.map((_, i) => i);
  let shown = ROWS;
  let marked = 0;
  const rowOf = (row, above) => {
    const cells = found.columns.map((name) => {
      const value = found.rows[row][name];
      const same = above !== null && name !== "reward" && sameValue(value, found.rows[above][name]);
      const text = told(value);
      return element("td", { class: name === "reward" ? "reward" : same ? "same" : "", title: text.length > 30 ? text.slice(0, 2000) : null }, text.length > 300 ? `${text.slice(0, 300)}…` : text);
    });
    const reward = found.rows[row].reward;
    return element("tr", { "data-row": row, class: reward > 0 ? "gain" : reward < 0 ? "loss" : "" }, element("td", {}, found.steps[row]), cells);
  };
  const fill = () => {
    body.replaceChildren(...order.slice(0, shown).map((row, i) => rowOf(row, i ? order[i - 1] : null)));
    if (order.length > shown) body.append(element("tr", {}, element("td", { colspan: found.columns.length + 1 }, element("button", { type: "button", class: "more", onclick: () => { shown += ROWS * 4; fill(); } }, `${(order.length - shown).toLocaleString("en")} more rows`))));
    held.mark(marked, false);
  };
  held.mark = (row, follow = true) => {
    marked = row;
    for (const each of body.querySelectorAll(".now")) each.classList.remove("now");
    const now = body.querySelector(`tr[data-row="${row}"]`);
    if (!now) return;
    now.classList.add("now");
    const grid = node.parentElement;
    if (!follow || !grid) return;
    const top = now.offsetTop - 40;
    if (top < grid.scrollTop) grid.scrollTop = top;
    else if (now.offsetTop + now.offsetHeight > grid.scrollTop + grid.clientHeight) grid.scrollTop = now.offsetTop + now.offsetHeight - grid.clientHeight;
  };
  body.addEventListener("click", (event) => { const row = event.target.closest("tr[data-row]"); if (row) held.onchoice(Number(row.dataset.row)); });
  node.append(element("thead", {}, element("tr", {}, sortableHeads(["step", ...found.columns], (column, way) => { order = sorted(found, column, way); fill(); }))), body);
  fill();
  return held;
}

function sorted(found, column, way) {
  const value = (row) => (column === "step" ? found.steps[row] : found.rows[row][column]);
  const order = found.rows.map((_, i) => i);
  return order.sort((a, b) => {
    const [p, q] = [value(a), value(b)];
    const less = typeof p === "number" && typeof q === "number" ? p - q : told(p).localeCompare(told(q));
    return way * less || a - b;
  });
}

function sortableHeads(names, sort) {
  let now = ["step", 1];
  const heads = names.map((name) => {
    const head = element("th", { scope: "col", "aria-sort": name === "step" ? "ascending" : "none" });
    head.append(element("button", { type: "button", onclick: () => {
      now = [name, now[0] === name ? -now[1] : name === "reward" ? -1 : 1];
      heads.forEach((each) => each.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", now[1] > 0 ? "ascending" : "descending");
      sort(...now);
    } }, name));
    return head;
  });
  return heads;
}

function sectionPart([step, observation, calls, action, reward]) {
  const parts = [element("header", {}, `Inner step ${step}`, reward ? `, reward ${number(reward)}` : "")];
  parts.push(element("pre", { class: "text" }, clipped(told(observation))));
  for (const [component, given, result] of calls) {
    const shown = given.map((argument) => (isReference(argument) ? argument.$ref : told(argument))).join(", ");
    parts.push(element("pre", { class: "text" }, clipped(`${component}(${shown}) = ${told(result)}`)));
  }
  parts.push(element("pre", { class: "text" }, element("b", {}, "Answer: "), clipped(told(action))));
  return element("div", { class: "message" }, parts);
}

function validationPart(trials) {
  const rows = trials.map((trial) => element("tr", { class: trial.failure ? "loss" : "" }, element("td", {}, trial.instance), element("td", {}, number(trial.score)), element("td", {}, trial.steps), element("td", {}, trial.failure ? clipped(`${trial.failure.type}: ${trial.failure.message}`, visible, 200) : "")));
  const head = element("tr", {}, ["instance", "score", "inner steps", "failure"].map((name) => element("th", { scope: "col" }, element("button", { type: "button", disabled: true }, name))));
  return element("details", {}, element("summary", {}, `Validation: ${count(trials.length, "trial")}, of which the agent sees the score at most`), element("div", { class: "scroll grid", tabindex: 0, role: "region", "aria-label": "Validation trials" }, element("table", { class: "data still" }, element("thead", {}, head), element("tbody", {}, rows))));
}
