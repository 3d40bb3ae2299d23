//! The one binary of CyberMesh.
//!
//! **Promises**: every answer names what it rests on; every refusal names its code, the reason and what to do;
//! exit codes are 0 ok, 1 error, 2 usage, 3 unhealthy, 4 access, 5 not found, 6 verification failed.
//!
//! **Here today**: keys, signed events, receipts. The running node joins them in this crate: it may know every
//! other room, and no room knows it.

mod cli;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    end_on_panic();
    cli::run(cli::Arguments::parse())
}

/// A panic is a fault of ours. The process ends at once: nothing half-done goes on.
fn end_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        eprintln!("error: internal fault at {place}; nothing was changed after it. Please report this line.");
        std::process::exit(1);
    }));
}
