//! From a request to its answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::fault::{Code, Fault};
use super::journal::Journal;
use super::line::LONGEST;
use super::memory;
use super::opening::Plan;
use super::request::{Field, Request, excerpt};
use super::study::{Shown, Study};

/// The version of the protocol.
const PROTOCOL: u32 = 1;

/// The study of this process, once there is one.
#[derive(Default)]
pub(super) struct Session {
    open: Option<Open>,
}

struct Open {
    study: Study,
    /// `None`: the study is in memory only.
    journal: Option<Journal>,
}

/// One line of output, with its line break.
pub(super) struct Answer {
    pub line: Vec<u8>,
    /// The program ends after it.
    pub is_last: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Reply {
    Created(Box<Created>),
    Asked { trials: Vec<Shown>, elapsed_us: f64 },
    Told { state: &'static str, elapsed_us: f64 },
    Reported { prune: bool, elapsed_us: f64 },
    Imported { imported: usize, elapsed_us: f64 },
    Best { trials: Vec<Shown> },
    Stats { rss_bytes: Option<u64>, running: usize, total: usize },
    Closed {},
}

#[derive(Serialize)]
struct Created {
    protocol: u32,
    #[serde(rename = "impl")]
    program: &'static str,
    #[serde(rename = "impl_version")]
    version: &'static str,
    seed: u64,
    #[serde(flatten)]
    resumed: Option<Resumed>,
}

/// What was in the file that the study goes on from.
#[derive(Serialize)]
struct Resumed {
    total: usize,
    pending: Vec<Shown>,
}

#[derive(Serialize)]
struct Success {
    ok: bool,
    #[serde(flatten)]
    reply: Reply,
}

#[derive(Serialize)]
struct Failure {
    ok: bool,
    error: Fault,
}

impl Session {
    /// Does what the request asks for. One that is refused changes nothing.
    pub fn answer(&mut self, line: &[u8]) -> Answer {
        // A fault in the search must not take the other trials of the client with it.
        let mut reply = catch_unwind(AssertUnwindSafe(|| self.reply(line))).unwrap_or_else(|_| {
            Err(Fault::new(Code::Internal, "a fault of tunebot's own; standard error has it. Please tell its authors"))
        });
        if let Err(fault) = &mut reply
            && fault.code == Code::Internal
            && self.open.take_if(|open| open.journal.is_some()).is_some()
        {
            // What is in memory and in the file may differ now.
            fault.message += ". The study is closed; `create` it again to go on from what was answered";
        }
        let is_last = matches!(reply, Ok(Reply::Closed {}));
        Answer { line: write(reply), is_last }
    }

    fn reply(&mut self, line: &[u8]) -> Result<Reply, Fault> {
        let request = Request::read(line)?;
        let expected = "the name of an operation";
        let op: String = request.op.read("op", expected)?.ok_or_else(|| request.op.wrong("op", expected))?;
        match op.as_str() {
            "create" => self.create(&request),
            "ask" => self.open()?.ask(&request),
            "tell" => self.open()?.tell(&request),
            "report" => self.open()?.report(&request),
            "import" => self.open()?.import(&request),
            "best" => Ok(Reply::Best { trials: self.open()?.study.best()? }),
            "stats" => {
                let study = &self.open()?.study;
                Ok(Reply::Stats { rss_bytes: memory::resident(), running: study.running(), total: study.total() })
            }
            "close" => Ok(Reply::Closed {}),
            other => Err(Fault::new(Code::UnknownOp, unknown_op(other))),
        }
    }

    fn create(&mut self, request: &Request) -> Result<Reply, Fault> {
        let plan = Plan::read(request)?;
        let expected = "the path of a file, or null";
        let mut resumed = None;
        let open = match request.storage.read::<String>("storage", expected)? {
            None => Open { study: plan.begin()?, journal: None },
            Some(path) if path.is_empty() || path.contains('\0') => {
                return Err(request.storage.wrong("storage", expected));
            }
            Some(path) => {
                // The file may be that of the study before, and it is locked.
                self.open = None;
                let (study, journal, was_there) = plan.open(Path::new(&path))?;
                if was_there {
                    resumed = Some(Resumed { total: study.total(), pending: study.pending_trials()? });
                }
                Open { study, journal: Some(journal) }
            }
        };
        let (program, version, seed) = ("tunebot", env!("CARGO_PKG_VERSION"), open.study.seed());
        self.open = Some(open);
        Ok(Reply::Created(Box::new(Created { protocol: PROTOCOL, program, version, seed, resumed })))
    }

    fn open(&mut self) -> Result<&mut Open, Fault> {
        self.open.as_mut().ok_or_else(|| Fault::new(Code::NoStudy, "there is no study: `create` one first"))
    }
}

impl Open {
    fn ask(&mut self, request: &Request) -> Result<Reply, Fault> {
        let (trials, elapsed) = self.study.ask(request)?;
        let saved = self.save(true, || {
            let trials =
                serde_json::to_string(&trials).map_err(|error| Fault::new(Code::Internal, error.to_string()))?;
            Ok(format!("{{\"op\":\"ask\",\"trials\":{trials}}}\n"))
        })?;
        Ok(Reply::Asked { trials, elapsed_us: microseconds(elapsed + saved) })
    }

    fn tell(&mut self, request: &Request) -> Result<Reply, Fault> {
        let (state, elapsed) = self.study.tell(request)?;
        let Request { id, values, constraints, .. } = *request;
        let fields = [("id", id), ("state", request.state), ("values", values), ("constraints", constraints)];
        let saved = self.save(true, || Ok(change("tell", &fields)))?;
        Ok(Reply::Told { state, elapsed_us: microseconds(elapsed + saved) })
    }

    fn report(&mut self, request: &Request) -> Result<Reply, Fault> {
        let (prune, elapsed) = self.study.report(request)?;
        let fields = [("id", request.id), ("step", request.step), ("value", request.value)];
        let saved = self.save(false, || Ok(change("report", &fields)))?;
        Ok(Reply::Reported { prune, elapsed_us: microseconds(elapsed + saved) })
    }

    fn import(&mut self, request: &Request) -> Result<Reply, Fault> {
        let (imported, elapsed) = self.study.import(request)?;
        let saved = self.save(true, || Ok(change("import", &[("trials", request.trials)])))?;
        Ok(Reply::Imported { imported, elapsed_us: microseconds(elapsed + saved) })
    }

    /// Writes what was done into the file, if there is one; how long that took.
    fn save(&mut self, sync: bool, line: impl FnOnce() -> Result<String, Fault>) -> Result<Duration, Fault> {
        let start = Instant::now();
        if let Some(journal) = &mut self.journal {
            journal.append(&line()?, sync)?;
        }
        Ok(start.elapsed())
    }
}

/// A line of the file: a request with the fields that matter, as they were written.
fn change(op: &str, fields: &[(&str, Field)]) -> String {
    let mut line = format!("{{\"op\":\"{op}\"");
    for (name, field) in fields.iter().filter(|(_, field)| field.written().is_some()) {
        line += &format!(",\"{name}\":{}", field.text());
    }
    line + "}\n"
}

/// The answer to a line that was not read.
pub(super) fn refuse_long_line() -> Answer {
    let text = format!("the line is longer than {} MiB: send trials in several imports", LONGEST >> 20);
    Answer { line: write(Err(Fault::bad_request(text))), is_last: false }
}

fn write(reply: Result<Reply, Fault>) -> Vec<u8> {
    let line = match reply {
        Ok(reply) => serde_json::to_vec(&Success { ok: true, reply }),
        Err(error) => serde_json::to_vec(&Failure { ok: false, error }),
    };
    let broken = br#"{"ok":false,"error":{"code":"internal","message":"the answer cannot be written"}}"#;
    let mut line = line.unwrap_or_else(|_| broken.to_vec());
    line.push(b'\n');
    line
}

fn unknown_op(op: &str) -> String {
    let known = ["create", "ask", "tell", "report", "import", "best", "stats", "close"];
    format!("there is no operation `{}`; there are {}", excerpt(op), known.join(", "))
}

fn microseconds(elapsed: Duration) -> f64 {
    elapsed.as_nanos() as f64 / 1000.0
}
