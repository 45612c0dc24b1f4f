// Events of a trial as columns: nested objects by dotted name, calls of components by name.

const CALLS_NOT_SHOWN = "more calls not shown";
const ABSENT = undefined;

function flatten(name, value, cells) {
  if (value !== null && typeof value === "object" && !("$summary" in value)) {
    const many = Array.isArray(value);
    const entries = many ? value.map((each, i) => [`${name}[${i}]`, each]) : Object.entries(value).map(([key, each]) => [name ? `${name}.${key}` : key, each]);
    if (entries.length && (!many || entries.length <= 32)) return entries.forEach(([path, each]) => flatten(path, each, cells));
  }
  cells[name] = value;
  return undefined;
}

function isReference(value) {
  return value !== null && typeof value === "object" && typeof value.$ref === "string";
}

function cellsOf([, observation, calls, action, reward]) {
  const cells = {};
  flatten("", observation, cells);
  for (const [component, given, result] of calls) {
    let name = component === CALLS_NOT_SHOWN ? component : `${component}()`;
    for (let again = 2; name in cells; again += 1) name = `${component}()#${again}`;
    given.forEach((argument, i) => { if (!isReference(argument)) cells[`${name} argument ${i + 1}`] = argument; });
    cells[name] = result;
  }
  cells.action = action;
  cells.reward = reward;
  return cells;
}

function isTable(trial) {
  return trial.events.length > 0 && trial.events.every(([, observation]) => observation !== null && typeof observation === "object" && !Array.isArray(observation) && !("$summary" in observation));
}

function sameValue(a, b) {
  return a === b || (typeof a === "object" && typeof b === "object" && JSON.stringify(a) === JSON.stringify(b));
}

// Columns that vary, what is constant, and a list of cells for each event.
function tableOf(events) {
  const rows = events.map(cellsOf);
  const columns = [...new Set(rows.flatMap(Object.keys))];
  const first = rows[0];
  const varies = (name) => rows.length === 1 || rows.some((row) => !(name in row) || !sameValue(row[name], first[name]));
  // What was done and what it brought first, then what components returned, then what was seen.
  const leading = ["reward", "action"];
  const called = (name) => name.includes("()") || name === CALLS_NOT_SHOWN;
  const rest = columns.filter((name) => !leading.includes(name) && varies(name));
  const shown = [...leading, ...rest.filter(called), ...rest.filter((name) => !called(name))];
  return { columns: shown, constants: columns.filter((name) => !shown.includes(name)).map((name) => [name, first[name]]), steps: events.map(([step]) => step), rows };
}

function told(value) {
  if (value === ABSENT) return "";
  if (value === null) return "none";
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)));
  if (typeof value === "string") return value;
  if (typeof value === "object" && "$summary" in value) return summaryText(value.$summary);
  return JSON.stringify(value);
}

function summaryText(summary) {
  if (typeof summary === "string") return summary;
  if (Array.isArray(summary)) return summary.map((text, i) => `[${i}] ${text}`).join("\n");
  return Object.entries(summary).map(([name, text]) => `${name}: ${text}`).join("\n");
}
