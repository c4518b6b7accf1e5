//! The coordination patterns as a table: their leader, team size and specialists.
//!
//! Roles, prompts, the simulated agent, arms and the report's answers read it. A workflow that is not in the table (kanban,
//! sprint, a file of the user's own) is one of peers, like [`SWARM`].

/// One agent works alone.
pub const SOLO: &str = "solo";
/// Peers pull work.
pub const SWARM: &str = "swarm";
/// Specialists hand over.
pub const RELAY: &str = "relay";
/// A lead delegates, and workers pull inside their part.
pub const HIERARCHICAL: &str = "hierarchical";
/// A coordinator assigns every task.
pub const PUSH: &str = "push";

/// A coordination pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pattern {
    /// The host's name of the workflow.
    pub name: &'static str,
    /// The agent that gives the others work.
    pub leader: Option<Leader>,
    /// The team size, where the pattern allows only one.
    pub team_size: Option<u32>,
    /// True if agents work as specialists ([`SPECIALISTS`]) and hand over.
    pub has_specialists: bool,
}

/// The agent that gives the others work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leader {
    /// Its role.
    pub role: &'static str,
    /// The tags it connects with; `coordinator` is among them, by which the simulated workers know it.
    pub tags: &'static [&'static str],
}

/// The specialists of relay, in the order in which work passes them.
pub const SPECIALISTS: [&str; 4] = ["designer", "implementer", "reviewer", "tester"];

const PEERS: Pattern = Pattern {
    name: SWARM,
    leader: None,
    team_size: None,
    has_specialists: false,
};

/// Every pattern that differs from peers, and peers.
pub const PATTERNS: [Pattern; 5] = [
    Pattern {
        name: SOLO,
        team_size: Some(1),
        ..PEERS
    },
    PEERS,
    Pattern {
        name: RELAY,
        has_specialists: true,
        ..PEERS
    },
    Pattern {
        name: HIERARCHICAL,
        leader: Some(Leader {
            role: "lead",
            tags: &["lead", "coordinator"],
        }),
        ..PEERS
    },
    Pattern {
        name: PUSH,
        leader: Some(Leader {
            role: "coordinator",
            tags: &["coordinator"],
        }),
        ..PEERS
    },
];

/// The pattern of the host's workflow `name`.
pub fn pattern(name: &str) -> Pattern {
    let known = PATTERNS.iter().find(|pattern| pattern.name == name);
    *known.unwrap_or(&PEERS)
}

/// True if agents of `role` give others work.
pub fn is_leader(role: &str) -> bool {
    let mut leaders = PATTERNS.iter().filter_map(|pattern| pattern.leader);
    leaders.any(|leader| leader.role == role)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaders_and_sizes() {
        assert_eq!(pattern(SOLO).team_size, Some(1));
        assert_eq!(pattern("kanban").leader, None);
        assert!(is_leader("lead") && is_leader("coordinator") && !is_leader("worker"));
        assert!(pattern(RELAY).has_specialists);
    }
}
