//! A template: the task graph of a snapshot, checked before anything is written.
//!
//! The host takes a cycle, a dangling edge or an edge between containers without a word and then never shows the tasks
//! as ready, or all at once. So what it would swallow is an error here, and an ordering edge on a container, which
//! orders nothing below it, is a warning. What belongs to a past run (owners, times, costs, history, attachments,
//! deleted tasks) is not part of a template.

use crate::nesting::Nesting;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use tg_host::Snapshot;
use tg_host::snapshot::{Dependency, TagRow, Task, text};
use tg_stage::error::outside;
use tg_stage::{Error, Result, nearest};

/// The host passes over edges of any other type.
const DEP_TYPES: [&str; 6] = [
    "blocks",
    "follows",
    "contains",
    "relates-to",
    "see-also",
    "duplicate",
];

/// How many tasks of a cycle a message names.
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
    /// Edges between them.
    pub dependencies: Vec<Dependency>,
    /// What is odd and not wrong.
    pub warnings: Vec<String>,
}

/// A task of a template.
#[derive(Debug, Clone)]
pub struct TemplateTask {
    /// The id by which its draws and its row in `experiment_tasks` go.
    pub origin: String,
    /// Title, description, estimate and the rest; runtime columns are not looked at.
    pub task: Task,
}

/// Read a template's snapshot; half a plan is none, so a row that cannot be read is an error.
fn read(path: &Path) -> Result<Snapshot, String> {
    let snapshot = Snapshot::of_file(path).map_err(|error| error.cause)?;
    match snapshot.unread.first() {
        Some(unread) => Err(format!("table \"{}\", {}", unread.table, unread.first)),
        None => Ok(snapshot),
    }
}

impl Template {
    /// Read and check a template file.
    pub fn load(path: &Path) -> Result<Self> {
        text::check(path).map_err(outside)?;
        let mut snapshot = read(path).map_err(|cause| Error::usage(path.display(), cause))?;
        let sha256 = snapshot.file.take().unwrap_or_default().sha256;
        let stem = path.file_name().unwrap_or_default().to_string_lossy();
        let name = stem
            .trim_end_matches(".gz")
            .trim_end_matches(".json")
            .to_string();
        Self::of(name, sha256, snapshot).map_err(|cause| Error::usage(path.display(), cause))
    }

    fn of(name: String, sha256: String, snapshot: Snapshot) -> Result<Self, String> {
        let tables = snapshot.tables;
        let origins: HashMap<String, String> = tables
            .experiment_tasks
            .into_iter()
            .map(|row| (row.task_id, row.template_task_id))
            .collect();
        let [needed, wanted, tags] = [
            tables.task_needed_tags,
            tables.task_wanted_tags,
            tables.task_tags,
        ]
        .map(by_task);
        let mut tasks: Vec<TemplateTask> = Vec::new();
        for mut task in tables
            .tasks
            .into_iter()
            .filter(|task| task.deleted_at.is_none())
        {
            check_text(&task)?;
            task.needed_tags = with_rows(&task.needed_tags, needed.get(&task.id));
            task.wanted_tags = with_rows(&task.wanted_tags, wanted.get(&task.id));
            task.tags = with_rows(&task.tags, tags.get(&task.id));
            task.tags
                .retain(|tag| !tag.starts_with("exp:") && !tag.starts_with("run:"));
            let origin = origins.get(&task.id).unwrap_or(&task.id).clone();
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
        Ok(template)
    }

    /// Ordering edges (`follows`, `blocks`).
    pub fn ordering_deps(&self) -> usize {
        self.dependencies
            .iter()
            .filter(|edge| edge.is_ordering())
            .count()
    }

    /// All tags that some task needs.
    pub fn needed_tags(&self) -> BTreeSet<String> {
        self.tasks
            .iter()
            .flat_map(|task| task.task.needed_tags.iter().cloned())
            .collect()
    }

    fn check(&mut self) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        for task in &self.tasks {
            if !seen.insert(task.task.id.as_str()) {
                return Err(format!("task `{}` is there twice", task.task.id));
            }
        }
        if seen.is_empty() {
            return Err("has no task".into());
        }
        let mut edges = BTreeSet::new();
        for edge in &self.dependencies {
            let Dependency {
                from_task_id: from,
                to_task_id: to,
                dep_type: kind,
            } = edge;
            if !DEP_TYPES.contains(&kind.as_str()) {
                let near = nearest(kind, DEP_TYPES).map(|near| format!(": did you mean `{near}`?"));
                return Err(format!(
                    "the edge `{from}` {kind} `{to}` is of no type the host knows{}",
                    near.unwrap_or_default()
                ));
            }
            if let Some(missing) = [from, to]
                .into_iter()
                .find(|id| !seen.contains(id.as_str()))
            {
                return Err(format!(
                    "the edge `{from}` {kind} `{to}` names `{missing}`, which is no task of it"
                ));
            }
            if from == to {
                return Err(format!(
                    "task `{from}` {kind} itself, and would never be ready"
                ));
            }
            if !edges.insert((from, to, kind)) {
                return Err(format!("the edge `{from}` {kind} `{to}` is there twice"));
            }
        }
        for (what, chosen) in [
            (
                "wait for each other",
                Dependency::is_ordering as fn(&Dependency) -> bool,
            ),
            ("contain each other", Dependency::is_containment),
        ] {
            if let Some(cycle) = cycle(self.dependencies.iter().filter(|edge| chosen(edge))) {
                return Err(format!(
                    "these tasks {what}, and would never be ready: {}",
                    shown(&cycle)
                ));
            }
        }
        let nesting = Nesting::of(&self.dependencies);
        for edge in self.dependencies.iter().filter(|edge| edge.is_ordering()) {
            let (from, to) = (edge.from_task_id.as_str(), edge.to_task_id.as_str());
            if nesting.is_in(to, from) || nesting.is_in(from, to) {
                return Err(format!(
                    "the edge `{from}` {} `{to}` joins a container and what is in it: neither would ever end",
                    edge.dep_type
                ));
            }
        }
        self.warn_of_container_edges();
        Ok(())
    }

    fn warn_of_container_edges(&mut self) {
        let containers: BTreeSet<&str> = self
            .dependencies
            .iter()
            .filter(|edge| edge.is_containment())
            .map(|edge| edge.from_task_id.as_str())
            .collect();
        let odd = self.dependencies.iter().filter(|edge| edge.is_ordering()).filter_map(|edge| {
            let (from, to) = (edge.from_task_id.as_str(), edge.to_task_id.as_str());
            let container = [from, to].into_iter().find(|id| containers.contains(id))?;
            Some(format!(
                "`{from}` {} `{to}`: `{container}` is a container, and the host does not pass the order to its children",
                edge.dep_type
            ))
        });
        self.warnings = odd.collect();
    }
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

fn check_text(task: &Task) -> Result<(), String> {
    let texts = [
        ("id", Some(&task.id)),
        ("title", Some(&task.title)),
        ("description", task.description.as_ref()),
    ];
    for (what, text) in texts {
        if text.is_some_and(|text| text.contains('\0')) {
            return Err(format!(
                "the {what} of task `{}` contains a NUL",
                task.id.replace('\0', "\\0")
            ));
        }
    }
    if let Some(points) = task.points.filter(|points| points.fract() != 0.0) {
        return Err(format!(
            "task `{}` has {points} points, and the host knows whole ones only",
            task.id
        ));
    }
    let tags = task.needed_tags.iter().chain(&task.wanted_tags);
    if let Some(tag) = tags
        .into_iter()
        .find(|tag| tag.contains([',', '\0']) || tag.trim().is_empty())
    {
        return Err(format!(
            "task `{}` needs the tag `{}`, which no agent can be given",
            task.id,
            tag.escape_debug()
        ));
    }
    if task.id.is_empty() {
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

/// A task's tags from its own column and from the junction table, each once, in order.
fn with_rows(column: &[String], rows: Option<&Vec<String>>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let tags = column.iter().chain(rows.into_iter().flatten());
    tags.filter(|tag| seen.insert(*tag)).cloned().collect()
}

/// A cycle among the edges, as the tasks on it, or none. Kahn's algorithm: what cannot be taken off is on a cycle or
/// behind one, so walking predecessors from there must run into it.
fn cycle<'a>(edges: impl Iterator<Item = &'a Dependency>) -> Option<Vec<String>> {
    let mut after: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut before: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for edge in edges {
        after
            .entry(&edge.from_task_id)
            .or_default()
            .push(&edge.to_task_id);
        before
            .entry(&edge.to_task_id)
            .or_default()
            .insert(&edge.from_task_id);
        before.entry(&edge.from_task_id).or_default();
    }
    let mut free: Vec<&str> = before
        .iter()
        .filter(|(_, open)| open.is_empty())
        .map(|(id, _)| *id)
        .collect();
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
            let mut cycle: Vec<String> = path[start..]
                .iter()
                .rev()
                .map(ToString::to_string)
                .collect();
            let first = (0..cycle.len()).min_by_key(|index| &cycle[*index])?;
            cycle.rotate_left(first);
            cycle.push(cycle.first()?.clone());
            return Some(cycle);
        }
        path.push(previous);
    }
}
