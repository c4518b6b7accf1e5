//! The manifest's verify command: is the work any good?
//!
//! Run once, after the agents have gone, by `sh -c` in the run's working directory, in a process group of its own that
//! is killed when it takes too long. Exit status 0 is passed; a last line that is a number is the score. What it prints
//! is kept in `logs/verify.log`.

use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tg_stage::error::file_error;
use tg_stage::mark::{ATTEMPT, DIR, Owner};
use tg_stage::{Error, Result, Verify, file};

/// Run `command` for the run in `dir`, for at most `patience`.
pub fn run(dir: &Path, command: &str, patience: Duration) -> Result<Verify> {
    let log = dir.join("logs/verify.log");
    file::make_dir(&dir.join("logs"))?;
    let out = File::create(&log).map_err(file_error(&log))?;
    let errors = out.try_clone().map_err(file_error(&log))?;
    let mut child = Command::new("sh")
        .args(["-c", command])
        .current_dir(dir.join("work"))
        .env(DIR, std::path::absolute(dir).unwrap_or_else(|_| dir.into()))
        .env(ATTEMPT, Owner::this().to_string())
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(errors)
        .process_group(0)
        .spawn()
        .map_err(|cause| Error::outside("verify", cause))?;
    let group = Pid::from_raw(child.id() as i32);
    let begun = Instant::now();
    let status = loop {
        match child
            .try_wait()
            .map_err(|cause| Error::outside("verify", cause))?
        {
            Some(status) => break Some(status),
            None if begun.elapsed() > patience => break None,
            None => sleep(Duration::from_millis(10)),
        }
    };
    if let Some(group) = group {
        let _ = kill_process_group(group, Signal::KILL); // what it left behind, or itself
    }
    let _ = child.wait();
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    let score = last
        .and_then(|line| line.trim().parse::<f64>().ok())
        .filter(|score| score.is_finite());
    Ok(Verify {
        passed: status.is_some_and(|status| status.success()),
        score,
        exit: words(status),
    })
}

fn words(status: Option<ExitStatus>) -> String {
    match status.map(|status| (status.code(), status.signal())) {
        None => "timeout".into(),
        Some((Some(code), _)) => code.to_string(),
        Some((None, signal)) => format!("signal {}", signal.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verify(command: &str) -> Verify {
        let dir = std::env::temp_dir().join(format!(
            "tg-verify-{}-{}",
            std::process::id(),
            command.len()
        ));
        std::fs::create_dir_all(dir.join("work")).unwrap();
        let verdict = run(&dir, command, Duration::from_millis(300)).unwrap();
        std::fs::remove_dir_all(dir).unwrap();
        verdict
    }

    #[test]
    fn exit_status_and_last_number_are_the_verdict() {
        assert_eq!(
            verify("echo ok; echo 0.75"),
            Verify {
                passed: true,
                score: Some(0.75),
                exit: "0".into()
            }
        );
        assert_eq!(
            verify("echo 12 of 13; exit 3"),
            Verify {
                passed: false,
                score: None,
                exit: "3".into()
            }
        );
        assert_eq!(
            verify("sleep 100 & sleep 100"),
            Verify {
                passed: false,
                score: None,
                exit: "timeout".into()
            }
        );
        assert_eq!(
            verify("kill -9 $$"),
            Verify {
                passed: false,
                score: None,
                exit: "signal 9".into()
            }
        );
        assert_eq!(verify("pwd | grep -q /work$ && echo nan").score, None);
    }
}
