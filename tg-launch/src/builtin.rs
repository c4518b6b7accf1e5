//! `--profiles`, `--profile`, `--prompts`: the built-in data, to be read, copied and changed.

use crate::args::Args;
use std::io::Write;
use tg_stage::profile::{BUILT_IN, EXAMPLES};
use tg_stage::{Error, Exit, Output, Result, file, nearest, prompts};

/// True if the command line asks for any of it.
pub fn is_asked(args: &Args) -> bool {
    args.profiles || args.profile.is_some() || args.prompts.is_some()
}

/// Prints or writes the data that the command line asks for.
pub fn print(args: &Args, output: impl Write) -> Result<Exit> {
    let mut output = Output::new(output);
    if let Some(dir) = &args.prompts {
        if dir.exists() {
            let cause = "is there already, and is left as it is";
            return Err(Error::usage(dir.display(), cause));
        }
        for (name, text) in prompts::BUILT_IN {
            let path = dir.join(name);
            file::make_dir(path.parent().unwrap_or(dir))?;
            file::write(&path, text.as_bytes())?;
        }
        return Ok(Exit::Done);
    }
    if let Some(name) = &args.profile {
        let all = || BUILT_IN.iter().chain(&EXAMPLES);
        let Some((_, text)) = all().find(|(known, _)| known == name) else {
            let known: Vec<&str> = all().map(|(known, _)| *known).collect();
            let error = Error::usage(format!("--profile {name}"), "no such profile");
            return Err(match nearest(name, known.iter().copied()) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error.hint(format!("known: {}", known.join(", "))),
            });
        };
        output.bytes(text.as_bytes())?;
        return Ok(Exit::Done);
    }
    let kinds = [
        ("agent: NAME", BUILT_IN.as_slice()),
        ("a copy of your own", EXAMPLES.as_slice()),
    ];
    for (usage, profiles) in kinds {
        for (name, text) in profiles {
            let about = text.lines().find_map(|line| line.strip_prefix("about: "));
            let about = about.unwrap_or_default();
            output.bytes(format!("{name:16}{about:32}{usage}\n").as_bytes())?;
        }
    }
    Ok(Exit::Done)
}
