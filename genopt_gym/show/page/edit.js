// The edit as a diff, against the artifact it was made from, the best, the start, or the step before.

const NARROW = matchMedia("(max-width: 52rem)");
const CONTEXT = 3;
const LONGEST_LINE = 600;

function opponents(step) {
  const found = [];
  if (step.base !== null) found.push(["base", step.base, `what it was applied to (step ${step.base})`]);
  const told = step.told ? "what it was made from" : "the nearest earlier artifact";
  if (step.parent !== null && step.parent !== step.base) found.push(["nearest", step.parent, `${told} (step ${step.parent})`]);
  for (const other of step.others || []) if (other !== step.base) found.push([`other${other}`, other, `and from step ${other}`]);
  if (DATA.best && DATA.best.step !== step.step) found.push(["best", DATA.best.step, `the best (step ${DATA.best.step})`]);
  if (step.step > 0 && step.base !== 0) found.push(["start", 0, "the start"]);
  return found;
}

async function drawEdit(panel, step) {
  const artifacts = await chunk("artifacts");
  const own = artifacts && artifacts.texts[step.artifact];
  if (!own) return panel.replaceChildren(element("p", { class: "empty" }, "This artifact is not in the page."));
  const found = opponents(step);
  const chosen = found.find(([name]) => name === state.against) || found[0];
  const texts = chosen ? artifacts.texts[DATA.steps[chosen[1]].artifact] || {} : {};
  const evidence = await chunk(`evidence/${step.step}`);
  const parts = [opponentChoice(found, chosen)];
  const same = [];
  for (const [name, text] of Object.entries(own)) {
    const before = chosen ? texts[name] || "" : text;
    if (chosen && before === text) same.push([name, text]);
    else parts.push(componentDiff(name, before, text, artifacts.kinds[name] !== "text", blame(evidence, name), !chosen));
  }
  if (chosen && same.length === Object.keys(own).length) parts.push(element("p", { class: "empty" }, "The artifacts are the same."));
  for (const [name, text] of same) {
    const holder = element("details", {}, element("summary", {}, `${name}, unchanged`));
    // Drawn when it is opened: most never are.
    holder.addEventListener("toggle", () => { if (holder.open && holder.children.length === 1) holder.append(componentDiff(name, text, text, artifacts.kinds[name] !== "text", blame(evidence, name), true)); });
    parts.push(holder);
  }
  const workflow = element("details", {}, element("summary", {}, "workflow, fixed"));
  workflow.addEventListener("toggle", () => { if (workflow.open && workflow.children.length === 1) workflow.append(componentDiff("workflow", artifacts.workflow, artifacts.workflow, true, null, true)); });
  return panel.replaceChildren(...parts.filter((part) => part), workflow);
}

function opponentChoice(found, chosen) {
  if (!found.length) return element("p", { class: "row" }, "The artifact that the run started from.");
  const menu = element("select", { id: "against", onchange: (event) => { state.against = event.target.value; redraw(); } });
  for (const [name, , words] of found) menu.append(element("option", { value: name, selected: name === chosen[0] }, words));
  return element("p", { class: "row" }, element("label", { for: "against" }, "Compared with"), menu);
}

// The line that an error names, if it is of this component.
function blame(evidence, name) {
  const failure = failureOf(evidence);
  if (failure && failure.component === name && failure.line) return failure;
  const said = evidence && evidence.message ? evidence.message.match(/\bline (\d+) of (\w+)/) : null;
  return said && said[2] === name ? { line: Number(said[1]), type: "", message: evidence.message } : null;
}

function failureOf(evidence) {
  if (!evidence) return null;
  const failed = [...evidence.trials, ...evidence.validation].find((trial) => trial.failure);
  return failed ? failed.failure : null;
}

function componentDiff(name, before, after, isPython, failure, whole) {
  const found = changes(before, after);
  const table = element("table", { class: "diff", "data-component": name });
  const paint = isPython ? highlighted : visible;
  const draw = NARROW.matches ? unifiedRow : sideBySideRow;
  // With a column group the widths hold although the first row may span all.
  table.append(element("colgroup", {}, ...(NARROW.matches || whole ? ["ln", ""] : ["ln", "", "ln", ""]).map((style) => element("col", { class: style }))));
  const body = element("tbody");
  table.append(body);
  const shown = (row) => whole || found.differs(row) || (failure && row[1] === failure.line - 1);
  const near = found.rows.map((_, i) => found.rows.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some(shown));
  for (let i = 0; i < found.rows.length; ) {
    if (near[i]) {
      body.append(...(whole ? wholeRow : draw)(found, found.rows[i], paint, failure));
      i += 1;
      continue;
    }
    let end = i;
    while (end < found.rows.length && !near[end]) end += 1;
    body.append(fold(found, found.rows.slice(i, end), paint, failure, draw));
    i = end;
  }
  const head = element("header", {}, element("code", {}, name));
  if (!whole) head.append(element("span", { class: "plus" }, `+${found.added}`), element("span", { class: "minus" }, `−${found.removed}`));
  return element("div", { class: "component" }, head, table);
}

function fold(found, rows, paint, failure, draw) {
  const holder = element("tr", { class: "fold" });
  const open = element("button", { type: "button" }, `${count(rows.length, "unchanged line")}`);
  open.addEventListener("click", () => holder.replaceWith(...rows.flatMap((row) => draw(found, row, paint, failure))));
  holder.append(element("td", { colspan: NARROW.matches ? 2 : 4 }, open));
  return holder;
}

function cell(text, kind, paint, from, to) {
  const made = element("td", { class: kind });
  if (text === null) return made;
  // A mark over nearly all of a line tells nothing.
  const marked = kind && from !== undefined && to > from && to - from < 0.7 * text.trim().length;
  if (!marked || text.length > LONGEST_LINE) made.append(clipped(text, paint, LONGEST_LINE));
  else made.append(paint(text.slice(0, from)), element("mark", {}, paint(text.slice(from, to))), paint(text.slice(to)));
  return made;
}

function sideBySideRow(found, [i, j], paint, failure) {
  const differs = found.differs([i, j]);
  const [left, right] = [i === null ? null : found.left[i], j === null ? null : found.right[j]];
  const [from, toLeft, toRight] = differs && left !== null && right !== null ? middle(left, right) : [];
  const kind = (text, other) => (text === null ? "none" : differs ? other : "");
  const row = element("tr", {}, lineNumber(i), cell(left, kind(left, "del"), paint, from, toLeft), lineNumber(j), cell(right, kind(right, "add"), paint, from, toRight));
  return withBlame([row], row.lastChild, j, failure, 4);
}

function unifiedRow(found, [i, j], paint, failure) {
  const rows = [];
  if (!found.differs([i, j])) rows.push(element("tr", {}, lineNumber(j), cell(found.right[j], "", paint)));
  else {
    const [from, toLeft, toRight] = i !== null && j !== null ? middle(found.left[i], found.right[j]) : [];
    if (i !== null) rows.push(element("tr", {}, lineNumber(i), cell(found.left[i], "del", paint, from, toLeft)));
    if (j !== null) rows.push(element("tr", {}, lineNumber(j), cell(found.right[j], "add", paint, from, toRight)));
  }
  return withBlame(rows, rows[rows.length - 1].lastChild, j, failure, 2);
}

function wholeRow(found, [, j], paint, failure) {
  const row = element("tr", {}, lineNumber(j), cell(found.right[j], "", paint));
  return withBlame([row], row.lastChild, j, failure, 2);
}

function lineNumber(line) {
  return element("td", { class: "ln" }, line === null ? "" : line + 1);
}

function withBlame(rows, place, line, failure, columns) {
  if (!failure || line !== failure.line - 1) return rows;
  place.classList.add("blame");
  const words = failure.type ? `${failure.type}: ${failure.message}` : failure.message;
  return [...rows, element("tr", { class: "why" }, element("td", { colspan: columns }, "▲ ", clipped(words, visible, 600)))];
}
