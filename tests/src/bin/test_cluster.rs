//! The set-up script of nextest: starts the cluster of a run in the background and tells the tests where it is.
//! `test-cluster run PID DIRECTORY` is that background process.

use std::io::Write as _;
use std::path::Path;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => {
            let program = std::env::current_exe()?;
            let cluster = kapal_tests::start_cluster(&program, std::os::unix::process::parent_id())?;
            if let Ok(path) = std::env::var("NEXTEST_ENV") {
                let mut exported = std::fs::OpenOptions::new().append(true).open(path)?;
                writeln!(exported, "TEST_CLUSTER={}", cluster.directory.display())?;
            }
            Ok(())
        }
        [run, pid, directory] if run == "run" => kapal_tests::run_cluster(pid.parse()?, Path::new(directory)),
        _ => anyhow::bail!("usage: test-cluster [run PID DIRECTORY]"),
    }
}
