//! How far the demonstration has come: one line that is rewritten on a terminal, a line now and then elsewhere.

use std::io::{IsTerminal, Write, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often a terminal's line is rewritten, and how often a line is written elsewhere.
const LIVELY: Duration = Duration::from_millis(100);
const SPARSE: Duration = Duration::from_secs(5);

/// The count of what is done.
pub struct Progress {
    total: usize,
    began: Instant,
    on_terminal: bool,
    state: Mutex<State>,
}

struct State {
    done: usize,
    written: Option<Instant>,
}

impl Progress {
    /// Begins to count up to `total`.
    pub fn new(total: usize) -> Self {
        let state = Mutex::new(State { done: 0, written: None });
        Self { total, began: Instant::now(), on_terminal: stderr().is_terminal(), state }
    }

    /// Since when it counts.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Counts more things as done, by a step of that name.
    pub fn add(&self, step: &str, things: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.done += things;
        let every = if self.on_terminal { LIVELY } else { SPARSE };
        let is_last = state.done == self.total;
        if is_last || state.written.is_none_or(|at| at.elapsed() >= every) {
            state.written = Some(Instant::now());
            let (start, end) = match (self.on_terminal, is_last) {
                (true, false) => ("\r\x1b[K", ""),
                (true, true) => ("\r\x1b[K", "\n"),
                (false, _) => ("", "\n"),
            };
            let (done, total, seconds) = (state.done, self.total, self.began.elapsed().as_secs_f64());
            // A terminal that went away is no reason to stop.
            let _ = write!(stderr(), "{start}demonstration: {step}, {done}/{total}, {seconds:.1} s{end}");
        }
    }
}
