//! `--manual`: the instructions for starting a run's agents by hand.

use crate::processes::AgentStart;
use crate::start::Ready;
use tg_stage::say;

/// Prints on stderr how to connect each agent; stdout carries the record, as always.
pub fn explain(ready: &Ready) {
    let (run, workflow, count) = (&ready.run.id, &ready.run.workflow, ready.agents.len());
    say(format_args!(
        "run {run}: connect {count} agents by hand under workflow {workflow}"
    ));
    for start in &ready.agents {
        let AgentStart { agent, paths, .. } = start;
        let (worker, role, work) = (&agent.worker, &agent.role, paths.work.display());
        let mcp_json = paths.agent.path().join("mcp.json");
        let call =
            serde_json::json!({"worker_id": worker, "tags": agent.tags, "workflow": workflow});
        say(format_args!("\n  {worker} ({role}), in {work}"));
        say(format_args!(
            "    MCP configuration: {}",
            mcp_json.display()
        ));
        say(format_args!("    first call: connect({call})"));
        say(format_args!("    or start: {}", command_line(start)));
    }
    say(
        "\nThe clock runs from instantiation. Disconnect when no task is left; tg-wait sees the end.",
    );
}

/// The command line as a shell takes it, with the program's path as `tg-launch` found it.
fn command_line(start: &AgentStart) -> String {
    let program = start.program.to_string_lossy().into_owned();
    let words = std::iter::once(&program).chain(&start.args);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=@%+".contains(c);
    let quoted = words.map(|word| {
        if !word.is_empty() && word.chars().all(is_plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}
