// What changed between two texts, line by line.

export interface DiffLine {
  kind: "same" | "removed" | "added" | "gap";
  text: string;
  /** Line numbers in the two texts, from 1; 0 where the line is not in it. */
  before: number;
  after: number;
}

/** The longest common subsequence of lines; what is the same far from a change is folded. */
export function diffLines(before: string, after: string, context = 3): DiffLine[] {
  const a = before.split("\n");
  const b = after.split("\n");
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const left = a.slice(head, a.length - tail);
  const right = b.slice(head, b.length - tail);
  const width = right.length + 1;
  const lengths = new Uint32Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i -= 1) {
    for (let j = right.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = left[i] === right[j] ? (lengths[(i + 1) * width + j + 1] ?? 0) + 1 : Math.max(lengths[(i + 1) * width + j] ?? 0, lengths[i * width + j + 1] ?? 0);
    }
  }
  const lines: DiffLine[] = a.slice(0, head).map((text, place) => ({ kind: "same", text, before: place + 1, after: place + 1 }));
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      lines.push({ kind: "same", text: left[i] ?? "", before: head + i + 1, after: head + j + 1 });
      i += 1;
      j += 1;
    } else if (i < left.length && (j >= right.length || (lengths[(i + 1) * width + j] ?? 0) >= (lengths[i * width + j + 1] ?? 0))) {
      lines.push({ kind: "removed", text: left[i] ?? "", before: head + i + 1, after: 0 });
      i += 1;
    } else {
      lines.push({ kind: "added", text: right[j] ?? "", before: 0, after: head + j + 1 });
      j += 1;
    }
  }
  for (let place = 0; place < tail; place += 1) {
    lines.push({ kind: "same", text: a[a.length - tail + place] ?? "", before: a.length - tail + place + 1, after: b.length - tail + place + 1 });
  }
  return fold(lines, context);
}

function fold(lines: DiffLine[], context: number): DiffLine[] {
  const near = new Set<number>();
  lines.forEach((line, place) => {
    if (line.kind !== "same") for (let of = place - context; of <= place + context; of += 1) near.add(of);
  });
  const shown: DiffLine[] = [];
  let hidden = 0;
  const close = () => {
    if (hidden) shown.push({ kind: "gap", text: `${hidden} unchanged ${hidden === 1 ? "line" : "lines"}`, before: 0, after: 0 });
    hidden = 0;
  };
  lines.forEach((line, place) => {
    if (near.has(place)) {
      close();
      shown.push(line);
    } else hidden += 1;
  });
  close();
  return shown;
}
