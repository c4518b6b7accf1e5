// The parts of the page: numbers as text, bars, gauges, lanes. Texts from agents only become text nodes.

const SVG = "http://www.w3.org/2000/svg";
const CLASSES = {
  success: "succeeded", failure: "failed", timed: "in progress", assigned: "assigned", parked: "parked", waiting: "waiting",
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

// An unchanged value is not set again: that would make the browser and a screen reader do needless work.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
export function setAttribute(node, name, value) {
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
export const join = (list) => list.filter(Boolean).join(" · ");

// A bar of parts, each [class, number]; its elements are reused.
export function bar(svg, parts, all, text) {
  setAttribute(svg, "aria-label", text);
  let at = 0;
  parts.forEach(([kind, number], place) => {
    let part = svg.children[place];
    if (!part) {
      part = document.createElementNS(SVG, "rect");
      setAttribute(part, "height", 1);
      svg.append(part);
    }
    const width = all > 0 ? (100 * number) / all : 0;
    setAttribute(part, "class", kind);
    setAttribute(part, "x", at.toFixed(3));
    setAttribute(part, "width", width.toFixed(3));
    at += width;
  });
  while (svg.children.length > parts.length) svg.lastChild.remove();
}

// The same numbers as text, each with its colour in the bar.
export function key(node, parts) {
  parts.forEach(([kind, number, name], place) => {
    let part = node.children[place];
    if (!part) {
      part = element("span");
      part.append(element("i", undefined, "key"), document.createTextNode(""));
      node.append(part);
    }
    setAttribute(part.firstChild, "class", `key ${kind}`);
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
export function taskText(run) {
  const over = sum(run.tasks.filter(isOver).map((one) => one.tasks));
  return `${over} of ${run.task_count ?? "?"} tasks ended`;
}
export function phaseParts(phases) {
  const order = ["ended", "running", "ending", "failed", "interrupted", "unreadable", "waiting"];
  return order.filter((phase) => phases[phase]).map((phase) => [PHASES[phase], phases[phase], phase]);
}

// A gauge with its text: `part` of `all`.
export function gauge(node, label, part, all, isLimit) {
  let [text, meter] = [node.firstElementChild, node.lastElementChild];
  if (!text) {
    [text, meter] = [element("span"), element("meter")];
    node.append(text, meter);
    setAttribute(meter, "min", 0);
    if (isLimit) { // the closer to the limit, the worse
      setAttribute(meter, "low", 0.6); setAttribute(meter, "high", 0.85); setAttribute(meter, "optimum", 0);
    }
    setAttribute(meter, "max", 1);
  }
  setText(text, label);
  const share = all > 0 ? Math.min(1, Math.max(0, part / all)) : 0;
  meter.value = share;
  setAttribute(meter, "aria-label", label);
}

// One lane per worker. Coordinates are times, so that a running run changes one attribute.
export class Lanes {
  constructor(node, caption) {
    Object.assign(this, { node, caption, rows: new Map(), open: new Map(), end: 0 });
  }
  lane(worker) {
    if (!this.rows.has(worker)) {
      const [name, svg] = [element("span", worker, "name"), document.createElementNS(SVG, "svg")];
      name.title = worker;
      setAttribute(svg, "preserveAspectRatio", "none");
      setAttribute(svg, "role", "img");
      setAttribute(svg, "height", 15);
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
      setAttribute(piece, "y", 0.1);
      setAttribute(piece, "height", 0.8);
      lane.svg.append(piece);
      lane.pieces.set(segment.n, piece);
    }
    setAttribute(piece, "x", segment.from_ms - start);
    setAttribute(piece, "class", segment.to_ms === null ? "timed" : segment.ended ?? "parked");
    if (segment.to_ms === null) this.open.set(segment.n, { piece, segment });
    else this.open.delete(segment.n);
    this.finish(piece, segment, segment.to_ms);
  }
  finish(piece, segment, to) {
    const end = to ?? segment.from_ms;
    setAttribute(piece, "width", Math.max(0, end - segment.from_ms));
    const how = segment.to_ms === null ? segment.state : CLASSES[segment.ended] ?? "left";
    const text = `${title(segment.title) || segment.task}: ${how}, ${duration(end - segment.from_ms)}`;
    setText(piece.firstChild, text);
  }
  grow(now, start) {
    const span = Math.max(1000, now - start);
    for (const { piece, segment } of this.open.values()) this.finish(piece, segment, now);
    for (const [worker, { svg, pieces }] of this.rows) {
      setAttribute(svg, "viewBox", `0 0 ${Math.round(span)} 1`);
      setAttribute(svg, "aria-label", `${worker}: ${pieces.size} segments of work in ${duration(span)}`);
    }
    setText(this.caption, `Work of each agent over time: ${duration(span)} since the launch`);
  }
}
