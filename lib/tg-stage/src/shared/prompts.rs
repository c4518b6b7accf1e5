//! The prompts of agents: plain text per workflow and role, the files of `prompts/`.
//!
//! A prompt is `foundation.txt`, the same for all, and below it the part of the role: `WORKFLOW/ROLE.txt`, else
//! `WORKFLOW/worker.txt` (relay's specialists), else `other/worker.txt` (kanban, sprint, a workflow of the user's own). A
//! directory of the user's own replaces the files that it has. The texts go into the run's record, so that a snapshot holds
//! them.

use std::collections::BTreeMap;

pub use tg_profiles::PROMPTS as BUILT_IN;

/// Texts by file name.
pub type Prompts = BTreeMap<String, String>;

/// All built-in texts.
pub fn built_in() -> Prompts {
    let own = |(name, text): &(&str, &str)| ((*name).to_string(), (*text).to_string());
    BUILT_IN.iter().map(own).collect()
}

/// The texts of `all` that agents under `workflow` may be given.
#[must_use]
pub fn of_workflow(mut all: Prompts, workflow: &str) -> Prompts {
    let has_own = all.contains_key(&format!("{workflow}/worker.txt"));
    let folder = if has_own { workflow } else { "other" };
    all.retain(|name, _| name == "foundation.txt" || name.split('/').next() == Some(folder));
    all
}

/// The unfilled prompt of a role; none where the texts have no part for it.
pub fn of_role(prompts: &Prompts, workflow: &str, role: &str) -> Option<String> {
    let names = [
        format!("{workflow}/{role}.txt"),
        format!("{workflow}/worker.txt"),
        format!("other/{role}.txt"),
        "other/worker.txt".into(),
    ];
    let part = names.iter().find_map(|name| prompts.get(name))?;
    let foundation = prompts.get("foundation.txt").map_or("", String::as_str);
    Some(format!("{foundation}{part}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placeholder;

    #[test]
    fn every_role_of_every_workflow_has_a_prompt_and_its_placeholders_are_known() {
        let roles = [
            ("solo", "worker", "gate/tests"),
            ("swarm", "worker", "gate/build"),
            ("push", "coordinator", "gate/context"),
            ("push", "worker", "gate/results"),
            ("hierarchical", "lead", "gate/spec"),
            ("hierarchical", "worker", "gate/results"),
            ("relay", "designer+implementer", "gate/impl-notes"),
            ("kanban", "worker", "check_gates"),
        ];
        for (workflow, role, says) in roles {
            let prompts = of_workflow(built_in(), workflow);
            let prompt = of_role(&prompts, workflow, role).unwrap();
            let filled = placeholder::fill(&prompt, |name| format!("<{name}>")).unwrap();
            assert!(
                filled.contains("<worker>") && filled.contains("database is locked"),
                "{workflow} {role}"
            );
            assert!(filled.contains(says), "{workflow} {role}");
        }
    }

    #[test]
    fn a_text_of_the_users_replaces_the_built_in_one() {
        let mut all = built_in();
        all.insert("kanban/worker.txt".into(), "by the board, {worker}".into());
        let prompt = of_role(&of_workflow(all, "kanban"), "kanban", "worker").unwrap();
        assert!(prompt.ends_with("by the board, {worker}"));
    }
}
