//! Which agents a manifest starts: the stand-in, a profile (built in, or a file), or a command line of its own.
//!
//! Everything that can be wrong about it is found here, before anything is made: an unknown name, a program that is not
//! installed, a manifest that sets what the program has no way to obey.

use crate::manifest::{Manifest, explain};
use crate::matrix::beside;
use crate::{program, sound};
use serde_json::{Value, json};
use std::path::Path;
use tg_stage::profile::{BUILT_IN, EXAMPLES, Found, Price};
use tg_stage::prompts::{self, Prompts};
use tg_stage::{Error, Profile, Result, Run, file, nearest, placeholder, say};

/// The stand-in's command line; the rest it finds in the run's database.
const STAND_IN: [&str; 11] = [
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

/// What agents are started.
pub struct Chosen {
    /// Command line, placeholders unfilled.
    pub command: Vec<String>,
    /// The profile, resolved.
    pub profile: Option<Profile>,
    /// It is the stand-in.
    pub simulated: bool,
    prompts: Option<Prompts>,
}

impl Chosen {
    /// The prompts of a run under `workflow`; empty where agents are given none.
    pub fn prompts_for(&self, workflow: &str) -> Prompts {
        let all = self.prompts.clone().unwrap_or_default();
        prompts::of_workflow(all, workflow)
    }

    /// What tells these agents from others, for [`Run::inputs`]: all of the profile but where its program was found and
    /// what its model costs.
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
        names
            .map(|name| name.trim_end_matches('?').to_string())
            .collect()
    }

    /// Inputs that only agents with a profile or prompts have.
    pub fn inputs(&self, run: &Run) -> Vec<(&'static str, Value)> {
        let tools = self
            .profile
            .as_ref()
            .map(|profile| ("tools", json!(profile.tools)));
        let prompts = (!run.prompts.is_empty()).then(|| ("prompts", json!(run.prompts)));
        tools.into_iter().chain(prompts).collect()
    }
}

/// Find out what the manifest at `path` starts.
pub fn choose(manifest: &Manifest, path: &Path) -> Result<Chosen> {
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
        (None, None) => STAND_IN.map(String::from).into(),
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
    let is_stand_in = |word: &String| {
        Path::new(word)
            .file_name()
            .is_some_and(|name| name == "tg-agent")
    };
    let asks = command.iter().any(|word| placeholder::uses(word, "prompt"))
        || profile
            .as_ref()
            .is_some_and(|profile| profile.uses("prompt"));
    if manifest.prompts.is_some() && !asks {
        return Err(Error::usage(
            path.display(),
            "`prompts` is set, and no `{prompt}` stands in what agents are started with",
        ));
    }
    Ok(Chosen {
        simulated: profile.is_none() && command.iter().any(is_stand_in),
        prompts: asks.then(|| texts(manifest, path)).transpose()?,
        command,
        profile,
    })
}

/// Agents start in the run's working directory, so a program named by a relative path is looked for like a template. The
/// run keeps the path as the manifest has it: two machines that have it elsewhere run the same.
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

/// The profile called `name`, with what the manifest overrides and what is found on this machine.
fn resolve(manifest: &Manifest, path: &Path, name: &str) -> Result<Profile> {
    let (file, text) = text_of(path, name)?;
    let mut profile: Profile = serde_yaml::from_str(&text)
        .map_err(|cause| explain(Path::new(&file), &cause.to_string()))?;
    let stem = Path::new(&file).file_stem().unwrap_or_default();
    profile.name = stem.to_string_lossy().into_owned();
    sound::check(&profile).map_err(|error| error.within(&file))?;
    for text in profile
        .command
        .iter()
        .chain(profile.env.values())
        .chain(profile.files.keys())
    {
        placeholder::fill(text, |_| String::new()).map_err(|error| error.within(&file))?;
    }
    override_by(&mut profile, manifest).map_err(|why| Error::usage(path.display(), why))?;
    sound::tools(&profile.tools).map_err(|error| error.within(path.display()))?;
    profile.price = price(manifest, path)?;
    let found = program::find(&profile, path)?;
    profile.found = Some(Found {
        version: program::version(&profile, &found)?,
        path: found.to_string_lossy().into_owned(),
        sha256: file::sha256(text.as_bytes()),
    });
    Ok(profile)
}

/// A profile's file and text: a built-in one by name, or a file beside the manifest.
fn text_of(manifest: &Path, name: &str) -> Result<(String, String)> {
    let is_file = Path::new(name).extension().is_some_and(|end| end == "yaml");
    if name.contains('/') || is_file {
        let path = beside(manifest, name)?;
        return Ok((path.to_string_lossy().into_owned(), file::read(&path)?));
    }
    if let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
        return Ok((format!("profiles/{name}.yaml"), (*text).into()));
    }
    let known: Vec<&str> = BUILT_IN
        .iter()
        .map(|(known, _)| *known)
        .chain(["tg-agent"])
        .collect();
    let error = Error::usage(
        manifest.display(),
        format!(
            "unknown agent `{name}`: known are {}, a file ./my.yaml, or set `command: [...]`",
            known.join(", ")
        ),
    );
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

/// Put what the manifest says in the profile's place, where the program has a way to obey it.
fn override_by(profile: &mut Profile, manifest: &Manifest) -> std::result::Result<(), String> {
    let name = &profile.name;
    if manifest.stand_in.is_some() {
        return Err(format!(
            "`stand_in` sets the stand-in agent, and `agent` is {name}: leave one of them out"
        ));
    }
    if manifest.model.is_none() && profile.uses("model") {
        return Err(format!("{name} needs a `model`"));
    }
    let takes_tools = profile.uses("tools") || profile.uses("tool");
    let deaf = [
        ("model", manifest.model.is_some(), profile.uses("model")),
        (
            "temperature",
            manifest.temperature.is_some(),
            profile.uses("temperature"),
        ),
        (
            "base_url",
            manifest.base_url.is_some(),
            profile.uses("base_url"),
        ),
        ("tools", manifest.tools.is_some(), takes_tools),
    ];
    if let Some((key, ..)) = deaf.iter().find(|(_, is_set, is_used)| *is_set && !is_used) {
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

/// What the manifest's model costs, by its price table.
fn price(manifest: &Manifest, path: &Path) -> Result<Option<Price>> {
    for (model, price) in &manifest.prices {
        if let Some(why) = price.fault() {
            return Err(Error::usage(
                path.display(),
                format!("prices: {model}: {why}"),
            ));
        }
    }
    let Some(model) = &manifest.model else {
        return Ok(None);
    };
    let price = manifest.prices.get(model).copied();
    if price.is_none() && !manifest.prices.is_empty() {
        say(format_args!(
            "tg-instantiate: {}: warning: `prices` has no `{model}`: what it costs is unknown unless the program says it",
            path.display()
        ));
    }
    Ok(price)
}

/// The prompts: the built-in ones, and those of the manifest's directory in their place.
fn texts(manifest: &Manifest, path: &Path) -> Result<Prompts> {
    let mut texts = prompts::built_in();
    let Some(dir) = &manifest.prompts else {
        return Ok(texts);
    };
    let dir = beside(path, dir)?;
    let own: Vec<_> = file::tree(&dir)?
        .into_iter()
        .filter(|name| name.extension().is_some_and(|end| end == "txt"))
        .collect();
    if own.is_empty() {
        return Err(Error::usage(
            dir.display(),
            "holds no prompts: WORKFLOW/ROLE.txt, foundation.txt",
        )
        .hint(format!(
            "tg-launch --prompts {} writes the built-in ones",
            dir.display()
        )));
    }
    for name in own {
        let file = dir.join(&name);
        let text = file::read(&file)?;
        placeholder::fill(&text, |_| String::new())
            .map_err(|error| error.within(file.display()))?;
        texts.insert(name.to_string_lossy().into_owned(), text);
    }
    Ok(texts)
}
