//! A running tg-watch, and requests to it over plain sockets.

use crate::Lab;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A tg-watch process that ends when the value is dropped.
pub struct Watching {
    process: Child,
    stderr: BufReader<ChildStderr>,
    /// The address it listens on: `127.0.0.1:PORT`.
    pub address: String,
}

impl Watching {
    /// Watches `results` in `lab`; makes the directory if it does not exist.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(lab: &Lab, results: &str) -> Self {
        std::fs::create_dir_all(lab.path(results)).expect("a directory");
        let mut process = lab
            .command(&format!("exec tg-watch {results}"))
            .stderr(Stdio::piped())
            .spawn()
            .expect("bash");
        let mut stderr = BufReader::new(process.stderr.take().expect("a pipe"));
        let mut line = String::new();
        stderr.read_line(&mut line).expect("a line");
        let url = line.trim().strip_prefix("tg-watch: http://");
        let address = url
            .unwrap_or_else(|| panic!("{line}"))
            .trim_end_matches('/');
        Self {
            address: address.into(),
            process,
            stderr,
        }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The address of the page.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Sends the head of a request, line by line, and reads the answer to its end.
    ///
    /// # Panics
    /// If there is no answer.
    pub fn ask(&self, lines: &str) -> String {
        let mut stream = self.connect();
        let head = lines.replace("HOST", &self.address).replace('\n', "\r\n") + "\r\n\r\n";
        stream.write_all(head.as_bytes()).expect("it reads");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// A connection that gives up after twenty seconds of silence.
    ///
    /// # Panics
    /// If it is refused.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("it listens");
        let patience = Some(Duration::from_secs(20));
        stream.set_read_timeout(patience).expect("a timeout");
        stream
    }

    /// The body of a good answer.
    ///
    /// # Panics
    /// If the answer is another.
    pub fn get(&self, path: &str) -> String {
        let answer = self.ask(&format!("GET {path} HTTP/1.1\nHost: HOST"));
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{path}: {answer}");
        answer.split_once("\r\n\r\n").expect("a body").1.to_owned()
    }

    /// The body of a good answer, as JSON.
    ///
    /// # Panics
    /// If it is not JSON.
    pub fn json(&self, path: &str) -> Value {
        let text = self.get(path);
        serde_json::from_str(&text).unwrap_or_else(|cause| panic!("{path}: {cause}: {text}"))
    }

    /// Reads `/api/state` until it is as `wanted`.
    ///
    /// # Panics
    /// If it is not within twenty seconds.
    pub fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let state = self.json("/api/state");
            if wanted(&state) {
                return state;
            }
            let is_late = begun.elapsed() > Duration::from_secs(20);
            assert!(!is_late, "{what}: {state:#}");
            sleep(Duration::from_millis(20));
        }
    }

    /// True if it is still running.
    ///
    /// # Panics
    /// If its state cannot be read.
    pub fn is_alive(&mut self) -> bool {
        self.process.try_wait().expect("a process").is_none()
    }

    /// Ends it; returns its stderr without the line with its address.
    pub fn end(mut self) -> String {
        let _ = self.process.kill();
        let mut said = String::new();
        let _ = self.stderr.read_to_string(&mut said);
        said
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A browser without a screen: the events of one connection.
pub struct Events {
    from: BufReader<TcpStream>,
}

impl Events {
    /// Connect to `watching`.
    ///
    /// # Panics
    /// If it does not answer with events.
    pub fn of(watching: &Watching) -> Self {
        let mut stream = watching.connect();
        let head = format!("GET /events HTTP/1.1\r\nHost: {}\r\n\r\n", watching.address);
        stream.write_all(head.as_bytes()).expect("it reads");
        let mut events = Self {
            from: BufReader::new(stream),
        };
        assert!(events.line().starts_with("HTTP/1.1 200"));
        while !events.line().is_empty() {}
        events
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.from.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    /// The next event: its name and data. Signs of life are passed over.
    ///
    /// # Panics
    /// If none comes within twenty seconds.
    pub fn take(&mut self) -> (String, Value) {
        loop {
            let line = self.line();
            if let Some(name) = line.strip_prefix("event: ") {
                let data = self.line();
                let data = data.strip_prefix("data: ").expect("data");
                return (name.into(), serde_json::from_str(data).expect("JSON"));
            }
        }
    }
}

/// A results directory with one real run, and 999 that have its record under their own names.
///
/// # Panics
/// If it cannot be made.
pub fn thousand(lab: &Lab) {
    lab.write(
        "m.yaml",
        &crate::manifest("tiny-feature", 2, &["swarm"], crate::FAST),
    );
    lab.sh("tg-instantiate m.yaml | tg-launch | tg-wait | tg-export >runs.jsonl")
        .ok();
    let record = lab.path("results/test/swarm-r1/run.json");
    let record = std::fs::read_to_string(record).expect("a record");
    for run in 2..=1000 {
        let dir = lab.path("results/test").join(format!("swarm-r{run}"));
        std::fs::create_dir(&dir).expect("a directory");
        let text = record.replace("swarm-r1", &format!("swarm-r{run}"));
        std::fs::write(dir.join("run.json"), text).expect("a file");
    }
}
