//! A client of the host over stdio: JSON-RPC, one line a message.
//!
//! Raw on purpose: the protocol is frozen per host version, a call takes 0.2 ms, and the official SDK costs 62 crates
//! and a minute of build. One thread reads; a request waits for the answer with its number. The server is a child in
//! the caller's process group and is killed when the client is dropped: servers may outlive their stdin.

use crate::error::{Error, Result, last_words};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long one answer may take.
const ANSWER: Duration = Duration::from_mins(1);

/// How much of what a server says on stderr is kept, in bytes.
const WORDS: u64 = 4096;

/// A connection to one server of its own.
pub struct Client {
    server: Child,
    stdin: ChildStdin,
    messages: Receiver<Value>,
    words: Option<JoinHandle<Vec<u8>>>,
    number: u64,
}

impl Client {
    /// Start the server that `command` describes and shake hands.
    pub fn start(mut command: Command) -> Result<Self> {
        let mut server = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|cause| Error::new(command.get_program().to_string_lossy(), cause))?;
        let pipes = (
            server.stdin.take(),
            server.stdout.take(),
            server.stderr.take(),
        );
        let (Some(stdin), Some(stdout), Some(mut stderr)) = pipes else {
            return Err(Error::new("host", "has no stdio"));
        };
        let words = std::thread::spawn(move || {
            let mut words = Vec::new();
            let _ = stderr.by_ref().take(WORDS).read_to_end(&mut words);
            let _ = std::io::copy(&mut stderr, &mut std::io::sink()); // a full pipe would stop it
            words
        });
        let (sender, messages) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout)
                .lines()
                .map_while(std::io::Result::ok)
            {
                if let Ok(message) = serde_json::from_str(&line)
                    && sender.send(message).is_err()
                {
                    break;
                }
            }
        });
        let mut client = Self {
            server,
            stdin,
            messages,
            words: Some(words),
            number: 0,
        };
        let who = json!({"name": "tg", "version": env!("CARGO_PKG_VERSION")});
        let hello = json!({"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": who});
        client.request("initialize", &hello)?;
        client.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))?;
        Ok(client)
    }

    /// Call a tool. The answer is its text, parsed as JSON where it is JSON; a tool's error is an [`Error`] whose cause
    /// is the host's own message.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Result<Value> {
        let answer = self.request("tools/call", &json!({"name": tool, "arguments": arguments}))?;
        let text = answer["content"][0]["text"].as_str().unwrap_or_default();
        let content: Value = serde_json::from_str(text).unwrap_or_else(|_| text.into());
        if answer["isError"].as_bool() == Some(true) {
            return Err(Error::new(tool, message_of(&content)));
        }
        Ok(content)
    }

    /// Read a resource such as `config://states`.
    pub fn resource(&mut self, uri: &str) -> Result<Value> {
        let answer = self.request("resources/read", &json!({"uri": uri}))?;
        let text = answer["contents"][0]["text"].as_str().unwrap_or_default();
        serde_json::from_str(text).map_err(|cause| Error::new(uri, cause))
    }

    fn request(&mut self, method: &str, params: &Value) -> Result<Value> {
        self.number += 1;
        self.send(
            &json!({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}),
        )?;
        let deadline = Instant::now() + ANSWER;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let message = self
                .messages
                .recv_timeout(left)
                .map_err(|cause| self.silence(method, cause))?;
            if message["id"].as_u64() == Some(self.number) && message.get("method").is_none() {
                return match message.get("error") {
                    Some(error) => Err(Error::new(method, message_of(error))),
                    None => Ok(message["result"].clone()),
                };
            }
            if let (Some(id), Some(_)) = (message.get("id"), message.get("method")) {
                let refusal = json!({"code": -32601, "message": "method not found"});
                self.send(&json!({"jsonrpc": "2.0", "id": id, "error": refusal}))?;
            }
        }
    }

    fn send(&mut self, message: &Value) -> Result<()> {
        let line = format!("{message}\n");
        self.stdin
            .write_all(line.as_bytes())
            .map_err(|_| self.silence("write", RecvTimeoutError::Disconnected))
    }

    fn silence(&mut self, method: &str, cause: RecvTimeoutError) -> Error {
        let cause = match cause {
            RecvTimeoutError::Timeout => {
                format!("no answer from the host within {} s", ANSWER.as_secs())
            }
            RecvTimeoutError::Disconnected => match self.server.wait() {
                Ok(status) => self.farewell(status),
                Err(cause) => format!("the host is gone: {cause}"),
            },
        };
        Error::new(method, cause)
    }

    /// The end of the server in its own words. Whoever it started may hold its stderr open, and is not waited for long.
    fn farewell(&mut self, status: ExitStatus) -> String {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(200)
            && self
                .words
                .as_ref()
                .is_some_and(|words| !words.is_finished())
        {
            std::thread::sleep(Duration::from_millis(2));
        }
        let words = self.words.take_if(|words| words.is_finished());
        let words = words
            .and_then(|words| words.join().ok())
            .unwrap_or_default();
        match last_words(&words).as_str() {
            "" => format!("the host ended ({status}); see its log in the run's logs/"),
            words => format!("the host ended: {words}"),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.server.kill(); // already gone is fine
        let _ = self.server.wait();
    }
}

fn message_of(error: &Value) -> String {
    error["message"]
        .as_str()
        .or(error.as_str())
        .map_or_else(|| error.to_string(), String::from)
}
