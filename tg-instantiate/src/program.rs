//! The agent program on this machine: its path and its version.
//!
//! npm installs some programs as a script that starts the native binary as its child. The child keeps running when the
//! script is ended, so a profile names the native binary. The program is asked for its version without any of the user's
//! environment variables.

use crate::paths::{beside, on_path};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tg_stage::error::file_error;
use tg_stage::{Error, Profile, Result};

/// Time limit for the answer; the slowest program takes three seconds on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The binary that a profile's agents run.
pub fn find(profile: &Profile, manifest: &Path) -> Result<PathBuf> {
    let name = Path::new(&profile.program);
    let found = if name.components().count() > 1 {
        beside(manifest, &profile.program).ok()
    } else {
        on_path(&profile.program)
    };
    let Some(found) = found else {
        let error = Error::outside(&profile.program, "no such program on PATH")
            .within(format!("agent {}", profile.name));
        return Err(match profile.install.as_str() {
            "" => error,
            install => error.hint(install),
        });
    };
    let real = found.canonicalize().map_err(file_error(&found))?;
    let dir = real.parent().unwrap_or(Path::new("/"));
    let mut patterns = profile.native.iter();
    let native = patterns.find_map(|pattern| matching(dir, pattern));
    Ok(native.unwrap_or(real))
}

/// The first file below `dir` that matches `pattern`, in which `*` stands for any part of one name.
fn matching(dir: &Path, pattern: &str) -> Option<PathBuf> {
    let split = pattern.split_once('/');
    let (part, rest) = split.map_or((pattern, None), |(part, rest)| (part, Some(rest)));
    let next = |path: PathBuf| match rest {
        Some(rest) => matching(&path, rest),
        None => path.canonicalize().ok().filter(|file| file.is_file()),
    };
    let Some((start, end)) = part.split_once('*') else {
        return next(dir.join(part));
    };
    let fits = |name: &str| {
        name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
    };
    let entries = dir.read_dir().ok()?.flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.retain(|name| fits(name));
    names.sort_unstable();
    names.into_iter().find_map(|name| next(dir.join(name)))
}

/// The version that the program at `path` prints: the first line that has a digit.
pub fn version(profile: &Profile, path: &Path) -> Result<Option<String>> {
    if profile.version.is_empty() {
        return Ok(None);
    }
    let failed = |cause: String| {
        Error::outside(path.display(), cause).within(format!("agent {}: version", profile.name))
    };
    let home = std::env::temp_dir().join(format!("tg-version-{}", std::process::id()));
    std::fs::create_dir_all(&home).map_err(file_error(&home))?;
    let answer = ask(profile, path, &home);
    let _ = std::fs::remove_dir_all(&home);
    let (status, text) = answer.map_err(failed)?;
    let has_digit = |line: &&str| line.chars().any(|c| c.is_ascii_digit());
    let line = text.lines().find(has_digit);
    match line {
        Some(line) if status => Ok(Some(line.trim().chars().take(80).collect())),
        _ => Err(failed("does not print it, or fails".into())),
    }
}

fn ask(profile: &Profile, path: &Path, home: &Path) -> std::result::Result<(bool, String), String> {
    let out = home.join("out");
    let file = std::fs::File::create(&out).map_err(|cause| cause.to_string())?;
    let mut command = Command::new(path);
    command
        .args(&profile.version)
        .env_clear()
        .env("HOME", home)
        .current_dir(home);
    for name in ["PATH", "LANG", "TERM", "TMPDIR"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(Stdio::null());
    let mut child = command.spawn().map_err(|cause| cause.to_string())?;
    let begun = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if begun.elapsed() < PATIENCE => sleep(Duration::from_millis(10)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("no answer within {} s", PATIENCE.as_secs()));
            }
        }
    };
    let text = std::fs::read(&out).map_err(|cause| cause.to_string())?;
    Ok((
        status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_part_of_one_name() {
        let dir = tempfile::tempdir().unwrap();
        let bin = dir.path().join("pkg-linux-x64/vendor/musl/bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::write(bin.join("tool"), "").unwrap();
        std::fs::create_dir_all(dir.path().join("pkg/bin")).unwrap();
        let from = dir.path().join("pkg/bin");
        let found = matching(&from, "../../pkg-linux-*/vendor/*/bin/tool").unwrap();
        assert_eq!(found, bin.join("tool").canonicalize().unwrap());
        assert!(matching(&from, "../../pkg-mac-*/tool").is_none());
    }
}
