//! The programs under test.

/// A program under test.
pub struct Program {
    /// The profile.
    pub name: &'static str,
    /// Text that its version must contain: the one that scripts/install-agents pins.
    pub version: &'static str,
    /// The path after the address of the model.
    pub path: &'static str,
    /// The variable of its key.
    pub key: &'static str,
    /// The source of its cost.
    pub cost_source: &'static str,
}

/// All of them.
pub const PROGRAMS: [Program; 4] = [
    Program {
        name: "codex",
        version: "0.169.0",
        path: "/v1",
        key: "OPENAI_API_KEY",
        cost_source: "priced",
    },
    Program {
        name: "claude",
        version: "2.1.330",
        path: "",
        key: "ANTHROPIC_API_KEY",
        cost_source: "reported",
    },
    Program {
        name: "opencode",
        version: "1.18.33",
        path: "/v1",
        key: "OPENAI_API_KEY",
        cost_source: "reported",
    },
    Program {
        name: "gemini",
        version: "0.61.0",
        path: "",
        key: "GEMINI_API_KEY",
        cost_source: "priced",
    },
];
