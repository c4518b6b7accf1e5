//! The manifest: what is compared, on what, how often, with which agents.
//!
//! YAML, read strictly. A key nobody knows is an error that names the key, its line and the nearest known key.

use crate::limits::Limits;
use crate::metrics::Entry;
use crate::order::Order;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use tg_stage::profile::Price;
use tg_stage::{Criterion, Error, Exit, Result, StandIn, Trim, file, nearest, time};

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
    pub stand_in: Option<StandIn>,
    pub workspace: Option<Workspace>,
    pub verify: Option<String>,
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

/// One configuration under test.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub workflow: String,
    pub workflow_file: Option<String>,
    #[serde(default)]
    pub overlays: Vec<String>,
    pub name: Option<String>,
    #[serde(default)]
    #[expect(dead_code, reason = "for the reader of the manifest")]
    pub description: Option<String>,
    pub agents: Option<u32>,
}

/// Where the agents' working directory comes from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workspace {
    pub path: String,
    #[serde(default)]
    pub mode: Mode,
}

/// Who works in a copy of the workspace.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    #[default]
    Shared,
    PerAgent,
}

/// When agents may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    AtOnce,
    Gate,
}

/// Tasks that no metric counts.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Warmup {
    exclude_tags: Vec<String>,
    skip_first: usize,
    skip_last: usize,
    trim_start: Option<String>,
    trim_end: Option<String>,
}

impl Warmup {
    /// The same with times in milliseconds.
    pub fn trim(&self, path: &Path) -> Result<Trim> {
        let ms = |key, text: &Option<String>| duration_ms(path, "warmup", key, text.as_ref());
        Ok(Trim {
            exclude_tags: self.exclude_tags.clone(),
            skip_first: self.skip_first,
            skip_last: self.skip_last,
            start_ms: ms("trim_start", &self.trim_start)?,
            end_ms: ms("trim_end", &self.trim_end)?,
        })
    }
}

fn three() -> u32 {
    3
}

fn one() -> u64 {
    1
}

impl Manifest {
    /// Read a manifest and check what can be checked without looking at other files.
    pub fn load(path: &Path) -> Result<Self> {
        let text = file::read(path).map_err(|error| Error {
            // Nobody has such a file: a slip on the command line, and no disk that failed.
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
        manifest.fault().map_or(Ok(manifest), |fault| {
            Err(Error::usage(path.display(), fault))
        })
    }

    /// The templates, in order.
    pub fn templates(&self) -> Vec<&str> {
        self.template
            .iter()
            .chain(self.templates.iter().flatten())
            .map(String::as_str)
            .collect()
    }

    /// The agent counts, in order.
    pub fn agent_counts(&self) -> Vec<u32> {
        match &self.agent_counts {
            Some(counts) => counts.clone(),
            None => vec![self.agent_count.unwrap_or(1)],
        }
    }

    fn fault(&self) -> Option<String> {
        if let Err(why) = check_name("name", &self.name) {
            return Some(why);
        }
        let counts = self.agent_counts();
        let checks = [
            (self.templates().is_empty(), "needs a `template`"),
            (
                self.template.is_some() && self.templates.is_some(),
                "has both `template` and `templates`",
            ),
            (
                self.agent_count.is_some() && self.agent_counts.is_some(),
                "has both `agent_count` and `agent_counts`",
            ),
            (counts.is_empty(), "`agent_counts` is empty"),
            (
                counts.contains(&0),
                "an agent count of 0 leaves nobody to work",
            ),
            (
                counts.iter().any(|count| *count > 999),
                "an agent count above 999 is more than one machine can hold",
            ),
            (
                self.runs_per_config == 0,
                "`runs_per_config` is 0: there would be nothing to compare",
            ),
            (
                self.runs_per_config > 10_000,
                "`runs_per_config` above 10000 is more than anybody will wait for",
            ),
            (
                self.retries > 100,
                "`retries` above 100 is more than anybody will wait for",
            ),
            (
                self.configs.is_empty(),
                "`configs` is empty: there is nothing to compare",
            ),
            (
                self.agent.is_some() && self.command.is_some(),
                "has both `agent` and `command`: leave one of them out",
            ),
            (
                self.command.as_ref().is_some_and(Vec::is_empty),
                "`command` is empty",
            ),
            (
                self.command.is_some() && self.stand_in.is_some(),
                "`stand_in` sets the stand-in agent, and `command` starts another one: leave one of them out",
            ),
        ];
        let per_agent = self
            .workspace
            .as_ref()
            .is_some_and(|workspace| workspace.mode == Mode::PerAgent);
        if per_agent && self.verify.is_some() {
            return Some(
                "`verify` looks at one working directory, and `mode: per_agent` makes many".into(),
            );
        }
        if let Some((_, why)) = checks.iter().find(|(wrong, _)| *wrong) {
            return Some((*why).into());
        }
        let criteria = self.success.iter();
        let mut faults =
            criteria.filter_map(|(metric, text)| Some((metric, Criterion::parse(text).err()?)));
        if let Some((metric, why)) = faults.next() {
            return Some(format!("success: {metric}: {why}"));
        }
        if let Some(slot) = self
            .slots
            .keys()
            .find(|slot| !SLOTS.contains(&slot.as_str()))
        {
            return Some(format!(
                "unknown slot `{slot}`: the host has {}",
                SLOTS.join(", ")
            ));
        }
        let counts = self.configs.iter().filter_map(|config| config.agents);
        if let Some(count) = counts.into_iter().find(|count| *count == 0 || *count > 999) {
            return Some(format!(
                "an arm of {count} agents: from 1 to 999 are possible"
            ));
        }
        let stand_in = self.stand_in.as_ref().and_then(StandIn::fault);
        stand_in
            .map(|fault| format!("stand_in: {fault}"))
            .or_else(|| self.limits.fault())
    }
}

const SLOTS: [&str; 8] = [
    "metric_0", "metric_1", "metric_2", "metric_3", "metric_4", "metric_5", "metric_6", "metric_7",
];

/// A name that becomes a directory, a tag and part of worker ids.
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

/// A duration of a section, in milliseconds.
pub fn duration_ms(
    path: &Path,
    section: &str,
    key: &str,
    text: Option<&String>,
) -> Result<Option<u64>> {
    text.map(|text| time::duration(text).map(|time| time.as_millis() as u64))
        .transpose()
        .map_err(|why| Error::usage(path.display(), format!("{section}: {key}: {why}")))
}

/// Turn the parser's words into ours: line first, then the key and the nearest known one.
pub fn explain(path: &Path, cause: &str) -> Error {
    let line = cause
        .rsplit_once(" at line ")
        .and_then(|(_, place)| place.split(' ').next());
    let subject = line.map_or(path.display().to_string(), |line| {
        format!("{}: line {line}", path.display())
    });
    let mut words = cause.split('`').skip(1).step_by(2).map(String::from);
    let first = cause.lines().next().unwrap_or_default(); // below it a filter may be shown
    if !first.contains("unknown field") {
        let bare = cause
            .rsplit_once(" at line ")
            .map_or(cause, |(bare, _)| bare);
        return Error::usage(subject, bare);
    }
    let key = words.next().unwrap_or_default();
    let known: Vec<String> = words.collect();
    let error = Error::usage(subject, format!("unknown key `{key}`"));
    match nearest(&key, known.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("known here: {}", known.join(", "))),
    }
}
