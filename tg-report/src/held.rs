//! What is to be held constant: the keys, where each must agree, and how a run tells its value.
//!
//! A value is compared as text. A run that does not tell one, because an earlier version made it or because it was written
//! by hand, says nothing either way.

use crate::row::Row;
use tg_stage::file;
use tg_stage::provenance::Machine;

/// A key that must be constant: its name, where, and its value in a run.
pub type Constant = (&'static str, Where, fn(&Row) -> Option<String>);

/// Where a key must be constant.
#[derive(Clone, Copy, PartialEq)]
pub enum Where {
    /// In the runs of an arm.
    InArm,
    /// In all runs.
    Everywhere,
}

/// The keys, in the order in which they are named.
pub const CONSTANTS: [Constant; 21] = [
    (TEMPLATE, Where::Everywhere, |row| text(&row.run.template)),
    ("workflow", Where::InArm, |row| text(&row.run.workflow)),
    ("overlays", Where::InArm, |row| {
        Some(or_none(text(&row.run.overlays.join("+"))))
    }),
    ("agents", Where::InArm, |row| {
        (row.run.agents > 0).then(|| row.run.agents.to_string())
    }),
    ("model", Where::Everywhere, |row| {
        Some(or_none(row.run.model.clone()))
    }),
    ("temperature", Where::Everywhere, |row| {
        Some(or_none(row.run.temperature.map(|t| t.to_string())))
    }),
    ("host", Where::Everywhere, |row| row.host.clone()),
    ("simulated", Where::Everywhere, |row| {
        Some(row.run.simulated.to_string())
    }),
    ("time scale", Where::Everywhere, |row| {
        Some(row.run.stand_in.as_ref()?.time_scale.to_string())
    }),
    ("command", Where::Everywhere, |row| {
        text(&row.run.command.join(" "))
    }),
    (COST_SOURCE, Where::Everywhere, |row| {
        row.cost_source.clone()
    }),
    ("tasks measured", Where::Everywhere, |row| {
        Some(or_none(text(&row.part)))
    }),
    ("tools", Where::Everywhere, |row| {
        text(&row.run.profile.as_ref()?.tools.join(" "))
    }),
    ("prompt foundation", Where::Everywhere, |row| {
        let text = row.run.prompts.get("foundation.txt")?;
        Some(file::sha256(text.as_bytes()))
    }),
    (AGENT, Where::Everywhere, |row| {
        let agent = &row.run.provenance.as_ref()?.agent;
        agent.version.clone().or(agent.sha256.clone())
    }),
    ("variables passed on", Where::Everywhere, |row| {
        Some(or_none(text(&row.run.provenance.as_ref()?.env.join(" "))))
    }),
    ("host binary", Where::Everywhere, |row| {
        row.run.provenance.as_ref()?.host.sha256.clone()
    }),
    ("machine", Where::Everywhere, |row| {
        machine(&row.run.provenance.as_ref()?.machine)
    }),
    ("kernel", Where::Everywhere, |row| {
        row.run.provenance.as_ref()?.machine.kernel.clone()
    }),
    ("runs side by side", Where::Everywhere, |row| {
        row.side_by_side.map(|runs| runs.to_string())
    }),
    ("state of the workspace in git", Where::Everywhere, |row| {
        Some(
            row.run
                .provenance
                .as_ref()?
                .workspace
                .as_ref()?
                .state
                .clone(),
        )
    }),
];

/// Templates may be what is compared, so arms may differ in them; the report warns of it.
pub const TEMPLATE: &str = "template";
/// What the program says of its version, else its hash: of a command of the user's own nothing else is known.
const AGENT: &str = "agent program";
/// Concerns nothing but costs.
pub const COST_SOURCE: &str = "cost_source";

/// Inputs that no hash has to hold constant between arms, and those that a key above has already: input, key.
pub const COVERED: [(&str, &str); 11] = [
    ("template", TEMPLATE),
    ("workflow", "workflow"),
    ("agents", "agents"),
    ("agent", "command"),
    ("agent", AGENT),
    ("tools", "tools"),
    ("model", "model"),
    ("model", "temperature"),
    ("stand_in", "time scale"),
    ("host", "host"),
    ("seed", "seed"),
];

/// What arms are made to differ in; of the prompts only the foundation is common to workflows.
pub const VARIED: [&str; 4] = ["workflow", "agents", "seed", "prompts"];

/// Processor, cores and memory in one value; a kernel is changed more easily and has a key of its own.
fn machine(machine: &Machine) -> Option<String> {
    let cpu = machine.cpu.clone()?;
    let cores = machine
        .cores
        .map_or_else(String::new, |cores| format!(", {cores} cores"));
    let gib = |bytes: u64| (bytes as f64 / f64::from(1 << 30)).round();
    let memory = machine
        .memory_bytes
        .map_or_else(String::new, |bytes| format!(", {} GiB", gib(bytes)));
    Some(format!("{cpu}{cores}{memory}"))
}

fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// For keys whose absence is a value, as that of a model is for the stand-in agent.
pub fn or_none(text: Option<String>) -> String {
    text.unwrap_or_else(|| "none".to_owned())
}
