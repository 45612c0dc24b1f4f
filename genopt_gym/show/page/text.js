// Elements and texts. What a run holds comes from models and programs: it only ever becomes text, never markup, and
// characters that would hide or reorder what stands beside them are shown by name.

const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const NAMES = { "\u001b": "ESC", "\u0000": "NUL", "\u0007": "BEL", "\u0008": "BS", "\r": "CR", "\u007f": "DEL" };
const LONGEST = 4000;

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  for (const child of children.flat(2)) {
    if (child === null || child === undefined || child === false) continue;
    made.append(child instanceof Node ? child : visible(String(child)));
  }
  return made;
}

function visible(text) {
  const part = document.createDocumentFragment();
  let from = 0;
  for (const found of text.matchAll(HIDDEN)) {
    if (found.index > from) part.append(text.slice(from, found.index));
    const code = found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    const mark = document.createElement("span");
    mark.className = "hidden";
    mark.textContent = NAMES[found[0]] || `U+${code}`;
    mark.title = `the character U+${code}`;
    part.append(mark);
    from = found.index + found[0].length;
  }
  if (from < text.length) part.append(text.slice(from));
  return part;
}

// A long text by its beginning, with a button for the rest.
function clipped(text, make = visible, longest = LONGEST) {
  if (text.length <= longest) return make(text);
  const part = document.createDocumentFragment();
  const rest = text.length - longest;
  const more = element("button", { type: "button", class: "more" }, `… ${rest.toLocaleString("en")} more characters`);
  more.addEventListener("click", (event) => {
    event.stopPropagation();
    more.replaceWith(make(text.slice(longest)));
  });
  part.append(make(text.slice(0, longest)), more);
  return part;
}

function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function number(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  const size = Math.abs(value);
  let text;
  if (size >= 1e9) text = value.toExponential(2);
  else if (size >= 1000) text = Math.round(value).toLocaleString("en");
  else if (Number.isInteger(value)) text = String(value);
  else if (size >= 100) text = value.toFixed(1);
  else if (size >= 0.005) text = value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3);
  else text = value.toPrecision(2);
  if (size < 100 && text.includes(".") && !text.includes("e")) text = text.replace(/\.?0+$/, "");
  return text.replace("-", "−");
}

function money(value) {
  return value === null || value === undefined ? "unknown" : value && value < 0.01 ? `$${value.toPrecision(2)}` : `$${value.toFixed(2)}`;
}

function duration(seconds) {
  if (seconds < 100) return `${number(Number(seconds.toFixed(1)))} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

function count(amount, one, many = `${one}s`) {
  return `${amount.toLocaleString("en")} ${amount === 1 ? one : many}`;
}

const byId = (id) => document.getElementById(id);
const put = (id, ...children) => byId(id).replaceChildren(...children.flat(2).filter((child) => child));
