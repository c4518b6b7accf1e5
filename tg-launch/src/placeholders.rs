//! The values of the placeholders in a run's command line, files and prompts, for one agent.

use crate::paths::AgentPaths;
use serde_json::{Map, Value, json};
use std::path::Path;
use tg_stage::{Agent, Error, Result, Run, owner, placeholder, prompts};

/// Fills in the placeholders of one agent.
pub struct Filler<'a> {
    pub run: &'a Run,
    pub agent: &'a Agent,
    pub paths: &'a AgentPaths,
    /// The ids of the tasks that no other task contains.
    pub root: &'a str,
    /// The host's program.
    pub host: &'a Path,
    /// The command line by which an MCP client starts the agent's server.
    pub server: &'a [String],
}

impl Filler<'_> {
    /// The agent's command line; a word with `{tool}` is repeated for each tool.
    pub fn command(&self) -> Result<Vec<String>> {
        let mut words = Vec::new();
        for word in &self.run.command {
            words.extend(self.each_tool(word)?);
        }
        match words.first() {
            Some(program) if !program.is_empty() => Ok(words),
            _ => Err(
                Error::input("", "the run has no `command` to start its agents with")
                    .hint("set `agent:` or `command:` in the manifest"),
            ),
        }
    }

    /// `text` with every placeholder filled in.
    pub fn text(&self, text: &str) -> Result<String> {
        self.with_tool(text, "")
    }

    /// A structure, filled in as [`tg_stage::Profile::files`] says; `None` if its value is unknown.
    pub fn structure(&self, value: &Value) -> Result<Option<Value>> {
        Ok(match value {
            Value::String(text) => self.whole(text)?,
            Value::Array(items) => {
                let filled: Result<Vec<_>> =
                    items.iter().map(|item| self.structure(item)).collect();
                Some(filled?.into_iter().flatten().collect())
            }
            Value::Object(keys) => {
                let mut filled = Map::new();
                for (key, value) in keys {
                    for key in self.each_tool(key)? {
                        filled.extend(self.structure(value)?.map(|value| (key, value)));
                    }
                }
                Some(Value::Object(filled))
            }
            other => Some(other.clone()),
        })
    }

    /// The value of a text; a placeholder that is the whole text may stand for a list, an object or a number.
    fn whole(&self, text: &str) -> Result<Option<Value>> {
        let profile = self.run.profile.as_ref();
        Ok(match text {
            "{tools}" => Some(json!(profile.map(|profile| &profile.tools))),
            "{server_args}" => Some(json!(self.server[1..])),
            "{server_argv}" => Some(json!(self.server)),
            "{server_env}" => Some(json!(owner::marks(self.paths.run.path(), &self.agent.worker))),
            "{temperature}" => self.run.temperature.map(Value::from),
            "{price}" => profile.and_then(|profile| profile.price).map(|price| {
                let usual = |other: Option<f64>| other.unwrap_or(price.input);
                json!({"input": price.input, "output": price.output, "cache_read": usual(price.cached),
                       "cache_write": usual(price.cache_write)})
            }),
            _ => Some(self.text(text)?.into()),
        })
    }

    fn each_tool(&self, text: &str) -> Result<Vec<String>> {
        if !placeholder::uses(text, "tool") {
            return Ok(vec![self.text(text)?]);
        }
        let tools = self.run.profile.iter().flat_map(|profile| &profile.tools);
        tools.map(|tool| self.with_tool(text, tool)).collect()
    }

    fn with_tool(&self, text: &str, tool: &str) -> Result<String> {
        // Inside a prompt `{prompt}` would be itself.
        let prompt = if placeholder::uses(text, "prompt") {
            placeholder::fill(&self.prompt_text()?, |name| self.value(name, tool, ""))?
        } else {
            String::new()
        };
        placeholder::fill(text, |name| self.value(name, tool, &prompt))
    }

    fn prompt_text(&self) -> Result<String> {
        prompts::of_role(&self.run.prompts, &self.run.workflow, &self.agent.role).ok_or_else(|| {
            let why = format!(
                "the run has no prompt for a {} under {}",
                self.agent.role, self.run.workflow
            );
            Error::input("run.prompts", why)
        })
    }

    fn value(&self, name: &str, tool: &str, prompt: &str) -> String {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let (run, paths, profile) = (self.run, self.paths, self.run.profile.as_ref());
        match name {
            "worker" => self.agent.worker.clone(),
            "role" => self.agent.role.clone(),
            "tags" => self.agent.tags.join(","),
            "workflow" => run.workflow.clone(),
            "overlays" if run.overlays.is_empty() => "none".into(),
            "overlays" => run.overlays.join(","),
            "run" => run.id.clone(),
            "seed" => run.seed.to_string(),
            "model" => run.model.clone().unwrap_or_default(),
            "temperature" => run
                .temperature
                .map(|degree| degree.to_string())
                .unwrap_or_default(),
            "host" => path(self.host),
            "db" => path(&paths.db),
            "dir" => path(paths.run.path()),
            "agent_dir" => path(paths.agent.path()),
            "home" => path(&paths.home()),
            "work" => path(&paths.work),
            "prompt" => prompt.into(),
            "root" => self.root.into(),
            "tool" => tool.into(),
            "tools" => json!(profile.map(|profile| &profile.tools)).to_string(),
            "server_command" => self.server[0].clone(),
            "server_args" => json!(self.server[1..]).to_string(),
            "server_argv" => json!(self.server).to_string(),
            "base_url" => profile
                .and_then(|profile| profile.base_url.clone())
                .unwrap_or_default(),
            // An inline table of TOML, which a command line can carry.
            "server_env" => {
                let marks = owner::marks(self.paths.run.path(), &self.agent.worker);
                let pairs: Vec<String> = marks
                    .iter()
                    .map(|(name, value)| format!("{name}={}", json!(value)))
                    .collect();
                format!("{{{}}}", pairs.join(","))
            }
            "price" => String::new(),
            _ => path(&paths.agent.path().join("mcp.json")),
        }
    }
}
