//! Running programs in turn, and their cost.

use crate::database::Result;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};
use wait4::Wait4;

/// A program that does a job.
#[derive(Debug, Clone)]
pub struct Contender {
    /// Its name in the table.
    pub name: String,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Its standard input.
    pub input: Option<Vec<u8>>,
    /// A path that is removed before each run.
    pub removed: Option<std::path::PathBuf>,
    /// The most runs: some programs take minutes.
    pub most: usize,
}

impl Contender {
    /// A program called `name` in the table.
    pub fn new(name: &str, argv: &[&str]) -> Self {
        Self {
            name: name.into(),
            argv: argv.iter().map(ToString::to_string).collect(),
            input: None,
            removed: None,
            most: usize::MAX,
        }
    }
}

/// The cost of one run.
#[derive(Debug, Clone, Default)]
pub struct Cost {
    /// Time from start to end, in milliseconds.
    pub wall: f64,
    /// Processor time, in milliseconds.
    pub cpu: f64,
    /// Peak memory, in megabytes.
    pub peak: f64,
    /// Its output, if it is needed; in a file, because our own memory counts for each program that we start.
    pub out: Option<Rc<File>>,
}

impl Cost {
    /// The lines of its output.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let file = self.out.as_deref().and_then(|file| {
            let mut file = file.try_clone().ok()?;
            file.rewind().ok()?;
            Some(BufReader::new(file))
        });
        file.into_iter()
            .flat_map(|file| file.lines().map_while(std::io::Result::ok))
    }
}

/// The number of runs: short programs run more often, because chance is a larger part of their time.
#[derive(Debug, Clone, Copy)]
pub struct Rounds {
    /// The minimum.
    pub least: usize,
    /// The maximum.
    pub most: usize,
}

impl Rounds {
    /// One run, even if it is short.
    pub const ONE: Self = Self { least: 1, most: 1 };
}

/// The time during which further rounds start.
const WORTH: Duration = Duration::from_secs(5);

/// Reads the program's files into memory, so that it does not wait for the disk: some systems reclaim memory continuously.
fn warm(contender: &Contender) {
    let files = contender.argv.iter().map(std::path::Path::new);
    for path in files.filter(|path| path.is_file()) {
        let _ = std::fs::File::open(path)
            .and_then(|mut file| std::io::copy(&mut file, &mut std::io::sink()));
    }
}

/// Runs a program once; keeps its output if `is_kept`.
pub fn once(contender: &Contender, is_kept: bool) -> Result<Cost> {
    if let Some(path) = &contender.removed {
        let _ = if path.is_dir() {
            std::fs::remove_dir_all(path)
        } else {
            std::fs::remove_file(path)
        };
    }
    warm(contender);
    let out = is_kept.then(tempfile::tempfile).transpose()?;
    let stdout = match &out {
        Some(file) => file.try_clone()?.into(),
        None => Stdio::null(),
    };
    let begun = Instant::now();
    let mut child = Command::new(&contender.argv[0])
        .args(&contender.argv[1..])
        .stdin(if contender.input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|cause| format!("{}: {cause}", contender.argv[0]))?;
    if let (Some(mut pipe), Some(input)) = (child.stdin.take(), &contender.input) {
        std::io::Write::write_all(&mut pipe, input)?;
    }
    let mut stderr = String::new();
    if let Some(mut errors) = child.stderr.take() {
        let _ = std::io::Read::read_to_string(&mut errors, &mut stderr);
    }
    let used = child.wait4()?;
    let wall = begun.elapsed().as_secs_f64() * 1e3;
    if !used.status.success() {
        return Err(format!("{}: {}: {}", contender.name, used.status, stderr.trim()).into());
    }
    let cpu = used.rusage.utime + used.rusage.stime;
    Ok(Cost {
        wall,
        cpu: cpu.as_secs_f64() * 1e3,
        peak: used.rusage.maxrss as f64 / 1e6,
        out: out.map(Rc::new),
    })
}

/// The cost of each run of a program, or the error that excludes it.
pub type RaceResult = std::result::Result<Vec<Cost>, String>;

/// Runs all programs in turn, `rounds` times, so that other load on the machine affects all alike. A program that fails is
/// excluded.
pub fn race(contenders: &[Contender], rounds: Rounds, is_kept: bool) -> Vec<RaceResult> {
    let mut costs: Vec<RaceResult> = vec![Ok(Vec::new()); contenders.len()];
    let begun = Instant::now();
    for round in 0..rounds.most {
        if round >= rounds.least && begun.elapsed() > WORTH {
            break;
        }
        for (contender, costs) in contenders.iter().zip(&mut costs) {
            let Ok(so_far) = costs else { continue };
            if round >= contender.most {
                continue;
            }
            match once(contender, is_kept && round == 0) {
                Ok(cost) => so_far.push(cost),
                Err(cause) => *costs = Err(cause.to_string().replace('\n', " ")),
            }
        }
    }
    costs
}

/// The median; NaN for no numbers.
pub fn median(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.into_iter().collect();
    numbers.sort_by(f64::total_cmp);
    match numbers.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => numbers[n / 2],
        n => f64::midpoint(numbers[n / 2 - 1], numbers[n / 2]),
    }
}

/// The ratio of two programs' times, round by round: median, minimum and maximum.
pub fn ratio(ours: &[Cost], theirs: &[Cost]) -> (f64, f64, f64) {
    let ratios: Vec<f64> = ours
        .iter()
        .zip(theirs)
        .map(|(a, b)| a.wall / b.wall)
        .collect();
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let most = ratios.iter().copied().fold(0.0, f64::max);
    (median(ratios), least, most)
}
