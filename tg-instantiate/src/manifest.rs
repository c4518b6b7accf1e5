//! The manifest: the configurations to compare, the task graph, the number of replicates, the agents.
//!
//! YAML, read strictly. An unknown key is an error that names the key, its line and the nearest known key.

use crate::metrics::Entry;
use crate::sections::{Config, Limits, Mode, Order, Start, Warmup, Workspace};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use tg_stage::profile::Price;
use tg_stage::{Criterion, Error, Exit, Result, WorkModel, file, nearest};

/// A manifest as written; [`crate::matrix`] makes rows of it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The file, byte for byte.
    #[serde(skip)]
    pub text: String,
    pub name: String,
    #[serde(default)]
    #[expect(dead_code, reason = "for the reader of the manifest")]
    pub description: Option<String>,
    pub template: Option<String>,
    pub templates: Option<Vec<String>>,
    pub agent_count: Option<u32>,
    pub agent_counts: Option<Vec<u32>>,
    #[serde(default = "three")]
    pub runs_per_config: u32,
    pub configs: Vec<Config>,
    pub agent: Option<String>,
    pub command: Option<Vec<String>>,
    pub model: Option<String>,
    pub temperature: Option<f64>,
    pub base_url: Option<String>,
    pub tools: Option<Vec<String>>,
    pub prompts: Option<String>,
    #[serde(default)]
    pub prices: BTreeMap<String, Price>,
    pub stand_in: Option<WorkModel>,
    pub workspace: Option<Workspace>,
    /// After loading, also holds the value of `verify`.
    pub grade: Option<String>,
    /// The old name of `grade`.
    verify: Option<String>,
    pub start: Option<Start>,
    #[serde(default)]
    pub limits: Limits,
    #[serde(default)]
    pub retries: u32,
    #[serde(default)]
    pub order: Order,
    #[serde(default = "one")]
    pub seed: u64,
    #[serde(default)]
    pub metrics: Vec<Entry>,
    pub primary: Option<String>,
    pub baseline: Option<String>,
    #[serde(default)]
    pub success: BTreeMap<String, String>,
    #[serde(default)]
    pub null_arms: bool,
    #[serde(default)]
    pub warmup: Warmup,
    #[serde(default)]
    pub slots: BTreeMap<String, String>,
}

fn three() -> u32 {
    3
}

fn one() -> u64 {
    1
}

const SLOTS: [&str; 8] = [
    "metric_0", "metric_1", "metric_2", "metric_3", "metric_4", "metric_5", "metric_6", "metric_7",
];

impl Manifest {
    /// Reads a manifest and checks it, as far as that needs no other file.
    pub fn load(path: &Path) -> Result<Self> {
        let text = file::read(path).map_err(|error| Error {
            // A missing file is a mistake on the command line, not a failed disk.
            exit: if path.exists() {
                error.exit
            } else {
                Exit::Usage
            },
            ..error
        })?;
        let mut manifest: Self =
            serde_yaml::from_str(&text).map_err(|cause| explain(path, &cause.to_string()))?;
        manifest.text = text;
        if let Some(fault) = manifest.fault() {
            return Err(Error::usage(path.display(), fault));
        }
        manifest.grade = manifest.grade.or(manifest.verify.take());
        Ok(manifest)
    }

    /// The templates, in order.
    pub fn templates(&self) -> Vec<&str> {
        let all = self.template.iter().chain(self.templates.iter().flatten());
        all.map(String::as_str).collect()
    }

    /// The agent counts, in order.
    pub fn agent_counts(&self) -> Vec<u32> {
        match &self.agent_counts {
            Some(counts) => counts.clone(),
            None => vec![self.agent_count.unwrap_or(1)],
        }
    }

    fn fault(&self) -> Option<String> {
        check_name("name", &self.name)
            .err()
            .or_else(|| self.wrong_keys().map(String::from))
            .or_else(|| self.wrong_criterion())
            .or_else(|| self.wrong_slot())
            .or_else(|| {
                let mut counts = self.configs.iter().filter_map(|config| config.agents);
                let count = counts.find(|count| *count == 0 || *count > 999)?;
                Some(format!(
                    "an arm of {count} agents: from 1 to 999 are possible"
                ))
            })
            .or_else(|| {
                let fault = self.stand_in.as_ref().and_then(WorkModel::fault)?;
                Some(format!("stand_in: {fault}"))
            })
            .or_else(|| self.limits.fault())
    }

    /// The first value that is impossible, or that another key contradicts.
    #[rustfmt::skip]
    fn wrong_keys(&self) -> Option<&'static str> {
        let counts = self.agent_counts();
        let is_per_agent = self.workspace.as_ref().is_some_and(|workspace| workspace.mode == Mode::PerAgent);
        let has_grade = self.grade.is_some() || self.verify.is_some();
        let is_empty = self.command.as_ref().is_some_and(Vec::is_empty);
        let checks = [
            (self.grade.is_some() && self.verify.is_some(), "has both `grade` and `verify`, which is its old name"),
            (is_per_agent && has_grade, "`grade` looks at one working directory, and `mode: per_agent` makes many"),
            (self.templates().is_empty(), "needs a `template`"),
            (self.template.is_some() && self.templates.is_some(), "has both `template` and `templates`"),
            (self.agent_count.is_some() && self.agent_counts.is_some(), "has both `agent_count` and `agent_counts`"),
            (counts.is_empty(), "`agent_counts` is empty"),
            (counts.contains(&0), "an agent count of 0 leaves no agent to work"),
            (counts.iter().any(|count| *count > 999), "an agent count above 999 is more than one machine can hold"),
            (self.runs_per_config == 0, "`runs_per_config` is 0: there would be nothing to compare"),
            (self.runs_per_config > 10_000, "`runs_per_config` above 10000 is not supported"),
            (self.retries > 100, "`retries` above 100 is not supported"),
            (self.configs.is_empty(), "`configs` is empty: there is nothing to compare"),
            (self.agent.is_some() && self.command.is_some(), "has both `agent` and `command`: leave one of them out"),
            (is_empty, "`command` is empty"),
            (self.command.is_some() && self.stand_in.is_some(),
             "`stand_in` sets the simulated agent, and `command` starts another one: leave one of them out"),
        ];
        checks.iter().find(|(is_wrong, _)| *is_wrong).map(|(_, why)| *why)
    }

    fn wrong_criterion(&self) -> Option<String> {
        self.success.iter().find_map(|(metric, text)| {
            let why = Criterion::parse(text).err()?;
            Some(format!("success: {metric}: {why}"))
        })
    }

    fn wrong_slot(&self) -> Option<String> {
        let mut slots = self.slots.keys();
        let slot = slots.find(|slot| !SLOTS.contains(&slot.as_str()))?;
        let known = SLOTS.join(", ");
        Some(format!("unknown slot `{slot}`: the host has {known}"))
    }
}

/// Checks a name that becomes a directory, a tag and part of worker ids.
pub fn check_name(what: &str, name: &str) -> std::result::Result<(), String> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 40 || name.starts_with(['.', '-']) || !name.chars().all(fine)
    {
        let shown: String = name.chars().take(40).collect();
        return Err(format!(
            "{what} `{}` cannot name a directory here: use 1 to 40 of a-z A-Z 0-9 - _ . and begin with a letter or digit",
            shown.escape_debug()
        ));
    }
    Ok(())
}

/// Converts the parser's message into one of ours: line first, then the key and the nearest known one.
pub fn explain(path: &Path, cause: &str) -> Error {
    let (bare, place) = cause.rsplit_once(" at line ").unzip();
    let line = place.and_then(|place| place.split(' ').next());
    let subject = line.map_or(path.display().to_string(), |line| {
        format!("{}: line {line}", path.display())
    });
    let first = cause.lines().next().unwrap_or_default(); // the lines below it may show a filter
    if !first.contains("unknown field") {
        return Error::usage(subject, bare.unwrap_or(cause));
    }
    let mut words = cause.split('`').skip(1).step_by(2).map(String::from);
    let key = words.next().unwrap_or_default();
    let known: Vec<String> = words.filter(|word| word != "verify").collect();
    let error = Error::usage(subject, format!("unknown key `{key}`"));
    match nearest(&key, known.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("known here: {}", known.join(", "))),
    }
}
