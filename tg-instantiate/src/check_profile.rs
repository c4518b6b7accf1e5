//! Checks of a profile as it is written, before anything is made: an error that appears only when the agents start costs a
//! whole experiment.

use std::path::{Component, Path};
use std::time::Duration;
use tg_host::tools::TOOLS;
use tg_stage::profile::USAGES;
use tg_stage::{Error, Profile, Result, nearest, placeholder, time};

/// A placeholder for the agent's directory, which does not exist yet.
const AGENT_DIR: &str = "/agent";

/// Rejects a profile that cannot work; the subject of the error is the key.
pub fn check(profile: &Profile) -> Result<()> {
    if profile.program.is_empty() {
        return Err(Error::usage("", "needs a `program`"));
    }
    if let Some(usage) = &profile.usage {
        check_known("usage", usage, &USAGES)?;
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
    profile
        .files
        .keys()
        .try_for_each(|name| check_inside(name))?;
    check_secrets(profile)
}

/// Rejects a tool that the host does not have.
pub fn tools(tools: &[String]) -> Result<()> {
    tools
        .iter()
        .try_for_each(|tool| check_known("tools", tool, &TOOLS))
}

fn check_known(key: &str, name: &str, known: &[&str]) -> Result<()> {
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

/// Rejects a file outside of the agent's directory, as `tg-launch` would when it starts the agent.
fn check_inside(name: &str) -> Result<()> {
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

fn check_secrets(profile: &Profile) -> Result<()> {
    let ends = ["KEY", "TOKEN", "SECRET", "PASSWORD"];
    let is_secret = |name: &&String| ends.iter().any(|end| name.ends_with(end));
    if let Some(name) = profile.env.keys().find(is_secret) {
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
