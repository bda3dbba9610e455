//! A running `tunebot ask-tell`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::Value;

pub struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// The command, with nothing of this process's environment.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tunebot"));
    command.arg("ask-tell").env_clear();
    command
}

impl Program {
    pub fn start() -> Self {
        let mut child =
            command().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the tunebot binary starts");
        let (input, output) = (child.stdin.take(), child.stdout.take().expect("a pipe"));
        Self { child, input, output: BufReader::new(output) }
    }

    /// Writes a line; `None` once the program is gone.
    pub fn send(&mut self, line: &[u8]) -> Option<()> {
        let input = self.input.as_mut()?;
        input.write_all(line).and_then(|()| input.write_all(b"\n")).ok()
    }

    /// The next answer; `None` if the program is gone.
    pub fn receive(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.output.read_line(&mut line).ok()?;
        line.ends_with('\n').then(|| serde_json::from_str(&line).expect("an answer is JSON"))
    }

    /// The answer, without what differs from run to run; `None` if the program is gone.
    pub fn try_call(&mut self, request: &Value) -> Option<Value> {
        self.send(request.to_string().as_bytes())?;
        let mut answer = self.receive()?;
        answer.as_object_mut().expect("an object").remove("elapsed_us");
        Some(answer)
    }

    pub fn call(&mut self, request: &Value) -> Value {
        self.try_call(request).expect("tunebot answers")
    }

    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Ends its input and waits for it.
    pub fn end(mut self) -> ExitStatus {
        self.input = None;
        self.child.wait().expect("tunebot ends")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
