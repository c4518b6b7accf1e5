//! Finished reports: `report*.html` in an experiment's directory or in the one above, and nothing else.
//!
//! A request is answered only if it asks for one of the files that were found, so that no other path leads to a file.
//! Links are not followed. A report may have been edited by anyone: it may have styles and images of its own, and no
//! script.

use crate::http::{Response, encoded};
use rustix::fs::{Mode, OFlags};
use serde::Serialize;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use tg_stage::Experiment;

/// The longest report that is served, in bytes.
const LONGEST: u64 = 64 << 20;

/// The permissions of a report.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox allow-popups allow-top-navigation-by-user-activation; frame-ancestors 'none'";

/// A report that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The name of its file.
    pub name: String,
    /// Its path on this server.
    pub url: String,
    #[serde(skip)]
    path: PathBuf,
}

/// The reports of an experiment, including those in the directory above it.
pub fn of_experiment(results: &Path, experiment: &Experiment) -> Vec<Report> {
    let name = experiment.path().file_name().unwrap_or_default();
    let below = format!("{}/", encoded(&name.to_string_lossy()));
    let mut found = reports_in(experiment.path(), &below);
    if experiment.path() != results {
        found.extend(reports_in(results, ""));
    }
    found
}

/// The reports in `dir`, whose paths on this server are `/reports/`, then `below`, then their name.
fn reports_in(dir: &Path, below: &str) -> Vec<Report> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let is_report = |name: &String| {
        name.starts_with("report") && Path::new(name).extension() == Some("html".as_ref())
    };
    let mut names: Vec<String> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(is_report)
        .collect();
    names.sort();
    let report = |name: String| Report {
        url: format!("/reports/{below}{}", encoded(&name)),
        path: dir.join(&name),
        name,
    };
    names.into_iter().map(report).collect()
}

/// The report at `url`, if there is one.
pub fn serve(all: impl IntoIterator<Item = Report>, url: &str) -> Option<Response> {
    let report = all.into_iter().find(|report| report.url == url)?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(&report.path, flags, Mode::empty()).ok()?);
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = Vec::new();
    file.take(LONGEST).read_to_end(&mut text).ok()?;
    let mut response = Response::ok("text/html; charset=utf-8", text);
    response.policy = Some(POLICY.into());
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reports_and_no_way_out() {
        let lab = tempfile::tempdir().unwrap();
        let dir = lab.path().join("e");
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("report 1.html"), "<p>one").unwrap();
        fs::write(dir.join("secret.html"), "no").unwrap();
        fs::write(lab.path().join("outside.html"), "no").unwrap();
        std::os::unix::fs::symlink("../outside.html", dir.join("report-link.html")).unwrap();
        fs::create_dir(dir.join("report-dir.html")).unwrap();
        let found = reports_in(&dir, "e/");
        let names: Vec<_> = found.iter().map(|report| report.name.as_str()).collect();
        assert_eq!(names, ["report 1.html"]);
        let body = |url: &str| serve(reports_in(&dir, "e/"), url).map(|answer| answer.body);
        assert_eq!(body("/reports/e/report%201.html").unwrap(), b"<p>one");
        for url in [
            "/reports/e/secret.html",
            "/reports/e/report-link.html",
            "/reports/e/report-dir.html",
            "/reports/e/../outside.html",
            "/reports/e/%2e%2e%2foutside.html",
            "/reports/e/report 1.html",
            "/reports//etc/passwd",
        ] {
            assert_eq!(body(url), None, "{url}");
        }
        // A file that becomes a link after it was found.
        fs::remove_file(dir.join("report 1.html")).unwrap();
        std::os::unix::fs::symlink("../outside.html", dir.join("report 1.html")).unwrap();
        assert!(serve(found, "/reports/e/report%201.html").is_none());
    }
}
