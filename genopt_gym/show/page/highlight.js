// Colours for Python, a line at a time; inside a string over several lines it may err, and only in colour.

const WORDS = "and as assert async await break class continue def del elif else except finally for from global if import in is lambda None nonlocal not or pass raise return True False try while with yield match case";
const KEYWORDS = new Set(WORDS.split(" "));
const TOKENS = /(#.*$)|((?:[rbfuRBFU]{0,2})(?:"""|'''|"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?))|(\b\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|([^\W\d]\w*)(\s*\()?/gu;

function highlighted(line) {
  const part = document.createDocumentFragment();
  if (line.length > LONGEST) {
    part.append(visible(line));
    return part;
  }
  let from = 0;
  for (const found of line.matchAll(TOKENS)) {
    const [all, comment, string, digits, word, call] = found;
    const kind = comment ? "c" : string ? "s" : digits ? "d" : KEYWORDS.has(word) ? "k" : call ? "f" : "";
    if (!kind) continue;
    const text = word || all;
    if (found.index > from) part.append(visible(line.slice(from, found.index)));
    part.append(element("span", { class: kind }, text));
    from = found.index + text.length;
  }
  if (from < line.length) part.append(visible(line.slice(from)));
  return part;
}
