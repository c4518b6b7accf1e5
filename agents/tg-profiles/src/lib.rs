//! Profiles of agent programs, and prompts by workflow and role: the files of `profiles/` and `prompts/`, embedded.
//!
//! Data only: `tg_stage` parses it. A file that is added to a folder is listed here, and nowhere else.

/// A list of files as (name, text): the name is the path below the folder, without the ending if one is given.
macro_rules! embedded {
    ($folder:literal, $ending:literal, [$($name:literal),+ $(,)?]) => {
        [$(($name, include_str!(concat!("../", $folder, "/", $name, $ending)))),+]
    };
}

/// The built-in profiles by name.
pub const PROFILES: [(&str, &str); 4] = embedded!(
    "profiles",
    ".yaml",
    ["claude", "codex", "gemini", "opencode"]
);

/// Profiles to copy and change, by name.
pub const EXAMPLES: [(&str, &str); 3] = embedded!(
    "profiles/examples",
    ".yaml",
    ["copilot", "mini-swe-agent", "qwen"]
);

/// The built-in prompts by file name.
pub const PROMPTS: [(&str, &str); 9] = embedded!(
    "prompts",
    "",
    [
        "foundation.txt",
        "hierarchical/lead.txt",
        "hierarchical/worker.txt",
        "other/worker.txt",
        "push/coordinator.txt",
        "push/worker.txt",
        "relay/worker.txt",
        "solo/worker.txt",
        "swarm/worker.txt",
    ]
);
