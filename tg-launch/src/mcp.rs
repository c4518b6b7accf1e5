//! `tg-launch mcp`: between an agent's MCP client and the host's server, passing lines on.
//!
//! Every real agent's server is started through this, in all arms alike, for four reasons:
//! - newer clients ask `server/discover` before `initialize`, at which the host's server exits; it is answered here with
//!   "method not found", as the protocol wants, and the client goes on;
//! - the server ends with its client in every case: at the end of input, and by its parent-death signal when this is killed;
//! - the server gets no variable of the agent's environment, so no secret;
//! - each tool call is written down (`mcp.jsonl`: when, tool, task, milliseconds, error code; no other argument), which is
//!   evidence of what an agent really did, whatever its program prints.

use crate::mortal;
use rustix::process::Signal;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};
use tg_stage::error::file_error;
use tg_stage::{Error, Exit, Result, file, time};

/// How a sealed server is started; `server.json` of an agent.
#[derive(Deserialize)]
struct Server {
    command: PathBuf,
    args: Vec<String>,
    env: BTreeMap<String, String>,
    cwd: PathBuf,
}

/// Calls that the server has not answered yet, by their id as JSON.
type Open = Arc<Mutex<BTreeMap<String, Call>>>;

struct Call {
    tool: String,
    task: Option<String>,
    at_ms: i64,
    since: Instant,
}

/// Pass on what a client and the server described in `described` say, until one of them has ended.
pub fn run(described: &Path) -> Result<Exit> {
    let mut child = spawn(described)?;
    let (Some(mut to_server), Some(from_server)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(Error::outside("mcp", "the server has no pipes"));
    };
    let trace = described.with_file_name("mcp.jsonl");
    let trace = File::options()
        .create(true)
        .append(true)
        .open(&trace)
        .map_err(file_error(&trace))?;
    let open = Open::default();
    let answers = thread::spawn({
        let open = open.clone();
        move || down(from_server, &open, &trace)
    });
    let mut client = BufReader::with_capacity(1 << 16, io::stdin().lock());
    let mut line = Vec::new();
    while next(&mut client, &mut line) {
        if !up(&line, &mut to_server, &open) {
            break;
        }
    }
    drop(to_server);
    end(&mut child);
    let _ = answers.join();
    Ok(Exit::Done)
}

/// The server is started by way of ourselves: only a process can ask for its own parent-death signal, and it stays set
/// when that process becomes the server.
fn spawn(described: &Path) -> Result<Child> {
    crate::ourselves()?
        .arg("mcp-server")
        .arg(described)
        .arg(format!("--parent={}", std::process::id()))
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|cause| Error::outside("tg-launch mcp-server", cause))
}

/// `tg-launch mcp-server`: become the server that `described` describes, and die with `parent`.
pub fn become_server(described: &Path, parent: u32) -> Result<Exit> {
    let wrong = |cause: &dyn std::fmt::Display| Error::usage(described.display(), cause);
    let server: Server =
        serde_json::from_str(&file::read(described)?).map_err(|cause| wrong(&cause))?;
    mortal::dies_with(parent, Signal::TERM)?;
    let mut command = Command::new(&server.command);
    command
        .args(&server.args)
        .envs(&server.env)
        .current_dir(&server.cwd);
    Err(Error::outside(server.command.display(), command.exec()))
}

/// The next line; false at the end of input.
fn next(input: &mut impl BufRead, line: &mut Vec<u8>) -> bool {
    line.clear();
    input.read_until(b'\n', line).is_ok_and(|length| length > 0)
}

/// What of a message is looked at; anything else stays bytes.
#[derive(Deserialize)]
struct Message {
    id: Option<Value>,
    method: Option<String>,
    params: Option<Value>,
    result: Option<Value>,
    error: Option<Value>,
}

/// Pass a line of the client on; false when the server no longer reads.
fn up(line: &[u8], server: &mut impl Write, open: &Open) -> bool {
    if let Ok(Message {
        id: Some(id),
        method: Some(method),
        params,
        ..
    }) = serde_json::from_slice(line)
    {
        if method == "server/discover" {
            let error = json!({"code": -32601, "message": "Method not found"});
            return say(&json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string());
        }
        if let (true, Some(params)) = (method == "tools/call", params) {
            let call = Call {
                tool: params["name"].as_str().unwrap_or_default().into(),
                task: params["arguments"]["task"].as_str().map(String::from),
                at_ms: time::now_ms(),
                since: Instant::now(),
            };
            open.lock()
                .map(|mut open| open.insert(id.to_string(), call))
                .ok();
        }
    }
    server.write_all(line).and_then(|()| server.flush()).is_ok()
}

fn say(line: &str) -> bool {
    let mut out = io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())
        .and_then(|()| out.flush())
        .is_ok()
}

/// Pass the server's lines on, and write down what it answered to calls. The client first: it waits.
fn down(server: impl Read, open: &Open, mut trace: &File) {
    let mut server = BufReader::with_capacity(1 << 16, server);
    let mut line = Vec::new();
    while next(&mut server, &mut line) {
        let now = Instant::now();
        let mut out = io::stdout().lock();
        if out.write_all(&line).and_then(|()| out.flush()).is_err() {
            return;
        }
        drop(out);
        let Ok(Message {
            id: Some(id),
            method: None,
            result,
            error,
            ..
        }) = serde_json::from_slice(&line)
        else {
            continue;
        };
        let call = open
            .lock()
            .ok()
            .and_then(|mut open| open.remove(&id.to_string()));
        let Some(call) = call else { continue };
        let ms = (now - call.since).as_secs_f64() * 1000.0;
        let mut noted = json!({"at_ms": call.at_ms, "tool": call.tool, "task": call.task, "ms": (ms * 100.0).round() / 100.0});
        if let Some(code) = error_code(result.as_ref(), error.as_ref()) {
            noted["error"] = code.into();
        }
        let _ = trace.write_all(format!("{noted}\n").as_bytes()); // one write: several servers of an agent may share the file
    }
}

/// The host's code of an error, where an answer is one.
fn error_code(result: Option<&Value>, error: Option<&Value>) -> Option<String> {
    if let Some(error) = error {
        return Some(error["code"].to_string());
    }
    let result = result.filter(|result| result["isError"] == true)?;
    let text = result["content"][0]["text"].as_str().unwrap_or_default();
    if text.contains("database is locked") {
        return Some("database is locked".into());
    }
    let content: Value = serde_json::from_str(text).unwrap_or_default();
    Some(content["code"].as_str().unwrap_or("error").into())
}

/// The client has gone, and the server is to go too: it does so by itself at the end of its input, or is made to.
fn end(child: &mut Child) {
    for (patience, signal) in [(1000, Signal::TERM), (1000, Signal::KILL)] {
        let begun = Instant::now();
        while matches!(child.try_wait(), Ok(None)) {
            if begun.elapsed() > Duration::from_millis(patience) {
                crate::sweep::signal(child.id(), signal);
                break;
            }
            sleep(Duration::from_millis(5));
        }
    }
    let _ = child.wait();
}
