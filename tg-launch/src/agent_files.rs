//! The files, the command line and the environment of an agent, made before it starts.
//!
//! An agent with a profile starts with an empty environment, to which are added: a home of its own, the variables that its
//! profile sets, those that it names, and the few that every program needs. Other variables of the user would differ from
//! machine to machine, and could be secrets. A command line in the manifest gets the user's environment, as from a shell,
//! and the variables that confine the host's own command line to the run.

use crate::paths::AgentPaths;
use crate::placeholders::Filler;
use crate::processes::AgentStart;
use rustix::fs::{Mode, chmod};
use serde_json::{Value, json};
use std::path::{Component, Path, PathBuf};
use tg_host::{Host, Seal};
use tg_stage::error::file_error;
use tg_stage::{Error, Profile, Result, Run, Secrets, file, owner};

/// The variables of the user's environment that every program needs.
const USUAL: [&str; 8] = [
    "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TERM", "TMPDIR", "USER",
];

/// Writes the files of an agent's MCP server, and returns the command line by which its MCP client starts the server.
/// Programs that people connect by hand are not ours to end: their servers carry no marks.
pub fn server(
    run: &Run,
    host: &Host,
    seal: &Seal,
    worker: &str,
    paths: &AgentPaths,
    manual: bool,
) -> Result<Vec<String>> {
    let mut direct = seal.mcp_json(host, worker);
    let server = &mut direct["mcpServers"]["task-graph"];
    let marks = if manual {
        json!({})
    } else {
        json!(owner::marks(paths.run.path(), worker))
    };
    for (name, value) in marks.as_object().into_iter().flatten() {
        server["env"][name] = value.clone();
    }
    let mcp_json = paths.agent.path().join("mcp.json");
    let write = |value: &Value| file::write(&mcp_json, format!("{value:#}\n").as_bytes());
    if run.simulated {
        write(&direct)?;
        let program = host.path.to_string_lossy().into_owned();
        return Ok(std::iter::once(program).chain(seal.args(worker)).collect());
    }
    server["cwd"] = json!(seal.config_dir());
    let described = paths.agent.path().join("server.json");
    file::write(&described, format!("{server:#}\n").as_bytes())?;
    let ourselves = std::env::current_exe().map_err(|cause| Error::outside("tg-launch", cause))?;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let words = vec![text(&ourselves), "mcp".into(), text(&described)];
    write(
        &json!({"mcpServers": {"task-graph": {"command": words[0], "args": words[1..], "env": marks}}}),
    )?;
    Ok(words)
}

/// Writes an agent's files, and makes its command line and environment.
pub fn agent(filler: &Filler, seal: &Seal, secrets: &Secrets, manual: bool) -> Result<AgentStart> {
    let mut args = filler.command()?;
    let name = args.remove(0);
    let run = filler.run;
    let (program, env) = if let Some(profile) = &run.profile {
        file::make_dir(&filler.paths.home())?;
        for (path, value) in &profile.files {
            write_file(filler, path, value)?;
        }
        let found = profile.found.as_ref().map(|found| &found.path);
        let program = found.unwrap_or(&name).into();
        (program, environment(filler, profile, secrets, manual)?)
    } else if run.simulated {
        (beside_this_program(&name), Vec::new())
    } else {
        let host = seal.cli_env().map(|(name, value)| (name.into(), value));
        let env = host.into_iter().chain(secrets.all()).collect();
        (beside_this_program(&name), env)
    };
    Ok(AgentStart {
        agent: filler.agent.clone(),
        paths: filler.paths.clone(),
        program,
        name,
        args,
        bare: run.profile.is_some(),
        env,
    })
}

/// Writes a file of a profile; it must be inside the agent's own directory.
fn write_file(filler: &Filler, name: &str, value: &Value) -> Result<()> {
    let path = PathBuf::from(filler.text(name)?);
    let leaves = path.components().any(|part| part == Component::ParentDir);
    if leaves || !path.starts_with(filler.paths.agent.path()) {
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
    let usual = USUAL.iter();
    let usual = usual.filter_map(|name| Some(((*name).to_string(), std::env::var(name).ok()?)));
    let mut env: Vec<(String, String)> = usual.collect();
    let home = filler.paths.home().to_string_lossy().into_owned();
    let own = [
        ("HOME", ""),
        ("XDG_CONFIG_HOME", "/.config"),
        ("XDG_DATA_HOME", "/.local/share"),
        ("XDG_STATE_HOME", "/.local/state"),
        ("XDG_CACHE_HOME", "/.cache"),
    ];
    env.extend(own.map(|(name, dir)| (name.into(), format!("{home}{dir}"))));
    for (name, value) in &profile.env {
        env.push((name.clone(), filler.text(value)?));
    }
    for name in &profile.pass_env {
        let plain = name.strip_suffix('?').unwrap_or(name);
        if let Some(value) = secrets.get(plain) {
            env.push((plain.into(), value));
        } else if plain == name && !manual {
            let profile = &profile.name;
            let cause = format!("the profile {profile} passes it on, and it is not set");
            return Err(Error::outside(name, cause)
                .hint(format!("export {name}=..., or tg-launch --secrets FILE")));
        }
    }
    Ok(env)
}

/// The path of the simulated agent, which is installed beside this program; any other name is looked up on PATH.
fn beside_this_program(name: &str) -> PathBuf {
    let exe = std::env::current_exe().ok();
    let beside = exe.map(|exe| exe.with_file_name(name));
    match beside {
        Some(path) if name == "tg-agent" && path.is_file() => path,
        _ => name.into(),
    }
}
