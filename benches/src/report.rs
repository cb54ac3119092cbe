//! The table, and the history.

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::load::Measured;

/// How far over its bound a ratio may be before it counts as missed: machines are noisy, and a figure that is just over
/// one day is just within the next.
const TOLERANCE: f64 = 1.25;

/// Collects figures, prints them as they come.
pub struct Report {
    commit: String,
    /// How many products the figures that follow are of.
    pub products: usize,
    lines: Vec<String>,
    misses: Vec<String>,
    /// The times of searches over the fewest products, by name.
    searches: HashMap<&'static str, f64>,
}

impl Report {
    /// Prints the head.
    pub fn new() -> Result<Self> {
        let output = Command::new("git").args(["describe", "--always", "--dirty"]).output()?;
        Ok(Self {
            commit: String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            products: 0,
            lines: Vec::new(),
            misses: Vec::new(),
            searches: HashMap::new(),
        })
    }

    /// A time that has a bound.
    pub fn start(&mut self, what: &str, took: Duration, bound: Duration) {
        let verdict = if took <= bound { "within" } else { "OVER" };
        println!("{what}: {:.2} s ({verdict} {} s)", took.as_secs_f64(), bound.as_secs());
        self.expect_at_most(&format!("{what}, of its time"), took.as_secs_f64() / bound.as_secs_f64(), 1.0);
        self.keep(&[what, "1", &format!("{:.3}", took.as_secs_f64()), "", "", "", ""]);
    }

    /// One scenario at one number of connections.
    pub fn row(
        &mut self,
        name: &str,
        connections: usize,
        measured: &Measured,
        pgbench: Option<f64>,
        ceiling: Option<f64>,
    ) {
        if connections == 1 {
            println!("\n{name:24} conn    req/s   p50 ms   p99 ms   pgbench/s  of pgbench  of healthz");
        }
        let (rate, p50, p99) = (measured.per_second(), measured.quantile_ms(0.5), measured.quantile_ms(0.99));
        let number = |value: Option<f64>, decimals: usize| {
            value.map_or(String::from("-"), |v| format!("{v:.decimals$}"))
        };
        let of_pgbench = pgbench.map(|p| rate / p);
        let of_health = ceiling.map(|c| rate / c);
        println!(
            "{:24} {connections:4} {rate:8.0} {p50:8.2} {p99:8.2} {:>11} {:>11} {:>11}",
            "",
            number(pgbench, 0),
            number(of_pgbench, 2),
            number(of_health, 2)
        );
        let cells = [
            name,
            &connections.to_string(),
            &format!("{rate:.0}"),
            &format!("{p50:.2}"),
            &format!("{p99:.2}"),
            &number(of_pgbench, 2),
            &number(of_health, 2),
        ];
        self.keep(&cells);
    }

    /// The cost of the log's head row.
    pub fn writers(&mut self, one: f64, many: f64) {
        println!(
            "\n16 writers on one aggregator: {one:.0} writes/s; on 16 aggregators: {many:.0} writes/s; ratio {:.2}",
            one / many
        );
        self.keep(&[
            "16 writers on one aggregator",
            "16",
            &format!("{one:.0}"),
            "",
            "",
            &format!("{:.2}", one / many),
            "",
        ]);
        self.keep(&["16 writers on 16 aggregators", "16", &format!("{many:.0}"), "", "", "", ""]);
    }

    /// The staff's list of merchants over few and over many.
    pub fn lists(&mut self, name: &str, [few, many]: [Measured; 2]) {
        let (few, many) = (few.quantile_ms(0.5), many.quantile_ms(0.5));
        let ratio = many / few;
        println!("{name}: {few:.2} ms of 1,000, {many:.2} ms of 100,000; ratio {ratio:.2} (bound 3)");
        self.expect_at_most(&format!("{name}, 100,000 of 1,000"), ratio, 3.0);
        self.keep(&[&format!("{name} of 1,000"), "1", "", &format!("{few:.2}"), "", "", ""]);
        self.keep(&[
            &format!("{name} of 100,000"),
            "1",
            "",
            &format!("{many:.2}"),
            "",
            &format!("{ratio:.2}"),
            "",
        ]);
    }

    /// The check of an audit chain.
    pub fn audit(&mut self, rate: f64) {
        println!("audit check: {rate:.0} entries/s (at least 50,000)");
        self.expect_at_most("seconds of an audit check over those of 50,000 entries/s", 50_000.0 / rate, 1.0);
        self.keep(&["audit check", "1", &format!("{rate:.0}"), "", "", "", ""]);
    }

    /// A search by the index and by the database.
    pub fn search(&mut self, name: &'static str, by_index: &Measured, by_database: &Measured, bound_ms: f64) {
        let figures = |measured: &Measured| (measured.quantile_ms(0.5), measured.quantile_ms(0.95));
        let ((p50, p95), (database_p50, database_p95)) = (figures(by_index), figures(by_database));
        let verdict = if p95 <= bound_ms { "within" } else { "OVER" };
        let ratio = p50 / *self.searches.entry(name).or_insert(p50);
        println!(
            "{name:25} p50 {p50:6.2} ms, {ratio:.2} of the first (bound 3); p95 {p95:6.2} ms ({verdict} {bound_ms} ms); \
             the database p50 {database_p50:.2}, p95 {database_p95:.2}"
        );
        self.expect_at_most(&format!("{name}, p95 in ms"), p95, bound_ms);
        self.expect_at_most(&format!("{name}, of its time over the fewest products"), ratio, 3.0);
        self.keep(&[name, "1", "", &format!("{p50:.2}"), &format!("{p95:.2}"), "", ""]);
        let name = format!("{name}, by the database");
        self.keep(&[&name, "1", "", &format!("{database_p50:.2}"), &format!("{database_p95:.2}"), "", ""]);
    }

    /// Previews of links that are fetched for the first time.
    pub fn previews(&mut self, measured: &Measured) {
        let (p50, p95) = (measured.quantile_ms(0.5), measured.quantile_ms(0.95));
        let verdict = if p95 <= 150.0 { "within" } else { "OVER" };
        println!("first preview of a link: p50 {p50:.1} ms, p95 {p95:.1} ms ({verdict} 150 ms)");
        self.expect_at_most("first preview of a link, of 150 ms", p95 / 150.0, 1.0);
        self.keep(&["first preview of a link", "1", "", &format!("{p50:.2}"), &format!("{p95:.2}"), "", ""]);
    }

    /// The list of an aggregator at its first page and deep in it.
    pub fn pages(&mut self, first: f64, deep: f64) {
        let ratio = deep / first;
        println!("list page 1: {first:.2} ms, page 1,000: {deep:.2} ms; ratio {ratio:.2} (bound 1.5)");
        self.expect_at_most("list page 1,000, of page 1", ratio, 1.5);
        self.keep(&["list page 1,000", "1", "", &format!("{deep:.2}"), "", &format!("{ratio:.2}"), ""]);
    }

    /// How well searches answer.
    pub fn relevance(&mut self, count: usize, mean: kapal_bench::relevance::Measures) {
        println!("{count} judged searches: nDCG@10 {:.3}, recall@20 {:.3}", mean.ndcg, mean.recall);
        self.keep(&["nDCG@10", "", &format!("{:.3}", mean.ndcg), "", "", "", ""]);
        self.keep(&["recall@20", "", &format!("{:.3}", mean.recall), "", "", "", ""]);
    }

    /// Memory of the server with its index.
    pub fn index_memory(&mut self, mib: f64) {
        println!("resident memory of the server with its index: {mib:.0} MiB (bound 400)");
        self.expect_at_most("memory with the index, of 400 MiB", mib / 400.0, 1.0);
        self.keep(&["memory with index MiB", "", &format!("{mib:.0}"), "", "", "", ""]);
    }

    /// Peak memory of the server.
    pub fn memory(&mut self, mib: f64) {
        let bound = if self.products > 10_000 { 400.0 } else { 150.0 };
        println!("peak resident memory of the server: {mib:.0} MiB (bound {bound})");
        self.expect_at_most("peak memory, of its bound", mib / bound, 1.0);
        self.keep(&["peak memory MiB", "", &format!("{mib:.0}"), "", "", "", ""]);
    }

    /// Notes a ratio that is clearly over its bound.
    fn expect_at_most(&mut self, what: &str, ratio: f64, bound: f64) {
        // What is no number fits no bound.
        if ratio.is_nan() || ratio > bound * TOLERANCE {
            self.misses
                .push(format!("{what}: {ratio:.2} (bound {bound}, tolerated {:.2})", bound * TOLERANCE));
        }
    }

    fn keep(&mut self, cells: &[&str]) {
        self.lines.push(format!("{}\t{}", self.products, cells.join("\t")));
    }

    /// Appends to the history; fails with the list of bounds that were clearly missed.
    pub fn finish(self) -> Result<()> {
        let path = PathBuf::from("benches/history.tsv");
        let is_new = !path.exists();
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path)?;
        if is_new {
            writeln!(
                file,
                "time\tcommit\tproducts\tscenario\tconnections\tper second (or seconds)\tp50 ms\tp99 ms\tof pgbench\tof healthz"
            )?;
        }
        let time = chrono::Utc::now().format("%Y-%m-%dT%H:%MZ");
        for line in self.lines {
            writeln!(file, "{time}\t{}\t{line}", self.commit)?;
        }
        println!("\nAppended to {}.", path.display());
        if self.misses.is_empty() {
            return Ok(());
        }
        bail!("{} bounds were missed:\n  {}", self.misses.len(), self.misses.join("\n  "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_clearly_over_its_bound_is_missed() {
        let mut report = Report {
            commit: String::new(),
            products: 0,
            lines: Vec::new(),
            misses: Vec::new(),
            searches: HashMap::new(),
        };
        for (ratio, missed) in [(0.5, 0), (3.0, 0), (3.7, 0), (3.8, 1), (f64::NAN, 2)] {
            report.expect_at_most("a list", ratio, 3.0);
            assert_eq!(report.misses.len(), missed, "{ratio}");
        }
        assert_eq!(report.misses[0], "a list: 3.80 (bound 3, tolerated 3.75)");
    }
}
