use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1).peekable();
    // Before everything else: guards of trials are small and start fast.
    if args.peek().is_some_and(tunebot::engine::local::guard::is_stage) {
        return tunebot::engine::local::guard::run(args);
    }
    ExitCode::SUCCESS
}
