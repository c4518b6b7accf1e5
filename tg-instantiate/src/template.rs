//! A template: the task graph of a snapshot, checked before anything is written.
//!
//! The host accepts a cycle, a dangling edge or an edge between containers without an error, and then never shows the
//! tasks as ready, or all at once. Such edges are errors here. An ordering edge on a container, which orders nothing below
//! it, is a warning. The traces of a past run (owners, times, costs, history, attachments, deleted tasks) are not part of
//! a template.

use crate::nesting::Nesting;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use tg_host::Snapshot;
use tg_host::schema::instantiate::TemplateTask;
use tg_host::snapshot::{Dependency, TagRow, TaskRow, text};
use tg_stage::error::outside;
use tg_stage::{Error, Result, nearest};

/// The edge types of the host, which ignores edges of any other type.
const DEP_TYPES: [&str; 6] = [
    "blocks",
    "follows",
    "contains",
    "relates-to",
    "see-also",
    "duplicate",
];

/// Number of tasks of a cycle that a message names.
const SHOWN: usize = 10;

/// A task graph that can be copied into a database.
#[derive(Debug, Clone)]
pub struct Template {
    /// File name without `.json` or `.json.gz`.
    pub name: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Tasks in the file's order.
    pub tasks: Vec<TemplateTask>,
    pub dependencies: Vec<Dependency>,
    pub warnings: Vec<String>,
}

impl Template {
    /// Reads and checks a template file; a row that cannot be read is an error.
    pub fn load(path: &Path) -> Result<Self> {
        let fault = |cause: String| Error::usage(path.display(), cause);
        text::check(path).map_err(outside)?;
        let mut snapshot = Snapshot::of_file(path).map_err(|error| fault(error.cause))?;
        if let Some(unread) = snapshot.unread.first() {
            let (table, first) = (&unread.table, &unread.first);
            return Err(fault(format!("table \"{table}\", {first}")));
        }
        let sha256 = snapshot.file.take().unwrap_or_default().sha256;
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let name = file.trim_end_matches(".gz").trim_end_matches(".json");
        Self::from_snapshot(name.into(), sha256, snapshot).map_err(fault)
    }

    fn from_snapshot(name: String, sha256: String, snapshot: Snapshot) -> Result<Self, String> {
        let tables = snapshot.tables;
        let origins = tables.experiment_tasks.into_iter();
        let mut origins: HashMap<String, String> = origins
            .map(|row| (row.task_id, row.template_task_id))
            .collect();
        let mut needed = by_task(tables.task_needed_tags);
        let mut wanted = by_task(tables.task_wanted_tags);
        let mut tags = by_task(tables.task_tags);
        let mut tasks: Vec<TemplateTask> = Vec::new();
        let all = tables.tasks.into_iter();
        for mut task in all.filter(|task| task.deleted_at.is_none()) {
            check_text(&task)?;
            add_rows(&mut task.needed_tags, needed.remove(&task.id));
            add_rows(&mut task.wanted_tags, wanted.remove(&task.id));
            add_rows(&mut task.tags, tags.remove(&task.id));
            task.tags
                .retain(|tag| !tag.starts_with("exp:") && !tag.starts_with("run:"));
            let origin = origins.remove(&task.id).unwrap_or_else(|| task.id.clone());
            tasks.push(TemplateTask { origin, task });
        }
        let mut template = Self {
            name,
            sha256,
            tasks,
            dependencies: tables.dependencies,
            warnings: Vec::new(),
        };
        template.check()?;
        template.warnings = template.container_edges();
        Ok(template)
    }

    /// Number of ordering edges (`follows`, `blocks`).
    pub fn ordering_deps(&self) -> usize {
        self.ordering().count()
    }

    /// Edges along which a task waits for another.
    pub fn ordering(&self) -> impl Iterator<Item = &Dependency> {
        self.dependencies.iter().filter(|edge| edge.is_ordering())
    }

    fn contains(&self) -> impl Iterator<Item = &Dependency> {
        let edges = self.dependencies.iter();
        edges.filter(|edge| edge.is_containment())
    }

    /// Ids of the tasks that contain others.
    pub fn containers(&self) -> BTreeSet<&str> {
        self.contains()
            .map(|edge| edge.from_task_id.as_str())
            .collect()
    }

    fn check(&self) -> Result<(), String> {
        let mut ids = BTreeSet::new();
        for task in &self.tasks {
            if !ids.insert(task.task.id.as_str()) {
                return Err(format!("task `{}` is there twice", task.task.id));
            }
        }
        if ids.is_empty() {
            return Err("has no task".into());
        }
        let mut seen = BTreeSet::new();
        for edge in &self.dependencies {
            check_edge(edge, &ids)?;
            let (from, to, kind) = (&edge.from_task_id, &edge.to_task_id, &edge.dep_type);
            if !seen.insert((from, to, kind)) {
                return Err(format!("the edge `{from}` {kind} `{to}` is there twice"));
            }
        }
        for (what, cycle) in [
            ("wait for each other", cycle(self.ordering())),
            ("contain each other", cycle(self.contains())),
        ] {
            if let Some(cycle) = cycle {
                let tasks = shown(&cycle);
                return Err(format!(
                    "these tasks {what}, and would never be ready: {tasks}"
                ));
            }
        }
        let nesting = Nesting::new(&self.dependencies);
        for edge in self.ordering() {
            let (from, to) = (edge.from_task_id.as_str(), edge.to_task_id.as_str());
            if nesting.is_in(to, from) || nesting.is_in(from, to) {
                return Err(format!(
                    "the edge `{from}` {} `{to}` joins a container and a task in it: neither would ever end",
                    edge.dep_type
                ));
            }
        }
        Ok(())
    }

    /// A warning for each ordering edge that starts or ends at a container.
    fn container_edges(&self) -> Vec<String> {
        let containers = self.containers();
        let odd = self.ordering().filter_map(|edge| {
            let (from, to) = (edge.from_task_id.as_str(), edge.to_task_id.as_str());
            let container = [from, to].into_iter().find(|id| containers.contains(id))?;
            Some(format!(
                "`{from}` {} `{to}`: `{container}` is a container, and the host does not pass the order to its children",
                edge.dep_type
            ))
        });
        odd.collect()
    }
}

/// Rejects an edge of an unknown type, a dangling edge and a loop.
fn check_edge(edge: &Dependency, ids: &BTreeSet<&str>) -> Result<(), String> {
    let (from, to, kind) = (&edge.from_task_id, &edge.to_task_id, &edge.dep_type);
    if !DEP_TYPES.contains(&kind.as_str()) {
        let near = nearest(kind, DEP_TYPES).map(|near| format!(": did you mean `{near}`?"));
        return Err(format!(
            "the edge `{from}` {kind} `{to}` is of no type the host knows{}",
            near.unwrap_or_default()
        ));
    }
    if let Some(missing) = [from, to].iter().find(|id| !ids.contains(id.as_str())) {
        return Err(format!(
            "the edge `{from}` {kind} `{to}` names `{missing}`, which is not a task of it"
        ));
    }
    if from == to {
        return Err(format!(
            "task `{from}` {kind} itself, and would never be ready"
        ));
    }
    Ok(())
}

/// The tasks on a cycle; of a long one its ends.
fn shown(cycle: &[String]) -> String {
    match cycle {
        [first @ .., last] if first.len() > SHOWN => {
            format!("{} -> ... -> {last}", first[..SHOWN].join(" -> "))
        }
        all => all.join(" -> "),
    }
}

fn check_text(task: &TaskRow) -> Result<(), String> {
    let id = &task.id;
    let texts = [
        ("id", Some(id)),
        ("title", Some(&task.title)),
        ("description", task.description.as_ref()),
    ];
    let has_nul = |text: Option<&String>| text.is_some_and(|text| text.contains('\0'));
    if let Some((what, _)) = texts.iter().find(|(_, text)| has_nul(*text)) {
        let id = id.replace('\0', "\\0");
        return Err(format!("the {what} of task `{id}` contains a NUL"));
    }
    if let Some(points) = task.points.filter(|points| points.fract() != 0.0) {
        return Err(format!(
            "task `{id}` has {points} points, and the host knows whole ones only"
        ));
    }
    let mut tags = task.needed_tags.iter().chain(&task.wanted_tags);
    if let Some(tag) = tags.find(|tag| tag.contains([',', '\0']) || tag.trim().is_empty()) {
        let tag = tag.escape_debug();
        return Err(format!(
            "task `{id}` needs the tag `{tag}`, which no agent can be given"
        ));
    }
    if id.is_empty() {
        return Err(format!("the task titled `{}` has no id", task.title));
    }
    Ok(())
}

fn by_task(rows: Vec<TagRow>) -> HashMap<String, Vec<String>> {
    let mut tags: HashMap<String, Vec<String>> = HashMap::new();
    for row in rows {
        tags.entry(row.task_id).or_default().push(row.tag);
    }
    tags
}

/// Adds the tags of the junction table to those of the task's own column, each once, in order.
fn add_rows(tags: &mut Vec<String>, rows: Option<Vec<String>>) {
    tags.extend(rows.into_iter().flatten());
    let mut seen = BTreeSet::new();
    tags.retain(|tag| seen.insert(tag.clone()));
}

/// The tasks on a cycle among the edges, if there is one. Kahn's algorithm: a task that cannot be removed is on a cycle or
/// behind one, so a walk along its predecessors must reach the cycle.
fn cycle<'a>(edges: impl Iterator<Item = &'a Dependency>) -> Option<Vec<String>> {
    let mut after: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut before: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for edge in edges {
        let (from, to) = (edge.from_task_id.as_str(), edge.to_task_id.as_str());
        after.entry(from).or_default().push(to);
        before.entry(to).or_default().insert(from);
        before.entry(from).or_default();
    }
    let free = before.iter().filter(|(_, open)| open.is_empty());
    let mut free: Vec<&str> = free.map(|(id, _)| *id).collect();
    while let Some(id) = free.pop() {
        before.remove(id);
        for next in after.get(id).into_iter().flatten() {
            if let Some(open) = before.get_mut(next) {
                open.remove(id);
                if open.is_empty() {
                    free.push(next);
                }
            }
        }
    }
    let mut path = vec![*before.keys().next()?];
    let mut places = HashMap::from([(path[0], 0)]);
    loop {
        let previous = *before.get(path.last()?)?.iter().next()?;
        if let Some(start) = places.insert(previous, path.len()) {
            let on_cycle = path[start..].iter().rev();
            let mut cycle: Vec<String> = on_cycle.map(ToString::to_string).collect();
            let first = (0..cycle.len()).min_by_key(|index| &cycle[*index])?;
            cycle.rotate_left(first);
            cycle.push(cycle.first()?.clone());
            return Some(cycle);
        }
        path.push(previous);
    }
}
