//! What an agent is given before it starts: its files, its command line, its environment.
//!
//! An agent with a profile begins with an empty environment: a home of its own, what its profile sets, the variables that
//! it names, and the few that every program needs. Anything else of the user's would differ from machine to machine, and
//! could be a secret. A command line of the manifest's own gets the user's environment, as a shell would give it,
//! and what confines the host's own command line to the run.

use crate::crew::Start;
use crate::fill::{self, Filler, Place};
use rustix::fs::{Mode, chmod};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use tg_host::{Host, Seal};
use tg_stage::Secrets;
use tg_stage::error::file_error;
use tg_stage::mark::{self, Owner};
use tg_stage::{Error, Profile, Result, Run, file};

/// What every program needs of the user's environment.
const USUAL: [&str; 8] = [
    "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TERM", "TMPDIR", "USER",
];

/// The command line by which an agent's MCP client starts its server, and the files that this takes. People who connect
/// by hand are not ours to end: their servers carry no marks.
pub fn server(
    run: &Run,
    host: &Host,
    seal: &Seal,
    worker: &str,
    place: &Place,
    manual: bool,
) -> Result<Vec<String>> {
    let mut direct = seal.mcp_json(host, worker);
    let server = &mut direct["mcpServers"]["task-graph"];
    let marks = if manual {
        json!({})
    } else {
        json!(marks(place, worker))
    };
    for (name, value) in marks.as_object().into_iter().flatten() {
        server["env"][name] = value.clone();
    }
    let mcp_json = place.agent_dir.join("mcp.json");
    let write = |value: &Value| file::write(&mcp_json, format!("{value:#}\n").as_bytes());
    if run.simulated {
        write(&direct)?;
        let program = host.path.to_string_lossy().into_owned();
        return Ok(std::iter::once(program).chain(seal.args(worker)).collect());
    }
    server["cwd"] = json!(seal.config_dir());
    let described = place.agent_dir.join("server.json");
    file::write(&described, format!("{server:#}\n").as_bytes())?;
    let ourselves = std::env::current_exe().map_err(|cause| Error::outside("tg-launch", cause))?;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let words = vec![text(&ourselves), "mcp".into(), text(&described)];
    write(
        &json!({"mcpServers": {"task-graph": {"command": words[0], "args": words[1..], "env": marks}}}),
    )?;
    Ok(words)
}

/// What tells whose a process is, should everybody who looks after it be killed. Some programs start servers with nothing
/// in their environment but what is configured, so it is configured.
pub fn marks(place: &Place, worker: &str) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        (mark::DIR, place.dir.to_string_lossy().into_owned()),
        (mark::ATTEMPT, Owner::this().to_string()),
        (mark::WORKER, worker.into()),
    ])
}

/// Write an agent's files, and make its command line and environment.
pub fn agent(filler: &Filler, seal: &Seal, secrets: &Secrets, manual: bool) -> Result<Start> {
    let mut args = filler.command()?;
    let name = args.remove(0);
    let (agent, place) = (filler.agent.clone(), filler.place.clone());
    let Some(profile) = &filler.run.profile else {
        let env = if filler.run.simulated {
            Vec::new()
        } else {
            let host = seal.cli_env().map(|(name, value)| (name.into(), value));
            host.into_iter().chain(secrets.all()).collect()
        };
        return Ok(Start {
            agent,
            place,
            program: fill::program(&name),
            name,
            args,
            bare: false,
            env,
        });
    };
    file::make_dir(&filler.place.home())?;
    for (path, value) in &profile.files {
        write_file(filler, path, value)?;
    }
    let program = profile
        .found
        .as_ref()
        .map_or_else(|| PathBuf::from(&name), |found| PathBuf::from(&found.path));
    let env = environment(filler, profile, secrets, manual)?;
    Ok(Start {
        agent,
        place,
        program,
        name,
        args,
        bare: true,
        env,
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
    manual: bool,
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
    for (name, value) in &profile.env {
        env.push((name.clone(), filler.text(value)?));
    }
    for name in &profile.pass_env {
        let (name, may_miss) = name
            .strip_suffix('?')
            .map_or((name.as_str(), false), |name| (name, true));
        match secrets.get(name) {
            Some(value) => env.push((name.into(), value)),
            None if may_miss || manual => {}
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
