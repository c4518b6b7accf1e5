//! The marks in the environment of every process that a run starts, by which leftovers of a crash are found.
//!
//! `TG_RUN_DIR` names the run. It is not enough: a run that is made again has the same directory, and its agents must not
//! be taken for those of the crashed attempt. So `TG_RUN_ATTEMPT` names the supervising process and its start time, a pair
//! that no other process of this machine has: a process that outlives its owner is a leftover. Linux only, from `/proc`;
//! elsewhere every owner counts as alive.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// The run's directory, absolute.
pub const DIR: &str = "TG_RUN_DIR";
/// The [`Owner`] of the process.
pub const ATTEMPT: &str = "TG_RUN_ATTEMPT";
/// The agent that a process belongs to.
pub const WORKER: &str = "TG_WORKER";

/// The marks of the processes of agent `worker`, of the run in `dir`, which this process supervises.
pub fn marks(dir: &Path, worker: &str) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        (DIR, dir.to_string_lossy().into_owned()),
        (ATTEMPT, Owner::this().to_string()),
        (WORKER, worker.into()),
    ])
}

/// A process that supervises others; prints as `PID-START`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// Its process id.
    pub pid: u32,
    /// Its start, in clock ticks since the boot of the machine.
    pub started: u64,
}

impl Owner {
    /// This process.
    pub fn this() -> Self {
        let pid = std::process::id();
        Self::of_pid(pid).unwrap_or(Self { pid, started: 0 })
    }

    /// The process `pid`, if it exists.
    pub fn of_pid(pid: u32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name, in parentheses, may hold anything; after it come the state, the parent, and as the twentieth the start.
        let started = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?;
        Some(Self {
            pid,
            started: started.parse().ok()?,
        })
    }

    /// True while it runs; a zombie does not.
    pub fn is_alive(&self) -> bool {
        Self::of_pid(self.pid) == Some(*self) && !is_zombie(self.pid)
    }
}

fn is_zombie(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')')
        .is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.pid, self.started)
    }
}

impl FromStr for Owner {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (pid, started) = text.split_once('-').ok_or(())?;
        Ok(Self {
            pid: pid.parse().map_err(|_| ())?,
            started: started.parse().map_err(|_| ())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_known_by_its_start_and_dead_as_a_zombie() {
        let this = Owner::this();
        assert!(this.is_alive() && this.started > 0);
        assert_eq!(this.to_string().parse(), Ok(this));
        let later = Owner {
            started: this.started + 1,
            ..this
        };
        assert!(!later.is_alive(), "another process under the same id");
        let mut child = std::process::Command::new("sleep")
            .arg("100")
            .spawn()
            .unwrap();
        let owner = Owner::of_pid(child.id()).unwrap();
        assert!(owner.is_alive());
        child.kill().unwrap();
        while owner.is_alive() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        child.wait().unwrap();
        assert!("12".parse::<Owner>().is_err() && "a-b".parse::<Owner>().is_err());
    }
}
