//! The matrix: one row for each configuration x template x agent count x replicate.
//!
//! Rows go block by block ([`crate::order`]), so that drift over time meets all arms alike. Replicate k has the same seed in
//! every arm, so that runs pair. Each row carries the hash of everything that is held constant or varied; a
//! row whose hash differs from that of the run on disk is run again.

use crate::agent;
use crate::args::Args;
use crate::cell::cell;
use crate::manifest::{Config, Manifest, check_name};
use crate::names;
use crate::null_arms;
use crate::template::Template;
use crate::{order, provenance};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tg_host::{Host, Workflow};
use tg_stage::error::outside;
use tg_stage::{Error, Exit, Provenance, Result, Run, file, say};

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
    /// Where things are on this machine.
    pub here: Here,
}

/// Where what the manifest names is on this machine. None of it is part of the run: the same run has it elsewhere on
/// another machine.
#[derive(Debug, Clone, Default)]
pub struct Here {
    /// The program of `command`, if the manifest names it by a path of its own.
    pub program: Option<String>,
    /// The workspace.
    pub workspace: Option<PathBuf>,
}

/// What all rows of a manifest share.
pub struct Ground<'m> {
    /// The manifest.
    pub manifest: &'m Manifest,
    /// Where it is.
    pub path: &'m Path,
    /// Where runs keep their directories.
    pub results: &'m Path,
    /// All runs are to be in one database.
    pub shared_db: bool,
    /// The host.
    pub host: Rc<Host>,
    /// What agents are started.
    pub agent: agent::Chosen,
    /// The hash of all that is in the workspace, where there is one.
    pub workspace_sha256: Option<String>,
    /// Where all rows come from.
    pub provenance: Provenance,
}

/// All rows of a manifest.
pub fn rows(manifest: &Manifest, path: &Path, results: &Path, shared_db: bool) -> Result<Vec<Row>> {
    let (workspace, workspace_sha256) = workspace(manifest, path)?.unzip();
    let here = Here {
        program: agent::program(manifest, path)?,
        workspace,
    };
    let agent = agent::choose(manifest, path)?;
    let host = Rc::new(Host::find().map_err(outside)?);
    let shared = Ground {
        manifest,
        path,
        results,
        shared_db,
        provenance: provenance::of(manifest, &host, &agent, here.workspace.as_deref()),
        workspace_sha256,
        host,
        agent,
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
                    let (template, workflow, host) =
                        (template.clone(), workflow.clone(), shared.host.clone());
                    rows.push(Row {
                        number: 0, // see order::arrange
                        run,
                        template,
                        workflow,
                        host,
                        here: here.clone(),
                    });
                }
            }
        }
    }
    if manifest.null_arms {
        rows = null_arms::add(rows, manifest, path)?;
    }
    distinct(&rows, path)?;
    name_arms(&mut rows);
    order::arrange(&mut rows, manifest.order.seed(manifest.seed));
    names::check(manifest, path, &mut rows)?;
    Ok(rows)
}

/// Write into each row all arms in the manifest's order, which the order of execution does not tell.
fn name_arms(rows: &mut [Row]) {
    let mut arms: Vec<String> = Vec::new();
    for row in rows.iter() {
        if !arms.contains(&row.run.arm) {
            arms.push(row.run.arm.clone());
        }
    }
    for row in rows {
        row.run.report.arms.clone_from(&arms);
    }
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

/// A file a manifest names: seen from here, else from the manifest's directory or one above it, else, in `templates/`, one
/// of those that came with the tools.
pub fn beside(manifest: &Path, name: &str) -> Result<PathBuf> {
    let here = PathBuf::from(name);
    let manifest_dir = std::path::absolute(manifest).unwrap_or_default();
    let above = manifest_dir.ancestors().skip(1).map(|dir| dir.join(name));
    let ours = tg_host::binary::places()
        .into_iter()
        .filter(|_| name.starts_with("templates/"))
        .map(|dir| dir.join(name));
    std::iter::once(here)
        .chain(above)
        .chain(ours)
        .find(|path| path.exists())
        .ok_or_else(|| {
            Error::usage(
                manifest.display(),
                format!(
                    "names `{name}`, which is neither here nor beside the manifest nor above it"
                ),
            )
        })
}

/// The manifest's workspace and the hash of what is in it.
fn workspace(manifest: &Manifest, path: &Path) -> Result<Option<(PathBuf, String)>> {
    let Some(workspace) = &manifest.workspace else {
        return Ok(None);
    };
    let dir = beside(path, &workspace.path)?;
    if !dir.is_dir() {
        return Err(Error::usage(
            dir.display(),
            "is the workspace, and no directory",
        ));
    }
    let sha256 = file::tree_sha256(&dir)?;
    Ok(Some((std::path::absolute(&dir).unwrap_or(dir), sha256)))
}

pub fn template(manifest: &Path, name: &str) -> Result<Rc<Template>> {
    let template = Template::load(&beside(manifest, name)?)?;
    check_name("template", &template.name).map_err(|why| Error::usage(manifest.display(), why))?;
    for warning in &template.warnings {
        say(format_args!("tg-instantiate: {name}: warning: {warning}"));
    }
    Ok(Rc::new(template))
}

pub fn workflow(shared: &Ground, config: &Config) -> Result<Rc<Workflow>> {
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

fn distinct(rows: &[Row], path: &Path) -> Result<()> {
    let mut seen = BTreeSet::new();
    for row in rows {
        if !seen.insert(&row.run.id) {
            return Err(Error::usage(
                path.display(),
                format!("two configurations are called `{}`", row.run.arm),
            )
            .hint("give each a `name:` of its own"));
        }
    }
    Ok(())
}
