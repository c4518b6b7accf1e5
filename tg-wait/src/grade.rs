//! The manifest's grade command, which judges the work.
//!
//! It runs once, after the agents have exited, by `sh -c` in the run's working directory, in a process group of its own
//! that is killed when the time is up. Exit status 0 is passed; a last line that is a number is the score. Its output
//! is kept in `logs/verify.log`.

use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tg_stage::error::file_error;
use tg_stage::owner::{ATTEMPT, DIR, Owner};
use tg_stage::{Error, Grade, Outcome, Result, RunDir, file};

/// Grades the work in `run` by `command`, for at most `timeout`.
pub fn run(run: &RunDir, command: &str, timeout: Duration) -> Result<Grade> {
    let failed = |cause| Error::outside("grade", cause);
    let dir = run.path();
    let log = dir.join("logs/verify.log");
    file::make_dir(&dir.join("logs"))?;
    let out = File::create(&log).map_err(file_error(&log))?;
    let errors = out.try_clone().map_err(file_error(&log))?;
    let mut child = Command::new("sh")
        .args(["-c", command])
        .current_dir(run.work())
        .env(DIR, std::path::absolute(dir).unwrap_or_else(|_| dir.into()))
        .env(ATTEMPT, Owner::this().to_string())
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(errors)
        .process_group(0)
        .spawn()
        .map_err(failed)?;
    let start = Instant::now();
    let status = loop {
        match child.try_wait().map_err(failed)? {
            None if start.elapsed() <= timeout => sleep(Duration::from_millis(10)),
            status => break status,
        }
    };
    if let Some(group) = Pid::from_raw(child.id() as i32) {
        let _ = kill_process_group(group, Signal::KILL); // the command, or processes that it left behind
    }
    let _ = child.wait();
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    let score = last.and_then(|line| line.trim().parse::<f64>().ok());
    Ok(Grade {
        passed: status.is_some_and(|status| status.success()),
        score: score.filter(|score| score.is_finite()),
        exit: exit_text(status),
    })
}

fn exit_text(status: Option<ExitStatus>) -> String {
    match status.map(|status| (status.code(), status.signal())) {
        None => Outcome::Timeout.to_string(),
        Some((Some(code), _)) => code.to_string(),
        Some((None, signal)) => format!("signal {}", signal.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grade(command: &str) -> (bool, Option<f64>, String) {
        let name = format!("tg-grade-{}-{}", std::process::id(), command.len());
        let dir = RunDir::new(std::env::temp_dir().join(name));
        std::fs::create_dir_all(dir.work()).unwrap();
        let grade = run(&dir, command, Duration::from_millis(300)).unwrap();
        std::fs::remove_dir_all(dir.path()).unwrap();
        (grade.passed, grade.score, grade.exit)
    }

    #[test]
    fn exit_status_and_last_number_are_the_grade() {
        let timeout = Outcome::Timeout;
        let cases = [
            ("echo ok; echo 0.75", (true, Some(0.75), "0")),
            ("echo 12 of 13; exit 3", (false, None, "3")),
            ("sleep 100 & sleep 100", (false, None, timeout.name())),
            ("kill -9 $$", (false, None, "signal 9")),
            ("pwd | grep -q /work$ && echo nan", (true, None, "0")),
        ];
        for (command, (passed, score, exit)) in cases {
            assert_eq!(grade(command), (passed, score, exit.into()), "{command}");
        }
    }
}
