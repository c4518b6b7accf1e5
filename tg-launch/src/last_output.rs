//! The last line that an agent printed, on stderr if it printed any there, as the reason of an unexpected exit.
//!
//! The line is the agent's own and may hold anything: control characters are escaped before they reach the terminal, and
//! a long line is cut. Nothing is reported of an agent that we stopped, or that connected and exited with 0.

use crate::processes::{AgentProcess, Processes};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use tg_stage::say;

/// Characters shown of a line.
const MOST: usize = 200;

/// Bytes read from the end of a log.
const TAIL: u64 = 1 << 16;

/// Reports every agent that failed by itself and has not been reported before.
pub fn report_failures(processes: &mut Processes) {
    for one in &mut processes.agents {
        if one.is_finished() && !one.reported {
            one.reported = true;
            let was_connected = processes.connected.was_ever(&one.agent.worker);
            failure(one, was_connected).into_iter().for_each(say);
        }
    }
}

fn failure(one: &AgentProcess, was_connected: bool) -> Option<String> {
    let exit = &one.exit.as_ref()?.status;
    if one.stopped.is_some() || (was_connected && exit == "0") {
        return None;
    }
    let verb = if exit.starts_with("signal") {
        "ended by"
    } else {
        "exited with"
    };
    let when = if was_connected {
        ""
    } else {
        " before it connected"
    };
    let worker = &one.agent.worker;
    let line = last_line(one.paths.agent.path());
    Some(format!("tg-launch: {worker}: {verb} {exit}{when}{line}"))
}

/// `: LAST LINE (results/.../stderr.log)`, or `, and printed nothing`.
pub fn last_line(agent_dir: &Path) -> String {
    let logs = ["stderr.log", "stdout.log"].map(|name| agent_dir.join(name));
    let found = logs.iter().find_map(|log| Some((read_last(log)?, log)));
    let here = std::env::current_dir().unwrap_or_default();
    match found {
        Some((line, log)) => {
            let log = log.strip_prefix(here).unwrap_or(log);
            format!(": {} ({})", escape(&line), log.display())
        }
        None => ", and printed nothing".into(),
    }
}

/// The last line of a log that is not blank.
fn read_last(log: &Path) -> Option<String> {
    let mut file = File::open(log).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))
        .ok()?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines().rev().map(str::trim);
    lines.find(|line| !line.is_empty()).map(String::from)
}

fn escape(line: &str) -> String {
    let mut text = String::new();
    for (count, c) in line.chars().enumerate() {
        match c {
            _ if count == MOST => {
                text.push_str("...");
                break;
            }
            '\t' => text.push(' '),
            c if c.is_control() || is_direction(c) => text.extend(c.escape_default()),
            c => text.push(c),
        }
    }
    text
}

/// True for characters that change the direction of the text after them.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_that_is_not_blank_is_shown_and_nothing_reaches_the_terminal() {
        let dir = tempfile::tempdir().unwrap();
        let log = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        assert_eq!(last_line(dir.path()), ", and printed nothing");
        log("stdout.log", "one\ntwo\n\n");
        log("stderr.log", " \n");
        assert!(last_line(dir.path()).starts_with(": two ("));
        log("stderr.log", "first\n\u{1b}[31mred\u{202e}\n");
        assert!(last_line(dir.path()).starts_with(": \\u{1b}[31mred\\u{202e} ("));
        log("stderr.log", &"é".repeat(100_000));
        let long = last_line(dir.path());
        assert!(long.contains("é... (") && long.chars().filter(|c| *c == 'é').count() <= MOST);
    }
}
