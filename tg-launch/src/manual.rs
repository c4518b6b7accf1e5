//! `--manual`: what a person has to start.

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
    for (agent, place, outfit) in &ready.agents {
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
        say(format_args!("    or start: {}", shell_words(&outfit.words)));
    }
    say(format_args!(
        "\nThe clock runs from instantiation. Disconnect when no task is left; tg-wait sees the end."
    ));
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
