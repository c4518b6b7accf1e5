//! The keys that must be constant, the scope in which each must agree, and the value that a run has.
//!
//! Values are compared as text. A run without a value (an earlier version made it, or it was written by hand) counts
//! neither way.

use crate::row::RunRow;
use tg_stage::file;
use tg_stage::provenance::Machine;

/// A key that must be constant: its name, its scope, and its value in a run.
pub type Key = (&'static str, Scope, fn(&RunRow) -> Option<String>);

/// The runs in which a key must be constant.
#[derive(Clone, Copy, PartialEq)]
pub enum Scope {
    InArm,
    Everywhere,
}

use Scope::{Everywhere, InArm};

/// The keys, in the order in which they are reported.
pub const KEYS: [Key; 21] = [
    (TEMPLATE, Everywhere, |row| text(&row.run.template)),
    ("workflow", InArm, |row| text(&row.run.workflow)),
    ("overlays", InArm, |row| {
        Some(or_none(text(&row.run.overlays.join("+"))))
    }),
    ("agents", InArm, |row| {
        (row.run.agents > 0).then(|| row.run.agents.to_string())
    }),
    ("model", Everywhere, |row| {
        Some(or_none(row.run.model.clone()))
    }),
    ("temperature", Everywhere, |row| {
        Some(or_none(row.run.temperature.map(|t| t.to_string())))
    }),
    ("host", Everywhere, |row| row.host.clone()),
    ("simulated", Everywhere, |row| {
        Some(row.run.simulated.to_string())
    }),
    ("time scale", Everywhere, |row| {
        Some(row.run.stand_in.as_ref()?.time_scale.to_string())
    }),
    ("command", Everywhere, |row| {
        text(&row.run.command.join(" "))
    }),
    (COST_SOURCE, Everywhere, |row| row.cost_source.clone()),
    ("tasks measured", Everywhere, |row| {
        Some(or_none(text(&row.part)))
    }),
    ("tools", Everywhere, |row| {
        text(&row.run.profile.as_ref()?.tools.join(" "))
    }),
    ("prompt foundation", Everywhere, |row| {
        let text = row.run.prompts.get("foundation.txt")?;
        Some(file::sha256(text.as_bytes()))
    }),
    (AGENT, Everywhere, |row| {
        let agent = &row.run.provenance.as_ref()?.agent;
        agent.version.clone().or(agent.sha256.clone())
    }),
    ("variables passed on", Everywhere, |row| {
        Some(or_none(text(&row.run.provenance.as_ref()?.env.join(" "))))
    }),
    ("host binary", Everywhere, |row| {
        row.run.provenance.as_ref()?.host.sha256.clone()
    }),
    ("machine", Everywhere, |row| {
        machine(&row.run.provenance.as_ref()?.machine)
    }),
    ("kernel", Everywhere, |row| {
        row.run.provenance.as_ref()?.machine.kernel.clone()
    }),
    ("runs side by side", Everywhere, |row| {
        row.side_by_side.map(|runs| runs.to_string())
    }),
    ("state of the workspace in git", Everywhere, |row| {
        let workspace = row.run.provenance.as_ref()?.workspace.as_ref()?;
        Some(workspace.state.clone())
    }),
];

/// Arms may differ in it, because templates may be what is compared; the report warns of it.
pub const TEMPLATE: &str = "template";
/// The version that the program reports, else its hash: nothing else is known of a command of the user's own.
const AGENT: &str = "agent program";
/// Concerns costs alone.
pub const COST_SOURCE: &str = "cost_source";

/// Inputs whose hash need not be constant between arms, and those that a key above covers already: input, key.
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

/// Inputs in which arms differ on purpose; of the prompts only the foundation is common to workflows.
pub const VARIED: [&str; 4] = ["workflow", "agents", "seed", "prompts"];

/// Processor, cores and memory in one value; a kernel is changed more easily and has a key of its own.
fn machine(machine: &Machine) -> Option<String> {
    let gib = |bytes: u64| (bytes as f64 / f64::from(1 << 30)).round();
    let cpu = machine.cpu.clone()?;
    let cores = machine.cores.map(|cores| format!(", {cores} cores"));
    let memory = machine.memory_bytes;
    let memory = memory.map(|bytes| format!(", {} GiB", gib(bytes)));
    Some(cpu + &cores.unwrap_or_default() + &memory.unwrap_or_default())
}

fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// `none` for a key whose absence is a value, as that of a model is for the simulated agent.
pub fn or_none(text: Option<String>) -> String {
    text.unwrap_or_else(|| "none".to_owned())
}
