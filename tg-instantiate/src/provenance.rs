//! What is written into `run.provenance`: looked up once for all rows of a call.
//!
//! Nothing here may fail a run: what cannot be found out is null. A program is asked for its version only where a profile
//! says how; a command of the user's own might take any argument for an order to begin.

use crate::agent::Chosen;
use crate::manifest::Manifest;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tg_host::Host;
use tg_stage::file::sha256;
use tg_stage::provenance::{Git, Machine, Program, Provenance};

/// Where all rows of a manifest come from.
pub fn of(
    manifest: &Manifest,
    host: &Host,
    agent: &Chosen,
    workspace: Option<&Path>,
) -> Provenance {
    Provenance {
        tg: env!("CARGO_PKG_VERSION").into(),
        manifest_sha256: Some(sha256(manifest.text.as_bytes())),
        host: Program {
            program: name(&host.path),
            version: Some(host.version.clone()),
            sha256: file_sha256(&host.path),
        },
        agent: program(agent),
        machine: machine(),
        workspace: workspace.map(git),
        env: agent.variables(),
    }
}

/// The agents' program: the one a profile found, else the command's.
fn program(chosen: &Chosen) -> Program {
    let command = &chosen.command[0];
    let found = chosen
        .profile
        .as_ref()
        .and_then(|profile| profile.found.as_ref());
    let own = chosen.simulated.then(|| env!("CARGO_PKG_VERSION").into());
    let path = found.map_or_else(|| find(command), |found| Some(PathBuf::from(&found.path)));
    Program {
        program: name(Path::new(command)),
        version: found.and_then(|found| found.version.clone()).or(own),
        sha256: path.as_deref().and_then(file_sha256),
    }
}

/// Where a program is: the stand-in beside this tool, others where they say or on PATH.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = Path::new(program);
    if path.components().count() > 1 {
        return path.is_file().then(|| path.to_path_buf());
    }
    let beside = std::env::current_exe()
        .ok()
        .map(|exe| exe.with_file_name(program));
    let beside = beside.filter(|_| program == "tg-agent");
    let dirs = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&dirs).map(|dir| dir.join(program));
    beside
        .into_iter()
        .chain(on_path)
        .find(|path| path.is_file())
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn file_sha256(path: &Path) -> Option<String> {
    Some(sha256(&fs::read(path).ok()?))
}

fn machine() -> Machine {
    let text = |path| fs::read_to_string(path).unwrap_or_default();
    let os = value(&text("/etc/os-release"), "PRETTY_NAME=");
    let kernel = text("/proc/sys/kernel/osrelease");
    let memory = value(&text("/proc/meminfo"), "MemTotal:");
    let kib = memory.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    Machine {
        os: os.map(|os| os.trim_matches('"').to_string()),
        kernel: Some(kernel.trim().to_string()).filter(|kernel| !kernel.is_empty()),
        cpu: value(&text("/proc/cpuinfo"), "model name"),
        cores: std::thread::available_parallelism()
            .ok()
            .map(|cores| cores.get() as u32),
        memory_bytes: kib.map(|kib| kib * 1024),
    }
}

/// What stands after `key`, and a colon, on the first line that begins with it.
fn value(text: &str, key: &str) -> Option<String> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    Some(rest.trim_start().trim_start_matches(':').trim().to_string())
}

/// The state of the directory in the repository it is in. Git is told not to write, not even its index.
fn git(dir: &Path) -> Git {
    let ask = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C")
            .arg(dir)
            .args(["-c", "core.fsmonitor=false"])
            .args(arguments);
        git.env("GIT_OPTIONAL_LOCKS", "0")
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        let done = git.output().ok().filter(|done| done.status.success())?;
        Some(String::from_utf8_lossy(&done.stdout).trim().to_string())
    };
    let state = match ask(&["status", "--porcelain", "--", "."]) {
        Some(changed) if changed.is_empty() => "clean",
        Some(_) => "dirty",
        None => "unknown",
    };
    Git {
        state: state.into(),
        commit: ask(&["rev-parse", "--verify", "HEAD"]),
    }
}
