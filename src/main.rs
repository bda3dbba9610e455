//! The command line.

use std::process::ExitCode;

use clap::Parser;

mod cli;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    // Guards of trials come before everything else: there are many of them, so they stay small and start fast.
    if arguments.peek().is_some_and(tunebot::engine::local::guard::is_stage) {
        return tunebot::engine::local::guard::run(arguments);
    }
    match cli::run(cli::Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("tunebot: {error:#}");
            ExitCode::FAILURE
        }
    }
}
