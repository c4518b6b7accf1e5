//! The scene of a fault: a scratch directory, an experiment of two arms, passes of one command over it.

use crate::processes::{self, names};
use crate::random::next;
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tg_tests::{Done, Lab};

/// The longest a pass may take.
const PASS: Duration = Duration::from_secs(90);

/// A scratch directory and the processes started in it.
pub struct Scene {
    /// The directory.
    pub lab: Lab,
    /// Ids of the runs that the manifest spans.
    pub rows: RefCell<Vec<String>>,
    /// The moment of the fault, in milliseconds after the start of the first pass.
    pub moment: u64,
    random: Cell<u64>,
    started: Cell<Option<Instant>>,
    pass: RefCell<Option<Child>>,
    mounts: RefCell<Vec<PathBuf>>,
}

impl Scene {
    /// A directory with the manifest `text` in it; `LAB` in it stands for the directory.
    pub fn new(text: &str, rows: Vec<String>, moment: u64, random: u64) -> Self {
        let lab = Lab::new();
        let home = lab.path("").display().to_string();
        lab.write("m.yaml", &text.replace("LAB", home.trim_end_matches('/')));
        Self {
            lab,
            rows: RefCell::new(rows),
            moment,
            random: Cell::new(random),
            started: Cell::new(None),
            pass: RefCell::new(None),
            mounts: RefCell::new(Vec::new()),
        }
    }

    /// A number below `limit`, by the fault's seed.
    pub fn random(&self, limit: u64) -> u64 {
        let mut state = self.random.get();
        let drawn = next(&mut state) % limit.max(1);
        self.random.set(state);
        drawn
    }

    /// The command that users type; `name` names the files with its output.
    fn command(&self, name: &str, under: &str) -> Child {
        use std::os::unix::process::CommandExt;
        let line = format!(
            "exec env {under} scripts/tg run -j 2 --tidy {name}.csv m.yaml >{name}.out 2>{name}.err"
        );
        let mut command = self.lab.command(&line);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.process_group(0).spawn().expect("bash")
    }

    /// Starts the first pass.
    pub fn start(&self, under: &str) {
        self.started.set(Some(Instant::now()));
        self.pass.replace(Some(self.command("first", under)));
    }

    /// Runs the command once more to its end; its output is kept under `name`.
    pub fn again(&self, name: &str) -> Result<Done, String> {
        let child = self.command(name, "");
        self.end_of(child, name)
    }

    /// Starts the command once more, beside the first pass.
    pub fn beside(&self, name: &str) -> Child {
        self.command(name, "")
    }

    /// The first pass's end.
    pub fn end(&self) -> Result<Done, String> {
        let child = self.pass.take().ok_or("no pass was started")?;
        self.end_of(child, "first")
    }

    /// The end of a pass.
    pub fn end_of(&self, mut child: Child, name: &str) -> Result<Done, String> {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().map_err(|cause| cause.to_string())? {
                break status;
            }
            if begun.elapsed() > PASS {
                let left = processes::of(&self.lab);
                processes::kill(&left);
                return Err(format!("the {name} pass does not end: {}", names(&left)));
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let text = |end: &str| {
            let bytes = std::fs::read(self.lab.path(&format!("{name}.{end}")));
            String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
        };
        let output = std::process::Output {
            status,
            stdout: Vec::new(),
            stderr: Vec::new(),
        };
        Ok(Done {
            out: text("out"),
            err: text("err"),
            ..tg_tests::done(&output)
        })
    }

    /// The process id of the first pass's script.
    pub fn script(&self) -> Option<u32> {
        self.pass.borrow().as_ref().map(Child::id)
    }

    /// True if the first pass has ended.
    pub fn is_over(&self) -> bool {
        let mut pass = self.pass.borrow_mut();
        pass.as_mut()
            .is_none_or(|child| !matches!(child.try_wait(), Ok(None)))
    }

    /// Sleeps until `moment` milliseconds after the start of the first pass.
    pub fn sleep_until(&self, moment: u64) {
        let since = self.started.get().map_or(Duration::ZERO, |at| at.elapsed());
        std::thread::sleep(Duration::from_millis(moment).saturating_sub(since));
    }

    /// Mounts something in the scratch directory; it is unmounted with the scene.
    pub fn mount(&self, place: &str, how: &str) -> Result<(), String> {
        let path = self.lab.path(place);
        std::fs::create_dir_all(&path).map_err(|cause| cause.to_string())?;
        self.shell(&format!("mount {how} {}", path.display()))?;
        self.mounts.borrow_mut().push(path);
        Ok(())
    }

    /// Undoes the newest mount.
    pub fn unmount(&self) {
        if let Some(path) = self.mounts.borrow_mut().pop() {
            self.lab.sh(&format!("umount -l {}", path.display()));
        }
    }

    /// Runs a command line of the suite's own.
    pub fn shell(&self, line: &str) -> Result<(), String> {
        let done = self.lab.sh(line);
        match done.status {
            0 => Ok(()),
            _ => Err(format!("{line}: {}", done.err.trim())),
        }
    }

    /// Keeps the directory; returns its path.
    pub fn keep(&self) -> PathBuf {
        let kept = self.lab.path("").with_extension("kept");
        self.lab.sh(&format!("cp -a . {}", kept.display()));
        kept
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        processes::kill(&processes::of(&self.lab));
        while !self.mounts.borrow().is_empty() {
            self.unmount();
        }
    }
}
