//! The content of `run.provenance`, collected once for all rows of a call.
//!
//! Nothing here may fail a run: a value that cannot be determined is null. A program is asked for its version only if a
//! profile names the arguments for it; a custom command might start work whatever its arguments are.

use crate::agent::ChosenAgent;
use crate::manifest::Manifest;
use crate::paths::program_path;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tg_host::Host;
use tg_stage::file::sha256;
use tg_stage::provenance::{Git, Machine, Program, Provenance};

/// The provenance of all rows of a manifest.
pub fn collect(
    manifest: &Manifest,
    host: &Host,
    agent: &ChosenAgent,
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
fn program(chosen: &ChosenAgent) -> Program {
    let command = &chosen.command[0];
    let profile = chosen.profile.as_ref();
    let found = profile.and_then(|profile| profile.found.as_ref());
    let simulated = chosen.simulated.then(|| env!("CARGO_PKG_VERSION").into());
    let path = found.map_or_else(
        || program_path(command),
        |found| Some(PathBuf::from(&found.path)),
    );
    Program {
        program: name(Path::new(command)),
        version: found.and_then(|found| found.version.clone()).or(simulated),
        sha256: path.as_deref().and_then(file_sha256),
    }
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
    let cores = std::thread::available_parallelism();
    Machine {
        os: os.map(|os| os.trim_matches('"').to_string()),
        kernel: Some(kernel.trim().to_string()).filter(|kernel| !kernel.is_empty()),
        cpu: value(&text("/proc/cpuinfo"), "model name"),
        cores: cores.ok().map(|cores| cores.get() as u32),
        memory_bytes: kib.map(|kib| kib * 1024),
    }
}

/// The text after `key`, and after a colon, on the first line that begins with it.
fn value(text: &str, key: &str) -> Option<String> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    Some(rest.trim_start().trim_start_matches(':').trim().to_string())
}

/// The state of the directory in its repository. Git gets options that keep it from writing, even to its index.
fn git(dir: &Path) -> Git {
    let ask = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C").arg(dir).args(["-c", "core.fsmonitor=false"]);
        git.args(arguments).env("GIT_OPTIONAL_LOCKS", "0");
        git.stdin(Stdio::null()).stderr(Stdio::null());
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
