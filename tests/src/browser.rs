//! A page in headless Chromium, driven over its debugging protocol through a pair of pipes.
//!
//! The shell puts the child's stdin and stdout on the descriptors 3 and 4, where `--remote-debugging-pipe` expects them, so
//! neither a port nor a crate is needed. Messages are JSON, each ended by a zero byte.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Names under which Chromium is installed.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A running browser with one page.
pub struct Browser {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    session: Option<String>,
    sent: u64,
    /// Events of the page since it was opened: method and parameters.
    pub events: Vec<(String, Value)>,
}

impl Browser {
    /// Starts it with its files in `profile`; `None` where no Chromium is installed.
    ///
    /// # Panics
    /// If it is installed and does not start.
    pub fn start(profile: &Path) -> Option<Self> {
        let is_there = |name: &&&str| {
            let found = Command::new("sh")
                .args(["-c", "command -v \"$0\" >/dev/null", name])
                .status();
            found.is_ok_and(|status| status.success())
        };
        let name = NAMES.iter().find(is_there)?;
        // The page is our own, and in a container the browser's sandbox often cannot be made.
        let line = "exec \"$0\" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
                    --remote-debugging-pipe --user-data-dir=\"$1\" about:blank 3<&0 4>&1 </dev/null >/dev/null 2>&1";
        let mut process = Command::new("sh")
            .args(["-c", line, name])
            .arg(profile)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh");
        let to = process.stdin.take().expect("a pipe");
        let from = BufReader::new(process.stdout.take().expect("a pipe"));
        let mut browser = Self {
            process,
            to,
            from,
            session: None,
            sent: 0,
            events: Vec::new(),
        };
        let target =
            browser.call("Target.createTarget", &json!({"url": "about:blank"}))["targetId"].clone();
        let session = browser.call(
            "Target.attachToTarget",
            &json!({"targetId": target, "flatten": true}),
        );
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        Some(browser)
    }

    /// Calls a method and returns its result.
    ///
    /// # Panics
    /// If the browser refuses it or has exited.
    pub fn call(&mut self, method: &str, params: &Value) -> Value {
        self.sent += 1;
        let mut message = json!({"id": self.sent, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        let text = message.to_string() + "\0";
        self.to
            .write_all(text.as_bytes())
            .expect("the browser reads");
        loop {
            let mut message = self.next();
            if message["id"] == self.sent {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].take();
            }
        }
    }

    /// Opens a file as a page of `width` pixels in `scheme` (light or dark) on `media` (screen or print), and waits for it.
    pub fn open(&mut self, file: &Path, view: (u32, &str, &str)) {
        self.view(view);
        self.go(&format!("file://{}", file.display()));
    }

    /// Shows pages `width` pixels wide in `scheme` (light or dark) on `media` (screen or print).
    pub fn view(&mut self, (width, scheme, media): (u32, &str, &str)) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", &size);
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call(
            "Emulation.setEmulatedMedia",
            &json!({"media": media, "features": features}),
        );
    }

    /// Goes to `url` and waits until it is loaded.
    pub fn go(&mut self, url: &str) {
        self.events.clear();
        self.call("Page.navigate", &json!({"url": url}));
        while !self
            .events
            .iter()
            .any(|event| event.0 == "Page.loadEventFired")
        {
            self.next();
        }
    }

    /// The page, the first 2,000 pixels of it, as a picture in `file`, if `TG_SCREENSHOTS` names a directory for it.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn picture(&mut self, file: &str) {
        let Some(dir) = std::env::var_os("TG_SCREENSHOTS") else {
            return;
        };
        let size = "({x: 0, y: 0, scale: 1, width: innerWidth, \
                    height: Math.min(2000, document.documentElement.scrollHeight)})";
        let clip = self.value(size);
        let whole = json!({"captureBeyondViewport": true, "clip": clip});
        let picture = self.call("Page.captureScreenshot", &whole);
        let mut decoder = Command::new("base64")
            .arg("-d")
            .stdin(Stdio::piped())
            .stdout(std::fs::File::create(Path::new(&dir).join(file)).expect("a file"))
            .spawn()
            .expect("base64");
        let text = picture["data"].as_str().expect("a picture");
        let mut input = decoder.stdin.take().expect("a pipe");
        input.write_all(text.as_bytes()).expect("base64 reads");
        drop(input);
        decoder.wait().expect("base64");
    }

    /// The value of a JavaScript expression in the page.
    ///
    /// # Panics
    /// If it throws.
    pub fn value(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true});
        let mut result = self.call("Runtime.evaluate", &params);
        assert!(result.get("exceptionDetails").is_none(), "{result}");
        result["result"]["value"].take()
    }

    fn next(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.from
            .read_until(0, &mut bytes)
            .expect("the browser writes");
        assert_eq!(bytes.pop(), Some(0), "the browser has ended");
        let message: Value = serde_json::from_slice(&bytes).expect("JSON");
        if let Some(method) = message["method"].as_str() {
            self.events
                .push((method.to_owned(), message["params"].clone()));
        }
        message
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
