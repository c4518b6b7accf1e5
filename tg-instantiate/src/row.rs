//! A row of the matrix, and the context that all rows of a manifest share.

use crate::agent::ChosenAgent;
use crate::manifest::Manifest;
use crate::template::Template;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tg_host::{Host, Workflow};
use tg_stage::{Provenance, Run, RunDir};

/// One row: a run, and everything needed to make it.
#[derive(Debug, Clone)]
pub struct Row {
    /// Number in the plan, from 1.
    pub number: usize,
    pub run: Run,
    pub template: Rc<Template>,
    /// The workflow with its overlays.
    pub workflow: Rc<Workflow>,
    pub host: Rc<Host>,
    pub local: LocalPaths,
}

impl Row {
    pub fn dir(&self) -> RunDir {
        RunDir::new(&self.run.dir)
    }
}

/// Paths on this machine of the files that the manifest names. They are not part of the run: the same run has other
/// paths on another machine.
#[derive(Debug, Clone, Default)]
pub struct LocalPaths {
    /// The program of `command`, if the manifest names it by a path.
    pub program: Option<String>,
    pub workspace: Option<PathBuf>,
}

/// The context that all rows of a manifest share.
pub struct Context<'m> {
    pub manifest: &'m Manifest,
    /// The manifest's path.
    pub path: &'m Path,
    pub results: &'m Path,
    pub shared_db: bool,
    pub host: Rc<Host>,
    pub agent: ChosenAgent,
    /// The hash of everything in the workspace, if there is one.
    pub workspace_sha256: Option<String>,
    pub provenance: Provenance,
}
