//! `--manual`: what a person has to start.

use crate::crew::Start;
use crate::start::Ready;
use tg_stage::say;

/// Say on stderr how each agent is to be connected. stdout carries the record, as ever.
pub fn explain(ready: &Ready) {
    say(format_args!(
        "run {}: connect {} agents by hand under workflow {}",
        ready.run.id,
        ready.agents.len(),
        ready.run.workflow
    ));
    for start in &ready.agents {
        let Start { agent, place, .. } = start;
        say(format_args!(
            "\n  {} ({}), in {}",
            agent.worker,
            agent.role,
            place.work.display()
        ));
        say(format_args!(
            "    MCP configuration: {}",
            place.agent_dir.join("mcp.json").display()
        ));
        let call = serde_json::json!({"worker_id": agent.worker, "tags": agent.tags, "workflow": ready.run.workflow});
        say(format_args!("    first call: connect({call})"));
        say(format_args!("    or start: {}", shell_words(&words(start))));
    }
    say(format_args!(
        "\nThe clock runs from instantiation. Disconnect when no task is left; tg-wait sees the end."
    ));
}

/// The command with the program where `tg-launch` itself finds it.
fn words(start: &Start) -> Vec<String> {
    let program = start.program.to_string_lossy().into_owned();
    std::iter::once(program)
        .chain(start.args.iter().cloned())
        .collect()
}

fn shell_words(command: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=@%+".contains(c);
    let quote = |word: &String| {
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    };
    command.iter().map(quote).collect::<Vec<_>>().join(" ")
}
