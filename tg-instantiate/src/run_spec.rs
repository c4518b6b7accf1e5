//! One cell of the matrix as a run: its names, everything that is held constant or varied, and the hashes by which a
//! later call decides whether the run must be repeated.

use crate::manifest::{Manifest, check_name};
use crate::metrics::Entry;
use crate::row::Context;
use crate::sections::{Config, Mode, Start};
use crate::template::Template;
use serde_json::json;
use std::collections::BTreeMap;
use tg_host::Workflow;
use tg_stage::{Error, Result, Run, Shown, Workspace, file, workflows};

/// The run of one cell of the matrix.
pub fn run(
    context: &Context,
    config: &Config,
    template: &Template,
    workflow: &Workflow,
    agents: u32,
    replicate: u32,
) -> Result<Run> {
    let manifest = context.manifest;
    let arm = arm_name(context, config, template, agents)?;
    let id = format!("{arm}-r{replicate}");
    let dir = context.results.join(&manifest.name).join(&id);
    let seed = manifest.seed.wrapping_mul(1000);
    let chosen = &context.agent;
    let stand_in = || manifest.stand_in.clone().unwrap_or_default();
    let mut run = Run {
        dir: dir.to_string_lossy().into_owned(),
        id,
        experiment: manifest.name.clone(),
        arm,
        workflow: config.workflow.clone(),
        workflow_file: config.workflow_file.clone(),
        overlays: config.overlays.clone(),
        template: template.name.clone(),
        agents,
        replicate,
        seed: seed.wrapping_add(replicate.into()),
        model: manifest.model.clone(),
        temperature: manifest.temperature,
        simulated: chosen.simulated,
        stand_in: chosen.simulated.then(stand_in),
        command: chosen.command.clone(),
        profile: chosen.profile.clone(),
        prompts: chosen.prompts_for(&config.workflow),
        workspace: workspace(context),
        grade: manifest.grade.clone(),
        null_of: None,
        barrier: manifest.start == Some(Start::Barrier),
        shared_db: context.shared_db,
        limits: manifest.limits.resolved(context.path)?,
        report: report(manifest),
        warmup: manifest.warmup.trim(context.path)?,
        slots: slots(manifest, chosen.simulated),
        provenance: Some(context.provenance.clone()),
        ..Run::default()
    };
    run.inputs = inputs(&run, template, workflow, context);
    run.inputs_sha256 = file::sha256(json!(run.inputs).to_string().as_bytes());
    Ok(run)
}

/// The arm's name, if the arm has enough agents.
fn arm_name(
    context: &Context,
    config: &Config,
    template: &Template,
    agents: u32,
) -> Result<String> {
    let manifest = context.manifest;
    let fault = |why: String| Error::usage(context.path.display(), why);
    let mut arm = config.name.as_ref().unwrap_or(&config.workflow).clone();
    if manifest.templates().len() > 1 {
        arm = format!("{arm}-{}", template.name);
    }
    if manifest.agent_counts().len() > 1 {
        arm = format!("{arm}-n{agents}");
    }
    check_name("the arm name", &arm).map_err(fault)?;
    let has_leader = workflows::pattern(&config.workflow).leader.is_some();
    if agents == 0 || (agents == 1 && has_leader) {
        return Err(fault(format!(
            "arm `{arm}` has {agents} agents: {} needs one to lead and one to work",
            config.workflow
        )));
    }
    Ok(arm)
}

fn report(manifest: &Manifest) -> Shown {
    let metrics = &manifest.metrics;
    Shown {
        metrics: metrics.iter().map(|entry| entry.name().into()).collect(),
        own_metrics: metrics.iter().filter_map(Entry::custom).cloned().collect(),
        arms: Vec::new(), // known when all rows are
        primary: manifest.primary.clone(),
        baseline: manifest.baseline.clone(),
        success: manifest.success.clone(),
    }
}

/// The names of the metric slots: those the simulated agent logs, unless the manifest names others.
fn slots(manifest: &Manifest, simulated: bool) -> BTreeMap<String, String> {
    let usual = [
        "tokens_in",
        "tokens_out",
        "tokens_cached",
        "tokens_thinking",
        "tokens_image",
        "tokens_audio",
    ];
    let faults = simulated.then_some("faults_left");
    let named = usual.into_iter().chain(faults).enumerate();
    let mut slots: BTreeMap<String, String> = named
        .map(|(slot, name)| (format!("metric_{slot}"), name.into()))
        .collect();
    slots.extend(manifest.slots.clone());
    slots
}

/// The hash of each thing that is held constant or varied. The adjustable part of the run (names of slots, metrics, the
/// baseline, the experiment's budget) is not among them: changing it needs no new run.
fn inputs(
    run: &Run,
    template: &Template,
    workflow: &Workflow,
    context: &Context,
) -> BTreeMap<String, String> {
    let files = workflow.files.iter();
    let files: BTreeMap<&String, &String> =
        files.map(|(name, file)| (name, &file.sha256)).collect();
    let per_agent = run.workspace.as_ref().map(|workspace| workspace.per_agent);
    [
        ("template", json!(template.sha256)),
        ("workflow", json!([run.workflow, run.overlays, files])),
        ("agents", json!(run.agents)),
        ("agent", context.agent.identity(run)),
        ("model", json!([run.model, run.temperature])),
        ("stand_in", json!(run.stand_in)),
        ("limits", json!(run.fixed().limits)),
        ("seed", json!(run.seed)),
        ("workspace", json!([context.workspace_sha256, per_agent])),
        ("verify", json!(run.grade)),
        ("start", json!(run.barrier)),
        ("database", json!(run.shared_db)),
        ("host", json!(context.host.version)),
    ]
    .into_iter()
    .chain(context.agent.inputs(run))
    .map(|(name, value)| (name.to_string(), file::sha256(value.to_string().as_bytes())))
    .collect()
}

fn workspace(context: &Context) -> Option<Workspace> {
    let workspace = context.manifest.workspace.as_ref()?;
    Some(Workspace {
        path: workspace.path.clone(),
        per_agent: workspace.mode == Mode::PerAgent,
    })
}
