//! Every bad field at once: what a request's `parse()` collects while it makes domain values.

use crate::code::Code;

/// One bad field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where, as a JSON pointer (RFC 6901), such as `/variants/0/price`.
    pub pointer: String,
    /// What is wrong.
    pub code: Code,
    /// More than the code's own sentence can say, such as the bounds that were passed.
    pub detail: Option<String>,
}

/// The faults of one request, in the order in which they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// The parsed value, or None with the fault noted under `pointer`.
    pub fn take<T>(&mut self, pointer: impl Into<String>, parsed: Result<T, Code>) -> Option<T> {
        parsed.map_err(|code| self.add(pointer, code)).ok()
    }

    /// As [`Faults::take`], for a field that may be absent: `Some(None)` when it is.
    pub fn take_optional<T>(
        &mut self,
        pointer: impl Into<String>,
        parsed: Option<Result<T, Code>>,
    ) -> Option<Option<T>> {
        match parsed {
            None => Some(None),
            Some(parsed) => self.take(pointer, parsed).map(Some),
        }
    }

    /// Notes a fault that has nothing more to say than its code.
    pub fn add(&mut self, pointer: impl Into<String>, code: Code) {
        self.0.push(Fault { pointer: pointer.into(), code, detail: None });
    }

    /// Notes a fault with a detail of its own.
    pub fn add_detail(&mut self, pointer: impl Into<String>, code: Code, detail: impl Into<String>) {
        self.0.push(Fault { pointer: pointer.into(), code, detail: Some(detail.into()) });
    }

    /// Puts the faults of a nested value under its own place.
    pub fn nest(&mut self, prefix: &str, inner: Faults) {
        self.0.extend(inner.0.into_iter().map(|f| Fault { pointer: format!("{prefix}{}", f.pointer), ..f }));
    }

    /// Whether nothing was wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The faults.
    pub fn into_vec(self) -> Vec<Fault> {
        self.0
    }

    /// `Ok` where nothing was wrong: for checks that need no value.
    pub fn finish(self) -> Result<(), Faults> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

/// One fault alone.
impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}
