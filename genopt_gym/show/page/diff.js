// Line diffs: longest common subsequence, after what both begin and end with.

const MOST_CELLS = 6e6;

// A list of [left line or null, right line or null], from 0; equal lines stand beside each other.
function pairs(left, right) {
  let head = 0;
  while (head < left.length && head < right.length && left[head] === right[head]) head += 1;
  let tail = 0;
  while (tail < left.length - head && tail < right.length - head && left[left.length - 1 - tail] === right[right.length - 1 - tail]) tail += 1;
  const a = left.slice(head, left.length - tail);
  const b = right.slice(head, right.length - tail);
  const rows = [];
  for (let i = 0; i < head; i += 1) rows.push([i, i]);
  const same = a.length * b.length > MOST_CELLS ? [] : common(a, b);
  let i = 0;
  let j = 0;
  for (const [p, q] of [...same, [a.length, b.length]]) {
    while (i < p || j < q) {
      rows.push([i < p ? head + i : null, j < q ? head + j : null]);
      i += i < p ? 1 : 0;
      j += j < q ? 1 : 0;
    }
    if (p < a.length) rows.push([head + p, head + q]);
    i = p + 1;
    j = q + 1;
  }
  for (let k = tail; k > 0; k -= 1) rows.push([left.length - k, right.length - k]);
  return rows;
}

function common(a, b) {
  const width = b.length + 1;
  const best = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      best[i * width + j] = a[i] === b[j] ? best[(i + 1) * width + j + 1] + 1 : Math.max(best[(i + 1) * width + j], best[i * width + j + 1]);
  const found = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) found.push([i++, j++]);
    else if (best[(i + 1) * width + j] >= best[i * width + j + 1]) i += 1;
    else j += 1;
  }
  return found;
}

// Where two lines differ: [from, to of the left, to of the right], between what they begin and end with.
function middle(left, right) {
  let head = 0;
  while (head < left.length && head < right.length && left[head] === right[head]) head += 1;
  let tail = 0;
  while (tail < left.length - head && tail < right.length - head && left[left.length - 1 - tail] === right[right.length - 1 - tail]) tail += 1;
  return [head, left.length - tail, right.length - tail];
}

function changes(before, after) {
  const [left, right] = [lines(before), lines(after)];
  const rows = pairs(left, right);
  const differs = ([i, j]) => i === null || j === null || left[i] !== right[j];
  return { left, right, rows, differs, added: rows.filter((row) => differs(row) && row[1] !== null).length, removed: rows.filter((row) => differs(row) && row[0] !== null).length };
}

function lines(text) {
  if (!text) return [];
  const found = text.split("\n");
  if (found[found.length - 1] === "") found.pop();
  return found;
}
