//! A browser without a window: Chromium, driven over its DevTools protocol through a pipe.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A running browser with one page.
pub struct Browser {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    session: Option<String>,
    last: u64,
    /// What was told and not yet looked at.
    events: Vec<Value>,
}

impl Browser {
    /// Starts one. `make check` installs it.
    #[must_use]
    pub fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("kapal-browser-{}", crate::unique()));
        // The protocol is spoken on the descriptors 3 and 4.
        let line = "exec chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars \
                    --no-first-run --disable-background-networking --remote-debugging-pipe --user-data-dir=\"$0\" \
                    about:blank 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null";
        let mut process = Command::new("sh")
            .args(["-c", line])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{error}"));
        let (Some(to), Some(from)) = (process.stdin.take(), process.stdout.take()) else {
            panic!("the browser has no pipes")
        };
        let mut browser =
            Self { process, to, from: BufReader::new(from), session: None, last: 0, events: Vec::new() };
        let target = browser.ask("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        browser.session =
            browser.ask("Target.attachToTarget", attach)["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            let _ = browser.ask(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Says something to the browser and waits for its answer.
    pub fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap_or_else(|error| panic!("the browser has gone: {error}"));
        loop {
            let message = self.hear();
            if message["id"] == self.last {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn hear(&mut self) -> Value {
        let mut bytes = Vec::new();
        let read = self.from.read_until(0, &mut bytes).unwrap_or_else(|error| panic!("{error}"));
        assert!(read > 0, "the browser has gone: is chromium installed? make check installs it");
        bytes.pop();
        serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Waits for an event.
    pub fn until(&mut self, method: &str) -> Value {
        loop {
            if let Some(at) = self.events.iter().position(|event| event["method"] == method) {
                return self.events.remove(at)["params"].clone();
            }
            let event = self.hear();
            self.events.push(event);
        }
    }

    /// Opens a page on a screen of this width and waits until it has loaded. Answers what went wrong: errors on the
    /// console, exceptions, refused or missing files.
    pub fn open(&mut self, url: &str, width: u32) -> Vec<String> {
        let screen = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600 });
        let _ = self.ask("Emulation.setDeviceMetricsOverride", screen);
        self.events.clear();
        let _ = self.ask("Page.navigate", json!({ "url": url }));
        let _ = self.until("Page.loadEventFired");
        // Pictures that load late load now.
        let _ = self
            .run("window.scrollTo(0, document.body.scrollHeight); new Promise(done => setTimeout(done, 50))");
        let wrong = |event: &Value| {
            let told = &event["params"];
            let is_wrong = match event["method"].as_str()? {
                "Runtime.exceptionThrown" => true,
                "Runtime.consoleAPICalled" => told["type"] == "error" || told["type"] == "warning",
                "Log.entryAdded" => told["entry"]["level"] == "error",
                "Network.responseReceived" => told["response"]["status"].as_u64()? >= 400,
                _ => false,
            };
            is_wrong.then(|| told.to_string())
        };
        self.events.iter().filter_map(wrong).collect()
    }

    /// Runs a script in the page, as DevTools do, and answers its value. The page's own policy does not bind it.
    pub fn run(&mut self, script: &str) -> Value {
        let run = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let done = self.ask("Runtime.evaluate", run);
        assert!(done["exceptionDetails"].is_null(), "{done}");
        done["result"]["value"].clone()
    }

    /// The whole page as a PNG.
    pub fn picture(&mut self) -> Vec<u8> {
        let taken =
            self.ask("Page.captureScreenshot", json!({ "format": "png", "captureBeyondViewport": true }));
        STANDARD.decode(taken["data"].as_str().unwrap_or_default()).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
