//! The matrix: one row for each configuration x template x agent count x replicate.
//!
//! Rows go block by block ([`crate::order`]), so that drift over time affects all arms alike. Replicate k has the same
//! seed in every arm, so that runs pair. Each row carries the hash of everything that is held constant or varied; if the
//! hash differs from that of the run on disk, the row is run again.

use crate::manifest::{Manifest, check_name};
use crate::paths::beside;
use crate::row::{Context, LocalPaths, Row};
use crate::sections::Config;
use crate::template::Template;
use crate::{agent, names, null_arms, order, provenance, run_spec};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tg_host::{Host, Workflow};
use tg_stage::error::outside;
use tg_stage::{Error, Exit, Result, file, say, workflows};

/// The host and the templates of a manifest, each loaded once, or the reason why it could not be.
pub struct Sources {
    pub host: Result<Rc<Host>>,
    pub templates: Vec<Result<Rc<Template>>>,
}

impl Sources {
    /// Asks the host for its version, and loads the templates of the manifest at `path`.
    pub fn load(manifest: &Manifest, path: &Path) -> Self {
        let names = manifest.templates().into_iter();
        Self {
            host: Host::find().map(Rc::new).map_err(outside),
            templates: names.map(|name| template(path, name)).collect(),
        }
    }
}

/// All rows of a manifest, in the order of execution.
pub fn rows(
    manifest: &Manifest,
    path: &Path,
    sources: &Sources,
    results: &Path,
    shared_db: bool,
) -> Result<Vec<Row>> {
    let (workspace, workspace_sha256) = workspace(manifest, path)?.unzip();
    let program = agent::program(manifest, path)?;
    let agent = agent::choose(manifest, path)?;
    let host = sources.host.clone()?;
    let context = Context {
        manifest,
        path,
        results,
        shared_db,
        provenance: provenance::collect(manifest, &host, &agent, workspace.as_deref()),
        workspace_sha256,
        host,
        agent,
    };
    let mut rows = cross(&context, sources, &LocalPaths { program, workspace })?;
    if manifest.null_arms {
        rows = null_arms::add(rows, manifest, path)?;
    }
    check_distinct(&rows, path)?;
    name_arms(&mut rows);
    order::arrange(&mut rows, manifest.order.seed(manifest.seed));
    names::check(manifest, path, &mut rows)?;
    Ok(rows)
}

/// The cross product, block by block, in the manifest's order.
fn cross(context: &Context, sources: &Sources, local: &LocalPaths) -> Result<Vec<Row>> {
    let Context { manifest, host, .. } = context;
    let templates: Vec<Rc<Template>> = sources.templates.iter().cloned().collect::<Result<_>>()?;
    let configs = manifest.configs.iter();
    let configs = configs.map(|config| Ok((config, workflow(context, config)?)));
    let configs: Vec<(&Config, Rc<Workflow>)> = configs.collect::<Result<_>>()?;
    let mut rows = Vec::new();
    for replicate in 1..=manifest.runs_per_config {
        for template in &templates {
            for (config, workflow) in &configs {
                for agents in agent_counts(manifest, config) {
                    rows.push(Row {
                        number: 0, // see order::arrange
                        run: run_spec::run(context, config, template, workflow, agents, replicate)?,
                        template: template.clone(),
                        workflow: workflow.clone(),
                        host: host.clone(),
                        local: local.clone(),
                    });
                }
            }
        }
    }
    Ok(rows)
}

/// Writes all arms, in the manifest's order, into each row: the order of execution does not show it.
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

/// The manifest's workspace and the hash of its content.
fn workspace(manifest: &Manifest, path: &Path) -> Result<Option<(PathBuf, String)>> {
    let Some(workspace) = &manifest.workspace else {
        return Ok(None);
    };
    let dir = beside(path, &workspace.path)?;
    if !dir.is_dir() {
        let why = "is the workspace, and not a directory";
        return Err(Error::usage(dir.display(), why));
    }
    let sha256 = file::tree_sha256(&dir)?;
    Ok(Some((std::path::absolute(&dir).unwrap_or(dir), sha256)))
}

fn template(manifest: &Path, name: &str) -> Result<Rc<Template>> {
    let template = Template::load(&beside(manifest, name)?)?;
    check_name("template", &template.name).map_err(|why| Error::usage(manifest.display(), why))?;
    for warning in &template.warnings {
        say(format_args!("tg-instantiate: {name}: warning: {warning}"));
    }
    Ok(Rc::new(template))
}

fn workflow(context: &Context, config: &Config) -> Result<Rc<Workflow>> {
    let file = config.workflow_file.as_ref();
    let file = file.map(|file| beside(context.path, file)).transpose()?;
    let subject = context.path.display();
    check_name("workflow", &config.workflow).map_err(|why| Error::usage(subject, why))?;
    let loaded = Workflow::load(
        &context.host,
        &config.workflow,
        file.as_deref(),
        &config.overlays,
    );
    loaded.map(Rc::new).map_err(|error| {
        let exit = Exit::Usage;
        Error {
            exit,
            ..outside(error)
        }
        .within(context.path.display())
    })
}

/// The team sizes of a configuration; solo always has one agent.
fn agent_counts(manifest: &Manifest, config: &Config) -> Vec<u32> {
    let fixed = config
        .agents
        .or(workflows::pattern(&config.workflow).team_size);
    fixed.map_or_else(|| manifest.agent_counts(), |agents| vec![agents])
}

fn check_distinct(rows: &[Row], path: &Path) -> Result<()> {
    let mut seen = BTreeSet::new();
    let Some(row) = rows.iter().find(|row| !seen.insert(&row.run.id)) else {
        return Ok(());
    };
    let why = format!("two configurations are called `{}`", row.run.arm);
    Err(Error::usage(path.display(), why).hint("give each a `name:` of its own"))
}
