//! What an agent is given before it starts: its files, its command line, its environment.
//!
//! An agent with a profile begins with an empty environment: a home of its own, what its profile sets, the variables that
//! it names, and the few that every program needs. Anything else of the user's would differ from machine to machine, and
//! could be a secret. A command line of the manifest's own gets the user's environment, as a shell would give it.

use crate::fill::{self, Filler, Place};
use crate::secrets::Secrets;
use rustix::fs::{Mode, chmod};
use serde_json::{Value, json};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;
use tg_host::{Host, Seal};
use tg_stage::error::file_error;
use tg_stage::{Error, Profile, Result, Run, file, time};

/// In the environment of everything a run starts: the run's directory.
pub const MARK: &str = "TG_RUN_DIR";

/// What every program needs of the user's environment.
const USUAL: [&str; 8] = [
    "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TERM", "TMPDIR", "USER",
];

/// How one agent is started and ended.
pub struct Outfit {
    /// Its command line; the first word is the program.
    pub words: Vec<String>,
    /// All of its environment; `None`: the user's.
    pub env: Option<Vec<(String, String)>>,
    /// What is set on top of it: the user's secrets file, for a command line of the manifest's own.
    pub more: Vec<(String, String)>,
    /// Its stop signal, `INT` or `TERM`.
    pub signal: String,
    /// How long it may take to leave; `None`: as all.
    pub grace: Option<Duration>,
    /// How long it may take to register at the host.
    pub connect: Option<Duration>,
}

/// The command line by which an agent's MCP client starts its server, and the files that this takes.
pub fn server(
    run: &Run,
    host: &Host,
    seal: &Seal,
    worker: &str,
    place: &Place,
) -> Result<Vec<String>> {
    let direct = seal.mcp_json(host, worker);
    let mcp_json = place.agent_dir.join("mcp.json");
    let write = |value: &Value| file::write(&mcp_json, format!("{value:#}\n").as_bytes());
    if run.simulated {
        write(&direct)?;
        let args = seal.args(worker);
        return Ok(std::iter::once(host.path.to_string_lossy().into_owned())
            .chain(args)
            .collect());
    }
    let mut server = direct["mcpServers"]["task-graph"].clone();
    server["cwd"] = json!(seal.config_dir());
    server["env"][MARK] = json!(place.dir);
    let described = place.agent_dir.join("server.json");
    file::write(&described, format!("{server:#}\n").as_bytes())?;
    let ourselves = std::env::current_exe().map_err(|cause| Error::outside("tg-launch", cause))?;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let words = vec![text(&ourselves), "mcp".into(), text(&described)];
    write(
        &json!({"mcpServers": {"task-graph": {"command": words[0], "args": words[1..], "env": {MARK: place.dir}}}}),
    )?;
    Ok(words)
}

/// Write an agent's files and make its command line and environment.
pub fn agent(filler: &Filler, secrets: &Secrets) -> Result<Outfit> {
    let mut words = filler.command()?;
    let Some(profile) = &filler.run.profile else {
        words[0] = fill::program(&words[0]).to_string_lossy().into_owned();
        let more = if filler.run.simulated {
            Vec::new()
        } else {
            secrets.all()
        };
        return Ok(Outfit {
            words,
            env: None,
            more,
            signal: "TERM".into(),
            grace: None,
            connect: None,
        });
    };
    if let Some(found) = &profile.found {
        words[0].clone_from(&found.path);
    }
    file::make_dir(&filler.place.home())?;
    for (name, value) in &profile.files {
        write_file(filler, name, value)?;
    }
    let duration = |text: &Option<String>| text.as_deref().map(time::duration).transpose();
    let wrong = |why: String| Error::input("run.profile", why);
    Ok(Outfit {
        words,
        env: Some(environment(filler, profile, secrets)?),
        more: Vec::new(),
        signal: profile.stop.signal.clone().unwrap_or_else(|| "TERM".into()),
        grace: duration(&profile.stop.grace).map_err(wrong)?,
        connect: duration(&profile.connect).map_err(wrong)?,
    })
}

/// A profile writes into the agent's own directory and nowhere else.
fn write_file(filler: &Filler, name: &str, value: &Value) -> Result<()> {
    let path = PathBuf::from(filler.text(name)?);
    let leaves = path.components().any(|part| part == Component::ParentDir);
    if leaves || !path.starts_with(&filler.place.agent_dir) {
        let error = Error::input(
            "run.profile",
            format!("files: `{name}` is outside of the agent's directory"),
        );
        return Err(error.hint("begin it with {agent_dir} or {home}"));
    }
    let text = match value {
        Value::String(text) => filler.text(text)?,
        other => format!("{:#}\n", filler.structure(other)?.unwrap_or_default()),
    };
    file::make_dir(path.parent().unwrap_or(Path::new("/")))?;
    file::write(&path, text.as_bytes())?;
    let mode = chmod(&path, Mode::RUSR | Mode::WUSR);
    mode.map_err(|cause| file_error(&path)(cause.into()))
}

fn environment(
    filler: &Filler,
    profile: &Profile,
    secrets: &Secrets,
) -> Result<Vec<(String, String)>> {
    let usual = USUAL
        .iter()
        .filter_map(|name| Some(((*name).to_string(), std::env::var(name).ok()?)));
    let mut env: Vec<(String, String)> = usual.collect();
    let home = filler.place.home();
    let own = [
        ("HOME", ""),
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_DATA_HOME", ".local/share"),
        ("XDG_STATE_HOME", ".local/state"),
        ("XDG_CACHE_HOME", ".cache"),
    ];
    env.extend(own.map(|(name, dir)| {
        (
            name.into(),
            home.join(dir)
                .to_string_lossy()
                .trim_end_matches('/')
                .into(),
        )
    }));
    env.push((MARK.into(), filler.place.dir.to_string_lossy().into_owned()));
    for (name, value) in &profile.env {
        env.push((name.clone(), filler.text(value)?));
    }
    for name in &profile.pass_env {
        let (name, may_miss) = name
            .strip_suffix('?')
            .map_or((name.as_str(), false), |name| (name, true));
        match secrets.get(name) {
            Some(value) => env.push((name.into(), value)),
            None if may_miss => {}
            None => {
                let why = format!(
                    "the profile {} passes it on, and it is not set",
                    profile.name
                );
                return Err(Error::outside(name, why)
                    .hint(format!("export {name}=..., or tg-launch --secrets FILE")));
            }
        }
    }
    Ok(env)
}
