//! The stand-in agent: a real MCP client of the real host that plays a role with a simulated work model.
//!
//! It is what makes the whole chain run on a bare machine. It follows the host's rules as a well-behaved agent would:
//! attaches what gates ask for and forces none, repeats calls that met a lock, keeps its heartbeat, marks the files it
//! edits, redoes work by handing back and never by reopening. It shows how coordination patterns queue, collide and
//! wait; it says nothing about how well a model works.

mod agent;
mod args;
mod brief;
mod draw;
mod lead;
mod path;
mod pull;
mod push;
mod script;
mod server;
mod task;
mod usage;
mod work;

pub use args::Args;

use agent::Agent;
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tg_stage::{Error, Exit, Result};

/// Play until the run is over. Input is not read; what was used is printed at the end.
pub fn run(args: &Args, _input: impl BufRead, mut output: impl Write) -> Result<Exit> {
    let told_to_stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, told_to_stop.clone())
            .map_err(|cause| Error::outside("signals", cause))?;
    }
    let mut agent = Agent::connect(args, told_to_stop)?;
    let workflow = agent.brief.workflow.clone();
    let may_leave = match (args.role.as_str(), workflow.as_str()) {
        ("coordinator", _) => push::coordinator(&mut agent),
        ("lead", _) => lead::lead(&mut agent),
        (_, "push") => push::worker(&mut agent),
        (_, "hierarchical") => lead::led(&mut agent),
        _ => pull::run(&mut agent),
    };
    agent.report()?;
    let line = serde_json::to_string(&agent.usage).unwrap_or_default();
    let _ = writeln!(output, "{line}"); // a log, not a record: a closed one is nobody's loss
    if may_leave? {
        agent.leave()?;
    }
    Ok(Exit::Done)
}
