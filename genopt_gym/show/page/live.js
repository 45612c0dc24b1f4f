// Begin; and where the page comes from a server, follow the run.

recall();
byId("lineage").addEventListener("click", toggleLineage);
byId("steps").addEventListener("click", (event) => { const item = event.target.closest("li"); if (item) select(Number(item.dataset.step)); });
document.addEventListener("keydown", onKey);
NARROW.addEventListener("change", redraw);
new ResizeObserver(() => drawCurve()).observe(byId("curve"));
drawAll();
drawFoot();
if (DATA.steps.length) select(state.step);
else put("summary", element("p", { class: "empty" }, "The run has no finished step yet."));
document.documentElement.dataset.ready = "yes";

function take(news) {
  const followed = state.step >= DATA.steps.length - 1;
  const grown = news.steps.length > 0;
  for (const step of news.steps) DATA.steps[step.step] = step;
  Object.assign(DATA, news.facts);
  if (grown) unpacked.delete("artifacts");
  drawAll();
  if (grown && followed) select(DATA.steps.length - 1);
  else if (DATA.steps.length) markStep();
}

following(() => `events?from=${DATA.steps.length}`, take);
