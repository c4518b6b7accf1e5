//! One cell of the matrix as a run: its names, everything that is held constant or varied, and the hashes by which a
//! later call tells whether it has to be run again.

use crate::manifest::{Config, Manifest, Mode, Start, check_name};
use crate::matrix::Ground;
use crate::metrics::Entry;
use crate::template::Template;
use serde_json::json;
use std::collections::BTreeMap;
use tg_host::Workflow;
use tg_stage::{Error, Limits, Result, Run, Shown, Workspace, file};

/// Workflows in which one agent leads and others work.
pub const LED: [&str; 2] = ["push", "hierarchical"];

fn arm_name(manifest: &Manifest, config: &Config, template: &Template, agents: u32) -> String {
    let mut name = config
        .name
        .clone()
        .unwrap_or_else(|| config.workflow.clone());
    if manifest.templates().len() > 1 {
        name = format!("{name}-{}", template.name);
    }
    if manifest.agent_counts().len() > 1 {
        name = format!("{name}-n{agents}");
    }
    name
}

/// The run of one cell of the matrix.
pub fn cell(
    shared: &Ground,
    config: &Config,
    template: &Template,
    workflow: &Workflow,
    agents: u32,
    replicate: u32,
) -> Result<Run> {
    let Ground {
        manifest,
        path,
        results,
        ..
    } = shared;
    let fault = |why: String| Error::usage(path.display(), why);
    let arm = arm_name(manifest, config, template, agents);
    check_name("the arm name", &arm).map_err(fault)?;
    if agents == 0 || (agents == 1 && LED.contains(&config.workflow.as_str())) {
        return Err(fault(format!(
            "arm `{arm}` has {agents} agents: {} needs one to lead and one to work",
            config.workflow
        )));
    }
    let id = format!("{arm}-r{replicate}");
    let chosen = &shared.agent;
    let mut run = Run {
        dir: results
            .join(&manifest.name)
            .join(&id)
            .to_string_lossy()
            .into_owned(),
        id,
        experiment: manifest.name.clone(),
        arm,
        workflow: config.workflow.clone(),
        workflow_file: config.workflow_file.clone(),
        overlays: config.overlays.clone(),
        template: template.name.clone(),
        agents,
        replicate,
        seed: manifest
            .seed
            .wrapping_mul(1000)
            .wrapping_add(replicate.into()),
        model: manifest.model.clone(),
        temperature: manifest.temperature,
        simulated: chosen.simulated,
        stand_in: chosen
            .simulated
            .then(|| manifest.stand_in.clone().unwrap_or_default()),
        command: chosen.command.clone(),
        profile: chosen.profile.clone(),
        prompts: chosen.prompts_for(&config.workflow),
        workspace: workspace(shared),
        verify: manifest.verify.clone(),
        null_of: None,
        start_gate: manifest.start == Some(Start::Gate),
        shared_db: shared.shared_db,
        limits: manifest.limits.resolved(path)?,
        report: Shown {
            metrics: manifest
                .metrics
                .iter()
                .map(|entry| entry.name().into())
                .collect(),
            own_metrics: manifest
                .metrics
                .iter()
                .filter_map(Entry::own)
                .cloned()
                .collect(),
            arms: Vec::new(), // known when all rows are
            primary: manifest.primary.clone(),
            baseline: manifest.baseline.clone(),
            success: manifest.success.clone(),
        },
        warmup: manifest.warmup.trim(path)?,
        slots: slots(manifest, chosen.simulated),
        provenance: Some(shared.provenance.clone()),
        ..Run::default()
    };
    run.inputs = inputs(&run, template, workflow, shared);
    run.inputs_sha256 = file::sha256(json!(run.inputs).to_string().as_bytes());
    Ok(run)
}

/// What the slots mean unless the manifest says otherwise: what the stand-in logs.
fn slots(manifest: &Manifest, simulated: bool) -> BTreeMap<String, String> {
    let usual = [
        "tokens_in",
        "tokens_out",
        "tokens_cached",
        "tokens_thinking",
        "tokens_image",
        "tokens_audio",
    ];
    let mut slots: BTreeMap<String, String> = usual
        .iter()
        .enumerate()
        .map(|(slot, name)| (format!("metric_{slot}"), (*name).to_string()))
        .collect();
    if simulated {
        slots.insert("metric_6".into(), "faults_left".into());
    }
    slots.extend(manifest.slots.clone());
    slots
}

/// The hash of each thing that is held constant or varied. What is only shown (names of slots, metrics and what the
/// user's own mean, baseline) is not among them: changing it needs no new run.
fn inputs(
    run: &Run,
    template: &Template,
    workflow: &Workflow,
    shared: &Ground,
) -> BTreeMap<String, String> {
    let files: BTreeMap<&String, &String> = workflow
        .files
        .iter()
        .map(|(name, file)| (name, &file.sha256))
        .collect();
    let limits = Limits {
        experiment_cost_usd: None, // may grow while the experiment runs: what is done is not run again for it
        experiment_tokens: None,
        ..run.limits.clone()
    };
    [
        ("template", json!(template.sha256)),
        ("workflow", json!([run.workflow, run.overlays, files])),
        ("agents", json!(run.agents)),
        ("agent", shared.agent.identity(run)),
        ("model", json!([run.model, run.temperature])),
        ("stand_in", json!(run.stand_in)),
        ("limits", json!(limits)),
        ("seed", json!(run.seed)),
        (
            "workspace",
            json!([
                shared.workspace_sha256,
                run.workspace.as_ref().map(|workspace| workspace.per_agent)
            ]),
        ),
        ("verify", json!(run.verify)),
        ("start", json!(run.start_gate)),
        ("database", json!(run.shared_db)),
        ("host", json!(shared.host.version)),
    ]
    .into_iter()
    .chain(shared.agent.inputs(run))
    .map(|(name, value)| (name.to_string(), file::sha256(value.to_string().as_bytes())))
    .collect()
}

fn workspace(shared: &Ground) -> Option<Workspace> {
    let workspace = shared.manifest.workspace.as_ref()?;
    Some(Workspace {
        path: workspace.path.clone(),
        per_agent: workspace.mode == Mode::PerAgent,
    })
}
