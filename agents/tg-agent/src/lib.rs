//! The simulated agent: a real MCP client of the real host that plays a role with a simulated work model.
//!
//! With it the whole chain runs on a machine without any agent program. It follows the host's rules as a well-behaved
//! agent would: it attaches what gates ask for and forces none, repeats calls that met a lock, keeps its heartbeat, marks
//! the files it edits, and redoes work by handing back, never by reopening. It shows how coordination patterns queue,
//! collide and wait; it says nothing about how well a model works.

mod agent;
mod args;
mod brief;
mod fate;
mod mcp_config;
mod parts;
mod pull;
mod push;
mod script;
mod state_path;
mod task;
mod usage;
mod work;

pub use args::Args;

use agent::Agent;
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tg_stage::workflows::{self, HIERARCHICAL, PUSH};
use tg_stage::{Error, Exit, Result};

/// Plays the role until the run is over. Input is not read; the usage is printed at the end.
pub fn run(args: &Args, _input: impl BufRead, mut output: impl Write) -> Result<Exit> {
    let stopping = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, stopping.clone())
            .map_err(|cause| Error::outside("signals", cause))?;
    }
    let mut agent = Agent::connect(args, stopping)?;
    let workflow = agent.brief.workflow.clone();
    let leads = |workflow| {
        let leader = workflows::pattern(workflow).leader;
        leader.is_some_and(|leader| leader.role == args.role)
    };
    let may_leave = match workflow.as_str() {
        _ if leads(PUSH) => push::coordinate(&mut agent),
        _ if leads(HIERARCHICAL) => parts::lead(&mut agent),
        PUSH => push::work_assigned(&mut agent),
        HIERARCHICAL => parts::work_in_parts(&mut agent),
        _ => pull::work_ready(&mut agent),
    };
    agent.report()?;
    let line = serde_json::to_string(&agent.usage).unwrap_or_default();
    let _ = writeln!(output, "{line}"); // a log, not a record: a closed stdout loses nothing
    if may_leave? {
        agent.leave()?;
    }
    Ok(Exit::Done)
}
