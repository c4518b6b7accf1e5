//! The agents that a manifest starts: the simulated agent, a profile (built in, or a file), or a command line.
//!
//! All errors in that choice are found here, before anything is made: an unknown name, a program that is not installed,
//! a key of the manifest that the program cannot obey.

use crate::manifest::{Manifest, explain};
use crate::paths::beside;
use crate::{check_profile, program};
use serde_json::{Value, json};
use std::path::Path;
use tg_stage::profile::{BUILT_IN, EXAMPLES, Found, Price};
use tg_stage::prompts::{self, Prompts};
use tg_stage::{Error, Profile, Result, Run, file, nearest, placeholder, say};

/// The command line of the simulated agent; it reads the rest from the run's database.
const SIMULATED: [&str; 11] = [
    "tg-agent",
    "--mcp-config",
    "{mcp_config}",
    "--run",
    "{run}",
    "--worker",
    "{worker}",
    "--role",
    "{role}",
    "--tags",
    "{tags}",
];

/// The agents that a manifest starts.
pub struct ChosenAgent {
    /// Command line with its placeholders.
    pub command: Vec<String>,
    /// The profile, resolved.
    pub profile: Option<Profile>,
    pub simulated: bool,
    prompts: Option<Prompts>,
}

impl ChosenAgent {
    /// The prompts of a run under `workflow`; empty if the agents get none.
    pub fn prompts_for(&self, workflow: &str) -> Prompts {
        let all = self.prompts.clone().unwrap_or_default();
        prompts::of_workflow(all, workflow)
    }

    /// The identity of these agents for [`Run::inputs`]: the profile without the path of its program and the price of its
    /// model.
    pub fn identity(&self, run: &Run) -> Value {
        let Some(profile) = &self.profile else {
            let version = run.simulated.then_some(env!("CARGO_PKG_VERSION"));
            return json!([run.command, version]);
        };
        let mut bare = profile.clone();
        let version = bare.found.take().and_then(|found| found.version);
        bare.price = None;
        bare.tools.clear();
        json!([bare, version])
    }

    /// Names of the environment variables that are passed on to the agents.
    pub fn variables(&self) -> Vec<String> {
        let names = self.profile.iter().flat_map(|profile| &profile.pass_env);
        let bare = names.map(|name| name.trim_end_matches('?').to_string());
        bare.collect()
    }

    /// Inputs that only agents with a profile or prompts have.
    pub fn inputs(&self, run: &Run) -> Vec<(&'static str, Value)> {
        let profile = self.profile.as_ref();
        let tools = profile.map(|profile| ("tools", json!(profile.tools)));
        let prompts = (!run.prompts.is_empty()).then(|| ("prompts", json!(run.prompts)));
        tools.into_iter().chain(prompts).collect()
    }
}

/// The agents of the manifest at `path`, all errors in the choice reported.
pub fn choose(manifest: &Manifest, path: &Path) -> Result<ChosenAgent> {
    let profile = match &manifest.agent {
        Some(name) if name != "tg-agent" => Some(resolve(manifest, path, name)?),
        _ => None,
    };
    let command = match (&profile, &manifest.command) {
        (Some(profile), _) => {
            let program = std::iter::once(&profile.program);
            program.chain(&profile.command).cloned().collect()
        }
        (None, Some(command)) => command.clone(),
        (None, None) => SIMULATED.map(String::from).into(),
    };
    if profile.is_none() {
        let set = [
            ("tools", manifest.tools.is_some()),
            ("base_url", manifest.base_url.is_some()),
        ];
        if let Some((key, _)) = set.iter().find(|(_, is_set)| *is_set) {
            let why = format!("`{key}` needs an agent with a profile");
            return Err(Error::usage(path.display(), why).hint("tg-launch --profiles lists them"));
        }
    }
    let is_tg_agent = |word: &String| {
        let name = Path::new(word).file_name();
        name.is_some_and(|name| name == "tg-agent")
    };
    let in_profile = |profile: &Profile| profile.uses("prompt");
    let has_prompt = command.iter().any(|word| placeholder::uses(word, "prompt"))
        || profile.as_ref().is_some_and(in_profile);
    if manifest.prompts.is_some() && !has_prompt {
        return Err(Error::usage(
            path.display(),
            "`prompts` is set, and the agents' command line has no `{prompt}`",
        ));
    }
    Ok(ChosenAgent {
        simulated: profile.is_none() && command.iter().any(is_tg_agent),
        prompts: has_prompt.then(|| prompts(manifest, path)).transpose()?,
        command,
        profile,
    })
}

/// The absolute path of a program that `command` names by a relative path. Agents start in the run's working directory, so
/// such a program is searched for like a template. The run keeps the path as written in the manifest, so that it is the
/// same run on two machines with different paths.
pub fn program(manifest: &Manifest, path: &Path) -> Result<Option<String>> {
    let Some(name) = manifest.command.as_ref().and_then(|words| words.first()) else {
        return Ok(None);
    };
    if Path::new(name).is_absolute() || Path::new(name).components().count() < 2 {
        return Ok(None);
    }
    let found = beside(path, name)?;
    let found = std::path::absolute(&found).unwrap_or(found);
    Ok(Some(found.to_string_lossy().into_owned()))
}

/// The profile called `name`, with the manifest's overrides and the program found on this machine.
fn resolve(manifest: &Manifest, path: &Path, name: &str) -> Result<Profile> {
    let (file, text) = text_of(path, name)?;
    let mut profile: Profile = serde_yaml::from_str(&text)
        .map_err(|cause| explain(Path::new(&file), &cause.to_string()))?;
    let stem = Path::new(&file).file_stem().unwrap_or_default();
    profile.name = stem.to_string_lossy().into_owned();
    check_profile::check(&profile).map_err(|error| error.within(&file))?;
    let texts = profile.command.iter().chain(profile.env.values());
    for text in texts.chain(profile.files.keys()) {
        placeholder::fill(text, |_| String::new()).map_err(|error| error.within(&file))?;
    }
    override_by(&mut profile, manifest).map_err(|why| Error::usage(path.display(), why))?;
    check_profile::tools(&profile.tools).map_err(|error| error.within(path.display()))?;
    profile.price = price(manifest, path)?;
    let found = program::find(&profile, path)?;
    profile.found = Some(Found {
        version: program::version(&profile, &found)?,
        path: found.to_string_lossy().into_owned(),
        sha256: file::sha256(text.as_bytes()),
    });
    Ok(profile)
}

/// The file and the text of a profile: a built-in one by name, or a file beside the manifest.
fn text_of(manifest: &Path, name: &str) -> Result<(String, String)> {
    let is_file = Path::new(name).extension().is_some_and(|end| end == "yaml");
    if name.contains('/') || is_file {
        let path = beside(manifest, name)?;
        return Ok((path.to_string_lossy().into_owned(), file::read(&path)?));
    }
    if let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
        return Ok((format!("profiles/{name}.yaml"), (*text).into()));
    }
    let built_in = BUILT_IN.iter().map(|(known, _)| *known);
    let known: Vec<&str> = built_in.chain(["tg-agent"]).collect();
    let why = format!(
        "unknown agent `{name}`: known are {}, a file ./my.yaml, or set `command: [...]`",
        known.join(", ")
    );
    let error = Error::usage(manifest.display(), why);
    if EXAMPLES.iter().any(|(example, _)| *example == name) {
        return Err(error.hint(format!(
            "tg-launch --profile {name} > {name}.yaml, and `agent: ./{name}.yaml`"
        )));
    }
    Err(match nearest(name, known) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error,
    })
}

/// Applies the manifest's keys to the profile; a key that the program cannot obey is an error.
fn override_by(profile: &mut Profile, manifest: &Manifest) -> std::result::Result<(), String> {
    let name = &profile.name;
    if manifest.stand_in.is_some() {
        return Err(format!(
            "`stand_in` sets the simulated agent, and `agent` is {name}: leave one of them out"
        ));
    }
    if manifest.model.is_none() && profile.uses("model") {
        return Err(format!("{name} needs a `model`"));
    }
    let takes_tools = profile.uses("tools") || profile.uses("tool");
    let keys = [
        ("model", manifest.model.is_some()),
        ("temperature", manifest.temperature.is_some()),
        ("base_url", manifest.base_url.is_some()),
        ("tools", manifest.tools.is_some()),
    ];
    let is_used = |key| profile.uses(key) || (key == "tools" && takes_tools);
    if let Some((key, _)) = keys.iter().find(|(key, is_set)| *is_set && !is_used(key)) {
        return Err(format!(
            "`{key}` is set, and the profile {name} has no {{{key}}}: it would be ignored"
        ));
    }
    if let Some(tools) = &manifest.tools {
        profile.tools.clone_from(tools);
    }
    if takes_tools && !profile.tools.iter().any(|tool| tool == "connect") {
        return Err(
            "`tools` must have `connect`: an agent that cannot connect does nothing".into(),
        );
    }
    if let Some(url) = &manifest.base_url {
        if url.contains('@') {
            return Err("`base_url` is recorded: leave user and password out of it".into());
        }
        profile.base_url = Some(url.clone());
    }
    Ok(())
}

/// The price of the manifest's model, by its price table.
fn price(manifest: &Manifest, path: &Path) -> Result<Option<Price>> {
    for (model, price) in &manifest.prices {
        if let Some(why) = price.fault() {
            let why = format!("prices: {model}: {why}");
            return Err(Error::usage(path.display(), why));
        }
    }
    let Some(model) = &manifest.model else {
        return Ok(None);
    };
    let price = manifest.prices.get(model).copied();
    if price.is_none() && !manifest.prices.is_empty() {
        say(format_args!(
            "tg-instantiate: {}: warning: `prices` has no `{model}`: its cost is unknown unless the program reports it",
            path.display()
        ));
    }
    Ok(price)
}

/// The built-in prompts, replaced by those in the manifest's directory.
fn prompts(manifest: &Manifest, path: &Path) -> Result<Prompts> {
    let mut texts = prompts::built_in();
    let Some(dir) = &manifest.prompts else {
        return Ok(texts);
    };
    let dir = beside(path, dir)?;
    let mut custom = file::tree(&dir)?;
    custom.retain(|name| name.extension().is_some_and(|end| end == "txt"));
    if custom.is_empty() {
        let dir = dir.display();
        let error = Error::usage(&dir, "holds no prompts: WORKFLOW/ROLE.txt, foundation.txt");
        return Err(error.hint(format!(
            "tg-launch --prompts {dir} writes the built-in ones"
        )));
    }
    for name in custom {
        let file = dir.join(&name);
        let text = file::read(&file)?;
        placeholder::fill(&text, |_| String::new())
            .map_err(|error| error.within(file.display()))?;
        texts.insert(name.to_string_lossy().into_owned(), text);
    }
    Ok(texts)
}
