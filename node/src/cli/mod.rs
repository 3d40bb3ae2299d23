//! The command line: what can be asked, and how answers and failures look.

mod draft;
mod event;
mod failure;
mod files;
mod keys;
mod output;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use output::Format;

/// A BFT-replicated security control plane whose every decision can be checked offline.
#[derive(Parser)]
#[command(name = "cybermesh", version, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    /// How answers are printed.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    output: Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make and look at keys.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Sign, verify and look at events.
    #[command(subcommand)]
    Event(event::Command),
    /// Check proofs offline, trusting nothing but a genesis hash.
    #[command(subcommand)]
    Verify(verify::Command),
    /// Print the completion script of a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// Runs one command and says how it ended.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let format = arguments.output;
    let result = match arguments.command {
        Command::Keys(command) => keys::run(command),
        Command::Event(command) => event::run(command),
        Command::Verify(command) => verify::run(command),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "cybermesh", &mut std::io::stdout());
            return ExitCode::SUCCESS;
        }
    };
    match result.and_then(|answer| answer.print(format).map(|()| answer.exit())) {
        Ok(exit) => exit,
        Err(failure) => failure.report(format),
    }
}
