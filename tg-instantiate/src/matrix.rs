//! The matrix: one row for each configuration x template x agent count x replicate.
//!
//! Rows go replicate by replicate, arms within, so that drift over time meets all arms alike. Replicate k has the same
//! seed in every arm, so that runs pair. Each row carries the hash of everything that is held constant or varied; a
//! row whose hash differs from that of the run on disk is run again.

use crate::args::Args;
use crate::manifest::{Config, Manifest, check_name, limit};
use crate::template::Template;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tg_host::{Host, Workflow};
use tg_stage::error::outside;
use tg_stage::{Error, Exit, Limits, Result, Run, Shown, file};

/// Workflows in which one agent leads and others work.
const LED: [&str; 2] = ["push", "hierarchical"];

/// The stand-in's command line; the rest it finds in the run's database.
const STAND_IN: [&str; 11] = [
    "tg-agent",
    "--mcp-config",
    "{mcp_config}",
    "--run",
    "{run}",
    "--worker",
    "{worker}",
    "--role",
    "{role}",
    "--tags",
    "{tags}",
];

/// One row: a run, and what it needs to be made.
#[derive(Debug, Clone)]
pub struct Row {
    /// Number in the plan, from 1.
    pub number: usize,
    /// The run, complete.
    pub run: Run,
    /// The task graph.
    pub template: Rc<Template>,
    /// The workflow with its overlays.
    pub workflow: Rc<Workflow>,
    /// The host it is for.
    pub host: Rc<Host>,
}

/// What all rows of a manifest share.
struct Shared<'m> {
    manifest: &'m Manifest,
    path: &'m Path,
    results: &'m Path,
    host: Rc<Host>,
}

/// All rows of a manifest.
pub fn rows(manifest: &Manifest, path: &Path, results: &Path) -> Result<Vec<Row>> {
    let shared = Shared {
        manifest,
        path,
        results,
        host: Rc::new(Host::find().map_err(outside)?),
    };
    let templates: Vec<Rc<Template>> = manifest
        .templates()
        .into_iter()
        .map(|name| template(path, name))
        .collect::<Result<_>>()?;
    let workflows: Vec<Rc<Workflow>> = manifest
        .configs
        .iter()
        .map(|config| workflow(&shared, config))
        .collect::<Result<_>>()?;
    let mut rows = Vec::new();
    for replicate in 1..=manifest.runs_per_config {
        for template in &templates {
            for (config, workflow) in manifest.configs.iter().zip(&workflows) {
                for agents in counts(manifest, config) {
                    let run = cell(&shared, config, template, workflow, agents, replicate)?;
                    let number = rows.len() + 1;
                    let (template, workflow, host) =
                        (template.clone(), workflow.clone(), shared.host.clone());
                    rows.push(Row {
                        number,
                        run,
                        template,
                        workflow,
                        host,
                    });
                }
            }
        }
    }
    distinct(&rows, path)?;
    Ok(rows)
}

/// Keep the rows that `--row` and `--arm` choose.
pub fn choose(rows: &mut Vec<Row>, args: &Args) -> Result<()> {
    for wanted in &args.row {
        if !rows.iter().any(|row| is_row(row, wanted)) {
            return Err(Error::usage(format!("--row {wanted}"), "no such row")
                .hint("tg-instantiate --plan MANIFEST lists them"));
        }
    }
    for wanted in &args.arm {
        if !rows.iter().any(|row| row.run.arm == *wanted) {
            let mut arms: Vec<&str> = rows.iter().map(|row| row.run.arm.as_str()).collect();
            arms.sort_unstable();
            arms.dedup();
            return Err(Error::usage(format!("--arm {wanted}"), "no such arm")
                .hint(format!("the arms are {}", arms.join(", "))));
        }
    }
    rows.retain(|row| {
        (args.row.is_empty() || args.row.iter().any(|wanted| is_row(row, wanted)))
            && (args.arm.is_empty() || args.arm.contains(&row.run.arm))
    });
    Ok(())
}

fn is_row(row: &Row, wanted: &str) -> bool {
    row.run.id == wanted || row.number.to_string() == wanted
}

/// A file a manifest names: seen from here, else from the manifest's directory or one above it.
fn beside(manifest: &Path, name: &str) -> Result<PathBuf> {
    let here = PathBuf::from(name);
    let manifest_dir = std::path::absolute(manifest).unwrap_or_default();
    let above = manifest_dir.ancestors().skip(1).map(|dir| dir.join(name));
    std::iter::once(here)
        .chain(above)
        .find(|path| path.is_file())
        .ok_or_else(|| {
            Error::usage(
                manifest.display(),
                format!(
                    "names `{name}`, which is neither here nor beside the manifest nor above it"
                ),
            )
        })
}

fn template(manifest: &Path, name: &str) -> Result<Rc<Template>> {
    let template = Template::load(&beside(manifest, name)?)?;
    check_name("template", &template.name).map_err(|why| Error::usage(manifest.display(), why))?;
    for warning in &template.warnings {
        eprintln!("tg-instantiate: {name}: warning: {warning}");
    }
    Ok(Rc::new(template))
}

fn workflow(shared: &Shared, config: &Config) -> Result<Rc<Workflow>> {
    let own = config
        .workflow_file
        .as_ref()
        .map(|file| beside(shared.path, file))
        .transpose()?;
    check_name("workflow", &config.workflow)
        .map_err(|why| Error::usage(shared.path.display(), why))?;
    let loaded = Workflow::load(
        &shared.host,
        &config.workflow,
        own.as_deref(),
        &config.overlays,
    );
    loaded.map(Rc::new).map_err(|error| {
        Error {
            exit: Exit::Usage,
            ..outside(error)
        }
        .within(shared.path.display())
    })
}

/// How many agents a configuration is run with; solo is always alone.
fn counts(manifest: &Manifest, config: &Config) -> Vec<u32> {
    let fixed = config.agents.or((config.workflow == "solo").then_some(1));
    fixed.map_or_else(|| manifest.agent_counts(), |agents| vec![agents])
}

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

fn cell(
    shared: &Shared,
    config: &Config,
    template: &Template,
    workflow: &Workflow,
    agents: u32,
    replicate: u32,
) -> Result<Run> {
    let Shared {
        manifest,
        path,
        results,
        host,
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
    let command = manifest
        .command
        .clone()
        .unwrap_or_else(|| STAND_IN.map(String::from).into());
    let simulated = Path::new(&command[0])
        .file_name()
        .is_some_and(|name| name == "tg-agent");
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
        simulated,
        stand_in: simulated.then(|| manifest.stand_in.clone().unwrap_or_default()),
        command,
        limits: Limits {
            timeout_ms: limit(path, "timeout", manifest.limits.timeout.as_ref())?,
            stall_ms: limit(path, "stall", manifest.limits.stall.as_ref())?,
        },
        report: Shown {
            metrics: manifest.metrics.clone(),
            primary: manifest.primary.clone(),
            baseline: manifest.baseline.clone(),
        },
        slots: slots(manifest),
        inputs: BTreeMap::new(),
        inputs_sha256: String::new(),
    };
    run.inputs = inputs(&run, template, workflow, host);
    run.inputs_sha256 = file::sha256(json!(run.inputs).to_string().as_bytes());
    Ok(run)
}

/// What the slots mean unless the manifest says otherwise: what the stand-in logs.
fn slots(manifest: &Manifest) -> BTreeMap<String, String> {
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
    if manifest.command.is_none() {
        slots.insert("metric_6".into(), "faults_left".into());
    }
    slots.extend(manifest.slots.clone());
    slots
}

/// The hash of each thing that is held constant or varied. What is only shown (names of slots, metrics, baseline) is
/// not among them: changing it needs no new run.
fn inputs(
    run: &Run,
    template: &Template,
    workflow: &Workflow,
    host: &Host,
) -> BTreeMap<String, String> {
    let files: BTreeMap<&String, &String> = workflow
        .files
        .iter()
        .map(|(name, file)| (name, &file.sha256))
        .collect();
    let version = run.simulated.then_some(env!("CARGO_PKG_VERSION"));
    [
        ("template", json!(template.sha256)),
        ("workflow", json!([run.workflow, run.overlays, files])),
        ("agents", json!(run.agents)),
        ("agent", json!([run.command, version])),
        ("model", json!([run.model, run.temperature])),
        ("stand_in", json!(run.stand_in)),
        ("limits", json!(run.limits)),
        ("seed", json!(run.seed)),
        ("host", json!(host.version)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_string(), file::sha256(value.to_string().as_bytes())))
    .collect()
}

fn distinct(rows: &[Row], path: &Path) -> Result<()> {
    let mut seen = BTreeMap::new();
    for row in rows {
        if seen.insert(&row.run.id, row.number).is_some() {
            return Err(Error::usage(
                path.display(),
                format!("two configurations are called `{}`", row.run.arm),
            )
            .hint("give each a `name:` of its own"));
        }
    }
    Ok(())
}
