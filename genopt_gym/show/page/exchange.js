// What the agent's model was asked, and what it answered; feedback; costs.

async function drawFeedback(panel, step) {
  const evidence = await chunk(`evidence/${step.step}`);
  if (!evidence) return panel.replaceChildren(element("p", { class: "empty" }, noEvidence(step)));
  const text = evidence.feedback || "No feedback was given.";
  return panel.replaceChildren(element("pre", { class: "text" }, clipped(text)));
}

async function drawExchange(panel, step) {
  const asked = await chunk(`exchange/${step.step}`);
  if (!asked) {
    const left = DATA.left_out && DATA.left_out.includes(step.step);
    return panel.replaceChildren(element("p", { class: "empty" }, left ? noEvidence(step) : "No model was asked for this edit."));
  }
  return panel.replaceChildren(...asked.map((one, i) => exchangePart(one, i, asked.length)));
}

function exchangePart(one, place, all) {
  const parts = [element("h3", {}, all > 1 ? `Call ${place + 1} of ${all}` : "Call", element("span", { class: "quiet" }, ` · ${one.model}`))];
  const last = one.messages.length - 1;
  one.messages.forEach((message, i) => {
    const body = element("pre", { class: "text" }, clipped(message.text, visible, 12000));
    const words = `${message.role}, ${count(message.text.length, "character")}`;
    parts.push(i < last ? element("details", {}, element("summary", {}, words), body) : element("div", { class: "message" }, element("header", {}, words), body));
  });
  if (one.thoughts) parts.push(element("details", {}, element("summary", {}, `thoughts, ${count(one.thoughts.length, "character")}`), element("pre", { class: "text" }, clipped(one.thoughts, visible, 12000))));
  parts.push(element("div", { class: "message" }, element("header", {}, `reply (${one.finish})`), element("pre", { class: "text reply" }, clipped(one.reply, visible, 20000))));
  return element("section", {}, parts);
}

async function drawCost(panel, step) {
  const before = DATA.steps[step.step - 1];
  const since = (name) => step[name] - (before ? before[name] : 0);
  const asked = (await chunk(`exchange/${step.step}`)) || [];
  const rows = [["wall time", duration(step.seconds), duration(DATA.steps.slice(0, step.step + 1).reduce((sum, each) => sum + each.seconds, 0))]];
  rows.push(["worker time", duration(since("worker_seconds")), duration(step.worker_seconds)]);
  for (const [name, words] of [["total_trials", "trials"], ["total_inner_steps", "inner steps"], ["tokens", "tokens"]]) rows.push([words, since(name).toLocaleString("en"), step[name].toLocaleString("en")]);
  rows.push(["money", step.money === null || (before && before.money === null) ? "unknown" : money(since("money")), money(step.money)]);
  if (asked.length) rows.push(["model calls", asked.reduce((sum, one) => sum + one.calls, 0), ""]);
  const head = element("tr", {}, ["", "this step", "so far"].map((name) => element("th", { scope: "col" }, element("button", { type: "button", disabled: true }, name))));
  panel.replaceChildren(element("div", { class: "scroll" }, element("table", { class: "data still" }, element("thead", {}, head), element("tbody", {}, rows.map(([name, own, all]) => element("tr", {}, element("td", {}, name), element("td", {}, own), element("td", {}, all)))))));
}
