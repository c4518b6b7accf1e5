// How things look: numbers as words, bars, gauges, lanes. Texts of strangers only ever become text nodes.

const SVG = "http://www.w3.org/2000/svg";
const WORDS = {
  success: "over, well", failure: "over, badly", timed: "in work", assigned: "assigned", parked: "parked", waiting: "waiting",
};
const PHASES = {
  ended: "success", running: "timed", ending: "timed", waiting: "waiting", failed: "failure", interrupted: "failure",
  unreadable: "parked",
};

export const byId = (id) => document.getElementById(id);
export const fromTemplate = (id) => byId(id).content.firstElementChild.cloneNode(true);

export function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// Setting what is there already would make the browser, and a screen reader, do work for nothing.
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
export function set(node, name, value) {
  if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

export function duration(ms) {
  if (ms === null || ms === undefined) return "";
  if (ms < 10000) return `${(Math.max(0, ms) / 1000).toFixed(1)}s`;
  const s = Math.round(ms / 1000), m = Math.floor(s / 60), h = Math.floor(m / 60);
  if (m === 0) return `${s}s`;
  if (h === 0) return `${m}m ${String(s % 60).padStart(2, "0")}s`;
  return `${h}h ${String(m % 60).padStart(2, "0")}m`;
}
export const money = (usd) => (usd === null || usd === undefined ? "" : `$${usd.toFixed(usd < 1 ? 3 : 2)}`);
export function count(number) {
  if (number === null || number === undefined) return "";
  if (number >= 1e6) return `${(number / 1e6).toFixed(1)} M`;
  return number >= 1e4 ? `${(number / 1e3).toFixed(1)} k` : String(Math.round(number));
}
export function value(counter) {
  const v = counter.value;
  if (v === null) return "not known";
  switch (counter.unit) {
    case "ms": return duration(v);
    case "usd": return money(v);
    case "%": return `${v.toFixed(1)} %`;
    case "1/h": return `${count(v)} an hour`;
    case "count": return count(v);
    default: return String(Math.round(v * 1000) / 1000);
  }
}
export const label = (name) => name.replace(/_(ms|usd|pct)$/, "").replaceAll("_", " ");
export const title = (cut) => (cut.chars ? `${cut.text}… (${cut.chars} characters)` : cut.text);
export const words = (list) => list.filter(Boolean).join(" · ");

// A bar of parts, each [class, number]; the parts move, they are not made anew.
export function bar(svg, parts, all, text) {
  set(svg, "aria-label", text);
  let at = 0;
  parts.forEach(([kind, number], place) => {
    let part = svg.children[place];
    if (!part) {
      part = document.createElementNS(SVG, "rect");
      set(part, "height", 1);
      svg.append(part);
    }
    const width = all > 0 ? (100 * number) / all : 0;
    set(part, "class", kind);
    set(part, "x", at.toFixed(3));
    set(part, "width", width.toFixed(3));
    at += width;
  });
  while (svg.children.length > parts.length) svg.lastChild.remove();
}

// The same numbers as words, each with the colour it has in the bar.
export function key(node, parts) {
  parts.forEach(([kind, number, name], place) => {
    let part = node.children[place];
    if (!part) {
      part = element("span");
      part.append(element("i", undefined, "key"), document.createTextNode(""));
      node.append(part);
    }
    set(part.firstChild, "class", `key ${kind}`);
    const text = `${number} ${name}`;
    if (part.lastChild.data !== text) part.lastChild.data = text;
  });
  while (node.children.length > parts.length) node.lastChild.remove();
}

export function taskParts(tasks) {
  return tasks.map((one) => [one.class, one.tasks, one.state]);
}
export const isOver = (one) => one.class === "success" || one.class === "failure";
export const sum = (list) => list.reduce((all, one) => all + one, 0);
export function taskWords(run) {
  const over = sum(run.tasks.filter(isOver).map((one) => one.tasks));
  return `${over} of ${run.task_count ?? "?"} tasks over`;
}
export function phaseParts(phases) {
  const order = ["ended", "running", "ending", "failed", "interrupted", "unreadable", "waiting"];
  return order.filter((phase) => phases[phase]).map((phase) => [PHASES[phase], phases[phase], phase]);
}

// A gauge with its words: `part` of `all`.
export function gauge(node, words, part, all, isLimit) {
  let [text, meter] = [node.firstElementChild, node.lastElementChild];
  if (!text) {
    [text, meter] = [element("span"), element("meter")];
    node.append(text, meter);
    set(meter, "min", 0);
    if (isLimit) { // the nearer to the end, the worse
      set(meter, "low", 0.6); set(meter, "high", 0.85); set(meter, "optimum", 0);
    }
    set(meter, "max", 1);
  }
  say(text, words);
  const share = all > 0 ? Math.min(1, Math.max(0, part / all)) : 0;
  meter.value = share;
  set(meter, "aria-label", words);
}

// One lane a worker; times are the coordinates, so that a growing run moves one attribute.
export class Lanes {
  constructor(node, caption) {
    Object.assign(this, { node, caption, rows: new Map(), open: new Map(), end: 0 });
  }
  lane(worker) {
    if (!this.rows.has(worker)) {
      const [name, svg] = [element("span", worker, "name"), document.createElementNS(SVG, "svg")];
      name.title = worker;
      set(svg, "preserveAspectRatio", "none");
      set(svg, "role", "img");
      set(svg, "height", 15);
      this.node.append(name, svg);
      this.rows.set(worker, { svg, pieces: new Map() });
    }
    return this.rows.get(worker);
  }
  put(segment, start) {
    const lane = this.lane(segment.worker);
    let piece = lane.pieces.get(segment.n);
    if (!piece) {
      piece = document.createElementNS(SVG, "rect");
      piece.append(document.createElementNS(SVG, "title"));
      set(piece, "y", 0.1);
      set(piece, "height", 0.8);
      lane.svg.append(piece);
      lane.pieces.set(segment.n, piece);
    }
    set(piece, "x", segment.from_ms - start);
    set(piece, "class", segment.to_ms === null ? "timed" : segment.ended ?? "parked");
    if (segment.to_ms === null) this.open.set(segment.n, { piece, segment });
    else this.open.delete(segment.n);
    this.finish(piece, segment, segment.to_ms);
  }
  finish(piece, segment, to) {
    const end = to ?? segment.from_ms;
    set(piece, "width", Math.max(0, end - segment.from_ms));
    const how = segment.to_ms === null ? segment.state : WORDS[segment.ended] ?? "left";
    const text = `${title(segment.title) || segment.task}: ${how}, ${duration(end - segment.from_ms)}`;
    say(piece.firstChild, text);
  }
  grow(now, start) {
    const span = Math.max(1000, now - start);
    for (const { piece, segment } of this.open.values()) this.finish(piece, segment, now);
    for (const [worker, { svg, pieces }] of this.rows) {
      set(svg, "viewBox", `0 0 ${Math.round(span)} 1`);
      set(svg, "aria-label", `${worker}: ${pieces.size} pieces of work in ${duration(span)}`);
    }
    say(this.caption, `Who worked when: ${duration(span)} from the launch on`);
  }
}
