//! An agent's last words, for whoever asks why it has gone: the last line it printed, on stderr if it printed any there.
//!
//! They are the agent's own, and may say anything: control characters are shown, not sent to the terminal, and much is cut.
//! Of an agent that we told to leave nothing is said, nor of one that did what it came for.

use crate::crew::{Crew, Live};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use tg_stage::say;

/// Characters shown of a line.
const MOST: usize = 200;

/// Bytes looked at from the end of a log.
const TAIL: u64 = 1 << 16;

/// Say of every agent that failed by itself, and of whom nothing was said before, how it did.
pub fn say_of(crew: &mut Crew) {
    for index in 0..crew.members.len() {
        let one = &crew.members[index];
        let was_connected = crew.seen.ever(&one.agent.worker);
        if one.is_over() && !one.told_of {
            let line = line(one, was_connected);
            crew.members[index].told_of = true;
            line.into_iter().for_each(say);
        }
    }
}

fn line(one: &Live, was_connected: bool) -> Option<String> {
    let exit = &one.exit.as_ref()?.words;
    if one.told.is_some() || (was_connected && exit == "0") {
        return None;
    }
    let how = if exit.starts_with("signal") {
        format!("ended by {exit}")
    } else {
        format!("exited with {exit}")
    };
    let when = if was_connected {
        ""
    } else {
        " before it connected"
    };
    let worker = &one.agent.worker;
    let words = of(&one.place.agent_dir);
    Some(format!("tg-launch: {worker}: {how}{when}{words}"))
}

/// `: LAST WORDS (results/.../stderr.log)`, or that there are none.
pub fn of(agent_dir: &Path) -> String {
    let logs = ["stderr.log", "stdout.log"].map(|name| agent_dir.join(name));
    let found = logs.iter().find_map(|log| Some((last(log)?, log)));
    let here = std::env::current_dir().unwrap_or_default();
    match found {
        Some((words, log)) => {
            let log = log.strip_prefix(here).unwrap_or(log);
            format!(": {} ({})", shown(&words), log.display())
        }
        None => ", and printed nothing".into(),
    }
}

/// The last line of a log that is not blank.
fn last(log: &Path) -> Option<String> {
    let mut file = File::open(log).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))
        .ok()?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text
        .lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty());
    line.map(String::from)
}

fn shown(line: &str) -> String {
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

/// What turns the direction of the text behind it.
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
        assert_eq!(of(dir.path()), ", and printed nothing");
        log("stdout.log", "one\ntwo\n\n");
        log("stderr.log", " \n");
        assert!(of(dir.path()).starts_with(": two ("));
        log("stderr.log", "first\n\u{1b}[31mred\u{202e}\n");
        assert!(of(dir.path()).starts_with(": \\u{1b}[31mred\\u{202e} ("));
        log("stderr.log", &"é".repeat(100_000));
        let long = of(dir.path());
        assert!(long.contains("é... (") && long.chars().filter(|c| *c == 'é').count() <= MOST);
    }
}
