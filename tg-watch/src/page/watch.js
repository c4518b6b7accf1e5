// The logic of the page: it receives events, keeps the newest state of each run, and updates the parts that changed.

import * as p from "./parts.js";

const CARDS_KEPT = 4; // of runs that ended while the page was open
const ROWS = 100;
const known = { experiments: new Map(), runs: new Map() };
const shown = new Map();
const dirty = { experiments: new Set(), runs: new Set(), tables: new Set() };
let skew = 0, stream = null, isScheduled = false;

const now = () => Date.now() + skew;
const keyOf = (run) => `${run.experiment}/${run.run}`;
const isActive = (run) => run.phase === "running" || run.phase === "ending";

function connect() {
  if (stream) return;
  stream = new EventSource("/events");
  stream.addEventListener("all", (event) => receive(JSON.parse(event.data), true));
  stream.addEventListener("some", (event) => receive(JSON.parse(event.data), false));
  stream.onerror = () => showLink("down", "Connection lost, trying again");
}
function disconnect() {
  stream?.close();
  stream = null;
}
function showLink(state, text) {
  p.byId("link").hidden = false;
  p.byId("link").className = `link-state ${state}`;
  p.setText(p.byId("link"), text);
}

function receive(update, isAll) {
  skew = update.at_ms - Date.now();
  if (isAll) {
    const here = new Set([...update.runs.map(keyOf), ...update.experiments.map((one) => one.name)]);
    for (const key of [...known.runs.keys(), ...known.experiments.keys()]) if (!here.has(key)) forget(key);
    p.byId("static").hidden = true;
    showLink("up", "Live");
  }
  update.gone.forEach(forget);
  for (const one of update.experiments) {
    known.experiments.set(one.name, one);
    dirty.experiments.add(one.name);
  }
  for (const run of update.runs) receiveRun(run, isAll);
  for (const { of: [experiment, name], segments } of update.work) {
    const run = known.runs.get(`${experiment}/${name}`);
    if (!run) continue;
    for (const segment of segments) run.segments.set(segment.n, segment), run.fresh.add(segment.n);
    dirty.runs.add(`${experiment}/${name}`);
  }
  schedule();
}

function receiveRun(run, isAll) {
  const key = keyOf(run), before = known.runs.get(key);
  const isOther = before && before.data.started_at_ms !== run.started_at_ms;
  const entry = before && !isOther ? before : { segments: new Map(), fresh: new Set(), card: before?.card ?? null, endedAt: 0 };
  if (isOther) dropCard(before), (entry.card = null);
  const old = before?.data;
  entry.data = run;
  known.runs.set(key, entry);
  dirty.runs.add(key);
  dirty.tables.add(run.experiment);
  if (isAll || (old && old.phase === run.phase)) return;
  if (isActive(run) && !(old && isActive(old))) announce(`${run.run} started`);
  if (old && isActive(old) && !isActive(run)) {
    entry.endedAt = now();
    announce(`${run.run}: ${run.outcome ?? run.phase}`);
  }
}

function forget(key) {
  const run = known.runs.get(key);
  if (run) dropCard(run), dirty.tables.add(run.data.experiment);
  known.runs.delete(key);
  known.experiments.delete(key);
  shown.get(key)?.section.remove();
  shown.delete(key);
}
function dropCard(run) {
  run.card?.node.remove();
  run.card = null;
}

// Events within one second are announced together, and only the last few of many.
let announcements = [], announceTimer = 0;
function announce(text) {
  announcements.push(text);
  announceTimer ||= setTimeout(() => {
    const rest = announcements.length > 3 ? [`${announcements.length - 3} more runs`] : [];
    p.byId("announced").replaceChildren(p.element("span", [...announcements.slice(-3), ...rest].join("; ")));
    announcements = [];
    announceTimer = 0;
  }, 1000);
}

function schedule() {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(() => {
    isScheduled = false;
    draw();
  });
}

function draw() {
  for (const name of dirty.experiments) drawExperiment(known.experiments.get(name));
  for (const key of dirty.runs) {
    const run = known.runs.get(key);
    if (run) drawRun(run);
  }
  for (const name of dirty.tables) drawTable(name);
  for (const set of Object.values(dirty)) set.clear();
  const names = [...known.experiments.keys()];
  const text = names.length === 1 ? names[0] : "Experiments";
  p.setText(p.byId("title"), text);
  p.byId("none").hidden = known.runs.size > 0;
  const active = [...known.runs.values()].filter((run) => isActive(run.data)).length;
  const heading = active > 0 ? `${active} running: ${text}` : text;
  if (document.title !== heading) document.title = heading;
}

function drawExperiment(one) {
  if (!one) return;
  if (!shown.has(one.name)) {
    const section = p.fromTemplate("experiment");
    const part = (name) => section.querySelector(name);
    const parts = { section, arms: part(".arms"), active: part(".active"), facts: part(".facts"), reports: part(".reports"),
      rest: part(".rest"), body: part("tbody"), more: part(".more"), table: part("table"), armNodes: new Map(), limit: ROWS };
    section.setAttribute("aria-label", one.name);
    parts.rest.querySelector(".scroll").setAttribute("aria-label", `Other runs of ${one.name}`);
    parts.arms.setAttribute("aria-label", `Arms of ${one.name}`);
    parts.more.addEventListener("click", () => ((parts.limit += 2 * ROWS), drawTable(one.name)));
    parts.rest.addEventListener("toggle", () => drawTable(one.name));
    p.byId("experiments").append(section);
    shown.set(one.name, parts);
    dirty.tables.add(one.name);
    for (const [key, run] of known.runs) if (run.data.experiment === one.name) dirty.runs.add(key); // runs may be received before their experiment
  }
  const parts = shown.get(one.name);
  p.setText(parts.section.querySelector("h2"), one.name);
  parts.section.querySelector("h2").hidden = known.experiments.size === 1;
  parts.section.querySelector(".simulated").hidden = !one.simulated;
  const all = p.sum(Object.values(one.phases)), budget = one.budget_usd === null ? "" : ` of ${p.money(one.budget_usd)} budget`;
  const tokens = one.budget_tokens === null ? "" : ` of ${p.count(one.budget_tokens)}`;
  p.setText(parts.facts, p.join([`${one.phases.ended ?? 0} of ${all} runs ended`,
    one.cost_usd !== null && `${p.money(one.cost_usd)}${budget} so far`,
    one.tokens !== null && `${p.count(one.tokens)}${tokens} tokens`]));
  if (parts.reports.dataset.is !== JSON.stringify(one.reports)) {
    parts.reports.dataset.is = JSON.stringify(one.reports);
    parts.reports.replaceChildren(...one.reports.map((report) => {
      const anchor = p.element("a", report.name);
      anchor.href = report.url;
      return anchor;
    }));
    if (one.reports.length) parts.reports.prepend("Finished reports: ");
  }
  one.arms.forEach((arm) => drawArm(parts, arm));
}

function drawArm(parts, arm) {
  if (!parts.armNodes.has(arm.name)) {
    parts.armNodes.set(arm.name, p.fromTemplate("arm"));
    parts.arms.append(parts.armNodes.get(arm.name));
  }
  const node = parts.armNodes.get(arm.name), part = (name) => node.querySelector(name);
  p.setText(part("h3"), arm.name || "(no arm)");
  const phases = p.phaseParts(arm.phases);
  p.bar(part("svg"), phases, arm.runs, `${arm.name}: ${arm.phases.ended ?? 0} of ${arm.runs} runs ended`);
  p.key(part(".counts"), phases);
  const ends = Object.entries(arm.outcomes).map(([outcome, number]) => `${number} ${outcome}`);
  p.setText(part(".left"), p.join([ends.join(", "), p.money(arm.cost_usd), arm.tokens !== null && `${p.count(arm.tokens)} tokens`,
    arm.left_ms > 0 && `about ${p.duration(arm.left_ms)} left, one run after the other`]));
}

function drawRun(run) {
  const parts = shown.get(run.data.experiment);
  if (!parts) return;
  if (!run.card && (isActive(run.data) || run.endedAt)) {
    const node = p.fromTemplate("run"), part = (name) => node.querySelector(name);
    run.card = { node, part, lanes: new p.Lanes(part(".lanes"), part("figcaption")), agents: new Map(), counters: new Map(), clocks: new Map() };
    node.dataset.run = run.data.run;
    node.setAttribute("aria-label", run.data.run);
    parts.active.prepend(node);
    for (const n of run.segments.keys()) run.fresh.add(n);
  }
  if (!run.card) return;
  const { node, part, lanes } = run.card, data = run.data;
  p.setText(part("h3"), data.run);
  const how = data.outcome ?? data.error ?? data.problem ?? data.phase;
  const trouble = data.problem && data.outcome === null ? data.problem : "";
  node.classList.toggle("good", data.outcome === "completed");
  node.classList.toggle("bad", !["completed", null].includes(data.outcome) || data.error !== null);
  const parts2 = p.taskParts(data.tasks);
  p.bar(part(".bar"), parts2, data.task_count ?? 0, `${data.run}: ${p.taskText(data)}`);
  p.key(part(".states"), parts2);
  run.card.head = [how, trouble];
  for (const agent of data.agents) lanes.lane(agent.worker);
  for (const n of run.fresh) lanes.put(run.segments.get(n), data.started_at_ms ?? run.segments.get(n).from_ms);
  run.fresh.clear();
  part(".gantt").hidden = run.segments.size === 0;
  const last = data.last_event;
  p.setText(part(".event"), last ? p.join([`Last: ${last.state}`, p.title(last.title) || last.task, last.worker]) : "");
  tick(run);
}

// Updates the parts that change with time alone.
function tick(run) {
  const { part, lanes, agents, counters, clocks, head } = run.card, data = run.data;
  const at = isActive(data) && data.phase === "running" ? now() : data.ended_at_ms ?? now();
  const elapsed = data.started_at_ms === null ? null : at - data.started_at_ms;
  const phase = part(".phase");
  if (!phase.firstChild) phase.append(p.element("b"), document.createTextNode(""));
  p.setText(phase.firstChild, head[0]);
  const rest = ` · ${p.join([p.taskText(data), p.duration(elapsed), p.money(data.cost_usd), data.tokens !== null && `${p.count(data.tokens)} tokens`, head[1]])}`;
  if (phase.lastChild.data !== rest) phase.lastChild.data = rest;
  for (const counter of data.metrics) drawCounter(part(".counters"), counters, counter, elapsed, isActive(data));
  drawClocks(part(".clocks"), clocks, data, elapsed, at);
  for (const agent of data.agents) drawAgent(part(".agents"), agents, agent, elapsed, at);
  if (data.started_at_ms !== null) lanes.grow(at, data.started_at_ms);
}

function drawCounter(list, counters, counter, elapsed, isLive) {
  if (!counters.has(counter.name)) {
    const box = p.element("div"), text = p.element("dd");
    text.append(document.createTextNode(""), p.element("small"));
    box.append(p.element("dt", p.label(counter.name)), text);
    list.append(box);
    counters.set(counter.name, text);
  }
  const text = counters.get(counter.name);
  const isWall = counter.live && counter.name === "wall_clock_time_ms" && elapsed !== null;
  const value = p.value(isWall ? { ...counter, value: elapsed } : counter);
  const isLate = counter.live && counter.value === null;
  const shown = isLate ? (isLive ? "after the end" : "see the report") : value;
  if (text.firstChild.data !== shown) text.firstChild.data = shown;
  p.setAttribute(text, "class", isLate ? "late" : "");
  p.setText(text.lastChild, !counter.live || isLate ? "" : isLive ? "so far" : "at the end");
}

function drawClocks(list, clocks, data, elapsed, at) {
  const limits = data.limits, runs = isActive(data);
  const all = runs ? [
    ["timeout", elapsed, limits.timeout_ms, p.duration],
    ["no change", data.changed_at_ms === null ? null : Math.max(0, at - data.changed_at_ms), limits.stall_ms, p.duration],
    ["run cost", data.cost_usd, limits.run_cost_usd, p.money],
    ["run tokens", data.tokens, limits.run_tokens, p.count],
  ] : [];
  const wanted = all.filter(([, part, whole]) => part !== null && whole);
  for (const [name, node] of clocks) if (!wanted.some((one) => one[0] === name)) node.remove(), clocks.delete(name);
  for (const [name, part, whole, words] of wanted) {
    if (!clocks.has(name)) {
      clocks.set(name, p.element("li"));
      list.append(clocks.get(name));
    }
    p.gauge(clocks.get(name), `${name} ${words(part)} of ${words(whole)}`, part, whole, true);
  }
  list.hidden = wanted.length === 0;
}

function drawAgent(list, agents, agent, elapsed, at) {
  if (!agents.has(agent.worker)) {
    const [item, head, share, current] = [p.element("li"), p.element("div", undefined, "agent-head"), p.element("div"), p.element("div", undefined, "agent-task")];
    head.append(p.element("b", agent.worker), p.element("span"));
    item.append(head, share, current);
    list.append(item);
    agents.set(agent.worker, { item, state: head.lastChild, share, current });
  }
  const { item, state, share, current } = agents.get(agent.worker);
  p.setAttribute(item, "class", agent.state);
  const silence = agent.state === "silent" && agent.heard_at_ms !== null ? ` for ${p.duration(at - agent.heard_at_ms)}` : "";
  const role = agent.role && agent.role !== "worker" ? `${agent.role}, ` : "";
  p.setText(state, `${role}${agent.state}${silence}`);
  if (agent.worked_ms === null) share.hidden = true;
  else {
    const worked = agent.worked_ms + (agent.working_since_ms === null ? 0 : Math.max(0, at - agent.working_since_ms));
    const percent = elapsed > 0 ? Math.min(100, (100 * worked) / elapsed) : 0;
    share.hidden = false;
    p.gauge(share, p.join([`${percent.toFixed(0)} % working`, p.money(agent.cost_usd), agent.tokens !== null && `${p.count(agent.tokens)} tokens`]), worked, elapsed, false);
  }
  const [task] = agent.tasks;
  const more = agent.tasks.length > 1 ? ` and ${agent.tasks.length - 1} more` : "";
  const text = task ? (task.thought ? `${p.title(task.title)}: ${p.title(task.thought)}` : p.title(task.title)) + more : "";
  p.setText(current, text);
  current.hidden = agent.state === "gone";
  p.setAttribute(current, "title", text);
}

function drawTable(name) {
  const parts = shown.get(name);
  if (!parts) return;
  const own = [...known.runs.values()].filter((run) => run.data.experiment === name);
  const ended = own.filter((run) => run.endedAt && !isActive(run.data)).sort((a, b) => b.endedAt - a.endedAt);
  for (const run of ended.slice(CARDS_KEPT)) dropCard(run), (run.endedAt = 0);
  const rank = { failed: 0, interrupted: 0, unreadable: 0, ended: 1, waiting: 2 };
  const rest = own.filter((run) => !run.card && !isActive(run.data));
  rest.sort((a, b) => rank[a.data.phase] - rank[b.data.phase] || (b.data.ended_at_ms ?? 0) - (a.data.ended_at_ms ?? 0));
  p.setText(parts.rest.querySelector("summary"), `${rest.length} ${rest.length < own.length ? "other " : ""}${rest.length === 1 ? "run" : "runs"}`);
  parts.rest.hidden = rest.length === 0;
  if (!parts.wasOpened && rest.length > 0) {
    parts.wasOpened = true;
    parts.rest.open = !own.some((run) => isActive(run.data));
  }
  if (!parts.rest.open) return;
  parts.more.hidden = rest.length <= parts.limit;
  parts.body.replaceChildren(...rest.slice(0, parts.limit).map((run) => row(run.data)));
}

function row(data) {
  const line = p.element("tr"), head = p.element("th", data.run);
  head.scope = "row";
  const how = data.outcome ?? data.error ?? data.problem ?? "";
  const end = p.element("td", how, how === "completed" ? "good" : how ? "bad" : "");
  const took = data.started_at_ms !== null && data.ended_at_ms !== null ? p.duration(data.ended_at_ms - data.started_at_ms) : "";
  line.append(head, p.element("td", data.phase), end, p.element("td", data.task_count === null ? "" : p.taskText(data).replace(" tasks ended", ""), "num"),
    p.element("td", took, "num"), p.element("td", p.money(data.cost_usd), "num"));
  return line;
}

setInterval(() => {
  if (document.hidden) return;
  for (const run of known.runs.values()) if (run.card && isActive(run.data)) tick(run);
}, 1000);
// A browser keeps six connections to one server: hidden tabs leave theirs to visible ones.
document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
if (!document.hidden) connect();
