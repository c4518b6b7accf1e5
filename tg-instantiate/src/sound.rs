//! What can be wrong with a profile as it is written, found before anything is made: what agents would stumble over at
//! their start would cost a whole experiment.

use std::path::{Component, Path};
use std::time::Duration;
use tg_host::tools::TOOLS;
use tg_stage::profile::USAGES;
use tg_stage::{Error, Profile, Result, nearest, placeholder, time};

/// Stands for the agent's directory, which is not made yet.
const AGENT_DIR: &str = "/agent";

/// Refuse a profile that cannot work; the error's subject is the key.
pub fn check(profile: &Profile) -> Result<()> {
    if profile.program.is_empty() {
        return Err(Error::usage("", "needs a `program`"));
    }
    if let Some(usage) = &profile.usage {
        one_of("usage", usage, &USAGES)?;
    }
    if let Some(signal) = &profile.stop.signal
        && !matches!(signal.as_str(), "INT" | "TERM")
    {
        let why = format!("`{signal}` is neither INT nor TERM");
        return Err(Error::usage("stop: signal", why));
    }
    let times = [
        ("connect", &profile.connect),
        ("stop: grace", &profile.stop.grace),
    ];
    for (key, text) in times {
        let given = text.as_deref().map(time::duration).transpose();
        let given = given.map_err(|why| Error::usage(key, why))?;
        if key == "connect" && given == Some(Duration::ZERO) {
            return Err(Error::usage(key, "an agent cannot register in no time"));
        }
    }
    tools(&profile.tools)?;
    profile.files.keys().try_for_each(|name| inside(name))?;
    secrets(profile)
}

/// Refuse a tool that the host does not have.
pub fn tools(tools: &[String]) -> Result<()> {
    let mut all = tools.iter();
    match all.find(|tool| !TOOLS.contains(&tool.as_str())) {
        Some(tool) => one_of("tools", tool, &TOOLS),
        None => Ok(()),
    }
}

fn one_of(key: &str, name: &str, known: &[&str]) -> Result<()> {
    if known.contains(&name) {
        return Ok(());
    }
    let why = format!("unknown `{name}`: {} are known", known.join(", "));
    let error = Error::usage(key, why);
    Err(match nearest(name, known.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error,
    })
}

/// Refuse a file that is not to be in the agent's own directory, as `tg-launch` would when it starts the agent.
fn inside(name: &str) -> Result<()> {
    let path = placeholder::fill(name, |placeholder| match placeholder {
        "agent_dir" => AGENT_DIR.into(),
        "home" => format!("{AGENT_DIR}/home"),
        "mcp_config" => format!("{AGENT_DIR}/mcp.json"),
        "db" | "dir" | "work" => format!("/{placeholder}"),
        other => other.into(),
    })?;
    let path = Path::new(&path);
    let leaves = path.components().any(|part| part == Component::ParentDir);
    if !leaves && path.starts_with(AGENT_DIR) && path != Path::new(AGENT_DIR) {
        return Ok(());
    }
    let why = format!("`{name}` is outside of the agent's directory");
    Err(Error::usage("files", why).hint("begin it with {agent_dir} or {home}"))
}

fn secrets(profile: &Profile) -> Result<()> {
    let secret = |name: &&String| {
        ["KEY", "TOKEN", "SECRET", "PASSWORD"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    if let Some(name) = profile.env.keys().find(secret) {
        let why = format!(
            "`{name}` looks like a secret, and this file is recorded: put its name into `pass_env`"
        );
        return Err(Error::usage("env", why));
    }
    if profile.found.is_some() || profile.price.is_some() {
        let why = "`found` and `price` are filled in by tg-instantiate: leave them out";
        return Err(Error::usage("", why));
    }
    Ok(())
}
