// Many runs: a row each, sorted by any column, those of one arm or of all.

const COLUMNS = [["run", "key"], ["task", "task"], ["arm", "arm"], ["seed", "seed"], ["state", "state"], ["edits", "edits"], ["best so far", "curve"], ["start", "start"], ["best", "best"], ["test", "test"]];
const order = { by: null, way: 1, arm: "" };

function small(entry) {
  if (entry.curve.length < 2) return "";
  const span = entry.high - entry.low || 1;
  const points = entry.curve.map((value, i) => `${(2 + (i / (entry.curve.length - 1)) * 116).toFixed(1)},${(26 - ((value - entry.low) / span) * 24).toFixed(1)}`);
  return svg("svg", { viewBox: "0 0 120 28", role: "img", "aria-label": `from ${number(entry.curve[0])} to ${number(entry.curve[entry.curve.length - 1])}` }, svg("polyline", { points: points.join(" "), fill: "none", stroke: "var(--best)", "stroke-width": 1.8 }));
}

function cells(entry) {
  const style = { done: "ok", failed: "failed", damaged: "failed" }[entry.state] || "";
  return COLUMNS.map(([, name]) => {
    if (name === "key") return element("td", {}, entry.page ? element("a", { href: entry.page }, entry.key) : entry.key);
    if (name === "state") return element("td", {}, element("span", { class: `badge ${style}`, title: entry.problem || null }, entry.state));
    if (name === "curve") return element("td", {}, small(entry));
    return element("td", { class: typeof entry[name] === "string" ? "words" : "" }, name === "seed" || name === "edits" ? entry[name] : number(entry[name]));
  });
}

function drawRows() {
  const shown = DATA.entries.filter((entry) => !order.arm || entry.arm === order.arm);
  if (order.by) shown.sort((a, b) => {
    const [p, q] = [a[order.by], b[order.by]].map((value) => (Array.isArray(value) ? value[value.length - 1] : value));
    if (p === q) return 0;
    if (p === null || p === undefined) return 1;
    if (q === null || q === undefined) return -1;
    return order.way * (typeof p === "number" ? p - q : String(p).localeCompare(String(q)));
  });
  put("rows", shown.map((entry) => element("tr", {}, cells(entry))));
}

function drawHeads() {
  put("heads", element("tr", {}, COLUMNS.map(([words, name]) => element("th", { scope: "col", "aria-sort": order.by !== name ? "none" : order.way > 0 ? "ascending" : "descending" }, element("button", { type: "button", onclick: () => {
    order.way = order.by === name ? -order.way : 1;
    order.by = name;
    drawHeads();
    drawRows();
  } }, words)))));
}

function drawTop() {
  const states = ["done", "unfinished", "planned", "failed", "damaged"].map((name) => [name, DATA.entries.filter((entry) => entry.state === name).length]).filter(([, amount]) => amount);
  put("heading", element("p", { class: "over" }, "Runs", DATA.live && element("span", { class: "state live" }, "live")), element("h1", {}, DATA.title), DATA.question && element("p", { class: "sub" }, DATA.question), DATA.report && element("p", { class: "sub" }, element("a", { href: DATA.report }, "The report: tables, statistics, figures")));
  put("facts", states.map(([name, amount]) => element("div", {}, element("dt", {}, name), element("dd", {}, amount))));
}

const arms = [...new Set(DATA.entries.map((entry) => entry.arm))];
put("arm", element("option", { value: "" }, "all arms"), arms.map((arm) => element("option", { value: arm }, arm)));
byId("arm").addEventListener("change", (event) => { order.arm = event.target.value; drawRows(); });
put("foot", element("p", {}, `Made by genopt-gym ${DATA.version}.`));
drawTop();
drawHeads();
drawRows();
document.documentElement.dataset.ready = "yes";
following("events", (news) => { DATA.entries = news.entries; drawTop(); drawRows(); });
